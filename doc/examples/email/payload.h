/* SPDX-License-Identifier: MIT */
/*
 * The payload of an email:deliver task: {"user_id": 42, "subject": "Welcome!", "body": "..."}, where
 * the body may be missing.
 */
#ifndef EMAIL_PAYLOAD_H
#define EMAIL_PAYLOAD_H

#include <jansson.h>
#include <stdint.h>
#include <weir/error.h>
#include <weir/task.h>

/* The strings are those of `root`; body is NULL where there is none. */
struct payload {
    json_t *root;
    int64_t user_id;
    const char *subject;
    const char *body;
};

/*
 * Reads a task's payload. Ends with payload_release(), also when it failed.
 * Errors: WEIR_E_INVALID; for text that is not JSON it names line and column.
 */
int payload_parse(struct payload *payload, const weir_task_info *task, weir_error *err);

void payload_release(struct payload *payload);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * One line of JSONL as a task. Keys: type, payload (a JSON value, stored as compact JSON; a string, stored as its
 * bytes; null, none) or payload_base64, queue, id, group, in, at, timeout, deadline, retention, archive_for, unique, max_retry, headers.
 */
#ifndef WEIR_CLI_TASK_LINE_H
#define WEIR_CLI_TASK_LINE_H

#include <jansson.h>
#include <weir/task.h>

struct task_line {
    weir_task task; /* points into what follows */
    size_t number;  /* of the line */
    json_t *document;
    void *payload;
    weir_header *headers;
};

/*
 * Reads a line; what it does not say is as in `defaults`. Ends with task_line_release(), also on failure. WEIR_E_INVALID
 * says what is wrong in words that fit behind "line 12: ".
 */
int task_line_parse(struct task_line *line, const char *text, size_t len, const weir_task *defaults,
                    weir_error *err);

void task_line_release(struct task_line *line);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * JSON for programs. Names are asynq's words in snake case; points in time are RFC 3339 text in UTC or null, lengths of
 * time are numbers whose names end in _ms. A payload is "payload", a string of exactly its bytes, or
 * "payload_base64" where it is not UTF-8; null where there is none.
 */
#ifndef WEIR_CLI_JSON_OUT_H
#define WEIR_CLI_JSON_OUT_H

#include <jansson.h>
#include <weir/error.h>
#include <weir/inspector.h>

/* Text, or null. Bytes that are not UTF-8 are shown as \xNN. */
json_t *json_out_text(const char *text);

/* A point in time, or null for 0. */
json_t *json_out_time(int64_t at_ms);

/* Sets `name`, or `name`_base64, to bytes. */
void json_out_bytes(json_t *object, const char *name, const void *data, size_t len);

/* An error: {"code": -8, "name": "WEIR_E_NO_QUEUE", "message": "..."}. Never NULL but for memory. */
json_t *json_out_error(int code, const char *text);

json_t *json_out_task(const weir_task_info *task);

/* Prints a document to standard output and frees it. Returns 0 or WEIR_E_NOMEM (document NULL). */
int json_out_print(json_t *document, weir_error *err);

#endif

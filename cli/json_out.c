/* SPDX-License-Identifier: MIT */
/*
 * jansson's setters take NULL for a value that could not be made and report failure by themselves; such a key
 * is then missing, which only happens when memory ran out.
 */
#include <config.h>

#include "json_out.h"

#include "base64.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/config.h>

json_t *
json_out_text(const char *text)
{
    if (text == NULL) {
        return json_null();
    }
    if (text_is_utf8(text, strlen(text))) {
        return json_string_nocheck(text);
    }
    char *shown = text_shown(text, strlen(text), SIZE_MAX / 8);
    json_t *value = shown != NULL ? json_string_nocheck(shown) : NULL;
    free(shown);
    return value;
}

json_t *
json_out_time(int64_t at_ms)
{
    char text[32];

    return at_ms == 0 ? json_null() : json_string(weir_time_format(text, sizeof text, at_ms));
}

void
json_out_bytes(json_t *object, const char *name, const void *data, size_t len)
{
    char key[64];

    if (data == NULL) {
        json_object_set_new(object, name, json_null());
        return;
    }
    if (text_is_utf8(data, len)) {
        json_object_set_new(object, name, json_stringn_nocheck(data, len));
        return;
    }
    char *text = base64_encode(data, len);
    snprintf(key, sizeof key, "%s_base64", name);
    json_object_set_new(object, key, text != NULL ? json_string_nocheck(text) : NULL);
    free(text);
}

json_t *
json_out_error(int code, const char *text)
{
    json_t *object = json_object();

    json_object_set_new(object, "code", json_integer(code));
    json_object_set_new(object, "name", json_string(weir_error_name(code)));
    json_object_set_new(object, "message", json_out_text(text));
    return object;
}

static json_t *
headers_of(const weir_task_info *task)
{
    json_t *headers = json_object();

    for (size_t i = 0; i < task->header_count; i++) {
        json_object_set_new(headers, task->headers[i].name, json_out_text(task->headers[i].value));
    }
    return headers;
}

json_t *
json_out_task(const weir_task_info *task)
{
    bool completed = task->state == WEIR_STATE_COMPLETED;
    json_t *object = json_object();

    json_object_set_new(object, "id", json_out_text(task->id));
    json_object_set_new(object, "queue", json_out_text(task->queue));
    json_object_set_new(object, "type", json_out_text(task->type));
    json_out_bytes(object, "payload", task->payload, task->payload_len);
    json_object_set_new(object, "state", json_out_text(weir_state_name(task->state)));
    json_object_set_new(object, "state_since", json_out_time(task->state_since_ms));
    json_object_set_new(object, "max_retry", json_integer(task->max_retry));
    json_object_set_new(object, "retried", json_integer(task->retried));
    json_object_set_new(object, "last_err", json_out_text(task->last_error));
    json_object_set_new(object, "last_failed_at", json_out_time(task->last_failed_at_ms));
    json_object_set_new(object, "timeout_ms", json_integer(task->timeout_ms));
    json_object_set_new(object, "deadline", json_out_time(task->deadline_ms));
    json_object_set_new(object, "group", json_out_text(task->group));
    json_object_set_new(object, "next_process_at", json_out_time(task->next_process_at_ms));
    json_object_set_new(object, "enqueued_at", json_out_time(task->enqueued_at_ms));
    json_object_set_new(object, "pending_since", json_out_time(task->pending_since_ms));
    json_object_set_new(object, "lease_expires_at", json_out_time(task->lease_expires_at_ms));
    json_object_set_new(object, "is_orphaned", json_boolean(task->is_orphaned));
    json_object_set_new(object, "retention_ms", json_integer(task->retention_ms));
    json_object_set_new(object, "archive_for_ms", json_integer(task->archive_for_ms));
    json_object_set_new(object, "completed_at",
                        json_out_time(completed ? task->state_since_ms : 0));
    json_object_set_new(object, "unique_key", json_out_text(task->unique_key));
    json_object_set_new(object, "headers", headers_of(task));
    json_out_bytes(object, "result", task->result, task->result_len);
    return object;
}

int
json_out_print(json_t *document, weir_error *err)
{
    if (document == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    json_dumpf(document, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(document);
    return 0;
}

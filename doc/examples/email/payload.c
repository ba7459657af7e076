/* SPDX-License-Identifier: MIT */
/* A payload comes from another program, maybe of another version: members not known are let be. */
#include "payload.h"

#include <string.h>

int
payload_parse(struct payload *payload, const weir_task_info *task, weir_error *err)
{
    const char *text = task->payload == NULL ? "" : task->payload;
    json_error_t error;
    json_int_t user_id;

    memset(payload, 0, sizeof(*payload));
    payload->root = json_loadb(text, task->payload_len, JSON_REJECT_DUPLICATES, &error);
    if (payload->root == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "malformed payload: line %d column %d: %s",
                              error.line, error.column, error.text);
    }
    if (json_unpack_ex(payload->root, &error, 0, "{s:I, s:s, s?s}", "user_id", &user_id, "subject",
                       &payload->subject, "body", &payload->body) != 0) {
        return weir_error_set(err, WEIR_E_INVALID, "malformed payload: %s", error.text);
    }
    payload->user_id = user_id;
    return 0;
}

void
payload_release(struct payload *payload)
{
    json_decref(payload->root);
    memset(payload, 0, sizeof(*payload));
}

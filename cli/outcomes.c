/* SPDX-License-Identifier: MIT */
/*
 * One outcome is one object: {"id": ..., "queue": ..., "ok": true} or with "error" (the code's name) and "message".
 */
#include <config.h>

#include "outcomes.h"

#include "command.h"
#include "json_out.h"

#include <stdio.h>

void
outcomes_init(struct outcomes *outcomes, bool json, const char *key, const char *done)
{
    *outcomes = (struct outcomes){.key = key, .done = done, .array = json ? json_array() : NULL};
}

static json_t *
outcome_json(const struct outcomes *outcomes, const char *name, const char *queue, int rc,
             const char *why, long long count)
{
    json_t *object = json_object();

    json_object_set_new(object, outcomes->key, json_out_text(name));
    if (queue != NULL) {
        json_object_set_new(object, "queue", json_out_text(queue));
    }
    if (count >= 0) {
        json_object_set_new(object, outcomes->done, json_integer(count));
    }
    json_object_set_new(object, "ok", json_boolean(rc == 0));
    if (rc != 0) {
        json_object_set_new(object, "error", json_string(weir_error_name(rc)));
        json_object_set_new(object, "message", json_out_text(why));
    }
    return object;
}

static void
print_outcome(const struct outcomes *outcomes, const char *name, int rc, const char *why,
              long long count)
{
    if (rc != 0) {
        fflush(stdout);
        fprintf(stderr, "weir: %s: %s\n", name, why);
    } else if (count >= 0) {
        printf("%s: %s, with %lld task%s\n", name, outcomes->done, count, count == 1 ? "" : "s");
    } else {
        printf("%s: %s\n", name, outcomes->done);
    }
}

void
outcomes_add(struct outcomes *outcomes, const char *name, const char *queue, int rc,
             const char *why, long long count)
{
    if (why == NULL || why[0] == '\0') {
        why = weir_strerror(rc);
    }
    outcomes->failed = outcomes->failed || rc != 0;
    if (outcomes->array != NULL) {
        json_array_append_new(outcomes->array, outcome_json(outcomes, name, queue, rc, why, count));
    } else {
        print_outcome(outcomes, name, rc, why, count);
    }
}

int
outcomes_end(struct outcomes *outcomes, weir_error *err)
{
    int rc = outcomes->array != NULL ? json_out_print(outcomes->array, err) : 0;

    if (rc != 0) {
        return rc;
    }
    return outcomes->failed ? COMMAND_FAILED : 0;
}

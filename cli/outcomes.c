/* SPDX-License-Identifier: MIT */
/*
 * One outcome is one object: {"id": ..., "queue": ..., "ok": true} or false with "error".
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

static const char *
reason(const struct outcome *outcome)
{
    bool told = outcome->why != NULL && outcome->why[0] != '\0';

    return told ? outcome->why : weir_strerror(outcome->rc);
}

static json_t *
outcome_json(const struct outcomes *outcomes, const struct outcome *outcome)
{
    json_t *object = json_object();

    json_object_set_new(object, outcomes->key, json_out_text(outcome->name));
    if (outcome->queue != NULL) {
        json_object_set_new(object, "queue", json_out_text(outcome->queue));
    }
    if (outcome->counted) {
        json_object_set_new(object, outcomes->done, json_integer((json_int_t)outcome->count));
    }
    json_object_set_new(object, "ok", json_boolean(outcome->rc == 0));
    if (outcome->rc != 0) {
        json_object_set_new(object, "error", json_out_error(outcome->rc, reason(outcome)));
    } else if (outcome->note != NULL) {
        json_object_set_new(object, "note", json_out_text(outcome->note));
    }
    return object;
}

static void
print_outcome(const struct outcomes *outcomes, const struct outcome *outcome)
{
    if (outcome->rc != 0) {
        fflush(stdout);
        fprintf(stderr, "weir: %s: %s\n", outcome->name, reason(outcome));
        return;
    }
    printf("%s: %s", outcome->name, outcomes->done);
    if (outcome->counted) {
        printf(", with %zu task%s", outcome->count, outcome->count == 1 ? "" : "s");
    }
    if (outcome->note != NULL) {
        printf(" (%s)", outcome->note);
    }
    putchar('\n');
}

void
outcomes_add(struct outcomes *outcomes, const struct outcome *outcome)
{
    outcomes->failed = outcomes->failed || outcome->rc != 0;
    if (outcomes->array != NULL) {
        json_array_append_new(outcomes->array, outcome_json(outcomes, outcome));
    } else {
        print_outcome(outcomes, outcome);
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

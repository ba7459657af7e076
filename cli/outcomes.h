/* SPDX-License-Identifier: MIT */
/*
 * What became of each thing that a command was given several of: one line each as it happens, or one JSON array at the
 * end. Failures go to standard error and make the command fail, but never stop the rest.
 */
#ifndef WEIR_CLI_OUTCOMES_H
#define WEIR_CLI_OUTCOMES_H

#include <jansson.h>
#include <weir/error.h>

#include <stdbool.h>

struct outcomes {
    const char *key;  /* in JSON: "id", "queue" */
    const char *done; /* of a success: "archived" */
    json_t *array;    /* NULL: print text */
    bool failed;
};

void outcomes_init(struct outcomes *outcomes, bool json, const char *key, const char *done);

/*
 * Tells what became of one: rc is 0 or the code whose text is `why` (NULL: its general text). `queue` is the task's, or
 * NULL. `count` is how many tasks it concerned, or negative.
 */
void outcomes_add(struct outcomes *outcomes, const char *name, const char *queue, int rc,
                  const char *why, long long count);

/* Ends the list. Returns 0, COMMAND_FAILED or WEIR_E_NOMEM: what the command returns. */
int outcomes_end(struct outcomes *outcomes, weir_error *err);

#endif

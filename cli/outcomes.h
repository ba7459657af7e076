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

struct outcome {
    const char *name;
    const char *queue; /* the task's, or NULL */
    int rc;            /* 0 or a code */
    const char *why;   /* text of the code; NULL or empty: its general one */
    const char *note;  /* what is good to know of a success, or NULL */
    size_t count;      /* of tasks that it concerned */
    bool counted;      /* count means something */
};

void outcomes_init(struct outcomes *outcomes, bool json, const char *key, const char *done);

/* Tells what became of one. */
void outcomes_add(struct outcomes *outcomes, const struct outcome *outcome);

/* Ends the list. Returns 0, COMMAND_FAILED or WEIR_E_NOMEM: what the command returns. */
int outcomes_end(struct outcomes *outcomes, weir_error *err);

#endif

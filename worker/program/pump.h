/* SPDX-License-Identifier: MIT */
/*
 * Keeps a child going: feeds it the payload, takes what it writes, tells it to end when the task is cancelled,
 * kills it when it does not, and returns when it has ended.
 */
#ifndef WEIR_PROGRAM_PUMP_H
#define WEIR_PROGRAM_PUMP_H

#include "capture.h"
#include "child.h"
#include "shown.h"

#include <weir/handler.h>

struct pump {
    struct child *child;
    weir_context *ctx;
    const char *input;
    size_t input_len;
    int64_t grace_ms; /* between SIGTERM and SIGKILL */
    struct result result;
    struct errors errors;
    struct shown shown;
    int cancelled; /* 0, or why the child was told to end: WEIR_E_CANCELED, WEIR_E_DEADLINE */
};

/* Runs until the child has ended and is reaped; returns its wait status. */
int pump_run(struct pump *pump);

#endif

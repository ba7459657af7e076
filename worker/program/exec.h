/* SPDX-License-Identifier: MIT */
/*
 * Exec handlers: a command runs each task. The payload is its standard input, what is known of the task is in its
 * environment, its standard output becomes the task's result. How it ends decides: exit status 0 is
 * success, 65 (EX_DATAERR) failure for good, everything else, signals included, failure that is retried.
 */
#ifndef WEIR_PROGRAM_EXEC_H
#define WEIR_PROGRAM_EXEC_H

#include <weir/config.h>
#include <weir/handler.h>

/* An exec handler; the caller's, unchanged while a server runs. */
struct exec_handler {
    const char *pattern;
    const char *command;     /* for /bin/sh, or NULL */
    const char *const *argv; /* NULL-terminated; used when command is NULL */
    int64_t grace_ms;        /* between SIGTERM and SIGKILL of a cancelled command */
};

/* Registers a handler. Errors: those of weir_mux_handle(). */
int exec_handle(weir_mux *mux, struct exec_handler *handler, weir_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Reading the configuration again while the worker runs (SIGHUP): the command line is laid over the file as at the
 * start, then what can change is changed. A file with a mistake changes nothing.
 */
#ifndef WEIR_PROGRAM_RELOAD_H
#define WEIR_PROGRAM_RELOAD_H

#include "settings.h"

#include <weir/server.h>

struct reload {
    int argc;
    char **argv;
    const struct settings *running; /* what the worker was started with */
    struct settings applied;        /* what was last applied since then */
    bool is_applied;                /* there is such */
    bool is_unsure;                 /* a part of it may have been applied */
    weir_server *server;
    weir_logger *logger;
};

/* A weir_reload_fn; arg is a struct reload. Says in the log what came of it. */
void reload_run(void *arg);

void reload_release(struct reload *reload);

#endif

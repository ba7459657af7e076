/* SPDX-License-Identifier: MIT */
/*
 * The parts of weir-worker, in the order in which they are made. Each step is a function of its own, because a start ends
 * at the first that fails and --check goes on. Errors in what the configuration file says begin with the place.
 */
#ifndef WEIR_PROGRAM_PROGRAM_H
#define WEIR_PROGRAM_PROGRAM_H

#include "module.h"
#include "reload.h"
#include "settings.h"

#include <weir.h>

struct program {
    struct settings settings;
    weir_logger *logger;
    weir_mux *mux;
    struct modules modules;
    weir_broker *broker;
    weir_server *server;
    struct reload reload;
};

/* Makes logger and mux, and room for the modules. */
int program_begin(struct program *program, weir_error *err);

/* Loads the i-th module, or registers the i-th exec handler. */
int program_load_module(struct program *program, size_t i, weir_error *err);
int program_add_exec(struct program *program, size_t i, weir_error *err);

/* For --check the broker is only read. */
int program_open_broker(struct program *program, weir_error *err);
int program_new_server(struct program *program, weir_error *err);

/* Takes everything apart in reverse order, whatever there is of it. */
void program_end(struct program *program);

#endif

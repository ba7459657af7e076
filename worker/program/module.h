/* SPDX-License-Identifier: MIT */
/*
 * Handler modules of weir-worker: loads shared objects that define a weir_module (see <weir/module.h>), lets
 * them register their handlers, and ends them in reverse order.
 */
#ifndef WEIR_PROGRAM_MODULE_H
#define WEIR_PROGRAM_MODULE_H

#include <weir/config.h>
#include <weir/module.h>

struct module {
    void *library;
    const weir_module *entry;
    void *state;
    const char *path;     /* as given; the caller's */
    size_t first_pattern; /* its own in the mux: weir_mux_pattern(first .. end) */
    size_t end_pattern;
    size_t first_aggregate; /* the same of weir_mux_aggregate_pattern() */
    size_t end_aggregate;
};

struct modules {
    struct module *items; /* room for as many as will be loaded */
    size_t count;
};

/*
 * Loads a module and calls its init. A path without '/' is a file in the current folder, never one of the system's
 * libraries. Errors: WEIR_E_MODULE and those of init, naming the file. On failure nothing of the module stays.
 */
int modules_load(struct modules *modules, const weir_config_module *wanted, weir_mux *mux,
                 weir_logger *logger, weir_error *err);

/* Makes room for `max` modules. WEIR_E_NOMEM. */
int modules_init(struct modules *modules, size_t max, weir_error *err);

/* Calls fini of all modules, newest first, and unloads them. No handler may run any more. */
void modules_release(struct modules *modules);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Handler modules: shared objects that weir-worker loads (--module FILE.so). A module defines one
 * object:
 *
 *   WEIR_MODULE_EXPORT const weir_module weir_module_entry = {
 *       .abi = WEIR_MODULE_ABI, .name = "email", .init = email_init, .fini = email_fini};
 */
#ifndef WEIR_MODULE_H
#define WEIR_MODULE_H

#include <weir/api.h>
#include <weir/handler.h>

WEIR_BEGIN_DECLS

#define WEIR_MODULE_ABI 1

#ifdef __cplusplus
#define WEIR_MODULE_EXPORT extern "C" WEIR_API
#else
#define WEIR_MODULE_EXPORT WEIR_API
#endif

/* What a module offers. Since 0.1. */
typedef struct weir_module {
    int abi;          /* WEIR_MODULE_ABI */
    const char *name; /* for messages */
    /*
     * Called once before the server starts: registers handlers on the mux. `options` is the JSON
     * text of the module's "options" in the configuration, or NULL; valid during the call. What is
     * put into *state comes back in fini. Returns 0, or a negative code with err filled, which
     * stops the program.
     */
    int (*init)(weir_mux *mux, const char *options, weir_logger *logger, void **state,
                weir_error *err);
    /*
     * Called after the last handler has returned; not called at all while one still runs. May be
     * NULL.
     */
    void (*fini)(void *state);
} weir_module;

#define WEIR_MODULE_SYMBOL "weir_module_entry"

WEIR_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The backends that this process knows, found by URL scheme: those that were compiled in, and those
 * that the program added.
 */
#ifndef WEIR_LIB_REGISTRY_H
#define WEIR_LIB_REGISTRY_H

#include <weir/broker.h>

/* A scheme that weir has a backend for, but not this build. */
struct weir__absent_scheme {
    const char *scheme;
    const char *configure_option; /* what builds it in */
};

/* Both are backends/builtin.c's. The first ends with NULL, the second with a row of nulls. */
extern const weir_backend *const weir__builtin_backends[];
extern const struct weir__absent_scheme weir__absent_schemes[];

/*
 * Adds a backend for its schemes, for as long as the process lives; the table must live as long.
 * Any thread, but a scheme list that another thread got from weir_broker_schemes() grows.
 * Errors: WEIR_E_VERSION (made for another contract), WEIR_E_INVALID (incomplete, or no schemes),
 * WEIR_E_CONFLICT (scheme taken), WEIR_E_FULL (too many).
 */
int weir__registry_add(const weir_backend *backend, weir_error *err);

/* True when this very table was added before. */
bool weir__registry_has(const weir_backend *backend);

/*
 * Finds the backend of a scheme and puts it into *backend.
 * Errors: WEIR_E_URL (no such scheme), WEIR_E_UNSUPPORTED (left out of this build).
 */
int weir__registry_find(const weir_backend **backend, const char *scheme, weir_error *err);

/* Checks that a table has all functions that it must have with these capabilities: 0 or
 * WEIR_E_INVALID, naming the first that is missing. */
int weir__backend_check(const weir_backend *backend, unsigned capabilities, weir_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The SQLite backend's table, for the list of built-in backends.
 */
#ifndef WEIR_BACKENDS_SQLITE_H
#define WEIR_BACKENDS_SQLITE_H

#include <weir/broker.h>

extern const weir_backend weir__sqlite_backend;

#endif

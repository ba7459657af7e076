/* SPDX-License-Identifier: MIT */
/*
 * The SQLite backend's table, for the list of built-in backends, and its part of weir_sqlite_enqueue().
 */
#ifndef WEIR_BACKENDS_SQLITE_H
#define WEIR_BACKENDS_SQLITE_H

#include <weir/broker.h>

extern const weir_backend weir__sqlite_backend;

struct sqlite3;

/* As the table's enqueue, on a connection and in a transaction of somebody else's. */
int weir__sqlite_enqueue_into(struct sqlite3 *db, int64_t now_ms, weir_enqueue_item *items,
                              size_t count, weir_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the SQLite backend share: a folder of their own with a database in it, brokers on it,
 * and connections beside it.
 */
#ifndef SQLITE_KIT_H
#define SQLITE_KIT_H

#include "broker.h"
#include "calls.h"

#include "sqlite/store.h"

extern char kit_path[256]; /* of the database */

/* Before and after each test. */
void kit_setup(void);
void kit_teardown(void);

/* Opens a broker on the database, with parameters ("?...") or "". NULL when that fails, with err filled. */
weir_broker *kit_open(const char *parameters, weir_error *err);

/* Asserts that opening fails with a code, and a text that has the words. */
void kit_open_fails(const char *parameters, int code, const char *words);

/* The backend's own side of a broker. */
struct weir__store *kit_store(weir_broker *broker);

/* A plain connection of somebody else's. */
sqlite3 *kit_connect(void);
/* Runs SQL; returns SQLite's code. */
int kit_sql(sqlite3 *db, const char *sql);

/* Puts a task (id, payload_len bytes) into a queue, or into "q"; returns the item's result. */
int kit_put_into(weir_broker *broker, const char *queue, const char *id, size_t payload_len,
                 weir_error *err);
int kit_put(weir_broker *broker, const char *id, size_t payload_len, weir_error *err);
/* Number of pending tasks of "q"; -1: cannot tell. */
int kit_pending(weir_broker *broker);
/* Takes and finishes up to ten tasks of "q"; returns how many, or a negative code. */
int kit_work(weir_broker *broker, weir_error *err);

/* A wait of 5 s for work in "q", which has seen all there is so far. */
weir_wait kit_settled(weir_broker *broker);

#endif

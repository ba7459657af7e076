/* SPDX-License-Identifier: MIT */
/*
 * An opened database: what all files of the backend share.
 *
 * Connections: one that writes (writer.h), some that read (readers, made when needed, so that inspection never waits for a
 * writer), one that looks for changes of others (wake.h), one for checkpoints (checkpoint.h). A database in memory has only
 * the first, which then is used for everything, by one thread at a time.
 */
#ifndef WEIR_SQLITE_STORE_H
#define WEIR_SQLITE_STORE_H

#include "checkpoint.h"
#include "conn.h"
#include "options.h"
#include "wake.h"
#include "writer.h"

#include <weir/broker.h>

#define WEIR__READERS_KEPT 4

struct weir__readers {
    pthread_mutex_t lock;
    struct weir__conn *idle[WEIR__READERS_KEPT];
    size_t count;
};

struct weir__store {
    struct weir__options options;
    const weir_clock *clock;
    weir_logger *logger;
    char *path; /* absolute, or ":memory:" */
    bool in_memory;
    bool wal;
    struct weir__writer writer;
    struct weir__readers readers;
    struct weir__checkpoint checkpoint;
    struct weir__hub hub;
};

/* sqlite.c */
int weir__store_connect(struct weir__store *store, struct weir__conn *conn, weir_error *err);

/* journal.c: sets store->wal. _choose puts the database into the mode that is best for it; _find takes it as it is.
 * _spare, before anything is read, refuses a connection that would leave files behind. */
int weir__journal_spare(const struct weir__store *store, struct weir__conn *conn);
int weir__journal_choose(struct weir__store *store, struct weir__conn *conn);
int weir__journal_find(struct weir__store *store, struct weir__conn *conn);

/* A connection to read from, in one snapshot; and back. */
int weir__read_begin(struct weir__store *store, struct weir__conn **conn, weir_error *err);
void weir__read_end(struct weir__store *store, struct weir__conn *conn);

/* Finds a queue for a reader: 0 if there is none. */
int weir__read_queue(struct weir__conn *conn, const char *name, int64_t *qid);

/* Copies a connection's failure to a caller. */
int weir__report(const struct weir__conn *conn, int code, weir_error *err);

/* Names the present run of the machine in a number; 0: the system does not tell. A lease of 0, and any lease for one who has
 * 0, is judged by its time alone. */
int64_t weir__boot_number(const struct weir__store *store);
int64_t weir__boot_ms(const struct weir__store *store);
/* A new fencing token, never 0. */
int64_t weir__new_token(const struct weir__store *store);

/* schema.c: brings the schema up to date, or refuses. */
int weir__schema_migrate(struct weir__conn *conn);
/* Whether the connection's database has the schema of this version: 0, or why not. */
int weir__schema_check(struct weir__conn *conn);
/* Whether the database holds tables of anybody else. */
int weir__schema_is_shared(struct weir__conn *conn, bool *shared);

#endif

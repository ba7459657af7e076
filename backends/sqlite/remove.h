/* SPDX-License-Identifier: MIT */
/*
 * Deleting tasks that are not active, with their payload and the lock that is theirs. Listed first, deleted
 * then: a statement is not changed under its own feet.
 */
#ifndef WEIR_SQLITE_REMOVE_H
#define WEIR_SQLITE_REMOVE_H

#include "piece.h"
#include "tx.h"

#define WEIR__REMOVE_CHUNK 64

struct weir__removal {
    int64_t seq;
    int64_t state;    /* where the statement gives it */
    int64_t big;      /* bytes beside the row; 0: none */
    char *unique_key; /* owned; NULL: none */
    char id[WEIR_ID_SIZE];
};

/* Reads the rows of a started statement, which ends, into the list: seq; state if with_state; big, unique_key, id. The statement's
 * limit keeps it within WEIR__REMOVE_CHUNK. */
int weir__removals_read(struct weir__conn *conn, sqlite3_stmt *stmt, int with_state,
                        struct weir__removal *list, size_t *count);

/* Deletes the tasks of a list, and ends the list. With a piece no more than fit; *count is then how many. */
int weir__removals_run(struct weir__tx *tx, int64_t qid, struct weir__removal *list, size_t *count,
                       struct weir__piece *piece);

/* Deletes one; and frees what a list owns. */
int weir__removal_run(struct weir__tx *tx, int64_t qid, const struct weir__removal *removal);
void weir__removals_release(struct weir__removal *list, size_t count);

#endif

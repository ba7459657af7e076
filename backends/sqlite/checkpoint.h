/* SPDX-License-Identifier: MIT */
/*
 * Moving the log (the -wal file) into the database.
 *
 * SQLite up to 3.51.2 can, rarely, damage a database when a commit that restarts the log falls together with a second
 * checkpoint right after a completed one. So no connection of ours checkpoints by itself: the leader of the
 * writer does it on a connection for that purpose while the writing one holds the write lock, and no commit of
 * anybody can fall into it.
 */
#ifndef WEIR_SQLITE_CHECKPOINT_H
#define WEIR_SQLITE_CHECKPOINT_H

#include "conn.h"

#define WEIR__CHECKPOINT_PAGES 1000

struct weir__store;

struct weir__checkpoint {
    struct weir__conn conn; /* opened with the first checkpoint */
    int pages;              /* in the log after the last commit */
    int due_at;             /* pages at which to run; 0: there is no log */
    bool wanted;            /* now: nothing more could be written */
    int64_t warned_at_ms;   /* about a log that grows, monotonic; 0: never */
};

/* Has the writing connection report the size of the log. */
void weir__checkpoint_watch(struct weir__checkpoint *checkpoint, struct weir__conn *writing);

/* A transaction has failed with `code`: when the disk is full, the log's own place can be used again. */
void weir__checkpoint_after_failure(struct weir__checkpoint *checkpoint, int code);

bool weir__checkpoint_is_due(const struct weir__checkpoint *checkpoint);

/* By the leader, between transactions. A failure is tried again later, and logged but where another one was the reason. */
void weir__checkpoint_run(struct weir__store *store);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The writer: group commit without a thread of its own.
 *
 * Calls bring a job. The first caller that finds the writer idle leads: it takes all jobs that are waiting, runs them
 * in one transaction, commits once and tells the others. Whoever comes meanwhile waits and goes into
 * the next transaction. A lone caller runs its job at once and pays for no hand-over.
 *
 * When a job fails it alone is undone (a savepoint protects it where there are several); when the transaction
 * fails all its jobs have failed.
 *
 * The leader also moves the log (-wal) into the database when it has grown, while it holds the write lock (see checkpoint.c).
 */
#ifndef WEIR_SQLITE_WRITER_H
#define WEIR_SQLITE_WRITER_H

#include "tx.h"

#include <pthread.h>

struct weir__store;

/* Runs in a transaction. 0, or a negative code: what it did is undone; the text is conn->err's. */
typedef int (*weir__job_run)(struct weir__tx *tx, void *arg);

struct weir__job {
    weir__job_run run;
    void *arg;
    int code;
    bool done;
    weir_error *err;
    pthread_cond_t wake;
    struct weir__job *next;
};

struct weir__writer {
    pthread_mutex_t lock;
    pthread_cond_t idle; /* for those who want to hold */
    bool busy;           /* somebody leads, or holds the connection */
    int holders;         /* who wait for it */
    struct weir__job *first;
    struct weir__job **last;
    struct weir__conn conn;
    struct weir__tx tx;
};

int weir__writer_init(struct weir__writer *writer);
void weir__writer_release(struct weir__writer *writer);

/* Runs a job and returns when it is durable, or has failed. */
int weir__writer_run(struct weir__store *store, weir__job_run run, void *arg, weir_error *err);

/* Takes the writer's connection for other work of this thread, between transactions; and gives it back. */
void weir__writer_hold(struct weir__writer *writer);
void weir__writer_free(struct weir__writer *writer);

#endif

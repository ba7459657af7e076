/* SPDX-License-Identifier: MIT */
/*
 * One statement for several tasks.
 *
 * A statement costs about as much to start and to end as what it does to a task. So tasks that are treated alike go into one: a range where
 * their numbers (seq) follow one another, as those of one producer do, else a list of up to WEIR__ROWS.
 */
#ifndef WEIR_SQLITE_SEVERAL_H
#define WEIR_SQLITE_SEVERAL_H

#include "tx.h"

#include <weir/broker.h>

/* Most tasks that are treated together. */
#define WEIR__SEVERAL_MAX 256

/* What is done: the parameters that all tasks share come first, then the first and the last seq, or the list. */
struct weir__several {
    enum weir__statement range, rows;
    int64_t values[4];
    int value_count;
};

/* A claim among those of a call. */
struct weir__claimed {
    int64_t token, seq;
    size_t item;  /* its index in the call */
    bool changed; /* it was the present claim: the statement changed its task */
};

/* Runs the statement for tasks in ascending order, each named once. *changed: how many rows it changed. */
int weir__several_run(struct weir__conn *conn, const struct weir__several *what,
                      const int64_t *seqs, size_t count, size_t *changed);

/* Puts claims in the order in which they are treated. False: a task is named twice, and they must be treated one by one. */
bool weir__claimed_sort(struct weir__claimed *claims, size_t count);

/*
 * Runs the statement, whose one shared parameter is the token, for sorted claims, WEIR__SEVERAL_MAX at most, and tells
 * of each whether it changed its task.
 */
int weir__claimed_run(struct weir__conn *conn, enum weir__statement range,
                      enum weir__statement rows, struct weir__claimed *claims, size_t count);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The queues that a server serves, as one thing that never changes: a change makes a new set. Whoever calls the
 * broker with a set holds a reference to it meanwhile, so no lock is needed to read it.
 */
#ifndef WEIR_WORKER_QUEUE_SET_H
#define WEIR_WORKER_QUEUE_SET_H

#include <weir/server.h>

#include <stdatomic.h>

struct weir__queue_set {
    atomic_int refs;
    weir_queue_weight *items; /* names are the set's */
    const char **names;       /* the same, as the broker wants them */
    size_t count;             /* > 0 */
    bool strict;
};

/* Checks and copies; count 0 stands for the default queue. WEIR_E_INVALID, WEIR_E_NOMEM. */
int weir__queue_set_new(struct weir__queue_set **set, const weir_queue_weight *queues, size_t count,
                        bool strict, weir_error *err);

struct weir__queue_set *weir__queue_set_ref(struct weir__queue_set *set);
void weir__queue_set_unref(struct weir__queue_set *set); /* NULL is allowed */

#endif

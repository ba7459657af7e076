/* SPDX-License-Identifier: MIT */
/*
 * Many threads that enqueue a task each share the trips to the store.
 *
 * A caller that finds fewer than WEIR__GATHER_CALLS calls under way makes one of its own at once, and takes along what
 * waits. All others wait, and the next call, made by one of them, has all that gathered meanwhile. So nothing is delayed to
 * make a call larger: a lone caller pays for an uncontended lock, and under load calls become large by themselves. There is
 * no thread for it.
 *
 * A store in this process (WEIR_CAP_SURE_REPLIES) has no trips to share and gathers as it sees fit: its calls are passed on.
 *
 * Each caller gets the fate of its own task, and the text of a call that failed as a whole.
 */
#ifndef WEIR_LIB_GATHER_H
#define WEIR_LIB_GATHER_H

#include <pthread.h>
#include <stdbool.h>
#include <weir/broker.h>

enum {
    /* At the same time. While one is on its way the next is prepared, and a store far away is kept busy. */
    WEIR__GATHER_CALLS = 2,
    WEIR__GATHER_MOST = 128, /* tasks of one call */
    /* Payloads larger than this travel alone: others should not wait for them, nor share their fate. */
    WEIR__GATHER_BYTES = 16 * 1024
};

struct weir__gathered;

struct weir__gather {
    pthread_mutex_t lock;
    unsigned calls; /* under way, or about to be made by one who was told to lead */
    bool told;      /* somebody was, and has not begun: will take everything along */
    size_t waiting;
    struct weir__gathered *first; /* who waits, in the order in which they came */
    struct weir__gathered **last;
};

/* WEIR_E_NOMEM when there is no lock to be had. */
int weir__gather_init(struct weir__gather *gather);
void weir__gather_release(struct weir__gather *gather);

#endif

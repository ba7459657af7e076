/* SPDX-License-Identifier: MIT */
/*
 * A worker in a process of its own, which notes when it got each task. Both processes share the board. It is forked
 * before anything is opened, serves the first queue of the place, and ends with this program, however that ends.
 */
#ifndef WEIR_BENCH_APART_H
#define WEIR_BENCH_APART_H

#include "place.h"

#include <semaphore.h>
#include <stdint.h>
#include <sys/types.h>

struct apart_slot {
    int64_t mono_ns;
    int64_t wall_us;
};

struct apart_board {
    sem_t arrived; /* posted for each task */
    size_t arrivals;
    size_t slot_count;
    struct apart_slot slots[]; /* by the stamp of the task (load.h) */
};

struct apart {
    pid_t pid;
    struct apart_board *board;
};

/* Forks. The place has names, but nothing is open. */
int apart_start(struct apart *apart, const struct place *place, int concurrency, size_t slot_count,
                weir_error *err);

/* Waits for one task; fails when the worker has ended. */
int apart_await(struct apart *apart, weir_error *err);

/* Ends the worker (SIGTERM), waits for it, and frees the board. */
void apart_end(struct apart *apart);

#endif

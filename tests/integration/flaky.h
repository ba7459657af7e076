/* SPDX-License-Identifier: MIT */
/*
 * A backend that fails on purpose: "flaky:..." is the SQLite backend's "sqlite:..." with faults in
 * front of it.
 */
#ifndef FLAKY_H
#define FLAKY_H

#include <stdatomic.h>
#include <stdbool.h>

struct flaky {
    atomic_bool consume_fails; /* before anything is done */
    atomic_bool takes_fail;    /* only calls that take */
    atomic_bool replies_lost;  /* finishes are done, and then the call fails */
    atomic_bool extend_fails;
    atomic_bool finish_stale;   /* every outcome is said to be refused */
    atomic_bool extend_stale;   /* every lease is said to be lost */
    atomic_bool start_stale;    /* every start is said to be refused, and not made */
    atomic_bool extend_cancels; /* every task is said to be cancelled */
    atomic_bool wait_fails;
    atomic_bool forward_fails;
    atomic_int slowness_us; /* what each consume takes longer, as on a slow disk or a long way */
    atomic_int consumes;    /* calls */
    atomic_int heard;       /* calls that took, made by the thread that heard of the tasks */
    atomic_int starts;      /* that were asked for */
    atomic_int extends;
    atomic_int recovers;
    atomic_int forward_failures;
    atomic_int hasty; /* recovers that came within 200 ms of one */
};

extern struct flaky flaky;

/* Adds the backend to this process, once. */
void flaky_register(void);
/* Ends all faults and counts from zero. */
void flaky_reset(void);

#endif

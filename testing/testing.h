/* SPDX-License-Identifier: MIT */
/*
 * What the files of the testing mode share. It has a server of the runtime's that is never started: it owns options,
 * queues, one slot, periodic tasks and the aggregator, and the files here call what its threads would.
 */
#ifndef WEIR_TESTING_TESTING_H
#define WEIR_TESTING_TESTING_H

#include "moving_clock.h"
#include "runtime.h"

#include <weir/testing.h>

struct weir_testing {
    struct weir__moving_clock clock;
    weir_broker *broker;
    weir_client *client;
    weir_inspector *inspector;
    weir_mux *no_mux; /* for tests that run nothing; else NULL */
    weir_server *server;
    size_t most_attempts;
    bool all_queues;                   /* serve whatever queues there are */
    struct weir__queue_set *order_set; /* whose names the order uses */
    struct weir__order order;
    struct weir__slot *slot; /* in a handler: the one that runs; else NULL */
    bool turning;            /* in a turn, and so perhaps in an aggregator */
    bool performs;           /* the store has no such task */
    weir_error trouble;      /* of what a handler's waiting brought about */

    /* The last attempt, and what it points to. */
    weir_attempt attempt;
    weir_task_info *task;
    char *error;
    void *result;
};

/* WEIR_E_STATE, naming what was called, in a handler or in an aggregator. */
int weir__testing_outside(const weir_testing *testing, const char *what, weir_error *err);

/* Serves the queues there are, where all are served. */
int weir__testing_fit_queues(weir_testing *testing, weir_error *err);

/*
 * Does what a server does at the present time but run handlers. *next_at_ms is when there is more to do, or WEIR_NEVER.
 */
int weir__testing_turn(weir_testing *testing, int64_t *next_at_ms, weir_error *err);

/* Moves the clock on by ms, with turns on the way. */
int weir__testing_pass(weir_testing *testing, int64_t ms, weir_error *err);

/* Turns and runs until nothing is pending; *left is how many attempts may be made, before and after. */
int weir__testing_exhaust(weir_testing *testing, const char *queue, weir_tally *tally, size_t *left,
                          int64_t *next_at_ms, weir_error *err);

/* WEIR_E_STATE where a handler cannot be run. */
int weir__testing_can_run(const weir_testing *testing, const char *what, weir_error *err);

#endif

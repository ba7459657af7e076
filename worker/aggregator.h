/* SPDX-License-Identifier: MIT */
/*
 * The aggregator: finds groups that are due and makes one task of each.
 *
 * A few threads share the work. One at a time leads: it waits for the next time to look, looks at the groups of all
 * queues, and stages one that is due. Then another leads while the first runs the application's function and
 * commits. So a slow function holds up neither the heartbeat nor, until all threads have one, other groups, and there are
 * never more sets in hand than threads.
 *
 * When to look is known from the ages that the broker tells: a group is due at the earliest of newest + grace and oldest + max
 * delay. A new member can bring that forward only by its own grace or delay, or by filling the group: the
 * listener tells of it, and the next look is then due at once where a policy has a size, else after the shortest grace or
 * delay of any policy. Policies can be changed while it runs: what is remembered as due is then looked at anew.
 */
#ifndef WEIR_WORKER_AGGREGATOR_H
#define WEIR_WORKER_AGGREGATOR_H

#include "calls.h"
#include "settings.h"

#include <pthread.h>

enum {
    WEIR__ROUNDS = 3, /* threads */
    WEIR__AGENDA = 64 /* due groups that are remembered from one look */
};

/* A group that is due. */
struct weir__due {
    char *queue;
    char *name;
    weir_group_policy policy;
    weir_aggregate_fn aggregate;
    void *arg;
};

/* A set in hand. */
struct weir__round {
    struct weir__due due;
    weir__staged staged;
    int64_t end_boot_ms; /* of its time */
};

/* A thread of the aggregator's. */
struct weir__rounder {
    weir_server *server;
    pthread_t thread;
    bool busy; /* it has a round */
};

struct weir__aggregator {
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    bool leading;
    bool ends;
    int rounds;            /* under way */
    int64_t look_at_ms;    /* monotonic */
    int64_t not_before_ms; /* so that looking takes a small part of the time */
    int64_t shortest_ms;   /* of all graces and delays; 0: a policy has a size */
    bool outdated;         /* the agenda is of earlier policies */
    struct weir__rounder threads[WEIR__ROUNDS];
    size_t thread_count; /* constant once the server has started */
    bool joined;         /* the stopper's */

    /* The leader's. */
    struct weir__due agenda[WEIR__AGENDA];
    size_t agenda_count;
};

int weir__aggregator_init(weir_server *server);
void weir__aggregator_release(weir_server *server);

/* Starts the threads, where the mux has an aggregator and the broker has groups. */
int weir__aggregator_start(weir_server *server, weir_error *err);

/* Whether it runs. */
bool weir__aggregator_runs(const weir_server *server);

/*
 * For a server without threads: makes tasks of the groups that are due. *rounds tells of how many, *next_at_ms when the
 * next one of the others is due, wall clock, or WEIR_NEVER.
 */
int weir__aggregator_turn(weir_server *server, size_t *rounds, int64_t *next_at_ms,
                          weir_error *err);

/* A task has joined a group. Any thread. */
void weir__aggregator_call(weir_server *server);

/* Has other policies from now on; the earlier ones are left in *rules. Any thread. */
void weir__aggregator_set_rules(weir_server *server, struct weir__group_rules *rules);

/* How long the set of a round may take. Any thread. */
int64_t weir__group_timeout_ms(weir_server *server);

/* Begins no more rounds. */
void weir__aggregator_end(weir_server *server);

/* Waits for rounds until mono_ms and ends the threads. Returns how many rounds are still under way; their
 * threads keep the server. */
int weir__aggregator_stop(weir_server *server, int64_t mono_ms);

void weir__due_release(struct weir__due *due);

/* round.c: has the set's task made and commits it; ends the round. */
void weir__round_run(weir_server *server, struct weir__round *round);

#endif

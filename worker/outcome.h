/* SPDX-License-Identifier: MIT */
/*
 * From how an attempt ended to what the broker is told: the rules, and nothing else.
 *
 *   WEIR_DONE        done, or completed with its result where the task has a retention
 *   WEIR_RETRY       retry after the policy's delay; archived when its retries are used up, or its
 *                    deadline would be over by then. What is_failure() does not count uses up nothing
 *   WEIR_SKIP_RETRY  archived
 *   WEIR_REVOKE      done, also with a retention
 *   WEIR_SNOOZE      retry after its delay, uncounted, the error text unchanged
 *   given back       requeue: it never ran, or a stop cut it short
 *
 * An attempt that a person has cancelled without a retry, and that wants to run again (WEIR_RETRY,
 * WEIR_SNOOZE, cut short), ends as with WEIR_SKIP_RETRY or WEIR_REVOKE.
 *
 * on_error is told of all but done, snoozed and given back tasks, on_change of all once the broker has committed them.
 * An archived task whose retries are used up is `counted`, one that skipped them is not.
 */
#ifndef WEIR_WORKER_OUTCOME_H
#define WEIR_WORKER_OUTCOME_H

#include "pattern.h"

#include <pthread.h>
#include <weir/broker.h>
#include <weir/server.h>

#define WEIR__TEXT_CANCELED "context canceled"
#define WEIR__TEXT_DEADLINE "context deadline exceeded"
#define WEIR__TEXT_LEASE_EXPIRED "asynq: task lease expired"
#define WEIR__TEXT_SKIP_RETRY "skip retry for the task"
#define WEIR__TEXT_REVOKE "revoke task"
#define WEIR__TEXT_NO_REASON "the handler gave no reason"

struct weir__type_retry {
    struct weir__pattern pattern; /* first, for weir__pattern_find() */
    weir_retry_policy policy;
};

/* The part of a server's options that outcomes depend on. */
struct weir__rules {
    const weir_clock *clock;
    weir_logger *logger;
    pthread_rwlock_t *policy_lock; /* guards the three that follow; NULL: they never change */
    weir_retry_policy retry;
    struct weir__type_retry *types;
    size_t type_count;
    weir_retry_delay_fn retry_delay;
    void *retry_delay_arg;
    weir_failure_fn is_failure;
    void *is_failure_arg;
    weir_error_fn on_error;
    void *on_error_arg;
    weir_change_fn on_change;
    void *on_change_arg;
};

/* How an attempt ended. */
struct weir__ending {
    weir_outcome outcome;
    const char *error; /* NULL: none given. Must live as long as the weir_finish */
    int cancelled;     /* as weir_context_cancelled() */
    weir_cancel_mode cancel_mode;
    int64_t snooze_ms;
    const void *result; /* NULL: none */
    size_t result_len;
};

/* Fills *finish for `claim`; calls the application's functions and logs what failed. Any thread. */
void weir__outcome_decide(const struct weir__rules *rules, const weir_claim *claim,
                          const struct weir__ending *ending, int64_t now_ms, weir_finish *finish);

/* What an outcome makes of its task, once it is committed. Points into *finish. */
weir_change_event weir__outcome_event(const weir_finish *finish);

/* Tells the application what the broker has committed: finish->outcome is 0. Any thread, without a lock. */
void weir__outcome_tell(const struct weir__rules *rules, const weir_finish *finish);

/* Fills *finish so that the task goes back to the head of its queue. */
void weir__outcome_give_back(const weir_claim *claim, weir_finish *finish);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Testing mode: for the tests of programs that enqueue tasks and of the handlers that run them.
 *
 * A weir_testing is a broker with a clock that stands still until the test moves it, and a server
 * that does nothing until the test tells it to. Everything happens on the thread of the test: no
 * threads, no sleeps, the same ids and times in each run. doc/testing.md has the whole of it.
 *
 * A weir_testing is for one thread. What it gives out (broker, client, inspector, clock) may be
 * used from others too.
 */
#ifndef WEIR_TESTING_H
#define WEIR_TESTING_H

#include <weir/api.h>
#include <weir/client.h>
#include <weir/inspector.h>
#include <weir/server.h>

WEIR_BEGIN_DECLS

typedef struct weir_testing weir_testing;

/* When the clock starts unless told otherwise: 2030-01-01T00:00:00Z, a Tuesday. */
#define WEIR_TESTING_START_MS INT64_C(1893456000000)

/* Zero means the default. Everything is copied but logger and the args of functions; `reserved`
 * must be zero. Since 0.1. */
typedef struct weir_testing_options {
    const char *url;     /* of the store; NULL: "sqlite::memory:" */
    int64_t start_at_ms; /* what the clock shows; 0: WEIR_TESTING_START_MS */
    uint64_t seed;       /* of ids and jitter: the same seed makes the same ones in each run */
    /* How to serve: queues, retry policies, groups, periodic tasks, limits of the archive, hooks.
     * NULL or no queues: all queues there are. Of no use here: concurrency, leases and the times
     * between duties. */
    const weir_server_options *server;
    weir_logger *logger;  /* NULL: silent */
    size_t most_attempts; /* of one drain or elapse, so that a task that enqueues itself for ever
                             ends in an error; 0: 10000 */
    uint64_t reserved[8];
} weir_testing_options;

/*
 * Makes a testing mode with an empty store and puts it into *testing. The mux stays the caller's
 * and must outlive it; NULL for tests that run nothing. options may be NULL. Ends with
 * weir_testing_free(). Errors: those of weir_broker_open() (WEIR_E_UNSUPPORTED: this build has no
 * SQLite, give a url) and weir_server_new(). Since 0.1.
 */
WEIR_API int weir_testing_new(weir_testing **testing, weir_mux *mux,
                              const weir_testing_options *options, weir_error *err);

/* Frees it; what it gave out is not to be used any more. Not from a handler. NULL is allowed. Since
 * 0.1. */
WEIR_API void weir_testing_free(weir_testing *testing);

/* What to hand to the code under test; owned by the testing mode. Since 0.1. */
WEIR_API weir_broker *weir_testing_broker(weir_testing *testing);
WEIR_API weir_client *weir_testing_client(weir_testing *testing);
WEIR_API weir_inspector *weir_testing_inspector(weir_testing *testing);
WEIR_API const weir_clock *weir_testing_clock(weir_testing *testing);

/* Removes all queues with all that is in them; the clock stays. Errors: WEIR_E_STATE (in a
 * handler), WEIR_E_UNSUPPORTED, those of the broker. Since 0.1. */
WEIR_API int weir_testing_clear(weir_testing *testing, weir_error *err);

/* ---- what was enqueued ---- */

/*
 * Which tasks. What is zero matches any task; all that is given must hold. Fill it with designated
 * initializers; `reserved` must be zero. Since 0.1.
 */
typedef struct weir_match {
    const char *type;
    const char *queue;
    const char *id;
    const char *group;
    weir_state state;
    const char *text;     /* the payload is exactly this text */
    const void *payload;  /* the payload is exactly these bytes */
    size_t payload_len;   /* of payload */
    const char *contains; /* the payload has this text somewhere */
    const char *json; /* the payload is JSON that has all of this: objects may have more members,
                                everything else is equal */
    const weir_header *header; /* it has this header; a NULL value is any */
    int64_t process_at_ms;     /* it is to run at this time, ms since 1970 */
    int64_t process_in_ms;     /* it is to run so much later than the clock shows now */
    const char *error;         /* the text of its last failure has this somewhere */
    bool (*where)(const weir_task_info *task, void *arg); /* and this says true */
    void *arg;
    uint64_t reserved[8];
} weir_match;

/*
 * Puts all tasks of the store that match into *list: queue by queue, in each state by state
 * (scheduled, aggregating, pending, ... as in weir_state), each in the order of
 * weir_inspect_tasks(). match NULL: all. Freed with weir_task_list_free(). Errors: WEIR_E_INVALID
 * (json is none, reserved is not zero), WEIR_E_NOMEM, those of the broker. Since 0.1.
 */
WEIR_API int weir_testing_list(weir_testing *testing, const weir_match *match,
                               weir_task_list **list, weir_error *err);

/* Counts them. Errors: the same. Since 0.1. */
WEIR_API int weir_testing_count(weir_testing *testing, const weir_match *match, size_t *count,
                                weir_error *err);

/*
 * Expect at least one such task, exactly so many, or none. They return 0 if it is so and
 * WEIR_E_MISMATCH if not: err then says what was there instead, and of a missing task, which one
 * comes closest and what is different about it. Errors: those of weir_testing_list(). Since 0.1.
 */
WEIR_API int weir_testing_expect(weir_testing *testing, const weir_match *match, weir_error *err);
WEIR_API int weir_testing_expect_count(weir_testing *testing, const weir_match *match, size_t count,
                                       weir_error *err);
WEIR_API int weir_testing_expect_none(weir_testing *testing, const weir_match *match,
                                      weir_error *err);

/* ---- running handlers ---- */

/* An attempt that was run. Since 0.1. */
typedef struct weir_attempt {
    const weir_task_info *task; /* as it was when it was taken */
    weir_change change;         /* what became of it */
    int64_t at_ms;              /* of its retry, or the end of its retention; else 0 */
    const char *error;          /* of a failure, else NULL */
    const void *result; /* what the handler wrote, also when it is not stored; NULL: nothing */
    size_t result_len;
} weir_attempt;

/* How many attempts ended how. Since 0.1. */
typedef struct weir_tally {
    size_t attempts; /* the sum of what follows */
    size_t done, completed, retry, postponed, archived, exhausted, requeued; /* as weir_change */
} weir_tally;

/*
 * Runs the handler for a task without enqueueing it, with middleware, context and options as in a
 * server, and tells what a server would do next. The store is not touched. *attempt, where attempt
 * is not NULL, is the testing mode's, good until its next attempt. Errors: WEIR_E_STATE (in a
 * handler, or there is no mux), those of weir_client_check(). Since 0.1.
 */
WEIR_API int weir_testing_perform(weir_testing *testing, const weir_task *task,
                                  const weir_attempt **attempt, weir_error *err);

/*
 * Runs the next pending task of a queue, or with NULL of all, as a server would: it is done,
 * retried, archived or kept in the store when this returns, whatever its handler said; that is no
 * error. Tasks due by now become pending first. *attempt as above. Errors: WEIR_E_NO_TASK (nothing
 * is pending), WEIR_E_STATE (in a handler, or there is no mux), WEIR_E_INVALID (options.server
 * does not serve this queue), those of the broker. Since 0.1.
 */
WEIR_API int weir_testing_run(weir_testing *testing, const char *queue,
                              const weir_attempt **attempt, weir_error *err);

/*
 * Runs tasks until none of the queue (NULL: of all) is pending, also those that handlers enqueue
 * meanwhile. The clock stays, so retries wait. tally may be NULL; it is also set on failure.
 * Errors: WEIR_E_TIMEOUT (options.most_attempts are over), otherwise as weir_testing_run(). Since
 * 0.1.
 */
WEIR_API int weir_testing_drain(weir_testing *testing, const char *queue, weir_tally *tally,
                                weir_error *err);

/* ---- the clock ---- */

/* Returns what the clock shows, ms since 1970. Since 0.1. */
WEIR_API int64_t weir_testing_now_ms(const weir_testing *testing);

/*
 * Moves the clock on by so much, and does at the right moments on the way what a server does but
 * run handlers: scheduled tasks and retries become pending, periodic tasks are enqueued, groups
 * become tasks, what has been kept for long enough is removed, and unique locks end. In a handler
 * it stands for work that takes long: the handler's timeout and deadline hold. Errors:
 * WEIR_E_INVALID (ms < 0), those of the broker. Since 0.1.
 */
WEIR_API int weir_testing_advance(weir_testing *testing, int64_t ms, weir_error *err);

/*
 * The same while a server runs: handlers run when their tasks are due, on the way. tally and errors
 * as of weir_testing_drain(), and WEIR_E_INVALID. Since 0.1.
 */
WEIR_API int weir_testing_elapse(weir_testing *testing, int64_t ms, weir_tally *tally,
                                 weir_error *err);

WEIR_END_DECLS

#endif

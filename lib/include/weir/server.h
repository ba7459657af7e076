/* SPDX-License-Identifier: MIT */
/*
 * The server: takes tasks off weighted queues and runs their handlers.
 *
 * Threads: `concurrency` workers, and one each that moves tasks and outcomes, keeps leases, watches
 * deadlines and listens. See doc/threads.md.
 */
#ifndef WEIR_SERVER_H
#define WEIR_SERVER_H

#include <weir/api.h>
#include <weir/group.h>
#include <weir/handler.h>
#include <weir/open.h>
#include <weir/periodic.h>
#include <weir/retry.h>

WEIR_BEGIN_DECLS

typedef struct weir_server weir_server;

/* A queue to serve. Of two queues with work, one gets weight/(sum of weights) of the server. */
typedef struct weir_queue_weight {
    const char *name;
    int weight; /* > 0 */
} weir_queue_weight;

/* A retry policy for the task types that a pattern takes (same rules as the mux). */
typedef struct weir_type_retry {
    const char *pattern;
    weir_retry_policy policy;
} weir_type_retry;

/*
 * Decides whether an attempt that ended in WEIR_RETRY counts as a failure. False: it is tried again
 * without using up a retry. `error` is the text of the failure. Any worker thread, or
 * the keeper's for tasks whose worker died. Since 0.1.
 */
typedef bool (*weir_failure_fn)(const weir_task_info *task, const char *error, void *arg);

/*
 * Told of each attempt that did not succeed, before the broker is. `outcome` is what the handler
 * said. Must not block for long. Any worker thread, or the keeper's for tasks whose worker died.
 * Since 0.1.
 */
typedef void (*weir_error_fn)(const weir_task_info *task, weir_outcome outcome, const char *error,
                              void *arg);

/* What became of a task whose attempt ended. Since 0.1. */
typedef enum weir_change {
    WEIR_CHANGE_DONE = 1,  /* it succeeded or was revoked, and is deleted */
    WEIR_CHANGE_COMPLETED, /* it succeeded and is kept until at_ms */
    WEIR_CHANGE_RETRY,     /* it failed and is tried again at at_ms */
    WEIR_CHANGE_POSTPONED, /* it snoozed, or its error is no failure: again at at_ms, not counted */
    WEIR_CHANGE_ARCHIVED,  /* it failed for good: its handler said so */
    WEIR_CHANGE_EXHAUSTED, /* it failed, its retries are used up: archived */
    WEIR_CHANGE_REQUEUED   /* it was given back unfinished, to the head of its queue */
} weir_change;

/* One change. What it points to is valid during the call. Since 0.1. */
typedef struct weir_change_event {
    const weir_task_info *task; /* as it was when it was taken */
    weir_change change;
    int64_t at_ms;     /* 0 where a change has no time */
    const char *error; /* of a failure, else NULL */
} weir_change_event;

/*
 * Told of each change once the broker has committed it; an outcome that the broker refused is not told. It is called
 * once for each attempt, but not when the process dies between the commit and the call. Must not block for long: the
 * server takes no tasks meanwhile. The mover's thread, or the keeper's for tasks whose worker died. Since 0.1.
 */
typedef void (*weir_change_fn)(const weir_change_event *event, void *arg);

/* How a server is. Since 0.1. */
typedef struct weir_health {
    int code;          /* of a ping of the broker: 0, or the error's */
    const char *error; /* its text, or NULL; valid during the call */
    bool stuck;        /* as weir_server_stuck() */
    int active;        /* handlers that run */
    int concurrency;
} weir_health;

/*
 * Told every health_ms how the server is. Must not block for long: leases are renewed by the same thread. The keeper's
 * thread. Since 0.1.
 */
typedef void (*weir_health_fn)(const weir_health *health, void *arg);

/* Called by weir_server_run() for each SIGHUP, on a thread of its own. Since 0.1. */
typedef void (*weir_reload_fn)(void *arg);

/* How to serve; zero means the default everywhere. Everything is copied but clock, logger and args.
 * `reserved` must be zero. Since 0.1. */
typedef struct weir_server_options {
    const weir_queue_weight *queues; /* none: "default" with weight 1 */
    size_t queue_count;
    bool strict_priority;        /* always the heaviest queue with work first */
    int concurrency;             /* handlers at once; 0: number of CPUs */
    int64_t shutdown_timeout_ms; /* how long a stop waits for handlers; 0: 8 s; -1: not at all */
    int64_t lease_ms;            /* of a task that runs; 0: 10 s (30 s is asynq's); at least 300 */
    int64_t heartbeat_ms;        /* renews leases and presence; 0: a third of the lease */
    int64_t cancel_grace_ms; /* between cancelling a handler at its deadline and failing its task;
                                    0: 2 s */
    int64_t recover_ms;      /* between looks for tasks of dead workers; 0: the heartbeat */
    int64_t janitor_ms;      /* between removals of expired tasks; 0: 8 s */
    int64_t archive_max;     /* archived tasks kept in a queue; 0: 10000; -1: all */
    int64_t archive_age_ms;  /* how long they are kept; 0: 90 days; -1: for ever */
    int exit_when_stuck;     /* see weir_server_stuck(); > 0: yes; -1: no; 0: no, and yes in
                                weir-worker */
    weir_group_policy group; /* of groups without one of their own; 0: 60 s of grace, no limits */
    const weir_type_group *type_groups;
    size_t type_group_count;
    int64_t group_timeout_ms; /* of an aggregator and its commit; 0: 2 min; at least 1000 */
    weir_retry_policy retry;  /* for types without a policy of their own; zero: asynq's formula */
    const weir_type_retry *type_retries;
    size_t type_retry_count;
    weir_retry_delay_fn retry_delay; /* the application's own; wins over all policies. May return a
                                        negative value to leave the choice to them */
    void *retry_delay_arg;
    weir_failure_fn is_failure; /* NULL: every error is one */
    void *is_failure_arg;
    weir_error_fn on_error;
    void *on_error_arg;
    weir_change_fn on_change;
    void *on_change_arg;
    weir_health_fn on_health;
    void *on_health_arg;
    int64_t health_ms;        /* between two calls of on_health; 0: 15 s */
    weir_reload_fn on_reload; /* NULL: SIGHUP is left as it is */
    void *on_reload_arg;
    weir_logger *logger;           /* NULL: the broker's */
    const weir_periodic *periodic; /* tasks to enqueue at their times */
    size_t periodic_count;
    uint64_t reserved[8];
} weir_server_options;

/*
 * Makes a server and puts it into *server; it keeps a reference to the broker and uses the mux,
 * which stays the caller's and must outlive it. options may be NULL. Ends with weir_server_free().
 * Errors: WEIR_E_INVALID (names the option), WEIR_E_NOMEM. Since 0.1.
 */
WEIR_API int weir_server_new(weir_server **server, weir_broker *broker, weir_mux *mux,
                             const weir_server_options *options, weir_error *err);

/* Starts the threads. Errors: WEIR_E_STATE (not new), WEIR_E_NOMEM, WEIR_E_IO. Since 0.1. */
WEIR_API int weir_server_start(weir_server *server, weir_error *err);

/* Stops taking tasks; those under way go on. Returns at once. Any thread. Since 0.1. */
WEIR_API void weir_server_quiet(weir_server *server);

/*
 * Stops: takes no more tasks, waits shutdown_timeout_ms for handlers, then cancels the rest and
 * puts their tasks back to the head of their queues, and ends the threads. Returns the number of
 * handlers that still run (their threads are left alone and end when the handlers return; nothing
 * is freed under them), or WEIR_E_STATE when it was not started. Any thread but a handler's. Since
 * 0.1.
 */
WEIR_API int weir_server_stop(weir_server *server);

/*
 * Serves other queues, other weights or another order from now on; count 0 stands for the default queue. Tasks that run
 * go on, whatever queue they came from; those taken by a call that is under way are run. What waits in a queue that is
 * no more served stays there, due tasks and the tasks of dead workers too, until somebody serves it.
 * Errors: WEIR_E_INVALID (names the fault; nothing has changed), WEIR_E_STATE (it stops), WEIR_E_NOMEM. Any thread.
 * Since 0.1.
 */
WEIR_API int weir_server_set_queues(weir_server *server, const weir_queue_weight *queues,
                                    size_t count, bool strict_priority, weir_error *err);

/*
 * Runs so many handlers at once from now on; 0 stands for the number of CPUs. When there are to be fewer, those that run
 * are left alone and no others start until there is room. Threads that are not used wait for the next change.
 * Errors: as above; WEIR_E_NOMEM also when a thread cannot be started: nothing has changed then. Any thread. Since 0.1.
 */
WEIR_API int weir_server_set_concurrency(weir_server *server, int concurrency, weir_error *err);

/*
 * Replaces the retry policies, that for all types (NULL: asynq's formula) and those for some. Tasks that wait for their
 * retry keep their time. Errors: WEIR_E_INVALID, WEIR_E_NOMEM: nothing has changed. Any thread. Since 0.1.
 */
WEIR_API int weir_server_set_retries(weir_server *server, const weir_retry_policy *retry,
                                     const weir_type_retry *type_retries, size_t type_retry_count,
                                     weir_error *err);

/*
 * Replaces what holds for groups: the policy of types without one of their own (NULL, and what is 0 in it: the default), the
 * policies of types, and the time of an aggregator and its commit (0: 2 min). Groups that wait are looked at again at once,
 * under the new policies; a set that was taken from its group before is finished under the earlier ones. Aggregators are
 * the mux's and stay. Errors: WEIR_E_INVALID, WEIR_E_NOMEM: nothing has changed. Any thread. Since 0.1.
 */
WEIR_API int weir_server_set_groups(weir_server *server, const weir_group_policy *group,
                                    const weir_type_group *type_groups, size_t type_group_count,
                                    int64_t group_timeout_ms, weir_error *err);

/*
 * Starts the server, then serves until SIGTERM or SIGINT, and stops it; SIGTSTP makes it quiet, SIGHUP
 * calls on_reload. A second SIGTERM or SIGINT cuts the wait for handlers short. For programs without signal handling
 * of their own; call it from the main thread, before other threads are started: it blocks these
 * signals (SIGHUP only with on_reload). Returns 0 after a clean stop, WEIR_E_TIMEOUT when handlers were still running, or the
 * error of the start. Since 0.1.
 */
WEIR_API int weir_server_run(weir_server *server, weir_error *err);

/* Handlers now running. Any thread. Since 0.1. */
WEIR_API int weir_server_active(const weir_server *server);

/*
 * True while every slot is held by a handler that did not return after its deadline and grace: the
 * server can do nothing any more. With exit_when_stuck, weir_server_run() ends then with
 * WEIR_E_TIMEOUT. Any thread. Since 0.1.
 */
WEIR_API bool weir_server_stuck(const weir_server *server);

/* Returns the server's id, a UUID, owned by the server. Any thread. Since 0.1. */
WEIR_API const char *weir_server_id(const weir_server *server);

/*
 * Replace, add or remove periodic tasks, also while the server runs. An entry that was there
 * unchanged goes on as if nothing had happened; the last ticks of the others are remembered by the
 * broker under their ids. On failure nothing has changed. Errors: WEIR_E_INVALID (says which and
 * why; also two entries of one id), WEIR_E_CONFLICT (add: the id is there), WEIR_E_NO_TASK (remove:
 * there is none of this id), WEIR_E_UNSUPPORTED (the broker cannot), those of weir_periodic_id().
 * Any thread, on a server that is not about to start. Since 0.1.
 */
WEIR_API int weir_server_periodic_set(weir_server *server, const weir_periodic *entries,
                                      size_t count, weir_error *err);
WEIR_API int weir_server_periodic_add(weir_server *server, const weir_periodic *entry,
                                      weir_error *err);
WEIR_API int weir_server_periodic_remove(weir_server *server, const char *id, weir_error *err);

/*
 * Frees a server that was stopped or never started. Handlers that still run keep what they need;
 * the rest is freed when the last one returns. NULL is allowed. Since 0.1.
 */
WEIR_API void weir_server_free(weir_server *server);

WEIR_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The inspector: what is in the queues, who works on it, and a person's orders to both.
 *
 * Lists are made by the library, read by the caller and freed with the function named beside them;
 * what is in a list lives as long as the list.
 */
#ifndef WEIR_INSPECTOR_H
#define WEIR_INSPECTOR_H

#include <weir/api.h>
#include <weir/group.h>
#include <weir/open.h>
#include <weir/server.h>
#include <weir/task.h>

#include <stdbool.h>

WEIR_BEGIN_DECLS

typedef struct weir_inspector weir_inspector;

/* Makes an inspector on a broker and puts it into *inspector; it keeps a reference. Ends with
 * weir_inspector_free(). Errors: WEIR_E_INVALID, WEIR_E_NOMEM. Since 0.1. */
WEIR_API int weir_inspector_new(weir_inspector **inspector, weir_broker *broker, weir_error *err);

/* Frees an inspector. NULL is allowed. Since 0.1. */
WEIR_API void weir_inspector_free(weir_inspector *inspector);

/* A queue at one moment. Since 0.1. */
typedef struct weir_queue_info {
    const char *name;
    bool paused;
    size_t scheduled, aggregating, pending, active, retry, archived, completed;
    size_t size;             /* the sum of the seven */
    size_t groups;           /* groups with waiting tasks */
    int64_t latency_ms;      /* age of the oldest pending task; 0: none */
    int64_t memory_bytes;    /* approximate, of the tasks; -1: unknown */
    int64_t processed_today; /* UTC day; failures included, as in asynq */
    int64_t failed_today;
    int64_t processed_total;
    int64_t failed_total;
    int64_t taken_at_ms; /* when this was looked up */
} weir_queue_info;

typedef struct weir_queue_list {
    size_t count;
    weir_queue_info *items; /* sorted by name */
} weir_queue_list;

/* Looks up all queues. Errors: those of the broker. Any thread. Since 0.1. */
WEIR_API int weir_inspect_queues(weir_inspector *inspector, weir_queue_list **list,
                                 weir_error *err);

/* Looks up one queue, as a list of one. Errors: WEIR_E_NO_QUEUE. Any thread. Since 0.1. */
WEIR_API int weir_inspect_queue(weir_inspector *inspector, const char *queue,
                                weir_queue_list **list, weir_error *err);

WEIR_API void weir_queue_list_free(weir_queue_list *list);

/* One UTC day of a queue. */
typedef struct weir_day {
    char date[11]; /* YYYY-MM-DD */
    int64_t processed;
    int64_t failed;
} weir_day;

/* Fills days[0..count) with the last `count` days of a queue, today first (at most 90 are kept).
 * Errors: WEIR_E_NO_QUEUE, WEIR_E_INVALID. Any thread. Since 0.1. */
WEIR_API int weir_inspect_history(weir_inspector *inspector, const char *queue, weir_day *days,
                                  size_t count, weir_error *err);

typedef struct weir_task_list {
    size_t count;
    const weir_task_info *const *items;
    bool more; /* of weir_inspect_tasks(): there may be tasks on a next page */
} weir_task_list;

/*
 * Looks up one page of a queue's tasks in one state: pending and active oldest first, the others
 * by time. Pages count from 1. `group` is for the aggregating state only. A page may have fewer
 * tasks than asked for and not be the last: on Redis tasks that change their state while it is
 * read are left out, as is what cannot be read. list->more tells.
 * Errors: WEIR_E_NO_QUEUE, WEIR_E_INVALID. Any thread. Since 0.1.
 */
WEIR_API int weir_inspect_tasks(weir_inspector *inspector, const char *queue, weir_state state,
                                const char *group, size_t page, size_t page_size,
                                weir_task_list **list, weir_error *err);

/*
 * Looks up one task, as a list of one. Errors: WEIR_E_NO_QUEUE, WEIR_E_NO_TASK. Any thread. Since
 * 0.1.
 */
WEIR_API int weir_inspect_task(weir_inspector *inspector, const char *queue, const char *id,
                               weir_task_list **list, weir_error *err);

WEIR_API void weir_task_list_free(weir_task_list *list);

typedef struct weir_group_list {
    size_t count;
    const weir_group_info *items; /* sorted by name */
} weir_group_list;

/*
 * Looks up the groups of a queue that have waiting tasks. Errors: WEIR_E_NO_QUEUE,
 * WEIR_E_UNSUPPORTED. Any thread. Since 0.1.
 */
WEIR_API int weir_inspect_groups(weir_inspector *inspector, const char *queue,
                                 weir_group_list **list, weir_error *err);

WEIR_API void weir_group_list_free(weir_group_list *list);

/* A task that a server runs now. */
typedef struct weir_worker_info {
    const char *task_id;
    const char *task_type;
    const char *queue;
    const void *payload; /* cut at 4096 bytes */
    size_t payload_len;
    int64_t started_at_ms;
    int64_t deadline_ms; /* 0: none */
} weir_worker_info;

/* A server that gave a sign of life lately. */
typedef struct weir_server_info {
    const char *id;
    const char *host;
    int pid;
    int concurrency;
    const weir_queue_weight *queues;
    size_t queue_count;
    bool strict_priority;
    const char *status; /* "new", "active", "stopped" (quiet), "closed" */
    int64_t started_at_ms;
    const weir_worker_info *workers;
    size_t worker_count;
} weir_server_info;

typedef struct weir_server_list {
    size_t count;
    const weir_server_info *const *items;
} weir_server_list;

/* Looks up the live servers. Errors: those of the broker. Any thread. Since 0.1. */
WEIR_API int weir_inspect_servers(weir_inspector *inspector, weir_server_list **list,
                                  weir_error *err);

WEIR_API void weir_server_list_free(weir_server_list *list);

/*
 * A periodic task of a scheduler that gave a sign of life lately: of one of weir's, that server
 * which leads. Since 0.1.
 */
typedef struct weir_periodic_info {
    const char *id;
    const char *spec;
    const char *type;
    const char *queue;
    const void *payload; /* NULL: none */
    size_t payload_len;
    const char *const *options; /* as asynq prints them: Queue("low"), MaxRetry(3) */
    size_t option_count;
    int64_t next_at_ms; /* 0: never */
    int64_t prev_at_ms; /* 0: never */
} weir_periodic_info;

typedef struct weir_periodic_list {
    size_t count;
    const weir_periodic_info *const *items;
} weir_periodic_list;

/* Looks up the periodic tasks. Errors: WEIR_E_UNSUPPORTED, those of the broker. Any thread. Since
 * 0.1. */
WEIR_API int weir_inspect_periodic(weir_inspector *inspector, weir_periodic_list **list,
                                   weir_error *err);

WEIR_API void weir_periodic_list_free(weir_periodic_list *list);

/* A task that a periodic task enqueued. Since 0.1. */
typedef struct weir_tick_info {
    const char *task_id;
    int64_t enqueued_at_ms;
} weir_tick_info;

typedef struct weir_tick_list {
    size_t count;
    const weir_tick_info *items;
} weir_tick_list;

/*
 * Looks up one page of what a periodic task enqueued, the latest first; the last 1000 are kept.
 * Pages count from 1. An entry that nobody knows has none. Errors: WEIR_E_INVALID,
 * WEIR_E_UNSUPPORTED, those of the broker. Any thread. Since 0.1.
 */
WEIR_API int weir_inspect_ticks(weir_inspector *inspector, const char *entry_id, size_t page,
                                size_t page_size, weir_tick_list **list, weir_error *err);

WEIR_API void weir_tick_list_free(weir_tick_list *list);

/* ---- steering ---- */

/*
 * Orders need a broker that can be steered (WEIR_E_UNSUPPORTED otherwise); both of the library's
 * own can. An active task belongs to its worker: it can only be asked to stop.
 */

typedef enum weir_verb {
    WEIR_VERB_RUN = 1, /* to pending, behind what waits there; how often it was tried stays */
    WEIR_VERB_ARCHIVE, /* not run any more, but kept; its uniqueness lock stays */
    WEIR_VERB_DELETE   /* gone, and its uniqueness lock is free */
} weir_verb;

/* What there is to do with one task, and what became of it. Since 0.1. */
typedef struct weir_order {
    const char *id;
    int result;         /* out: 0, WEIR_E_NO_TASK, WEIR_E_STATE, or the whole call's failure */
    const char *reason; /* out: why not, as "task is already running"; static; NULL: done */
} weir_order;

/*
 * Runs, archives or deletes tasks of one queue by their ids. Each is done or refused by itself, in
 * orders[i].result; the call is 0 when the broker could be asked about all of them.
 *
 * WEIR_E_STATE: an active task (all verbs); run of a pending one; archive of an archived or
 * completed one. The reason is looked up after the refusal, so it is the task's state by then.
 *
 * Errors: WEIR_E_NO_QUEUE, WEIR_E_INVALID, WEIR_E_UNSUPPORTED, those of the broker. Any thread.
 * Since 0.1.
 */
WEIR_API int weir_steer_tasks(weir_inspector *inspector, weir_verb verb, const char *queue,
                              weir_order *orders, size_t count, weir_error *err);

/* The same for one task; its refusal is the call's. Any thread. Since 0.1. */
WEIR_API int weir_steer_task(weir_inspector *inspector, weir_verb verb, const char *queue,
                             const char *id, weir_error *err);

/*
 * How long work goes on: in steps, so that a queue of any size never blocks the store. Zero-filled
 * or NULL means the defaults. Since 0.1.
 */
typedef struct weir_pace {
    size_t step; /* tasks at once, at most 1000; 0: as many as take about 10 ms */
    /* Told after each step how many tasks are done so far. Not 0 ends the work, and is what the
     * call returns: negative, to be told from success. NULL: nobody. */
    int (*progress)(void *arg, size_t done);
    void *arg;
} weir_pace;

/* Tells whether a verb can be given to all tasks of a state at once: run for scheduled, retry,
 * archived and aggregating, archive for pending, scheduled, retry and aggregating, delete for all
 * but active. Any thread. Since 0.1. */
WEIR_API bool weir_steer_allows(weir_verb verb, weir_state state);

/*
 * Runs, archives or deletes all tasks of a state, or of one group with WEIR_STATE_AGGREGATING
 * (group NULL: of all groups). Ends when there are no more, or when as many are done as there were
 * at the start: what others put there meanwhile may stay. *done, which may be NULL, is also set on
 * failure: what is done stays done.
 *
 * Other users of the store get their turn between two steps.
 *
 * Errors: WEIR_E_STATE (see weir_steer_allows), WEIR_E_NO_QUEUE, WEIR_E_INVALID,
 * WEIR_E_UNSUPPORTED, what progress returned, those of the broker. Any thread. Since 0.1.
 */
WEIR_API int weir_steer_all(weir_inspector *inspector, weir_verb verb, const char *queue,
                            weir_state state, const char *group, const weir_pace *pace,
                            size_t *done, weir_error *err);

/*
 * Sets a new due time of a scheduled or retry task; one in the past means now. Errors:
 * WEIR_E_NO_QUEUE, WEIR_E_NO_TASK, WEIR_E_STATE, WEIR_E_INVALID (process_at_ms < 1). Any thread.
 * Since 0.1.
 */
WEIR_API int weir_reschedule_task(weir_inspector *inspector, const char *queue, const char *id,
                                  int64_t process_at_ms, weir_error *err);

/*
 * Gives a scheduled, retry or pending task another payload, which must not be NULL. Its uniqueness
 * lock stays that of the old payload. Errors: WEIR_E_NO_QUEUE, WEIR_E_NO_TASK, WEIR_E_STATE,
 * WEIR_E_INVALID, WEIR_E_TOO_BIG. Any thread. Since 0.1.
 */
WEIR_API int weir_update_task(weir_inspector *inspector, const char *queue, const char *id,
                              const void *payload, size_t payload_len, weir_error *err);

/* What becomes of a cancelled task whose handler does not finish it. A handler that succeeds in
 * spite of it has done the task in any case. Since 0.1. */
typedef enum weir_cancel_mode {
    WEIR_CANCEL_NONE = 0,
    WEIR_CANCEL_RETRY,   /* as any failure: tried again, or archived when its retries are used up */
    WEIR_CANCEL_ARCHIVE, /* archived, whatever retries it had left */
    WEIR_CANCEL_REVOKE   /* gone, as if it were done */
} weir_cancel_mode;

/*
 * Asks the worker of an active task to stop it: its context is cancelled. Returns when that is
 * asked for, not when it happened. The order is for the present attempt; of several the one
 * furthest down in weir_cancel_mode holds. A server of asynq always does as with
 * WEIR_CANCEL_RETRY; so does recovery when the worker dies first. Errors: WEIR_E_NO_TASK (no such
 * task is active), WEIR_E_INVALID. Any thread. Since 0.1.
 */
WEIR_API int weir_cancel_task(weir_inspector *inspector, const char *queue, const char *id,
                              weir_cancel_mode mode, weir_error *err);

/* Stops a queue from giving tasks out, or lets it go on; what is active goes on in any case.
 * Errors: WEIR_E_STATE when it is so already. A queue comes into being when it is paused, and
 * is listed from then on. Any thread. Since 0.1. */
WEIR_API int weir_pause_queue(weir_inspector *inspector, const char *queue, weir_error *err);
WEIR_API int weir_resume_queue(weir_inspector *inspector, const char *queue, weir_error *err);

/*
 * Removes a queue, with `force` also one that has tasks, together with these, their locks, groups
 * and counters. *done, which may be NULL, is the number of removed tasks. When it fails on its way,
 * the rest of the queue stays. Errors: WEIR_E_NO_QUEUE, WEIR_E_NOT_EMPTY, WEIR_E_STATE (there are
 * active tasks), what progress returned. Any thread. Since 0.1.
 */
WEIR_API int weir_remove_queue(weir_inspector *inspector, const char *queue, bool force,
                               const weir_pace *pace, size_t *done, weir_error *err);

WEIR_END_DECLS

#endif

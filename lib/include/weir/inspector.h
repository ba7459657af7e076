/* SPDX-License-Identifier: MIT */
/*
 * The inspector: what is in the queues, and who works on it.
 *
 * Lists are made by the library, read by the caller and freed with the function named beside them;
 * what is in a list lives as long as the list.
 */
#ifndef WEIR_INSPECTOR_H
#define WEIR_INSPECTOR_H

#include <weir/api.h>
#include <weir/open.h>
#include <weir/server.h>
#include <weir/task.h>

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
} weir_task_list;

/*
 * Looks up one page of a queue's tasks in one state: pending and active oldest first, the others
 * by time. Pages count from 1. `group` is for the aggregating state only.
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

WEIR_END_DECLS

#endif

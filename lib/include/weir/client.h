/* SPDX-License-Identifier: MIT */
/*
 * The client: puts tasks into queues.
 */
#ifndef WEIR_CLIENT_H
#define WEIR_CLIENT_H

#include <weir/api.h>
#include <weir/open.h>
#include <weir/task.h>

WEIR_BEGIN_DECLS

typedef struct weir_client weir_client;

/* What became of one task of an enqueue call. Since 0.1. */
typedef struct weir_receipt {
    int code;         /* 0: acknowledged; WEIR_E_DUPLICATE, WEIR_E_CONFLICT, WEIR_E_INVALID, ... */
    weir_state state; /* where it is: pending, scheduled or aggregating; none on failure */
    int64_t process_at_ms; /* scheduled: its time, else 0 */
    char id[WEIR_ID_SIZE]; /* its id, also on failure, where it is known */
} weir_receipt;

/*
 * Makes a client on a broker and puts it into *client; it keeps a reference to the broker.
 * Ends with weir_client_free(). Errors: WEIR_E_INVALID, WEIR_E_NOMEM. Since 0.1.
 */
WEIR_API int weir_client_new(weir_client **client, weir_broker *broker, weir_error *err);

/* Frees a client and gives its reference back. No call on it may be under way. NULL is allowed.
 * Since 0.1. */
WEIR_API void weir_client_free(weir_client *client);

/*
 * Enqueues one task. When it returns 0 the task is acknowledged: it is in the broker, as durable as
 * the broker makes it, and will run at least once. receipt may be NULL. Errors: WEIR_E_INVALID
 * (names the option), WEIR_E_TOO_BIG, WEIR_E_CONFLICT (the id is taken), WEIR_E_DUPLICATE (the
 * uniqueness lock is taken), WEIR_E_UNKNOWN (the reply was lost even after a resend: the task may
 * be there), WEIR_E_UNAVAILABLE, WEIR_E_BUSY, WEIR_E_FULL, WEIR_E_READONLY and others of the
 * broker. Any thread; several threads on one client are as good as one each. Threads that enqueue at the same
 * time share the trips and the transactions of the broker, on one client or several of one broker; each is told of its
 * own task. While the broker does not answer a call may last as long as two. Since 0.1.
 */
WEIR_API int weir_enqueue(weir_client *client, const weir_task *task, weir_receipt *receipt,
                          weir_error *err);

/*
 * Enqueues many tasks in as few trips as the broker allows. Each task succeeds or fails by itself
 * and receipts[i] says how tasks[i] fared; receipts may be NULL. Tasks of one queue keep their
 * order. Returns 0 when all were acknowledged, else the code of the first that was not, with err
 * naming its index. Any thread. Since 0.1.
 */
WEIR_API int weir_enqueue_many(weir_client *client, const weir_task *tasks, size_t count,
                               weir_receipt *receipts, weir_error *err);

/*
 * Checks a task as weir_enqueue() does before it asks the broker, and changes nothing. Returns 0 when only
 * the broker could refuse it. Errors: WEIR_E_INVALID (names the option), WEIR_E_TOO_BIG,
 * WEIR_E_UNSUPPORTED, WEIR_E_NOMEM. Any thread. Since 0.1.
 */
WEIR_API int weir_client_check(weir_client *client, const weir_task *task, weir_error *err);

WEIR_END_DECLS

#endif

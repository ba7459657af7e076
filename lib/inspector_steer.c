/* SPDX-License-Identifier: MIT */
/*
 * Orders of a person to single tasks. The broker refuses what does not fit a task's state without saying which state
 * that is; the task is then looked up, so that the reason can be told in words, from the table below.
 */
#include <config.h>

#include "inspector.h"

#include "calls.h"

enum {
    BATCH = 500 /* orders given at once */
};

/* Why a verb does not fit a state; NULL where it does. */
static const char *const reasons[][WEIR_STATE_COMPLETED + 1] = {
    [WEIR_VERB_RUN] = {[WEIR_STATE_ACTIVE] = "task is already running",
                       [WEIR_STATE_PENDING] = "task is already in pending state"},
    [WEIR_VERB_ARCHIVE] = {[WEIR_STATE_ACTIVE] = "task is running: it can only be cancelled",
                           [WEIR_STATE_ARCHIVED] = "task is already archived",
                           [WEIR_STATE_COMPLETED] = "task is completed"},
    [WEIR_VERB_DELETE] = {[WEIR_STATE_ACTIVE] = "task is running: it can only be cancelled"},
};

static int
take_state(void *arg, const weir_task_info *task)
{
    *(weir_state *)arg = task->state;
    return 0;
}

/* What is not known, because the task has changed or gone since, has the code's general text. */
static const char *
reason_of(weir_inspector *inspector, weir_verb verb, const char *queue, const weir_order *order)
{
    weir_state state = WEIR_STATE_NONE;
    const char *reason = NULL;

    if (order->result == 0)
        return NULL;
    if (order->result == WEIR_E_STATE &&
        weir__task(inspector->broker, queue, order->id, take_state, &state, NULL) == 0)
        reason = reasons[verb][state];
    return reason ? reason : weir_strerror(order->result);
}

static int
steer_batch(weir_inspector *inspector, weir_verb verb, const char *queue, weir_order *orders,
            size_t count, weir_error *err)
{
    weir_steer_item items[BATCH];
    int rc;

    for (size_t i = 0; i < count; i++)
        items[i] = (weir_steer_item){.id = orders[i].id};
    rc = weir__steer(inspector->broker, verb, queue, items, count, err);
    for (size_t i = 0; i < count; i++) {
        orders[i].result = rc < 0 ? rc : items[i].result;
        orders[i].reason = reason_of(inspector, verb, queue, &orders[i]);
    }
    return rc;
}

int
weir_steer_tasks(weir_inspector *inspector, weir_verb verb, const char *queue, weir_order *orders,
                 size_t count, weir_error *err)
{
    int rc = 0;

    if (!inspector || (!orders && count > 0))
        return weir_error_set(err, WEIR_E_INVALID, "no %s", inspector ? "orders" : "inspector");
    for (size_t done = 0; done < count; done += BATCH) {
        size_t n = count - done < BATCH ? count - done : BATCH;

        if (rc == 0)
            rc = steer_batch(inspector, verb, queue, orders + done, n, err);
        for (size_t i = done; rc < 0 && i < done + n; i++) {
            orders[i].result = rc;
            orders[i].reason = weir_strerror(rc);
        }
    }
    return rc;
}

int
weir_steer_task(weir_inspector *inspector, weir_verb verb, const char *queue, const char *id,
                weir_error *err)
{
    weir_order order = {.id = id};
    int rc = weir_steer_tasks(inspector, verb, queue, &order, 1, err);

    if (rc < 0 || order.result == 0)
        return rc;
    return weir_error_set(err, order.result, "queue \"%s\", task \"%s\": %s", queue, id,
                          order.reason);
}

int
weir_reschedule_task(weir_inspector *inspector, const char *queue, const char *id,
                     int64_t process_at_ms, weir_error *err)
{
    const weir_amend amend = {.process_at_ms = process_at_ms};

    if (!inspector || process_at_ms < 1)
        return weir_error_set(err, WEIR_E_INVALID, "no %s", inspector ? "due time" : "inspector");
    return weir__amend(inspector->broker, queue, id, &amend, err);
}

int
weir_update_task(weir_inspector *inspector, const char *queue, const char *id, const void *payload,
                 size_t payload_len, weir_error *err)
{
    const weir_amend amend = {.payload = payload, .payload_len = payload_len};

    if (!inspector || !payload)
        return weir_error_set(err, WEIR_E_INVALID, "no %s", inspector ? "payload" : "inspector");
    if (payload_len > WEIR_PAYLOAD_MAX)
        return weir_error_set(err, WEIR_E_TOO_BIG, "payload: %zu bytes are more than %u",
                              payload_len, WEIR_PAYLOAD_MAX);
    return weir__amend(inspector->broker, queue, id, &amend, err);
}

int
weir_cancel_task(weir_inspector *inspector, const char *queue, const char *id,
                 weir_cancel_mode mode, weir_error *err)
{
    if (!inspector)
        return weir_error_set(err, WEIR_E_INVALID, "no inspector");
    return weir__cancel(inspector->broker, queue, id, mode, err);
}

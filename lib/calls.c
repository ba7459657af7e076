/* SPDX-License-Identifier: MIT */
/*
 * Enqueue, waiting and upkeep. The calls that hand out or need claims are in calls_claims.c, looking and
 * steering in calls_inspect.c.
 *
 * An enqueue is on the way of every task: it costs a check of its arguments and results, no lock, no
 * allocation and no log line.
 */
#include <config.h>

#include "calls.h"

#include "broker.h"
#include "resend.h"

/* What the tries of one call have in common. */
struct enqueue_call {
    weir_broker *broker;
    weir_request_id request;
    int64_t now_ms;
    weir_enqueue_item *items;
    size_t count;
};

int
weir__check_queues(const char *const *queues, size_t count, weir_error *err)
{
    if (count > 0 && !queues)
        return weir_error_set(err, WEIR_E_INVALID, "no queue names");
    for (size_t i = 0; i < count; i++) {
        if (!queues[i])
            return weir_error_set(err, WEIR_E_INVALID, "no name for queue %zu", i);
    }
    return 0;
}

int
weir__ping(weir_broker *broker, weir_error *err)
{
    return broker->backend->ping(broker->self, err);
}

/* ---- enqueue ---- */

static int
check_items(const weir_enqueue_item *items, size_t count, weir_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const weir_task_info *task = items[i].task;

        if (!task || !task->id || !task->type || !task->queue)
            return weir_error_set(err, WEIR_E_INVALID, "task %zu of the batch is incomplete", i);
        if (items[i].unique_ttl_ms > 0 && !task->unique_key)
            return weir_error_set(err, WEIR_E_INVALID, "task %zu of the batch has no unique key",
                                  i);
    }
    return 0;
}

static int
send_enqueue(void *arg, weir_error *err)
{
    struct enqueue_call *call = arg;

    return call->broker->backend->enqueue(call->broker->self, &call->request, call->now_ms,
                                          call->items, call->count, err);
}

static int
enqueue_batch(weir_broker *broker, weir_enqueue_item *items, size_t count, weir_error *err)
{
    struct enqueue_call call = {
        .broker = broker, .now_ms = weir__broker_now_ms(broker), .items = items, .count = count};
    struct weir__resend resend = {.send = send_enqueue,
                                  .call = &call,
                                  .request = &call.request,
                                  .results[0] = {&items[0].result, sizeof items[0], count}};

    return weir__resend(broker, &resend, err);
}

int
weir__enqueue(weir_broker *broker, weir_enqueue_item *items, size_t count, weir_error *err)
{
    int rc = check_items(items, count, err);
    size_t done = 0;

    while (rc == 0 && done < count) {
        size_t n = weir__batch(count - done);

        rc = enqueue_batch(broker, items + done, n, err);
        done += n;
    }
    for (; done < count; done++)
        items[done].result = rc;
    return rc;
}

int
weir__wait(weir_broker *broker, weir_wait *wait, weir_error *err)
{
    int rc = weir__check_queues(wait->queues, wait->queue_count, err);

    if (rc < 0)
        return rc;
    wait->reasons = 0;
    rc = broker->backend->wait(broker->self, wait, err);
    if (rc == 0 && wait->reasons == 0)
        return weir_error_set(err, WEIR_E_INTERNAL, "the broker woke up without a reason");
    return rc;
}

void
weir__interrupt(weir_broker *broker)
{
    broker->backend->interrupt(broker->self);
}

/* ---- upkeep ---- */

int
weir__forward(weir_broker *broker, weir_forward *forward, weir_error *err)
{
    int rc = weir__check_queues(forward->queues, forward->queue_count, err);

    forward->moved = 0;
    forward->next_due_at_ms = WEIR_NEVER;
    if (rc < 0)
        return rc;
    if (forward->max == 0)
        return weir_error_set(err, WEIR_E_INVALID, "nothing may be forwarded: max is 0");
    return broker->backend->forward(broker->self, weir__broker_now_ms(broker), forward, err);
}

int
weir__expire(weir_broker *broker, weir_expire *expire, weir_error *err)
{
    int rc = weir__check_queues(expire->queues, expire->queue_count, err);

    expire->removed = 0;
    if (rc < 0)
        return rc;
    if (expire->max == 0)
        return weir_error_set(err, WEIR_E_INVALID, "nothing may expire: max is 0");
    return broker->backend->expire(broker->self, weir__broker_now_ms(broker), expire, err);
}

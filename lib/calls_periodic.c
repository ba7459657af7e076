/* SPDX-License-Identifier: MIT */
/*
 * Leadership and periodic tasks. Only a tick changes what must not change twice; it is repeated under its
 * request id. What the others do, they do again at the next heartbeat.
 */
#include <config.h>

#include "calls.h"

#include "broker.h"
#include "resend.h"

struct tick_call {
    weir_broker *broker;
    weir_request_id request;
    int64_t now_ms;
    const char *entry_id;
    int64_t expected_ms;
    int64_t last_ms;
    int64_t tick_ms;
    weir_enqueue_item *item;
};

static int
check_name(const char *what, const char *text, weir_error *err)
{
    if (!text || text[0] == '\0')
        return weir_error_set(err, WEIR_E_INVALID, "%s must not be empty", what);
    return 0;
}

/* ---- leadership ---- */

static int
check_lead(const weir_broker *broker, const char *name, const char *holder, weir_error *err)
{
    int rc = weir__require(broker, WEIR_CAP_LEADER, "choosing a leader", err);

    if (rc == 0)
        rc = check_name("leadership", name, err);
    return rc < 0 ? rc : check_name("holder", holder, err);
}

int
weir__lead(weir_broker *broker, const char *name, const char *holder, int64_t ttl_ms, bool *leads,
           weir_error *err)
{
    int rc = check_lead(broker, name, holder, err);

    *leads = false;
    if (rc < 0)
        return rc;
    if (ttl_ms <= 0)
        return weir_error_set(err, WEIR_E_INVALID, "a leadership must last longer than 0");
    return broker->backend->lead(broker->self, name, holder, ttl_ms, leads, err);
}

int
weir__resign(weir_broker *broker, const char *name, const char *holder, weir_error *err)
{
    int rc = check_lead(broker, name, holder, err);

    return rc < 0 ? rc : broker->backend->resign(broker->self, name, holder, err);
}

/* ---- ticks ---- */

static int
check_entry(const weir_broker *broker, const char *entry_id, weir_error *err)
{
    int rc = weir__require(broker, WEIR_CAP_PERIODIC, "a periodic task", err);

    return rc < 0 ? rc : check_name("entry ID", entry_id, err);
}

static int
check_tick(const struct tick_call *call, weir_error *err)
{
    const weir_task_info *task = call->item->task;
    int rc = check_entry(call->broker, call->entry_id, err);

    if (rc < 0)
        return rc;
    if (!task || !task->id || !task->type || !task->queue)
        return weir_error_set(err, WEIR_E_INVALID, "the task of the tick is incomplete");
    if (call->item->unique_ttl_ms > 0 && !task->unique_key)
        return weir_error_set(err, WEIR_E_INVALID, "the task of the tick has no unique key");
    if (call->tick_ms <= 0)
        return weir_error_set(err, WEIR_E_INVALID, "a tick must be later than 1970");
    return 0;
}

static int
send_tick(void *arg, weir_error *err)
{
    struct tick_call *call = arg;

    call->last_ms = call->expected_ms;
    return call->broker->backend->tick(call->broker->self, &call->request, call->now_ms,
                                       call->entry_id, &call->last_ms, call->tick_ms, call->item,
                                       err);
}

int
weir__tick(weir_broker *broker, const char *entry_id, int64_t *last_at_ms, int64_t tick_at_ms,
           weir_enqueue_item *item, weir_error *err)
{
    struct tick_call call = {.broker = broker,
                             .now_ms = weir__broker_now_ms(broker),
                             .entry_id = entry_id,
                             .expected_ms = *last_at_ms,
                             .tick_ms = tick_at_ms,
                             .item = item};
    struct weir__resend resend = {.send = send_tick,
                                  .call = &call,
                                  .request = &call.request,
                                  .results[0] = {&item->result, sizeof *item, 1}};
    int rc = check_tick(&call, err);

    if (rc < 0) {
        item->result = rc;
        return rc;
    }
    rc = weir__resend(broker, &resend, err);
    if (rc == 0)
        *last_at_ms = item->result == WEIR_E_STALE ? call.last_ms : tick_at_ms;
    return rc;
}

int
weir__last_tick(weir_broker *broker, const char *queue, const char *entry_id, int64_t *last_at_ms,
                weir_error *err)
{
    int rc = check_entry(broker, entry_id, err);

    *last_at_ms = 0;
    if (rc == 0)
        rc = check_name("queue", queue, err);
    return rc < 0 ? rc : broker->backend->last_tick(broker->self, queue, entry_id, last_at_ms, err);
}

/* ---- schedulers ---- */

int
weir__scheduler_beat(weir_broker *broker, const char *scheduler_id,
                     const weir_scheduler_entry *entries, size_t count, int64_t ttl_ms,
                     weir_error *err)
{
    int rc = weir__require(broker, WEIR_CAP_PERIODIC, "a periodic task", err);

    if (rc == 0)
        rc = check_name("scheduler ID", scheduler_id, err);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (!entries[i].id || !entries[i].spec || !entries[i].task || !entries[i].task->type ||
            !entries[i].task->queue)
            rc = weir_error_set(err, WEIR_E_INVALID, "entry %zu is incomplete", i);
    }
    if (rc < 0)
        return rc;
    if (ttl_ms <= 0)
        return weir_error_set(err, WEIR_E_INVALID, "entries must be listed longer than 0");
    return broker->backend->scheduler_beat(broker->self, weir__broker_now_ms(broker), scheduler_id,
                                           entries, count, ttl_ms, err);
}

int
weir__scheduler_entries(weir_broker *broker, weir_entry_sink sink, void *arg, weir_error *err)
{
    int rc = weir__require(broker, WEIR_CAP_PERIODIC, "listing periodic tasks", err);

    if (rc < 0)
        return rc;
    return broker->backend->scheduler_entries(broker->self, weir__broker_now_ms(broker), sink, arg,
                                              err);
}

int
weir__scheduler_history(weir_broker *broker, const char *entry_id, size_t offset, size_t limit,
                        weir_event_sink sink, void *arg, weir_error *err)
{
    int rc = check_entry(broker, entry_id, err);

    if (rc < 0)
        return rc;
    return broker->backend->scheduler_history(broker->self, entry_id, offset, limit, sink, arg,
                                              err);
}

/* SPDX-License-Identifier: MIT */
/*
 * The calls that look at the store and steer it, and presence. They check their arguments and what
 * the broker can do, and pass the sinks on as they are.
 */
#include <config.h>

#include "calls.h"

#include "broker.h"

static int
check_text(const char *what, const char *text, weir_error *err)
{
    if (!text || text[0] == '\0')
        return weir_error_set(err, WEIR_E_INVALID, "%s must not be empty", what);
    return 0;
}

static int
check_queue_and_id(const char *queue, const char *id, weir_error *err)
{
    int rc = check_text("queue", queue, err);

    return rc < 0 ? rc : check_text("task ID", id, err);
}

static int
check_state(weir_state state, const char *group, weir_error *err)
{
    if (state < WEIR_STATE_SCHEDULED || state > WEIR_STATE_COMPLETED)
        return weir_error_set(err, WEIR_E_INVALID, "not a state of a task: %d", (int)state);
    if (group && state != WEIR_STATE_AGGREGATING)
        return weir_error_set(err, WEIR_E_INVALID, "a group is for aggregating tasks, not %s ones",
                              weir_state_name(state));
    return 0;
}

/* ---- presence ---- */

static int
check_server(const weir_server_info *server, weir_error *err)
{
    return check_text("server ID", server ? server->id : NULL, err);
}

int
weir__beat(weir_broker *broker, const weir_server_info *server, int64_t ttl_ms, weir_error *err)
{
    int rc = check_server(server, err);

    if (rc < 0)
        return rc;
    if (ttl_ms <= 0)
        return weir_error_set(err, WEIR_E_INVALID, "a server's presence must last longer than 0");
    return broker->backend->beat(broker->self, weir__broker_now_ms(broker), server, ttl_ms, err);
}

int
weir__leave(weir_broker *broker, const weir_server_info *server, weir_error *err)
{
    int rc = check_server(server, err);

    return rc < 0 ? rc : broker->backend->leave(broker->self, server, err);
}

int
weir__servers(weir_broker *broker, weir_server_sink sink, void *arg, weir_error *err)
{
    return broker->backend->servers(broker->self, weir__broker_now_ms(broker), sink, arg, err);
}

/* ---- looking ---- */

int
weir__queues(weir_broker *broker, weir_name_sink sink, void *arg, weir_error *err)
{
    return broker->backend->queues(broker->self, sink, arg, err);
}

int
weir__queue(weir_broker *broker, const char *queue, weir_queue_info *info, weir_error *err)
{
    int rc = check_text("queue", queue, err);

    return rc < 0 ? rc
                  : broker->backend->queue(broker->self, queue, weir__broker_now_ms(broker), info,
                                           err);
}

int
weir__history(weir_broker *broker, const char *queue, weir_day *days, size_t count, weir_error *err)
{
    int rc = check_text("queue", queue, err);

    return rc < 0 ? rc : broker->backend->history(broker->self, queue, days, count, err);
}

int
weir__tasks(weir_broker *broker, const char *queue, weir_state state, const char *group,
            size_t offset, size_t limit, weir_task_sink sink, void *arg, weir_error *err)
{
    int rc = check_text("queue", queue, err);

    if (rc == 0)
        rc = check_state(state, group, err);
    if (rc < 0)
        return rc;
    return broker->backend->tasks(broker->self, queue, state, group, offset, limit, sink, arg, err);
}

int
weir__task(weir_broker *broker, const char *queue, const char *id, weir_task_sink sink, void *arg,
           weir_error *err)
{
    int rc = check_queue_and_id(queue, id, err);

    return rc < 0 ? rc : broker->backend->task(broker->self, queue, id, sink, arg, err);
}

/* ---- steering ---- */

static int
check_verb(const weir_broker *broker, weir_verb verb, const char *queue, weir_error *err)
{
    int rc = weir__require(broker, WEIR_CAP_STEER, "steering tasks", err);

    if (rc < 0)
        return rc;
    if (verb < WEIR_VERB_RUN || verb > WEIR_VERB_DELETE)
        return weir_error_set(err, WEIR_E_INVALID, "not a verb: %d", (int)verb);
    return check_text("queue", queue, err);
}

int
weir__steer(weir_broker *broker, weir_verb verb, const char *queue, weir_steer_item *items,
            size_t count, weir_error *err)
{
    int rc = check_verb(broker, verb, queue, err);
    size_t done = 0;

    for (size_t i = 0; i < count; i++) {
        if (rc == 0)
            rc = check_text("task ID", items[i].id, err);
        items[i].result = WEIR_E_INTERNAL;
    }
    while (rc == 0 && done < count) {
        size_t n = weir__batch(count - done);

        rc = broker->backend->steer(broker->self, weir__broker_now_ms(broker), verb, queue,
                                    items + done, n, err);
        done += n;
    }
    for (; done < count; done++)
        items[done].result = rc;
    return rc;
}

int
weir__steer_all(weir_broker *broker, weir_verb verb, const char *queue, weir_state state,
                const char *group, size_t max, size_t *done, weir_error *err)
{
    int rc = check_verb(broker, verb, queue, err);

    *done = 0;
    if (rc == 0)
        rc = check_state(state, group, err);
    if (rc < 0)
        return rc;
    return broker->backend->steer_all(broker->self, weir__broker_now_ms(broker), verb, queue, state,
                                      group, max, done, err);
}

int
weir__amend(weir_broker *broker, const char *queue, const char *id, const weir_amend *amend,
            weir_error *err)
{
    int rc = weir__require(broker, WEIR_CAP_STEER, "changing a task", err);

    if (rc == 0)
        rc = check_queue_and_id(queue, id, err);
    if (rc < 0)
        return rc;
    return broker->backend->amend(broker->self, weir__broker_now_ms(broker), queue, id, amend, err);
}

int
weir__pause(weir_broker *broker, const char *queue, bool paused, weir_error *err)
{
    int rc = weir__require(broker, WEIR_CAP_STEER, "pausing a queue", err);

    if (rc == 0)
        rc = check_text("queue", queue, err);
    if (rc < 0)
        return rc;
    return broker->backend->pause(broker->self, weir__broker_now_ms(broker), queue, paused, err);
}

int
weir__remove_queue(weir_broker *broker, const char *queue, bool force, size_t max, size_t *done,
                   weir_error *err)
{
    int rc = weir__require(broker, WEIR_CAP_STEER, "removing a queue", err);

    *done = 0;
    if (rc == 0)
        rc = check_text("queue", queue, err);
    if (rc < 0)
        return rc;
    return broker->backend->remove_queue(broker->self, weir__broker_now_ms(broker), queue, force,
                                         max, done, err);
}

int
weir__cancel(weir_broker *broker, const char *queue, const char *id, weir_cancel_mode mode,
             weir_error *err)
{
    int rc = weir__require(broker, WEIR_CAP_STEER, "cancelling a task", err);

    if (rc == 0)
        rc = check_queue_and_id(queue, id, err);
    if (rc < 0)
        return rc;
    if (mode < WEIR_CANCEL_RETRY || mode > WEIR_CANCEL_REVOKE)
        return weir_error_set(err, WEIR_E_INVALID, "not a way to cancel: %d", (int)mode);
    return broker->backend->cancel(broker->self, weir__broker_now_ms(broker), queue, id, mode, err);
}

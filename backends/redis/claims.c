/* SPDX-License-Identifier: MIT */
/*
 * Messages are decoded one by one, each into the same space, and shown. A task that goes back because the call
 * failed is finished as a requeue under its token, like any other.
 */
#include <config.h>

#include "claims.h"
#include "finish.h"
#include "listener.h"
#include "message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int
weir__claimed_reserve(struct weir__claimed_list *list, size_t more, struct weir__space *space)
{
    size_t room = list->count + more;
    struct weir__claimed *items;

    if (room <= list->room)
        return 0;
    items = weir__space_alloc(space, room * sizeof *items);
    if (!items)
        return WEIR_E_NOMEM;
    if (list->count > 0)
        memcpy(items, list->items, list->count * sizeof *items);
    list->items = items;
    list->room = room;
    return 0;
}

/* ---- setting aside ---- */

void
weir__set_aside(struct weir__redis_backend *b, const struct weir__queue *queue, const char *id,
                const char *where)
{
    struct weir__trip trip;
    struct weir__step *step;

    weir__trip_init(&trip, b);
    step = weir__trip_script(&trip, WEIR__SCRIPT_QUARANTINE, queue);
    weir__step_text(step, id);
    weir__step_text(step, where);
    if (weir__trip_run(&trip, NULL) == 0 && weir__reply_number(step->reply) > 0 && b->logger)
        weir_log(b->logger, WEIR_LOG_ERROR, "task cannot be read and was set aside",
                 weir_log_str("queue", queue->name), weir_log_str("id", id));
    weir__trip_release(&trip);
}

static void
quarantine(struct weir__redis_backend *b, const struct weir__claimed *claimed)
{
    char token[24];

    snprintf(token, sizeof token, "%" PRIu64, claimed->token);
    weir__set_aside(b, claimed->queue, claimed->id, token);
}

/* ---- going back ---- */

static const char *
claimed_queue(const void *batch, size_t i)
{
    return ((const struct weir__claimed *)batch)[i].queue->name;
}

static int
add_return(struct weir__trip *trip, const struct weir__claimed_list *list, size_t first,
           size_t count, const weir_request_id *request, int64_t now_ms)
{
    struct weir__queue queue = *list->items[first].queue;
    struct weir__step *step = weir__finish_step(trip, &queue, request, ":b", now_ms);

    if (!step)
        return WEIR_E_NOMEM;
    for (size_t i = first; i < first + count; i++) {
        weir__finish_run(step, list->items[i].token, "q", 1);
        weir__step_text(step, list->items[i].id);
    }
    return 0;
}

void
weir__claimed_return(struct weir__redis_backend *b, const struct weir__claimed_list *list,
                     const weir_request_id *request, int64_t now_ms)
{
    struct weir__trip trip;
    size_t first = 0;

    weir__trip_init(&trip, b);
    while (first < list->count) {
        size_t count = 1;

        while (first + count < list->count &&
               strcmp(claimed_queue(list->items, first),
                      claimed_queue(list->items, first + count)) == 0)
            count++;
        if (add_return(&trip, list, first, count, request, now_ms) < 0)
            break;
        first += count;
    }
    weir__trip_run(&trip, NULL);
    weir__trip_release(&trip);
}

/* ---- giving ---- */

static int
give_one(const struct weir__claimed *claimed, int64_t ends_ms, weir_claim_sink sink, void *arg,
         struct weir__space *space)
{
    weir_task_info task;
    int rc = weir__message_decode(claimed->message, claimed->message_len, claimed->id,
                                  claimed->queue, space, &task);

    if (rc < 0)
        return rc;
    task.state = WEIR_STATE_ACTIVE;
    task.state_since_ms = 0;
    task.lease_expires_at_ms = ends_ms;
    return sink(arg, &task, claimed->token, 0, claimed->started);
}

int
weir__claimed_give(struct weir__redis_backend *b, const struct weir__claimed_list *list,
                   const weir_request_id *request, int64_t lease_ms, int64_t now_ms,
                   weir_claim_sink sink, void *arg, weir_error *err)
{
    struct weir__space space;
    int rc = 0;

    weir__space_init(&space);
    for (size_t i = 0; rc == 0 && i < list->count; i++) {
        const struct weir__claimed *claimed = &list->items[i];

        weir__redis_listener_forget(b->listener, claimed->id);
        rc = give_one(claimed, now_ms + lease_ms, sink, arg, &space);
        if (rc == WEIR_E_CORRUPT) {
            quarantine(b, claimed);
            rc = 0;
        }
        weir__space_release(&space);
    }
    if (rc == 0)
        return 0;
    if (request)
        weir__claimed_return(b, list, request, now_ms);
    return weir_error_set(err, rc, NULL);
}

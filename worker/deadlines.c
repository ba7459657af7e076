/* SPDX-License-Identifier: MIT */
/*
 * Deadlines: cancels handlers whose time is over, and gives up those that do not return within the grace.
 * Also cancels handlers whose lease has ended without a renewal, by this machine's clock: another server
 * may have their task by now.
 *
 * This duty calls no broker and has a keeper of its own, so that it is on time when the broker is not. It looks at all
 * slots when the earliest time of any comes; the mover calls it when a new task's is earlier still.
 */
#include <config.h>

#include "runtime.h"

static int64_t
earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t
look_at_lease(struct weir__slot *slot, int64_t now_ms)
{
    const weir_task_info *task = slot->claim.task;

    if (slot->lost || slot->hold != WEIR__HOLD_CLAIMED) {
        return WEIR_NEVER;
    }
    if (now_ms < slot->lease_end_boot_ms) {
        return slot->lease_end_boot_ms;
    }
    slot->lost = true;
    weir__context_cancel(&slot->context, WEIR_E_CANCELED);
    weir_log(slot->server->logger, WEIR_LOG_WARN,
             "the lease on a task could not be renewed, its handler is cancelled",
             weir_log_str("queue", task->queue), weir_log_str("id", task->id),
             weir_log_str("type", task->type));
    return WEIR_NEVER;
}

/* Sets *give_up when the grace is over and the handler has said nothing yet. */
static int64_t
look_at_end(struct weir__slot *slot, int64_t now_ms, bool *give_up)
{
    if (slot->end_boot_ms == WEIR_NEVER || slot->stuck) {
        return WEIR_NEVER;
    }
    if (now_ms < slot->end_boot_ms) {
        return slot->end_boot_ms;
    }
    if (!slot->overdue) {
        slot->overdue = true;
        weir__context_cancel(&slot->context, WEIR_E_DEADLINE);
    }
    int64_t grace_end_ms = slot->end_boot_ms + slot->server->settings.cancel_grace_ms;
    if (now_ms < grace_end_ms) {
        return grace_end_ms;
    }
    *give_up = !atomic_exchange(&slot->decided, true);
    return WEIR_NEVER;
}

static void
note_stuck(struct weir__slot *slot)
{
    weir_server *server = slot->server;

    slot->stuck = true;
    atomic_fetch_add(&server->stuck, 1);
    if (weir_server_stuck(server)) {
        pthread_cond_broadcast(&server->changed);
    }
}

/* Goes on from *i to the next slot to give up, or to the end. */
static struct weir__slot *
look_from(weir_server *server, size_t *i, int64_t now_ms, int64_t *next_ms)
{
    while (*i < server->slot_count) {
        struct weir__slot *slot = server->slots[(*i)++];
        bool give_up = false;
        if (!slot->running) {
            continue;
        }
        *next_ms = earlier(*next_ms, look_at_lease(slot, now_ms));
        *next_ms = earlier(*next_ms, look_at_end(slot, now_ms, &give_up));
        if (give_up) {
            note_stuck(slot);
            return slot;
        }
    }
    return NULL;
}

/* Fails the attempt of a handler that still runs. The claim is safe: it has no outcome yet. */
static void
give_up_slot(struct weir__slot *slot)
{
    const struct weir__ending late = {
        .outcome = WEIR_RETRY,
        .error = WEIR__TEXT_DEADLINE,
        .cancel_mode = (weir_cancel_mode)atomic_load(&slot->context.cancel_mode),
    };
    weir_server *server = slot->server;
    const weir_task_info *task = slot->claim.task;

    weir_log(server->logger, WEIR_LOG_WARN,
             "handler did not return after its deadline, its task is given up",
             weir_log_str("queue", task->queue), weir_log_str("id", task->id),
             weir_log_str("type", task->type));
    weir__outcome_decide(&server->settings.rules, &slot->claim, &late,
                         weir__broker_now_ms(server->broker), &slot->finish);
}

int64_t
weir__deadlines_duty(void *arg)
{
    weir_server *server = arg;
    int64_t now_ms = weir__broker_boot_ms(server->broker);
    int64_t next_ms = WEIR_NEVER;
    struct weir__slot *slot;
    size_t i = 0;

    pthread_mutex_lock(&server->lock);
    while ((slot = look_from(server, &i, now_ms, &next_ms)) != NULL) {
        pthread_mutex_unlock(&server->lock);
        give_up_slot(slot);
        pthread_mutex_lock(&server->lock);
        weir__slot_resolve(slot);
    }
    pthread_mutex_unlock(&server->lock);
    return next_ms;
}

/* SPDX-License-Identifier: MIT */
/*
 * Deadlines: cancels handlers whose time is over, and gives up those that do not return within the grace.
 * Also cancels handlers whose lease has ended without a renewal, by this machine's clock: another server
 * may have their task by now.
 *
 * This duty calls no broker and has a keeper of its own, so that it is on time when the broker is not. It looks at all
 * slots when the earliest time of any comes; a worker calls it when a new task's is earlier still. What it finds it
 * tells the logger without the lock.
 */
#include <config.h>

#include "runtime.h"

static int64_t
earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What is to be done without the lock, for the slot that was looked at last. */
struct finding {
    struct weir__job *give_up; /* its grace is over and the handler has said nothing yet */
    weir_cancel_mode cancel_mode;
    weir_task_info *lost; /* names the task whose lease has ended, if there was memory for it */
    bool lease_ended;
};

/* The names of a task that may be gone once the lock is given up. */
static weir_task_info *
copy_names(const weir_task_info *task)
{
    const weir_task_info names = {.id = task->id, .type = task->type, .queue = task->queue};

    return weir_task_info_copy(&names);
}

static int64_t
look_at_lease(struct weir__slot *slot, int64_t now_ms, struct finding *found)
{
    struct weir__job *job = slot->job;

    if (job->lost || job->hold != WEIR__HOLD_CLAIMED) {
        return WEIR_NEVER;
    }
    if (now_ms < job->lease_end_boot_ms) {
        return job->lease_end_boot_ms;
    }
    job->lost = true;
    weir__context_cancel(&slot->context, WEIR_E_CANCELED);
    found->lease_ended = true;
    found->lost = copy_names(job->claim.task);
    return WEIR_NEVER;
}

static void
note_stuck(struct weir__slot *slot)
{
    weir_server *server = slot->server;

    slot->stuck = true;
    atomic_fetch_add(&server->stuck, 1);
    if (weir_server_stuck(server) || server->phase == WEIR__STOPPING) {
        pthread_cond_broadcast(&server->changed);
    }
}

static int64_t
look_at_end(struct weir__slot *slot, int64_t now_ms, struct finding *found)
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
    if (!atomic_exchange(&slot->decided, true)) {
        note_stuck(slot);
        found->give_up = slot->job;
        found->cancel_mode = (weir_cancel_mode)atomic_load(&slot->context.cancel_mode);
    }
    return WEIR_NEVER;
}

/* Goes on from *i to the next slot about which there is something to do, or to the end: false. */
static bool
look_from(weir_server *server, size_t *i, int64_t now_ms, int64_t *next_ms, struct finding *found)
{
    *found = (struct finding){0};
    while (*i < server->slot_count && found->give_up == NULL && !found->lease_ended) {
        struct weir__slot *slot = server->slots[(*i)++];
        if (slot->job != NULL) {
            *next_ms = earlier(*next_ms, look_at_lease(slot, now_ms, found));
            *next_ms = earlier(*next_ms, look_at_end(slot, now_ms, found));
        }
    }
    return found->give_up != NULL || found->lease_ended;
}

static void
log_lease(const weir_server *server, const weir_task_info *task)
{
    static const weir_task_info nobody;

    task = task != NULL ? task : &nobody;
    weir_log(server->logger, WEIR_LOG_WARN,
             "the lease on a task could not be renewed, its handler is cancelled",
             weir_log_str("queue", task->queue), weir_log_str("id", task->id),
             weir_log_str("type", task->type));
}

/*
 * Fails the attempt of a handler that still runs, or did a moment ago: its slot may have another job by now. The job is safe, as it
 * has no outcome yet.
 */
static void
give_up_job(const weir_server *server, const struct finding *found)
{
    const struct weir__ending late = {
        .outcome = WEIR_RETRY,
        .error = WEIR__TEXT_DEADLINE,
        .cancel_mode = found->cancel_mode,
    };
    struct weir__job *job = found->give_up;
    const weir_task_info *task = job->claim.task;

    weir_log(server->logger, WEIR_LOG_WARN,
             "handler did not return after its deadline, its task is given up",
             weir_log_str("queue", task->queue), weir_log_str("id", task->id),
             weir_log_str("type", task->type));
    weir__outcome_decide(&server->settings.rules, &job->claim, &late,
                         weir__broker_now_ms(server->broker), &job->finish);
}

static void
act_on(weir_server *server, struct finding *found)
{
    if (found->lease_ended) {
        log_lease(server, found->lost);
        weir_task_info_free(found->lost);
    }
    if (found->give_up != NULL) {
        give_up_job(server, found);
    }
}

int64_t
weir__deadlines_duty(void *arg)
{
    weir_server *server = arg;
    int64_t now_ms = weir__broker_boot_ms(server->broker);
    int64_t next_ms = WEIR_NEVER;
    struct finding found;
    size_t i = 0;

    pthread_mutex_lock(&server->lock);
    server->watch_at_boot_ms = WEIR_NEVER;
    while (look_from(server, &i, now_ms, &next_ms, &found)) {
        pthread_mutex_unlock(&server->lock);
        act_on(server, &found);
        pthread_mutex_lock(&server->lock);
        if (found.give_up != NULL) {
            weir__job_resolve(server, found.give_up);
            weir__mover_wake(server);
        }
    }
    if (next_ms < server->watch_at_boot_ms) {
        server->watch_at_boot_ms = next_ms;
    }
    pthread_mutex_unlock(&server->lock);
    return next_ms;
}

/* SPDX-License-Identifier: MIT */
/*
 * The heartbeat: renews the leases of all claims, also of those whose outcome is not committed yet, and
 * publishes the server. A cancellation makes it run at once, for the leases alone: the answer tells
 * whose task was cancelled.
 *
 * The calls need the tasks, and the mover may settle one meanwhile. So each claim is pinned for the
 * calls: what is settled while it is pinned is freed here. When slots were added, larger lists lie ready; they are taken over
 * under the lock under which the claims are listed.
 *
 * It also looks at the clocks, before the other duties: a beat that comes late by a whole heartbeat (the machine
 * slept, the process was stopped), one that takes as long, or a wall clock that stepped, is trouble. What an outage kept
 * waiting is late for a reason that was told.
 *
 * Recovery and expiry go along with a beat where they can, so that an idle server leaves its broker alone in between.
 */
#include <config.h>

#include "runtime.h"

#include <stdlib.h>

#define CLOCK_STEP_MS 1000
#define SHOWN_PAYLOAD_MAX ((size_t)4096)

int
weir__beat_lists_init(struct weir__beat_lists *lists, size_t count)
{
    lists->jobs = calloc(count, sizeof(struct weir__job *));
    lists->claims = calloc(count, sizeof(*lists->claims));
    lists->items = calloc(count, sizeof(*lists->items));
    lists->item_jobs = calloc(count, sizeof(struct weir__job *));
    lists->workers = calloc(count, sizeof(*lists->workers));
    if (lists->jobs != NULL && lists->claims != NULL && lists->items != NULL &&
        lists->item_jobs != NULL && lists->workers != NULL) {
        return 0;
    }
    weir__beat_lists_release(lists);
    return WEIR_E_NOMEM;
}

void
weir__beat_lists_release(struct weir__beat_lists *lists)
{
    free(lists->jobs);
    free(lists->claims);
    free(lists->items);
    free(lists->item_jobs);
    free(lists->workers);
    *lists = (struct weir__beat_lists){0};
}

void
weir__beat_soon(weir_server *server)
{
    atomic_store(&server->presence_stale, true);
    weir__keeper_call(&server->keeper, WEIR__DUTY_HEARTBEAT, weir__broker_boot_ms(server->broker));
}

static void
show_worker(struct weir__beat *beat, const struct weir__slot *slot)
{
    const weir_task_info *task = slot->job->claim.task;

    beat->lists.workers[beat->worker_count++] = (weir_worker_info){
        .task_id = task->id,
        .task_type = task->type,
        .queue = task->queue,
        .payload = task->payload,
        .payload_len = task->payload_len < SHOWN_PAYLOAD_MAX ? task->payload_len
                                                             : SHOWN_PAYLOAD_MAX,
        .started_at_ms = slot->started_at_ms,
        .deadline_ms = weir_context_deadline_ms(&slot->context),
    };
}

/* Lists and pins what the server has. Returns the status to publish. */
static const char *
pin_claims(weir_server *server)
{
    static const char *const statuses[] = {[WEIR__NEW] = "new",
                                           [WEIR__RUNNING] = "active",
                                           [WEIR__QUIET] = "stopped",
                                           [WEIR__STOPPING] = "closed",
                                           [WEIR__STOPPED] = "closed"};
    struct weir__beat *beat = &server->beat;

    beat->count = beat->item_count = beat->worker_count = 0;
    pthread_mutex_lock(&server->lock);
    if (server->next_lists.jobs != NULL) {
        weir__beat_lists_release(&beat->lists);
        beat->lists = server->next_lists;
        server->next_lists = (struct weir__beat_lists){0};
    }
    for (size_t i = 0; i < server->job_count; i++) {
        struct weir__job *job = server->jobs[i];
        job->pinned = true;
        beat->lists.jobs[beat->count++] = job;
        if (job->slot != NULL) {
            show_worker(beat, job->slot);
        }
        if (job->hold != WEIR__HOLD_NONE) {
            beat->lists.claims[beat->item_count] = job->claim;
            beat->lists.items[beat->item_count] = (weir_extend_item){
                .claim = &beat->lists.claims[beat->item_count], .result = WEIR_E_UNKNOWN};
            beat->lists.item_jobs[beat->item_count++] = job;
        }
    }
    const char *status = statuses[server->phase];
    pthread_mutex_unlock(&server->lock);
    return status;
}

/* The places of those that were settled meanwhile are free only now: what the mover had no place for it takes then. */
static void
unpin_claims(weir_server *server)
{
    struct weir__beat *beat = &server->beat;
    bool freed = false;

    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < beat->count; i++) {
        struct weir__job *job = beat->lists.jobs[i];
        job->pinned = false;
        if (job->dead && weir__job_leave(server, job)) {
            weir__job_free(job);
            freed = true;
        }
    }
    if (freed && server->more) {
        weir__mover_wake(server);
    }
    pthread_mutex_unlock(&server->lock);
}

static bool
has_no_outcome(const struct weir__job *job)
{
    return job->hold == WEIR__HOLD_WAITING || job->hold == WEIR__HOLD_STARTING ||
           job->hold == WEIR__HOLD_CLAIMED;
}

/* What no handler has yet goes back when its turn comes. */
static void
lose(struct weir__job *job)
{
    job->lost = true;
    if (job->slot != NULL) {
        weir__context_cancel(&job->slot->context, WEIR_E_CANCELED);
    }
}

static void
cancel(struct weir__job *job, weir_cancel_mode mode)
{
    if (job->slot != NULL) {
        weir__context_cancel_as(&job->slot->context, mode);
    } else if (has_no_outcome(job)) {
        job->cancelled = mode;
    }
}

/* The claims are the beat's copies; what they point to is pinned. */
static void
log_lost(const weir_server *server, size_t count)
{
    const struct weir__beat *beat = &server->beat;

    for (size_t i = 0; i < count; i++) {
        const weir_task_info *task = beat->lists.claims[i].task;
        weir_log(server->logger, WEIR_LOG_WARN,
                 "the lease on a task was lost, its handler is cancelled",
                 weir_log_str("queue", task->queue), weir_log_str("id", task->id),
                 weir_log_str("type", task->type));
    }
}

/*
 * What has no hold any more was settled meanwhile: its answer means nothing. Claims that are lost now
 * come to the front of the list, which nobody needs any more.
 */
static void
apply_answers(weir_server *server, int64_t lease_end_ms)
{
    struct weir__beat *beat = &server->beat;
    size_t lost = 0;

    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < beat->item_count; i++) {
        struct weir__job *job = beat->lists.item_jobs[i];
        const weir_extend_item *item = &beat->lists.items[i];
        if (job->hold == WEIR__HOLD_NONE) {
            continue;
        }
        if (item->result == 0) {
            job->lease_end_boot_ms = lease_end_ms;
        } else if (item->result == WEIR_E_STALE && has_no_outcome(job) && !job->lost) {
            lose(job);
            beat->lists.claims[lost++] = beat->lists.claims[i];
        }
        if (item->cancelled != WEIR_CANCEL_NONE) {
            cancel(job, item->cancelled);
        }
    }
    pthread_mutex_unlock(&server->lock);
    log_lost(server, lost);
}

/* The answers count also when the call failed on its way: each item has its own. */
static int
extend_claims(weir_server *server, weir_error *err)
{
    struct weir__beat *beat = &server->beat;
    int64_t lease_ms = server->settings.lease_ms;
    int64_t lease_end_ms = weir__broker_boot_ms(server->broker) + lease_ms;

    if (beat->item_count == 0) {
        return 0;
    }
    int code = weir__extend(server->broker, lease_ms, beat->lists.items, beat->item_count, err);
    apply_answers(server, lease_end_ms);
    return code;
}

/* Its calls are made on this thread, and each may take as long as the broker's time-out. */
static bool
broker_was_in_trouble(const weir_server *server)
{
    return atomic_load(&server->parties_down) != 0 ||
           atomic_load(&server->trouble_at_ms) > server->beat.beat_at_ms;
}

static void
look_at_clocks(weir_server *server, int64_t boot_ms)
{
    struct weir__beat *beat = &server->beat;
    int64_t gap_ms = weir__broker_now_ms(server->broker) - boot_ms;
    int64_t step_ms = gap_ms - beat->clock_gap_ms;
    int64_t late_ms = boot_ms - beat->beat_at_ms;
    bool stepped = step_ms > CLOCK_STEP_MS || step_ms < -CLOCK_STEP_MS;

    beat->clock_gap_ms = gap_ms;
    if (stepped) {
        weir__keeper_call(&server->keeper, WEIR__DUTY_FORWARD, boot_ms);
    }
    if (!stepped && late_ms <= server->settings.heartbeat_ms) {
        return;
    }
    bool known = !stepped && broker_was_in_trouble(server);
    weir__trouble(server);
    if (!known) {
        weir_log(server->logger, WEIR_LOG_WARN, "the clock stepped or this server stood still",
                 weir_log_ms("step", step_ms), weir_log_ms("late", late_ms > 0 ? late_ms : 0));
    }
}

/* What kept this beat waiting, a lock on the store say, kept those of others waiting too. */
static void
look_at_duration(weir_server *server, int64_t began_ms)
{
    if (weir__broker_boot_ms(server->broker) - began_ms > server->settings.heartbeat_ms) {
        weir__trouble(server);
    }
}

static int
extend_and_publish(weir_server *server, const char *status, bool publish, weir_error *err)
{
    int code = extend_claims(server, err);

    if (code == 0 && publish) {
        code = weir__presence_beat(server, status, err);
    }
    return code;
}

/* Upkeep that is due within the next half beat runs along with this one. */
static void
gather_upkeep(weir_server *server, int64_t now_ms)
{
    int64_t until_ms = now_ms + server->settings.heartbeat_ms / 2;

    weir__keeper_gather(&server->keeper, WEIR__DUTY_RECOVER, now_ms, until_ms);
    weir__keeper_gather(&server->keeper, WEIR__DUTY_JANITOR, now_ms, until_ms);
}

int64_t
weir__heartbeat_duty(void *arg)
{
    weir_server *server = arg;
    struct weir__beat *beat = &server->beat;
    weir_error err = {0};
    int64_t now_ms = weir__broker_boot_ms(server->broker);

    look_at_clocks(server, now_ms);
    const char *status = pin_claims(server);
    bool stale = atomic_exchange(&server->presence_stale, false);
    bool publish = now_ms >= beat->beat_at_ms || status != beat->status || stale;
    int code = extend_and_publish(server, status, publish, &err);
    unpin_claims(server);
    look_at_duration(server, now_ms);
    if (code != 0) {
        int64_t delay_ms = weir__outage_failed(server, WEIR__PARTY_HEARTBEAT, "heartbeat", &err);
        int64_t longest_ms = server->settings.heartbeat_ms;
        beat->beat_at_ms = weir__broker_boot_ms(server->broker) +
                           (delay_ms < longest_ms ? delay_ms : longest_ms);
        return beat->beat_at_ms;
    }
    weir__outage_over(server, WEIR__PARTY_HEARTBEAT);
    if (publish) {
        beat->status = status;
        beat->beat_at_ms = now_ms + server->settings.heartbeat_ms;
        gather_upkeep(server, now_ms);
    }
    return beat->beat_at_ms;
}

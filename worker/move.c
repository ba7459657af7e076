/* SPDX-License-Identifier: MIT */
/*
 * The mover's call: what goes into it, and what becomes of that.
 *
 * Each call has whatever outcomes have gathered while the last one was under way, the starts of tasks that were taken ahead
 * and that workers will soon have time for, and asks for as many tasks as the ring has room for. So nothing is delayed to
 * make a batch, and a busy server needs one trip for many tasks. Outcomes never wait for tasks: taking does not block.
 *
 * After a failed call it waits, for outcomes and for taking by themselves: outcomes that were in a call that failed
 * are tried alone at once, so that a store that gives no tasks (SQLite on a full disk) still gets what is finished.
 */
#include <config.h>

#include "runtime.h"

#include <stdlib.h>

enum {
    NO_MEMORY_MS = 100
};

bool
weir__move_can_finish(const weir_server *server, int64_t now_ms)
{
    return server->outcomes.first != NULL && server->move.finish_at_ms <= now_ms;
}

static int
by_number(const void *a, const void *b)
{
    const struct weir__job *const *one = a;
    const struct weir__job *const *other = b;

    return ((*one)->number > (*other)->number) - ((*one)->number < (*other)->number);
}

/*
 * Fills the next call with outcomes; returns how many of them are of attempts. What goes back does so in the order in which it
 * was taken.
 */
static size_t
load_finishes(weir_server *server)
{
    struct weir__move *move = &server->move;
    size_t ended = 0;

    while (server->outcomes.first != NULL && move->count < WEIR__FINISH_MAX) {
        struct weir__job *job = weir__jobs_shift(&server->outcomes);
        job->hold = WEIR__HOLD_MOVING;
        ended += job->finish.kind != WEIR_FINISH_REQUEUE;
        move->jobs[move->count++] = job;
    }
    if (ended < move->count) {
        qsort(move->jobs, move->count, sizeof(struct weir__job *), by_number);
    }
    for (size_t i = 0; i < move->count; i++) {
        move->finishes[i] = move->jobs[i]->finish;
        move->finishes[i].outcome = WEIR_E_UNKNOWN;
    }
    return ended;
}

static void
load_starts(weir_server *server)
{
    struct weir__move *move = &server->move;
    size_t count = weir__ring_startable(server, WEIR__START_MAX);

    for (; move->start_count < count; move->start_count++) {
        struct weir__job *job = weir__jobs_shift(&server->ring.ahead);
        job->hold = WEIR__HOLD_STARTING;
        move->starting[move->start_count] = job;
        move->starts[move->start_count] = (weir_start){.claim = &job->claim};
    }
}

static void
load_take(weir_server *server)
{
    struct weir__move *move = &server->move;

    if (!server->more) {
        return;
    }
    move->want = weir__ring_room(server);
    move->start = weir__ring_unserved(server, move->want);
    move->start_soon = weir__ring_served_soon(server, move->want);
    if (move->want > 0) {
        server->more = false;
    }
}

/* Other queues have been laid down: from now on they are asked. */
static void
take_over_queues(weir_server *server)
{
    if (server->next_set == NULL) {
        return;
    }
    weir__order_inherit(&server->next_order, &server->order);
    weir__order_release(&server->order);
    weir__queue_set_unref(server->order_set);
    server->order = server->next_order;
    server->order_set = server->next_set;
    server->next_order = (struct weir__order){0};
    server->next_set = NULL;
    weir__ring_keep_queues(server, server->order_set);
}

void
weir__move_load(weir_server *server, int64_t now_ms)
{
    struct weir__move *move = &server->move;
    size_t ended = 0;

    take_over_queues(server);
    move->count = move->start_count = move->want = 0;
    if (weir__move_can_finish(server, now_ms)) {
        ended = load_finishes(server);
    }
    weir__ring_note_load(server, ended, weir__mono_us());
    if (server->phase == WEIR__RUNNING && move->take_at_ms <= now_ms) {
        load_take(server);
        load_starts(server);
    }
}

/* Makes as many jobs as may be wanted; where there is no memory for them, fewer tasks are: false. */
static bool
make_jobs(struct weir__move *move)
{
    while (move->spare.count < move->want) {
        struct weir__job *job = calloc(1, sizeof(*job));
        if (job == NULL) {
            move->want = move->spare.count;
            move->start = move->start < move->want ? move->start : move->want;
            move->start_soon = 0;
            move->take_at_ms = weir__mono_ms() + NO_MEMORY_MS;
            return false;
        }
        weir__jobs_append(&move->spare, job);
    }
    return true;
}

static int
call_broker(weir_server *server, weir__claims *claims, weir_error *err)
{
    struct weir__move *move = &server->move;
    weir__want want = {.queue_count = server->order.count,
                       .max = move->want,
                       .start = move->start,
                       .start_soon = move->start_soon,
                       .lease_ms = server->settings.lease_ms};

    if (move->want == 0) {
        return weir__consume(server->broker, move->finishes, move->count, move->starts,
                             move->start_count, NULL, NULL, err);
    }
    want.queues = weir__order_plan(&server->order, move->want);
    return weir__consume(server->broker, move->finishes, move->count, move->starts,
                         move->start_count, &want, claims, err);
}

/* Whether an outcome is to be tried again: the broker has not decided, as the call failed. */
static bool
is_open(int outcome, int code)
{
    return outcome != 0 && outcome != WEIR_E_STALE && code != 0;
}

/* The task stays with whoever has it now. */
static void
log_refused(const weir_server *server, const struct weir__job *job, int code)
{
    const weir_task_info *task = job->claim.task;

    weir_log(server->logger, job->unsure ? WEIR_LOG_INFO : WEIR_LOG_WARN,
             job->unsure
                 ? "outcome of a task was refused: it was committed before its reply was lost"
                   ", or the lease was lost"
                 : "outcome of a task was refused",
             weir_log_str("queue", task->queue), weir_log_str("id", task->id),
             weir_log_str("type", task->type), weir_log_str("error", weir_strerror(code)));
}

static void
log_not_started(const weir_server *server, const struct weir__job *job)
{
    const weir_task_info *task = job->claim.task;

    weir_log(server->logger, WEIR_LOG_WARN, "the lease on a task was lost before it was started",
             weir_log_str("queue", task->queue), weir_log_str("id", task->id),
             weir_log_str("type", task->type));
}

/* What is left in move->jobs is the mover's to use again. */
static void
settle_finishes(weir_server *server, int code)
{
    struct weir__move *move = &server->move;
    struct weir__jobs again = {0};

    for (size_t i = 0; i < move->count; i++) {
        struct weir__job *job = move->jobs[i];
        int outcome = move->finishes[i].outcome;
        if (is_open(outcome, code)) {
            job->unsure = job->unsure || outcome == WEIR_E_UNKNOWN;
            job->hold = WEIR__HOLD_QUEUED;
            weir__jobs_append(&again, job);
            move->jobs[i] = NULL;
            continue;
        }
        server->given_back += outcome == 0 && job->finish.kind == WEIR_FINISH_REQUEUE &&
                              server->phase >= WEIR__STOPPING;
        if (!weir__job_settle(server, job)) {
            move->jobs[i] = NULL;
        }
    }
    weir__jobs_prepend(&server->outcomes, &again);
}

/*
 * A start whose fate is not known is tried again: twice is as good as once. One that is refused was the claim's end; what is
 * left in move->starting is the mover's to use again.
 */
static void
settle_starts(weir_server *server, int code)
{
    struct weir__move *move = &server->move;
    struct weir__jobs again = {0};

    for (size_t i = 0; i < move->start_count; i++) {
        struct weir__job *job = move->starting[i];
        int result = move->starts[i].result;
        job->hold = WEIR__HOLD_WAITING;
        job->claim.started = job->claim.started || result == 0;
        move->starting[i] = NULL;
        if (result != 0 && !is_open(result, code)) {
            move->starting[i] = weir__job_settle(server, job) ? job : NULL;
        } else if (server->phase != WEIR__RUNNING) {
            weir__job_give_back(server, job);
        } else {
            weir__jobs_append(result == 0 ? &server->ring.ready : &again, job);
        }
    }
    weir__jobs_prepend(&server->ring.ahead, &again);
}

/* Whether the broker starts what it may, where its first task of that kind shows it. */
static void
note_starts(weir_server *server, const weir__claims *claims)
{
    const struct weir__move *move = &server->move;

    if (move->start_soon == 0 || claims->count <= move->start) {
        return;
    }
    const weir_claim *claim = &claims->items[move->start];
    if (claim->started || claim->task->retried < claim->task->max_retry) {
        server->ring.starts_soon = claim->started;
    }
}

/* Claims become jobs. When the server has begun to stop, tasks that come go back. */
static void
keep_claims(weir_server *server, const weir__claims *claims, int64_t lease_end_boot_ms)
{
    struct weir__move *move = &server->move;
    struct weir__ring *ring = &server->ring;
    int64_t now_us = weir__mono_us();

    weir__ring_note_take(server, claims);
    for (size_t i = 0; i < claims->count; i++) {
        struct weir__job *job = weir__jobs_shift(&move->spare);
        weir__job_hold(server, job, &claims->items[i], lease_end_boot_ms);
        job->taken_us = now_us;
        weir__order_took(&server->order, job->claim.task->queue);
        if (server->phase != WEIR__RUNNING) {
            weir__job_give_back(server, job);
        } else {
            weir__jobs_append(job->claim.started ? &ring->ready : &ring->ahead, job);
        }
    }
}

static void
settle_take(weir_server *server, int code, const weir__claims *claims, int64_t lease_end_boot_ms)
{
    struct weir__move *move = &server->move;

    if (move->want == 0) {
        return;
    }
    server->plenty = false;
    if (code != 0) {
        server->more = true;
        return;
    }
    note_starts(server, claims);
    keep_claims(server, claims, lease_end_boot_ms);
    server->plenty = weir__order_settle(&server->order);
    server->more = server->more || server->plenty || claims->count >= move->want;
}

/* Notes whose turn it is to wait after a failure. */
static void
note_result(weir_server *server, int code, const weir_error *err)
{
    struct weir__move *move = &server->move;

    bool took = move->want > 0 || move->start_count > 0;

    if (code != 0 && took) {
        move->take_at_ms = weir__mono_ms() +
                           weir__outage_failed(server, WEIR__PARTY_TAKE, "take", err);
    } else if (code != 0) {
        move->finish_at_ms = weir__mono_ms() +
                             weir__outage_failed(server, WEIR__PARTY_FINISH, "finish", err);
    }
    if (code == 0 && took) {
        move->take_at_ms = 0;
        weir__outage_over(server, WEIR__PARTY_TAKE);
    }
    if (code == 0 && move->count > 0) {
        move->finish_at_ms = 0;
        weir__outage_over(server, WEIR__PARTY_FINISH);
    }
}

static void
tell_finish(weir_server *server, size_t i, int code)
{
    const weir_finish *finish = &server->move.finishes[i];
    const struct weir__job *job = server->move.jobs[i];
    bool given_back = finish->kind == WEIR_FINISH_REQUEUE;

    if (finish->outcome != 0) {
        if (!is_open(finish->outcome, code) && !(given_back && job->lost)) {
            log_refused(server, job, finish->outcome);
        }
        return;
    }
    weir__outcome_tell(&server->settings.rules, finish);
    if (finish->kind == WEIR_FINISH_RETRY) {
        weir__forward_by(server, finish->at_ms);
    }
}

/* Tells whom it concerns what is committed and what was refused, while the jobs still have what that is about. */
static void
tell_changes(weir_server *server, int code)
{
    const struct weir__move *move = &server->move;

    for (size_t i = 0; i < move->count; i++) {
        tell_finish(server, i, code);
    }
    for (size_t i = 0; i < move->start_count; i++) {
        if (move->starts[i].result != 0 && !is_open(move->starts[i].result, code)) {
            log_not_started(server, move->starting[i]);
        }
    }
}

static void
recycle(struct weir__move *move, struct weir__job **jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (jobs[i] != NULL) {
            weir__job_clear(jobs[i]);
            weir__jobs_append(&move->spare, jobs[i]);
        }
    }
}

void
weir__move_make(weir_server *server)
{
    struct weir__move *move = &server->move;
    weir__claims claims = {.items = move->claims};
    weir_error err = {0};
    int64_t lease_end_ms = weir__broker_boot_ms(server->broker) + server->settings.lease_ms;
    int64_t begun_us = weir__mono_us();

    bool enough = make_jobs(move);
    int code = call_broker(server, &claims, &err);
    int64_t took_us = weir__mono_us() - begun_us;
    note_result(server, code, &err);
    tell_changes(server, code);
    pthread_mutex_lock(&server->lock);
    weir__ring_note_call(server, took_us);
    settle_finishes(server, code);
    settle_starts(server, code);
    settle_take(server, code, &claims, lease_end_ms);
    server->more = server->more || !enough;
    struct weir__slot *called = weir__slots_call(server);
    pthread_mutex_unlock(&server->lock);
    weir__slots_wake(called);
    recycle(move, move->jobs, move->count);
    recycle(move, move->starting, move->start_count);
}

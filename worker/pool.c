/* SPDX-License-Identifier: MIT */
/*
 * The pool: one thread for each slot. It sleeps on the slot's semaphore until it is called, and then runs what is ready,
 * one task after the other: it works out what the outcome means, leaves that in the job and takes the next, all under one
 * hold of the lock. It talks to no broker.
 */
#include <config.h>

#include "runtime.h"

#include <string.h>

static void
log_late(const struct weir__slot *slot, weir_outcome outcome)
{
    const weir_task_info *task = slot->job->claim.task;

    weir_log(slot->server->logger, WEIR_LOG_WARN,
             "handler returned after its task was given up, its outcome is ignored",
             weir_log_str("queue", task->queue), weir_log_str("id", task->id),
             weir_log_str("type", task->type), weir_log_int("outcome", outcome));
}

static void
log_begin(const struct weir__slot *slot)
{
    const weir_task_info *task = slot->job->claim.task;

    weir_log(slot->server->logger, WEIR_LOG_DEBUG, "task begins",
             weir_log_str("queue", task->queue), weir_log_str("id", task->id),
             weir_log_str("type", task->type), weir_log_int("retried", task->retried));
}

static const char *
outcome_word(weir_outcome outcome)
{
    static const char *const words[] = {
        [WEIR_DONE] = "done",     [WEIR_RETRY] = "retry",   [WEIR_SKIP_RETRY] = "skip_retry",
        [WEIR_REVOKE] = "revoke", [WEIR_SNOOZE] = "snooze",
    };
    size_t i = (size_t)outcome;

    return i < sizeof(words) / sizeof(words[0]) ? words[i] : "retry";
}

static void
log_end(const struct weir__slot *slot, weir_outcome outcome)
{
    const weir_task_info *task = slot->job->claim.task;

    weir_log(slot->server->logger, WEIR_LOG_DEBUG, "task ends", weir_log_str("queue", task->queue),
             weir_log_str("id", task->id), weir_log_str("type", task->type),
             weir_log_str("outcome", outcome_word(outcome)),
             weir_log_ms("took", slot->now_ms - slot->started_at_ms));
}

/* What a handler that a stop has cut short did not finish is not its failure. */
static bool
was_cut_short(const struct weir__slot *slot, weir_outcome outcome)
{
    bool failed = outcome != WEIR_DONE && outcome != WEIR_SKIP_RETRY && outcome != WEIR_REVOKE &&
                  outcome != WEIR_SNOOZE;

    return failed && atomic_load(&slot->stopping) &&
           atomic_load(&slot->context.cancel_mode) <= WEIR_CANCEL_RETRY;
}

/* What the outcome has of the context's goes along with the job: the context is for the next attempt. */
static void
keep_answer(struct weir__slot *slot)
{
    struct weir__job *job = slot->job;

    if (job->finish.error == slot->context.text) {
        job->text = strdup(slot->context.text);
        job->finish.error = job->text != NULL ? job->text : WEIR__TEXT_NO_REASON;
    }
    if (job->finish.result != NULL) {
        job->result = weir__context_take_result(&slot->context);
    }
}

void
weir__slot_look_at_clocks(struct weir__slot *slot)
{
    slot->now_ms = weir__broker_now_ms(slot->server->broker);
    slot->boot_ms = weir__broker_boot_ms(slot->server->broker);
}

static void
decide(struct weir__slot *slot, const struct weir__ending *ending)
{
    weir_server *server = slot->server;

    if (was_cut_short(slot, ending->outcome)) {
        weir__outcome_give_back(&slot->job->claim, &slot->job->finish);
        return;
    }
    weir__outcome_decide(&server->settings.rules, &slot->job->claim, ending, slot->now_ms,
                         &slot->job->finish);
    keep_answer(slot);
}

/* Runs the handler, unless the task's time was over before. */
static struct weir__ending
run_handler(struct weir__slot *slot)
{
    const weir_task_info *task = slot->job->claim.task;
    struct weir_context *ctx = &slot->context;

    if (task->deadline_ms > 0 && slot->started_at_ms >= task->deadline_ms) {
        return (struct weir__ending){.outcome = WEIR_RETRY, .error = WEIR__TEXT_DEADLINE};
    }
    log_begin(slot);
    weir_outcome outcome = weir__mux_run(slot->server->mux, ctx, task);
    weir__slot_look_at_clocks(slot);
    log_end(slot, outcome);
    return (struct weir__ending){
        .outcome = outcome,
        .error = weir__context_text(ctx),
        .cancelled = weir_context_cancelled(ctx),
        .cancel_mode = (weir_cancel_mode)atomic_load(&ctx->cancel_mode),
        .snooze_ms = ctx->snooze_ms,
        .result = ctx->has_result ? ctx->result : NULL,
        .result_len = ctx->has_result ? ctx->result_len : 0,
    };
}

/* A stop or the watch may have been faster than this thread: the task is somebody else's, or about to be. */
static bool
may_begin(const struct weir__slot *slot)
{
    return !atomic_load(&slot->decided) && !atomic_load(&slot->stopping);
}

/* Who was cancelled before he began has failed in the way that he would have. */
static struct weir__ending
make_attempt(struct weir__slot *slot, bool begins)
{
    if (begins && slot->job->cancelled == WEIR_CANCEL_NONE) {
        return run_handler(slot);
    }
    return (struct weir__ending){
        .outcome = WEIR_RETRY,
        .cancelled = WEIR_E_CANCELED,
        .cancel_mode = (weir_cancel_mode)atomic_load(&slot->context.cancel_mode),
    };
}

/* Gives up the lock, and wakes whom there is to wake. */
static void
unlock_and_wake(struct weir__slot *slot, struct weir__slot *called)
{
    weir_server *server = slot->server;
    bool wakes_mover = slot->wakes_mover;

    slot->wakes_mover = false;
    pthread_mutex_unlock(&server->lock);
    if (wakes_mover) {
        pthread_cond_signal(&server->mover_wake);
    }
    weir__slots_wake(called);
}

void
weir__slot_run(struct weir__slot *slot)
{
    weir_server *server = slot->server;
    bool begins = may_begin(slot);

    unlock_and_wake(slot, weir__slots_call(server));
    struct weir__ending ending = make_attempt(slot, begins);
    bool late = atomic_exchange(&slot->decided, true);
    if (!late) {
        decide(slot, &ending);
    } else if (begins) {
        log_late(slot, ending.outcome);
    }
    weir__context_end(&slot->context);
    pthread_mutex_lock(&server->lock);
    if (!late) {
        weir__job_resolve(server, slot->job);
    }
    weir__slot_return(slot);
}

/* With the lock held. False: there is nothing more to do. */
static bool
take_job(struct weir__slot *slot)
{
    weir_server *server = slot->server;
    bool may = !server->workers_end && !weir__slots_too_many(server);
    struct weir__job *job = may ? weir__ring_next(server, slot->boot_ms) : NULL;

    if (job != NULL) {
        weir__slot_begin(slot, job);
    }
    slot->wakes_mover = weir__mover_call(server) || slot->wakes_mover;
    return job != NULL;
}

/* Runs all that there is to run. False: the end. */
static bool
work(struct weir__slot *slot)
{
    weir_server *server = slot->server;

    weir__slot_look_at_clocks(slot);
    pthread_mutex_lock(&server->lock);
    server->called_count -= slot->called ? 1 : 0;
    slot->called = false;
    while (take_job(slot)) {
        weir__slot_run(slot);
    }
    bool end = server->workers_end;
    struct weir__slot *called = NULL;
    if (!end) {
        weir__slot_rest(slot);
        slot->wakes_mover = weir__mover_call(server) || slot->wakes_mover;
        called = weir__slots_call(server);
    }
    unlock_and_wake(slot, called);
    return !end;
}

void *
weir__worker_main(void *arg)
{
    struct weir__slot *slot = arg;
    weir_server *server = slot->server;

    do {
        while (sem_wait(&slot->ready) != 0) {
            /* interrupted by a debugger */
        }
    } while (work(slot));
    weir__server_unref(server);
    return NULL;
}

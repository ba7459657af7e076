/* SPDX-License-Identifier: MIT */
/*
 * The pool: one thread for each slot. It waits on the slot's semaphore, runs the task, works out what the
 * outcome means and leaves that in the slot; it talks to no broker.
 */
#include <config.h>

#include "runtime.h"

static void
log_late(const struct weir__slot *slot, weir_outcome outcome)
{
    const weir_task_info *task = slot->claim.task;

    weir_log(slot->server->logger, WEIR_LOG_WARN,
             "handler returned after its task was given up, its outcome is ignored",
             weir_log_str("queue", task->queue), weir_log_str("id", task->id),
             weir_log_str("type", task->type), weir_log_int("outcome", outcome));
}

static void
log_begin(const struct weir__slot *slot)
{
    const weir_task_info *task = slot->claim.task;

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
    const weir_task_info *task = slot->claim.task;

    weir_log(slot->server->logger, WEIR_LOG_DEBUG, "task ends", weir_log_str("queue", task->queue),
             weir_log_str("id", task->id), weir_log_str("type", task->type),
             weir_log_str("outcome", outcome_word(outcome)),
             weir_log_ms("took", weir__broker_now_ms(slot->server->broker) - slot->started_at_ms));
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

static void
decide(struct weir__slot *slot, const struct weir__ending *ending)
{
    weir_server *server = slot->server;
    int64_t now_ms = weir__broker_now_ms(server->broker);

    if (was_cut_short(slot, ending->outcome)) {
        weir__outcome_give_back(&slot->claim, &slot->finish);
        return;
    }
    weir__outcome_decide(&server->settings.rules, &slot->claim, ending, now_ms, &slot->finish);
}

/* Runs the handler, unless the task's time was over before. */
static struct weir__ending
run_handler(struct weir__slot *slot)
{
    const weir_task_info *task = slot->claim.task;
    struct weir_context *ctx = &slot->context;

    if (task->deadline_ms > 0 && slot->started_at_ms >= task->deadline_ms) {
        return (struct weir__ending){.outcome = WEIR_RETRY, .error = WEIR__TEXT_DEADLINE};
    }
    log_begin(slot);
    weir_outcome outcome = weir__mux_run(slot->server->mux, ctx, task);
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

void
weir__slot_run(struct weir__slot *slot)
{
    weir_server *server = slot->server;
    bool begins = may_begin(slot);
    struct weir__ending ending = begins ? run_handler(slot)
                                        : (struct weir__ending){.outcome = WEIR_RETRY};
    bool late = atomic_exchange(&slot->decided, true);

    if (!late) {
        decide(slot, &ending);
    } else if (begins) {
        log_late(slot, ending.outcome);
    }
    weir__context_end(&slot->context);
    pthread_mutex_lock(&server->lock);
    if (!late) {
        weir__slot_resolve(slot);
    }
    weir__slot_return(slot);
    pthread_mutex_unlock(&server->lock);
}

void *
weir__worker_main(void *arg)
{
    struct weir__slot *slot = arg;
    weir_server *server = slot->server;

    for (;;) {
        while (sem_wait(&slot->ready) != 0) {
            /* interrupted by a debugger */
        }
        if (!slot->running) {
            break;
        }
        weir__slot_run(slot);
    }
    weir__server_unref(server);
    return NULL;
}

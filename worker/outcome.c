/* SPDX-License-Identifier: MIT */
/* One function per outcome, in a table; outcome.h has the rules. */
#include <config.h>

#include "outcome.h"

typedef void decide_fn(const struct weir__rules *rules, const struct weir__ending *ending,
                       int64_t now_ms, weir_finish *finish);

static void
tell_error(const struct weir__rules *rules, const weir_finish *finish, weir_outcome outcome,
           const char *error)
{
    if (rules->on_error != NULL) {
        rules->on_error(finish->claim->task, outcome, error, rules->on_error_arg);
    }
}

static void
log_failure(const struct weir__rules *rules, const weir_finish *finish, int64_t now_ms)
{
    const weir_task_info *task = finish->claim->task;

    if (finish->kind == WEIR_FINISH_ARCHIVE) {
        weir_log(rules->logger, WEIR_LOG_WARN, "task failed and is archived",
                 weir_log_str("queue", task->queue), weir_log_str("id", task->id),
                 weir_log_str("type", task->type), weir_log_int("retried", task->retried),
                 weir_log_str("error", finish->error));
        return;
    }
    weir_log(rules->logger, WEIR_LOG_INFO, "task failed and will be tried again",
             weir_log_str("queue", task->queue), weir_log_str("id", task->id),
             weir_log_str("type", task->type), weir_log_int("retried", task->retried),
             weir_log_ms("delay", finish->at_ms - now_ms), weir_log_str("error", finish->error));
}

static void
decide_done(const struct weir__rules *rules, const struct weir__ending *ending, int64_t now_ms,
            weir_finish *finish)
{
    int64_t retention_ms = finish->claim->task->retention_ms;

    (void)rules;
    if (retention_ms <= 0) {
        finish->kind = WEIR_FINISH_DONE;
        return;
    }
    finish->kind = WEIR_FINISH_COMPLETE;
    finish->at_ms = retention_ms < WEIR_NEVER - now_ms ? now_ms + retention_ms : WEIR_NEVER;
    finish->result = ending->result;
    finish->result_len = ending->result_len;
}

static const char *
reason_of(const struct weir__ending *ending)
{
    if (ending->error != NULL) {
        return ending->error;
    }
    if (ending->cancelled == WEIR_E_DEADLINE) {
        return WEIR__TEXT_DEADLINE;
    }
    return ending->cancelled != 0 ? WEIR__TEXT_CANCELED : WEIR__TEXT_NO_REASON;
}

static weir_retry_policy
policy_of(const struct weir__rules *rules, const weir_task_info *task)
{
    if (rules->policy_lock != NULL) {
        pthread_rwlock_rdlock(rules->policy_lock);
    }
    size_t i =
        weir__pattern_find(rules->types, rules->type_count, sizeof(*rules->types), task->type);
    weir_retry_policy policy = i == WEIR__NO_PATTERN ? rules->retry : rules->types[i].policy;
    if (rules->policy_lock != NULL) {
        pthread_rwlock_unlock(rules->policy_lock);
    }
    return policy;
}

static int64_t
delay_of(const struct weir__rules *rules, const weir_task_info *task, const char *error)
{
    if (rules->retry_delay != NULL) {
        int64_t delay_ms = rules->retry_delay(task->retried, error, task, rules->retry_delay_arg);
        if (delay_ms >= 0) {
            return delay_ms < WEIR_RETRY_MAX_MS ? delay_ms : WEIR_RETRY_MAX_MS;
        }
    }
    weir_retry_policy policy = policy_of(rules, task);
    return weir_retry_delay_ms(&policy, rules->clock, task->retried);
}

/* Whether a task may not run at that time any more, so that it would only come back to be refused. */
static bool
is_too_late(const weir_task_info *task, int64_t at_ms)
{
    return task->deadline_ms > 0 && at_ms >= task->deadline_ms;
}

static void
decide_retry(const struct weir__rules *rules, const struct weir__ending *ending, int64_t now_ms,
             weir_finish *finish)
{
    const weir_task_info *task = finish->claim->task;

    finish->error = reason_of(ending);
    tell_error(rules, finish, WEIR_RETRY, finish->error);
    finish->counted = rules->is_failure == NULL ||
                      rules->is_failure(task, finish->error, rules->is_failure_arg);
    if (finish->counted && task->retried >= task->max_retry) {
        finish->kind = WEIR_FINISH_ARCHIVE;
    } else {
        finish->kind = WEIR_FINISH_RETRY;
        finish->at_ms = now_ms + delay_of(rules, task, finish->error);
    }
    if (finish->kind == WEIR_FINISH_RETRY && is_too_late(task, finish->at_ms)) {
        finish->kind = WEIR_FINISH_ARCHIVE;
        finish->counted = false;
    }
    log_failure(rules, finish, now_ms);
}

static void
decide_skip_retry(const struct weir__rules *rules, const struct weir__ending *ending,
                  int64_t now_ms, weir_finish *finish)
{
    finish->kind = WEIR_FINISH_ARCHIVE;
    finish->error = ending->error != NULL ? ending->error : WEIR__TEXT_SKIP_RETRY;
    tell_error(rules, finish, WEIR_SKIP_RETRY, finish->error);
    log_failure(rules, finish, now_ms);
}

static void
decide_revoke(const struct weir__rules *rules, const struct weir__ending *ending, int64_t now_ms,
              weir_finish *finish)
{
    (void)now_ms;
    finish->kind = WEIR_FINISH_DONE;
    tell_error(rules, finish, WEIR_REVOKE,
               ending->error != NULL ? ending->error : WEIR__TEXT_REVOKE);
}

static void
decide_snooze(const struct weir__rules *rules, const struct weir__ending *ending, int64_t now_ms,
              weir_finish *finish)
{
    int64_t delay_ms = ending->snooze_ms;

    (void)rules;
    finish->kind = WEIR_FINISH_RETRY;
    finish->at_ms = now_ms + (delay_ms < WEIR_RETRY_MAX_MS ? delay_ms : WEIR_RETRY_MAX_MS);
}

static decide_fn *const deciders[] = {
    [WEIR_DONE] = decide_done,
    [WEIR_RETRY] = decide_retry,
    [WEIR_SKIP_RETRY] = decide_skip_retry,
    [WEIR_REVOKE] = decide_revoke,
    [WEIR_SNOOZE] = decide_snooze,
};

/* A person's word on what becomes of a cancelled task stands above the wish to try again. */
static struct weir__ending
heed_cancel(const struct weir__ending *ending)
{
    struct weir__ending heeded = *ending;
    bool again = ending->outcome == WEIR_RETRY || ending->outcome == WEIR_SNOOZE;

    if (!again || ending->cancel_mode <= WEIR_CANCEL_RETRY)
        return heeded;
    heeded.outcome = ending->cancel_mode == WEIR_CANCEL_ARCHIVE ? WEIR_SKIP_RETRY : WEIR_REVOKE;
    heeded.error = reason_of(ending);
    return heeded;
}

void
weir__outcome_decide(const struct weir__rules *rules, const weir_claim *claim,
                     const struct weir__ending *ending, int64_t now_ms, weir_finish *finish)
{
    const struct weir__ending heeded = heed_cancel(ending);
    size_t outcome = (size_t)heeded.outcome;
    bool known = outcome < sizeof(deciders) / sizeof(deciders[0]);

    *finish = (weir_finish){.claim = claim};
    (known ? deciders[outcome] : decide_retry)(rules, &heeded, now_ms, finish);
}

void
weir__outcome_give_back(const weir_claim *claim, weir_finish *finish)
{
    *finish = (weir_finish){.claim = claim, .kind = WEIR_FINISH_REQUEUE};
}

/* What became of a task, by kind and by whether it was counted. */
static const weir_change changes[][2] = {
    [WEIR_FINISH_DONE] = {WEIR_CHANGE_DONE, WEIR_CHANGE_DONE},
    [WEIR_FINISH_COMPLETE] = {WEIR_CHANGE_COMPLETED, WEIR_CHANGE_COMPLETED},
    [WEIR_FINISH_RETRY] = {WEIR_CHANGE_POSTPONED, WEIR_CHANGE_RETRY},
    [WEIR_FINISH_ARCHIVE] = {WEIR_CHANGE_ARCHIVED, WEIR_CHANGE_EXHAUSTED},
    [WEIR_FINISH_REQUEUE] = {WEIR_CHANGE_REQUEUED, WEIR_CHANGE_REQUEUED},
};

weir_change_event
weir__outcome_event(const weir_finish *finish)
{
    return (weir_change_event){
        .task = finish->claim->task,
        .change = changes[finish->kind][finish->counted ? 1 : 0],
        .at_ms = finish->at_ms,
        .error = finish->error,
    };
}

void
weir__outcome_tell(const struct weir__rules *rules, const weir_finish *finish)
{
    if (rules->on_change == NULL) {
        return;
    }
    weir_change_event event = weir__outcome_event(finish);
    rules->on_change(&event, rules->on_change_arg);
}

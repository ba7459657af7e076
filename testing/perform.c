/* SPDX-License-Identifier: MIT */
/*
 * Running handlers on the thread of the test. A claim goes into a job of the server's slot, the pool's function runs it and
 * decides what becomes of it, and the outcome that it leaves for the mover is brought to the broker here.
 */
#include <config.h>

#include "prepare.h"
#include "testing.h"

#include <stdlib.h>
#include <string.h>

/* ---- waiting in a handler ---- */

/* A person may have cancelled the task through the inspector. */
static void
heed_cancellation(weir_testing *testing, struct weir__slot *slot)
{
    weir_extend_item item = {.claim = &slot->job->claim};

    if (testing->performs) {
        return;
    }
    int code = weir__extend(testing->broker, testing->server->settings.lease_ms, &item, 1,
                            &testing->trouble);
    if (code == 0 && item.result == 0 && item.cancelled != WEIR_CANCEL_NONE) {
        weir__context_cancel_as(&slot->context, item.cancelled);
    } else if (code == 0 && item.result != 0) {
        weir__context_cancel(&slot->context, WEIR_E_CANCELED);
    }
}

/* The clock moves in place of the handler's sleep, not beyond its end. */
static void
pass_in_handler(void *arg, int64_t timeout_ms)
{
    weir_testing *testing = arg;
    struct weir__slot *slot = testing->slot;
    int64_t boot_ms = weir__broker_boot_ms(testing->broker);
    int64_t left_ms = slot->end_boot_ms == WEIR_NEVER ? WEIR_NEVER : slot->end_boot_ms - boot_ms;

    heed_cancellation(testing, slot);
    if (weir_context_cancelled(&slot->context) != 0) {
        return;
    }
    if (timeout_ms < 0 && left_ms == WEIR_NEVER) {
        weir__context_cancel(&slot->context, WEIR_E_CANCELED);
        return;
    }
    int64_t ms = timeout_ms < 0 || left_ms < timeout_ms ? left_ms : timeout_ms;
    weir__testing_pass(testing, ms, &testing->trouble);
    heed_cancellation(testing, slot);
}

/* ---- an attempt ---- */

/* Has the server's slot begin with the claim, which it owns from then on, and runs it. Returns the job with its outcome. */
static struct weir__job *
attempt(weir_testing *testing, const weir_claim *claim, bool performs)
{
    weir_server *server = testing->server;
    struct weir__slot *slot = server->slots[0];
    struct weir__job *job = calloc(1, sizeof(*job));

    if (job == NULL) {
        return NULL;
    }
    slot->context.pass = pass_in_handler;
    slot->context.pass_arg = testing;
    slot->context.show = performs ? NULL : weir__slot_show;
    testing->slot = slot;
    weir__slot_look_at_clocks(slot);
    pthread_mutex_lock(&server->lock);
    weir__job_hold(server, job, claim, WEIR_NEVER);
    weir__slot_begin(slot, job);
    weir__slot_run(slot);
    weir__jobs_shift(&server->outcomes);
    pthread_mutex_unlock(&server->lock);
    testing->slot = NULL;
    return job;
}

static void
drop_attempt(weir_testing *testing)
{
    weir_task_info_free(testing->task);
    free(testing->error);
    free(testing->result);
    testing->task = NULL;
    testing->error = NULL;
    testing->result = NULL;
    testing->attempt = (weir_attempt){0};
}

/* Copies what is lost when the job is cleared. The result is still the context's where nothing is kept of the task. */
static int
keep_attempt(weir_testing *testing, const struct weir__job *job, weir_error *err)
{
    const struct weir_context *ctx = &testing->server->slots[0]->context;
    weir_change_event event = weir__outcome_event(&job->finish);
    const void *result = ctx->has_result ? ctx->result : job->finish.result;
    size_t len = ctx->has_result ? ctx->result_len : job->finish.result_len;
    bool ok = true;

    testing->task = weir_task_info_copy(job->claim.task);
    if (event.error != NULL) {
        testing->error = strdup(event.error);
        ok = testing->error != NULL;
    }
    if (result != NULL) {
        testing->result = malloc(len + 1);
        ok = ok && testing->result != NULL;
    }
    if (testing->task == NULL || !ok) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    if (result != NULL) {
        memcpy(testing->result, result, len);
    }
    testing->attempt = (weir_attempt){.task = testing->task,
                                      .change = event.change,
                                      .at_ms = event.at_ms,
                                      .error = testing->error,
                                      .result = testing->result,
                                      .result_len = len};
    return 0;
}

/* What the handler brought about by waiting counts, and then the commit. */
static int
commit(weir_testing *testing, const struct weir__job *job, weir_error *err)
{
    weir_finish finish = job->finish;
    const weir_task_info *task = job->claim.task;
    int code;

    if (testing->trouble.code != 0) {
        weir_error_set(err, testing->trouble.code, "%s", testing->trouble.text);
    }
    if (testing->performs) {
        return testing->trouble.code;
    }
    code = weir__consume(testing->broker, &finish, 1, NULL, 0, NULL, NULL, err);
    if (code == 0 && finish.outcome != 0) {
        return weir_error_set(err, finish.outcome, "the outcome of task %s in %s was refused: %s",
                              task->id, task->queue, weir_strerror(finish.outcome));
    }
    if (code == 0) {
        weir__outcome_tell(&testing->server->settings.rules, &finish);
    }
    return code != 0 ? code : testing->trouble.code;
}

/* Uncounted, to where it was; a claim that the store knows nothing of only goes. */
static void
give_back(weir_testing *testing, const weir_claim *claim, bool performs)
{
    weir_claim mine = *claim;
    weir_finish back;

    if (!performs) {
        weir__outcome_give_back(&mine, &back);
        weir__consume(testing->broker, &back, 1, NULL, 0, NULL, NULL, NULL);
    }
    weir__claim_release(&mine);
}

/* Runs the claim's handler; the claim is not the caller's any more then. */
static int
run_claim(weir_testing *testing, const weir_claim *claim, bool performs, weir_error *err)
{
    weir_server *server = testing->server;

    drop_attempt(testing);
    weir_error_clear(&testing->trouble);
    testing->performs = performs;
    struct weir__job *job = attempt(testing, claim, performs);
    if (job == NULL) {
        give_back(testing, claim, performs);
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    int kept = keep_attempt(testing, job, err);
    int code = commit(testing, job, err);
    pthread_mutex_lock(&server->lock);
    weir__job_settle(server, job);
    pthread_mutex_unlock(&server->lock);
    weir__job_free(job);
    return code != 0 ? code : kept;
}

static int
give(const weir_testing *testing, const weir_attempt **attempt, int code)
{
    if (attempt != NULL) {
        *attempt = testing->task != NULL ? &testing->attempt : NULL;
    }
    return code;
}

int
weir__testing_can_run(const weir_testing *testing, const char *what, weir_error *err)
{
    int code = weir__testing_outside(testing, what, err);

    if (code == 0 && testing->no_mux != NULL) {
        code = weir_error_set(err, WEIR_E_STATE,
                              "%s: the testing mode has no mux, so no handlers to run", what);
    }
    return code;
}

/* ---- a task without the store ---- */

int
weir_testing_perform(weir_testing *testing, const weir_task *task, const weir_attempt **attempt,
                     weir_error *err)
{
    struct weir__arena arena = {0};
    struct weir__prepared prepared;
    weir_claim claim = {.token = 1, .started = true};
    int code = weir__testing_can_run(testing, "perform", err);

    if (attempt != NULL) {
        *attempt = NULL;
    }
    if (code == 0) {
        code = weir_client_check(testing->client, task, err);
    }
    if (code != 0) {
        return code;
    }
    code = weir__prepare(&prepared, task, &testing->clock.clock, weir_testing_now_ms(testing),
                         &arena, err);
    if (code == 0) {
        claim.task = weir_task_info_copy(&prepared.info);
        code = claim.task != NULL ? 0 : weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    weir__arena_release(&arena);
    return code == 0 ? give(testing, attempt, run_claim(testing, &claim, true, err)) : code;
}

/* ---- tasks of the store ---- */

static int
check_served(const weir_testing *testing, const char *queue, weir_error *err)
{
    const struct weir__queue_set *set = testing->order_set;

    if (queue == NULL || testing->all_queues) {
        return 0;
    }
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->names[i], queue) == 0) {
            return 0;
        }
    }
    return weir_error_set(err, WEIR_E_INVALID,
                          "the queue \"%s\" is not among those that the options serve", queue);
}

/* Takes one task; WEIR_E_NO_TASK when there is none. */
static int
take(weir_testing *testing, const char *queue, weir_claim *claim, weir_error *err)
{
    weir_take_queue one = {.name = queue, .want = 1};
    weir__claims claims = {.items = claim};
    weir__want want = {.queues = &one,
                       .queue_count = 1,
                       .max = 1,
                       .start = 1,
                       .lease_ms = testing->server->settings.lease_ms};

    if (queue == NULL) {
        want.queues = weir__order_plan(&testing->order, 1);
        want.queue_count = testing->order.count;
    }
    int code = weir__consume(testing->broker, NULL, 0, NULL, 0, &want, &claims, err);
    if (code != 0) {
        return code;
    }
    if (queue == NULL && claims.count > 0) {
        weir__order_took(&testing->order, claim->task->queue);
    }
    if (queue == NULL) {
        weir__order_settle(&testing->order);
    }
    return claims.count > 0 ? 0 : WEIR_E_NO_TASK;
}

int
weir_testing_run(weir_testing *testing, const char *queue, const weir_attempt **attempt,
                 weir_error *err)
{
    weir_claim claim = {0};
    int64_t next_ms;
    int code = weir__testing_can_run(testing, "run", err);

    if (attempt != NULL) {
        *attempt = NULL;
    }
    if (code == 0) {
        code = check_served(testing, queue, err);
    }
    if (code == 0) {
        code = weir__testing_turn(testing, &next_ms, err);
    }
    if (code == 0) {
        code = take(testing, queue, &claim, err);
    }
    if (code == WEIR_E_NO_TASK) {
        return weir_error_set(err, code, "no task is pending%s%s", queue != NULL ? " in " : "",
                              queue != NULL ? queue : "");
    }
    return code == 0 ? give(testing, attempt, run_claim(testing, &claim, false, err)) : code;
}

static void
count_attempt(const weir_testing *testing, weir_tally *tally)
{
    size_t *const counts[] = {
        [WEIR_CHANGE_DONE] = &tally->done,         [WEIR_CHANGE_COMPLETED] = &tally->completed,
        [WEIR_CHANGE_RETRY] = &tally->retry,       [WEIR_CHANGE_POSTPONED] = &tally->postponed,
        [WEIR_CHANGE_ARCHIVED] = &tally->archived, [WEIR_CHANGE_EXHAUSTED] = &tally->exhausted,
        [WEIR_CHANGE_REQUEUED] = &tally->requeued,
    };

    ++tally->attempts;
    ++*counts[testing->attempt.change];
}

/* Runs what is pending now; *ran tells how many. */
static int
run_pending(weir_testing *testing, const char *queue, weir_tally *tally, size_t *left, size_t *ran,
            weir_error *err)
{
    weir_claim claim = {0};
    int code;

    *ran = 0;
    while ((code = take(testing, queue, &claim, err)) == 0) {
        if (*left == 0) {
            give_back(testing, &claim, false);
            return weir_error_set(err, WEIR_E_TIMEOUT,
                                  "%zu attempts were made and there are tasks still: does one "
                                  "enqueue itself?",
                                  testing->most_attempts);
        }
        --*left;
        ++*ran;
        code = run_claim(testing, &claim, false, err);
        if (code != 0) {
            return code;
        }
        count_attempt(testing, tally);
        code = weir__testing_fit_queues(testing, err);
        if (code != 0) {
            return code;
        }
    }
    return code == WEIR_E_NO_TASK ? 0 : code;
}

int
weir__testing_exhaust(weir_testing *testing, const char *queue, weir_tally *tally, size_t *left,
                      int64_t *next_at_ms, weir_error *err)
{
    size_t ran;
    int code;

    do {
        ran = 0;
        code = weir__testing_turn(testing, next_at_ms, err);
        if (code == 0) {
            code = run_pending(testing, queue, tally, left, &ran, err);
        }
    } while (code == 0 && ran > 0);
    return code;
}

int
weir_testing_drain(weir_testing *testing, const char *queue, weir_tally *tally, weir_error *err)
{
    weir_tally unasked;
    int64_t next_ms;
    int code = weir__testing_can_run(testing, "drain", err);

    tally = tally != NULL ? tally : &unasked;
    *tally = (weir_tally){0};
    if (code == 0) {
        code = check_served(testing, queue, err);
    }
    if (code != 0) {
        return code;
    }
    size_t left = testing->most_attempts;
    return weir__testing_exhaust(testing, queue, tally, &left, &next_ms, err);
}

/* SPDX-License-Identifier: MIT */
/* Finishing: what each outcome does to the task and the counters, and which claims are refused. */
#include <config.h>

#include "kit.h"

#include <stdio.h>

static weir_claim *
put_and_take(const char *id)
{
    OK(PUT(.queue = "alpha", .id = id, .max_retry = 3));
    return take("alpha");
}

static void
done_deletes_the_task_and_counts_it_as_processed(void)
{
    OK(FINISH(put_and_take("a"), DONE));
    IS(state_of("alpha", "a"), WEIR_STATE_NONE);
    IS(queue_info("alpha").size, 0);
    COUNTED("alpha", 1, 0);
}

static void
complete_keeps_the_task_and_its_result(void)
{
    const weir_task_info *task;

    OK(FINISH(put_and_take("a"), COMPLETE, .at_ms = START_MS + HOUR, .result = "r\0s",
              .result_len = 3));
    task = look("alpha", "a");
    MUST(task != NULL);
    IS(task->state, WEIR_STATE_COMPLETED);
    IS(task->state_since_ms, START_MS);
    IS(task->result_len, 3);
    OK(memcmp(task->result, "r\0s", 3));
    COUNTED("alpha", 1, 0);
}

static void
complete_without_a_result_has_none(void)
{
    OK(FINISH(put_and_take("a"), COMPLETE, .at_ms = START_MS + HOUR));
    IS(look("alpha", "a")->result == NULL, true);
}

static void
a_counted_retry_is_a_failure(void)
{
    const weir_task_info *task;

    manual_clock_advance(&now, 5);
    OK(FINISH(put_and_take("a"), RETRY, .at_ms = START_MS + 1500, .counted = true,
              .error = "bad day"));
    task = look("alpha", "a");
    MUST(task != NULL);
    IS(task->state, WEIR_STATE_RETRY);
    IS(task->retried, 1);
    IS(task->next_process_at_ms, START_MS + 1500);
    SAME(task->last_error, "bad day");
    IS(task->last_failed_at_ms, START_MS + 5);
    COUNTED("alpha", 1, 1);
}

static void
a_retry_that_is_not_counted_changes_no_number(void)
{
    const weir_task_info *task;

    OK(FINISH(put_and_take("a"), RETRY, .at_ms = START_MS + 1500, .error = "not a failure"));
    task = look("alpha", "a");
    IS(task->retried, 0);
    SAME(task->last_error, "not a failure");
    COUNTED("alpha", 0, 0);
}

static void
a_snooze_leaves_the_error_text_as_it_was(void)
{
    OK(FINISH(put_and_take("a"), RETRY, .at_ms = START_MS, .counted = true, .error = "first"));
    manual_clock_advance(&now, 10);
    IS(forward("alpha", 1, NULL), 1);
    OK(FINISH(take("alpha"), RETRY, .at_ms = START_MS + 100));
    SAME(look("alpha", "a")->last_error, "first");
    IS(look("alpha", "a")->last_failed_at_ms, START_MS);
    IS(look("alpha", "a")->retried, 1);
}

static void
archive_keeps_the_task_with_its_error(void)
{
    const weir_task_info *task;

    manual_clock_advance(&now, 7);
    OK(FINISH(put_and_take("a"), ARCHIVE, .error = "hopeless"));
    task = look("alpha", "a");
    MUST(task != NULL);
    IS(task->state, WEIR_STATE_ARCHIVED);
    IS(task->state_since_ms, START_MS + 7);
    IS(task->retried, 0);
    SAME(task->last_error, "hopeless");
    IS(task->last_failed_at_ms, START_MS + 7);
    COUNTED("alpha", 1, 1);
}

static void
requeue_puts_the_task_at_the_head(void)
{
    weir_claim *claim;

    put_all("alpha", "a b c");
    claim = take("alpha");
    OK(FINISH(claim, REQUEUE));
    IDS("alpha", PENDING, "a b c");
    IS(look("alpha", "a")->retried, 0);
    COUNTED("alpha", 0, 0);
    SAME(take("alpha")->task->id, "a");
}

static void
requeued_tasks_of_one_call_keep_their_order(void)
{
    weir_claim *claims[4];
    weir_finish finishes[4];

    put_all("alpha", "a b c d e");
    MUST(take_some(store, "alpha", 4, 2, claims) == 4);
    for (size_t i = 0; i < 4; i++)
        finishes[i] = (weir_finish){.claim = claims[i], .kind = WEIR_FINISH_REQUEUE};
    finishes[1].kind = WEIR_FINISH_DONE;
    OK(weir__consume(store, finishes, 4, NULL, 0, NULL, NULL, NULL));
    IDS("alpha", PENDING, "a c d e");
    SAME(take("alpha")->task->id, "a");
    SAME(take("alpha")->task->id, "c");
}

static void
a_finish_frees_the_task_of_its_lease(void)
{
    weir_claim *claims[2];

    OK(FINISH(put_and_take("a"), REQUEUE));
    pass_lease();
    IS(recover("alpha", 2, claims), 0);
}

static void
a_stale_token_is_refused_and_changes_nothing(void)
{
    static const weir_finish_kind kinds[] = {WEIR_FINISH_DONE, WEIR_FINISH_COMPLETE,
                                             WEIR_FINISH_RETRY, WEIR_FINISH_ARCHIVE,
                                             WEIR_FINISH_REQUEUE};
    weir_claim *stale = put_and_take("a");
    weir_claim *present;

    OK(FINISH(stale, REQUEUE));
    present = take("alpha");
    for (size_t i = 0; i < 5; i++) {
        weir_finish finish = {.claim = stale,
                              .kind = kinds[i],
                              .at_ms = START_MS + HOUR,
                              .counted = true,
                              .error = "late",
                              .result = "late",
                              .result_len = 4};

        IS(finish_one(store, &finish), WEIR_E_STALE);
        IS(state_of("alpha", "a"), WEIR_STATE_ACTIVE);
    }
    IS(look("alpha", "a")->last_error == NULL, true);
    IS(look("alpha", "a")->retried, 0);
    COUNTED("alpha", 0, 0);
    OK(FINISH(present, DONE));
}

static void
a_second_finish_is_refused_and_changes_nothing(void)
{
    weir_claim *claim = put_and_take("a");

    OK(FINISH(claim, DONE));
    IS(FINISH(claim, DONE), WEIR_E_STALE);
    IS(FINISH(claim, RETRY, .at_ms = START_MS, .error = "x"), WEIR_E_STALE);
    IS(state_of("alpha", "a"), WEIR_STATE_NONE);
    COUNTED("alpha", 1, 0);
    claim = put_and_take("b");
    OK(FINISH(claim, COMPLETE, .at_ms = START_MS + HOUR));
    IS(FINISH(claim, ARCHIVE, .error = "x"), WEIR_E_STALE);
    IS(state_of("alpha", "b"), WEIR_STATE_COMPLETED);
    COUNTED("alpha", 2, 0);
}

static void
a_new_task_under_an_old_id_is_safe_from_the_old_token(void)
{
    weir_claim *old = put_and_take("a");

    OK(FINISH(old, DONE));
    OK(PUT(.queue = "alpha", .id = "a"));
    IS(FINISH(old, DONE), WEIR_E_STALE);
    MUST(take("alpha") != NULL);
    IS(FINISH(old, DONE), WEIR_E_STALE);
    IS(state_of("alpha", "a"), WEIR_STATE_ACTIVE);
}

static void
a_stale_claim_in_a_batch_does_not_touch_the_others(void)
{
    weir_claim *claims[4];
    weir_finish all[4];

    put_all("alpha", "a b c d");
    MUST(take_some(store, "alpha", 4, 4, claims) == 4);
    OK(FINISH(claims[1], DONE));
    for (int i = 0; i < 4; i++)
        all[i] = (weir_finish){.claim = claims[i], .kind = WEIR_FINISH_DONE, .outcome = 1};
    all[2].kind = WEIR_FINISH_REQUEUE;
    OK(weir__consume(store, all, 4, NULL, 0, NULL, NULL, NULL));
    IS(all[0].outcome, 0);
    IS(all[1].outcome, WEIR_E_STALE);
    IS(all[2].outcome, 0);
    IS(all[3].outcome, 0);
    IDS("alpha", PENDING, "c");
    COUNTED("alpha", 3, 0);
}

static void
one_claim_twice_in_a_batch_is_finished_once(void)
{
    weir_claim *claim = put_and_take("a");
    weir_finish both[] = {{.claim = claim, .kind = WEIR_FINISH_DONE, .outcome = 1},
                          {.claim = claim, .kind = WEIR_FINISH_DONE, .outcome = 1}};

    OK(weir__consume(store, both, 2, NULL, 0, NULL, NULL, NULL));
    IS(both[0].outcome, 0);
    IS(both[1].outcome, WEIR_E_STALE);
    COUNTED("alpha", 1, 0);
}

static void
a_batch_may_finish_tasks_of_several_queues(void)
{
    weir_finish both[2] = {{.kind = WEIR_FINISH_DONE, .outcome = 1},
                           {.kind = WEIR_FINISH_ARCHIVE, .error = "no", .outcome = 1}};

    put_all("alpha", "a");
    put_all("beta", "a");
    both[0].claim = take("alpha");
    both[1].claim = take("beta");
    OK(weir__consume(store, both, 2, NULL, 0, NULL, NULL, NULL));
    OK(both[0].outcome + both[1].outcome);
    COUNTED("alpha", 1, 0);
    COUNTED("beta", 1, 1);
}

static void
a_token_proves_a_claim_only_with_its_task_and_queue(void)
{
    weir_claim *claims[2];
    weir_claim *other;
    weir_claim forged;

    put_all("alpha", "a b");
    put_all("beta", "a");
    MUST(take_some(store, "alpha", 1, 1, claims) == 1 && take("alpha") != NULL);
    other = take("beta");
    OK(FINISH(claims[0], REQUEUE));
    forged = *claims[0];
    forged.task = other->task;
    IS(FINISH(&forged, DONE) == 0, forged.token == other->token && forged.ref == other->ref);
    IS(state_of("alpha", "a"), WEIR_STATE_PENDING);
    IS(state_of("alpha", "b"), WEIR_STATE_ACTIVE);
}

static void
a_long_error_text_that_is_not_ascii_is_kept(void)
{
    char text[5000];

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = "äöü"[i % 6];
    text[4998] = '\0';
    OK(FINISH(put_and_take("a"), ARCHIVE, .error = text));
    SAME(look("alpha", "a")->last_error, text);
}

static const CU_TestInfo cases[] = {
    CASE(done_deletes_the_task_and_counts_it_as_processed),
    CASE(complete_keeps_the_task_and_its_result),
    CASE(complete_without_a_result_has_none),
    CASE(a_counted_retry_is_a_failure),
    CASE(a_retry_that_is_not_counted_changes_no_number),
    CASE(a_snooze_leaves_the_error_text_as_it_was),
    CASE(archive_keeps_the_task_with_its_error),
    CASE(requeue_puts_the_task_at_the_head),
    CASE(requeued_tasks_of_one_call_keep_their_order),
    CASE(a_finish_frees_the_task_of_its_lease),
    CASE(a_stale_token_is_refused_and_changes_nothing),
    CASE(a_second_finish_is_refused_and_changes_nothing),
    CASE(a_new_task_under_an_old_id_is_safe_from_the_old_token),
    CASE(a_stale_claim_in_a_batch_does_not_touch_the_others),
    CASE(one_claim_twice_in_a_batch_is_finished_once),
    CASE(a_batch_may_finish_tasks_of_several_queues),
    CASE(a_token_proves_a_claim_only_with_its_task_and_queue),
    CASE(a_long_error_text_that_is_not_ascii_is_kept),
    CASES_END,
};

CASES(finish);

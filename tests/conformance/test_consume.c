/* SPDX-License-Identifier: MIT */
/* Taking tasks: order, wants, starts, and what a claim carries. Threads are in test_crowd.c. */
#include <config.h>

#include "keep.h"
#include "kit.h"

#include <stdio.h>

/* Takes from several queues; the ids in the order in which they were given. */
static const char *
take_from(weir_take_queue *queues, size_t count, size_t max)
{
    static char text[1000];
    weir_claim items[100];
    weir__claims held = {items, 0};
    weir__want want = {queues, count, max, max, LEASE_MS, 0};
    size_t len = 0;

    text[0] = '\0';
    OK(weir__consume(store, NULL, 0, NULL, 0, &want, &held, NULL));
    for (size_t i = 0; i < held.count; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? " " : "",
                                items[i].task->id);
        keep_claim(&items[i]);
    }
    return text;
}

static void
put_three_queues(void)
{
    put_all("alpha", "a1 a2 a3 a4 a5");
    put_all("beta", "b1 b2 b3 b4 b5");
    put_all("gamma", "c1 c2");
}

static void
tasks_are_taken_oldest_first(void)
{
    weir_claim *claims[10];

    put_all("alpha", "c a b");
    IS(take_some(store, "alpha", 10, 10, claims), 3);
    SAME(claims[0]->task->id, "c");
    SAME(claims[1]->task->id, "a");
    SAME(claims[2]->task->id, "b");
}

static void
a_taken_task_is_active_under_a_token(void)
{
    weir_claim *claim;

    put_all("alpha", "a");
    claim = take("alpha");
    MUST(claim != NULL);
    IS(claim->token != 0, true);
    IS(claim->started, true);
    IS(claim->task->state, WEIR_STATE_ACTIVE);
    IDS("alpha", ACTIVE, "a");
    IDS("alpha", PENDING, "");
    IS(look("alpha", "a")->is_orphaned, false);
    IS(take("alpha") == NULL, true);
}

static void
two_leases_on_one_task_have_different_tokens(void)
{
    uint64_t seen[20];

    put_all("alpha", "a");
    for (int i = 0; i < 20; i++) {
        weir_claim *claim = take("alpha");

        MUST(claim != NULL);
        seen[i] = claim->token;
        for (int k = 0; k < i; k++)
            IS(seen[k] != seen[i], true);
        OK(FINISH(claim, REQUEUE));
    }
}

static void
each_queue_gives_its_want_in_the_order_given(void)
{
    weir_take_queue queues[] = {{"beta", 2, 0}, {"alpha", 1, 0}, {"gamma", 1, 0}};

    put_three_queues();
    SAME(take_from(queues, 3, 4), "b1 b2 a1 c1");
}

static void
what_is_missing_is_filled_up_from_queues_that_have_more(void)
{
    weir_take_queue queues[] = {{"beta", 1, 0}, {"alpha", 1, 0}, {"gamma", 1, 0}};

    put_three_queues();
    SAME(take_from(queues, 3, 5), "b1 a1 c1 b2 b3");
}

static void
filling_goes_on_to_the_next_queue_when_one_is_empty(void)
{
    weir_take_queue queues[] = {{"gamma", 1, 0}, {"none", 3, 0}, {"alpha", 1, 0}};

    put_three_queues();
    SAME(take_from(queues, 3, 6), "c1 a1 c2 a2 a3 a4");
}

static void
a_queue_without_a_want_is_only_for_filling_up(void)
{
    weir_take_queue queues[] = {{"alpha", 0, 0}, {"gamma", 3, 0}};

    put_three_queues();
    SAME(take_from(queues, 2, 3), "c1 c2 a1");
}

static void
never_more_than_max_is_taken(void)
{
    weir_take_queue queues[] = {{"alpha", 2, 0}, {"beta", 2, 0}};

    put_three_queues();
    SAME(take_from(queues, 2, 4), "a1 a2 b1 b2");
    SAME(take_from(&(weir_take_queue){"gamma", 0, 0}, 1, 0), "");
    IDS("gamma", PENDING, "c1 c2");
}

static void
left_is_zero_for_an_empty_queue_and_not_for_a_full_one(void)
{
    weir_take_queue queues[] = {{"gamma", 2, 7}, {"alpha", 2, 7}, {"none", 0, 7}};

    put_three_queues();
    SAME(take_from(queues, 3, 4), "c1 c2 a1 a2");
    IS(queues[0].left, 0);
    IS(queues[1].left > 0, true);
    IS(queues[2].left, 0);
}

static void
a_paused_queue_gives_nothing_and_its_active_tasks_can_be_finished(void)
{
    weir_take_queue queues[] = {{"alpha", 2, 7}, {"gamma", 2, 7}};
    weir_claim *claim;

    NEED(STEER);
    put_three_queues();
    claim = take("alpha");
    OK(weir__pause(store, "alpha", true, NULL));
    SAME(take_from(queues, 2, 4), "c1 c2");
    IS(queues[0].left, 0);
    OK(FINISH(claim, DONE));
    OK(weir__pause(store, "alpha", false, NULL));
    SAME(take("alpha")->task->id, "a2");
}

static void
the_first_so_many_are_started_and_the_others_are_not(void)
{
    weir_claim *claims[3];

    put_all("alpha", "a b c");
    MUST(take_some(store, "alpha", 3, 2, claims) == 3);
    IS(claims[0]->started, true);
    IS(claims[1]->started, true);
    IS(claims[2]->started, false);
}

static void
a_start_is_committed_once_the_token_holds(void)
{
    weir_claim *claim;

    put_all("alpha", "a");
    claim = take_ahead("alpha");
    MUST(claim != NULL);
    IS(claim->started, false);
    OK(start_one(claim));
    claim->started = true;
    OK(FINISH(claim, DONE));
    COUNTED("alpha", 1, 0);
}

static void
a_start_under_a_stale_token_is_refused(void)
{
    weir_claim *claim;

    put_all("alpha", "a");
    claim = take_ahead("alpha");
    OK(FINISH(claim, REQUEUE));
    IS(start_one(claim), WEIR_E_STALE);
    IS(state_of("alpha", "a"), WEIR_STATE_PENDING);
    MUST(take("alpha") != NULL);
    IS(start_one(claim), WEIR_E_STALE);
}

static void
finishing_a_task_that_never_started_is_allowed_only_as_requeue(void)
{
    weir_claim *claim;

    put_all("alpha", "a");
    claim = take_ahead("alpha");
    IS(FINISH(claim, DONE) != 0, true);
    IS(state_of("alpha", "a"), WEIR_STATE_ACTIVE);
    COUNTED("alpha", 0, 0);
    OK(FINISH(claim, REQUEUE));
    IS(state_of("alpha", "a"), WEIR_STATE_PENDING);
}

static void
of_those_that_may_start_soon_none_on_its_last_attempt_is_started(void)
{
    weir_claim *claims[4];

    OK(PUT(.queue = "alpha", .id = "a"));
    OK(PUT(.queue = "alpha", .id = "b", .max_retry = 1));
    OK(PUT(.queue = "alpha", .id = "c"));
    OK(PUT(.queue = "alpha", .id = "d", .max_retry = 1));
    MUST(take_soon("alpha", 4, 1, claims) == 4);
    IS(claims[0]->started, true);
    IS(claims[2]->started, false);
    OK(FINISH(claims[0], DONE));
    IS(FINISH(claims[2], DONE) != 0, true);
    for (size_t i = 1; i < 4; i++) {
        if (claims[i]->started)
            OK(FINISH(claims[i], DONE));
        else
            OK(FINISH(claims[i], REQUEUE));
    }
}

static void
finishes_are_done_before_takes(void)
{
    weir_take_queue from = {"alpha", 1, 0};
    weir__want want = {&from, 1, 1, 1, LEASE_MS, 0};
    weir_claim item;
    weir__claims held = {&item, 0};
    weir_finish back = {.kind = WEIR_FINISH_REQUEUE, .outcome = 1};

    put_all("alpha", "a b");
    back.claim = take("alpha");
    OK(weir__consume(store, &back, 1, NULL, 0, &want, &held, NULL));
    OK(back.outcome);
    MUST(held.count == 1);
    SAME(item.task->id, "a");
    keep_claim(&item);
}

static void
a_claim_carries_every_field_of_its_task(void)
{
    static const weir_header headers[] = {{"h", "v"}};
    static const weir_task_info task = {.id = "a",
                                        .type = "email:deliver",
                                        .queue = "alpha",
                                        .payload = "x\0y",
                                        .payload_len = 3,
                                        .max_retry = 7,
                                        .timeout_ms = 1234,
                                        .deadline_ms = START_MS + 99999,
                                        .retention_ms = 777,
                                        .unique_key = "unique:k",
                                        .headers = headers,
                                        .header_count = 1,
                                        .state = WEIR_STATE_PENDING};
    const weir_task_info *got;

    OK(put_task(store, &task, HOUR));
    OK(FINISH(take("alpha"), RETRY, .at_ms = START_MS, .counted = true, .error = "why"));
    IS(forward("alpha", 1, NULL), 1);
    got = take("alpha")->task;
    SAME(got->id, "a");
    SAME(got->type, "email:deliver");
    SAME(got->queue, "alpha");
    IS(got->payload_len, 3);
    OK(memcmp(got->payload, "x\0y", 3));
    IS(got->max_retry, 7);
    IS(got->retried, 1);
    SAME(got->last_error, "why");
    IS(got->last_failed_at_ms, START_MS);
    IS(got->timeout_ms, 1234);
    IS(got->deadline_ms, START_MS + 99999);
    IS(got->retention_ms, 777);
    SAME(got->unique_key, "unique:k");
    SAME(weir_task_info_header(got, "h"), "v");
}

static const CU_TestInfo cases[] = {
    CASE(tasks_are_taken_oldest_first),
    CASE(a_taken_task_is_active_under_a_token),
    CASE(two_leases_on_one_task_have_different_tokens),
    CASE(each_queue_gives_its_want_in_the_order_given),
    CASE(what_is_missing_is_filled_up_from_queues_that_have_more),
    CASE(filling_goes_on_to_the_next_queue_when_one_is_empty),
    CASE(a_queue_without_a_want_is_only_for_filling_up),
    CASE(never_more_than_max_is_taken),
    CASE(left_is_zero_for_an_empty_queue_and_not_for_a_full_one),
    CASE(a_paused_queue_gives_nothing_and_its_active_tasks_can_be_finished),
    CASE(the_first_so_many_are_started_and_the_others_are_not),
    CASE(a_start_is_committed_once_the_token_holds),
    CASE(a_start_under_a_stale_token_is_refused),
    CASE(finishing_a_task_that_never_started_is_allowed_only_as_requeue),
    CASE(of_those_that_may_start_soon_none_on_its_last_attempt_is_started),
    CASE(finishes_are_done_before_takes),
    CASE(a_claim_carries_every_field_of_its_task),
    CASES_END,
};

CASES(consume);

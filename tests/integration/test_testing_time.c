/* SPDX-License-Identifier: MIT */
/* Time that a test moves: due times, retries, retention, ticks, groups, waiting and deadlines. */
#include <config.h>

#include "harness.h"
#include "testbed.h"

#include <stdio.h>
#include <string.h>

static void
time_makes_scheduled_tasks_pending_at_their_time(void)
{
    enqueue((weir_task){.type = "done", .id = "s", .process_in_ms = HOUR});
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.attempts, 0);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, HOUR - 1, NULL), 0);
    CU_ASSERT_EQUAL(expect((weir_match){.id = "s", .state = WEIR_STATE_SCHEDULED}), 0);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 1, NULL), 0);
    CU_ASSERT_EQUAL(expect((weir_match){.id = "s", .state = WEIR_STATE_PENDING}), 0);
    CU_ASSERT_EQUAL(weir_testing_now_ms(testing), WEIR_TESTING_START_MS + HOUR);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, -1, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, INT64_MAX, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_testing_elapse(testing, -1, NULL, NULL), WEIR_E_INVALID);
}

static void
handlers_run_at_their_time_while_it_elapses(void)
{
    enqueue((weir_task){.type = "done", .process_in_ms = HOUR});
    CU_ASSERT_EQUAL(weir_testing_elapse(testing, 3 * HOUR, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.done, 1);
    CU_ASSERT_EQUAL(told_ms, WEIR_TESTING_START_MS + HOUR);
    CU_ASSERT_EQUAL(weir_testing_now_ms(testing), WEIR_TESTING_START_MS + 3 * HOUR);
}

static void
retries_are_made_until_they_are_used_up(void)
{
    enqueue((weir_task){.type = "fail", .id = "f", .max_retry = 3});
    CU_ASSERT_EQUAL(weir_testing_elapse(testing, DAY, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.attempts, 4);
    CU_ASSERT_EQUAL(tally.retry, 3);
    CU_ASSERT_EQUAL(tally.exhausted, 1);
    CU_ASSERT_EQUAL(expect((weir_match){.id = "f", .state = WEIR_STATE_ARCHIVED, .error = "3"}), 0);
}

static void
a_snoozed_task_waits_for_its_time(void)
{
    enqueue_type("snooze");
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.postponed, 1);
    CU_ASSERT_EQUAL(expect((weir_match){.process_in_ms = HOUR, .state = WEIR_STATE_RETRY}), 0);
    CU_ASSERT_EQUAL(weir_testing_elapse(testing, HOUR, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.done, 1);
}

static void
what_was_kept_for_long_enough_is_gone(void)
{
    enqueue((weir_task){.type = "done", .id = "kept", .retention_ms = HOUR});
    enqueue((weir_task){.type = "skip", .id = "archived"});
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, HOUR - 1000, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){0}), 2);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 2000, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){.id = "kept"}), 0);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 91 * DAY, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){0}), 0);
}

static void
what_has_a_time_of_its_own_in_the_archive_is_kept_for_that(void)
{
    enqueue((weir_task){.type = "skip", .id = "short", .archive_for_ms = HOUR});
    enqueue((weir_task){.type = "fail", .id = "long", .max_retry = 1, .archive_for_ms = 100 * DAY});
    enqueue((weir_task){.type = "fail", .id = "age", .max_retry = WEIR_NO_RETRY});
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(weir_testing_elapse(testing, HOUR / 2, &tally, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){.state = WEIR_STATE_ARCHIVED}), 3);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, HOUR / 2 + 10000, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){.id = "short"}), 0);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 91 * DAY, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){.id = "age"}), 0);
    CU_ASSERT_EQUAL(count((weir_match){.id = "long"}), 1);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 10 * DAY, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){0}), 0);
}

static void
a_unique_lock_ends_with_its_time(void)
{
    const weir_task task = {.type = "once", .unique_ms = HOUR};

    if (on_redis())
        HARNESS_SKIP("locks end by Redis's clock");
    CU_ASSERT_EQUAL(enqueue(task), 0);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, HOUR - 1, NULL), 0);
    CU_ASSERT_EQUAL(enqueue(task), WEIR_E_DUPLICATE);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 1, NULL), 0);
    CU_ASSERT_EQUAL(enqueue(task), 0);
}

static void
each_tick_of_a_periodic_task_comes(void)
{
    const weir_periodic entry = {
        .id = "hourly", .spec = "30 * * * *", .task = {.type = "done", .queue = "cron"}};
    const weir_server_options server = {.periodic = &entry, .periodic_count = 1};

    reopen((weir_testing_options){.server = &server});
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 30 * MINUTE - 1, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){.queue = "cron"}), 0);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 1, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){.queue = "cron"}), 1);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, DAY, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){.queue = "cron"}), 25);
    CU_ASSERT_EQUAL(weir_testing_elapse(testing, 30 * DAY, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.done, 25 + 30 * 24);
    CU_ASSERT_EQUAL(told_ms, WEIR_TESTING_START_MS + 31 * DAY + 30 * MINUTE);
}

static void
a_group_becomes_a_task_when_its_time_comes(void)
{
    const weir_server_options server = {.group = {.grace_ms = MINUTE, .max_size = 3}};

    reopen((weir_testing_options){.server = &server});
    if (enqueue((weir_task){.type = "part", .group = "g"}) == WEIR_E_UNSUPPORTED)
        HARNESS_SKIP("this broker has no groups");
    enqueue((weir_task){.type = "part", .group = "g", .process_in_ms = MINUTE / 2});
    CU_ASSERT_EQUAL(weir_testing_advance(testing, MINUTE + MINUTE / 2 - 1, &err), 0);
    CU_ASSERT_EQUAL(count((weir_match){.group = "g"}), 2);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 1, &err), 0);
    CU_ASSERT_EQUAL(expect((weir_match){.type = "done", .text = "2", .state = WEIR_STATE_PENDING}),
                    0);
    for (int i = 0; i < 7; i++) {
        enqueue((weir_task){.type = "part", .group = "g"});
    }
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.done, 3); /* the one from before, and two full sets */
    CU_ASSERT_EQUAL(count((weir_match){.group = "g"}), 1);
}

static void
waiting_moves_the_clock_up_to_the_deadline(void)
{
    const weir_attempt *attempt;

    enqueue((weir_task){.type = "wait", .timeout_ms = HOUR});
    CU_ASSERT_EQUAL_FATAL(weir_testing_run(testing, NULL, &attempt, NULL), 0);
    CU_ASSERT_EQUAL(seen_code, 0);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_DONE);
    CU_ASSERT_EQUAL(weir_testing_now_ms(testing), WEIR_TESTING_START_MS + 10 * MINUTE);
    enqueue((weir_task){.type = "wait", .timeout_ms = MINUTE});
    CU_ASSERT_EQUAL_FATAL(weir_testing_run(testing, NULL, &attempt, NULL), 0);
    CU_ASSERT_EQUAL(seen_code, WEIR_E_DEADLINE);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_RETRY);
    CU_ASSERT_STRING_EQUAL(attempt->error, "context deadline exceeded");
    CU_ASSERT_EQUAL(weir_testing_now_ms(testing), WEIR_TESTING_START_MS + 11 * MINUTE);
    enqueue((weir_task){.type = "for_ever", .timeout_ms = WEIR_NO_TIMEOUT});
    CU_ASSERT_EQUAL_FATAL(weir_testing_run(testing, NULL, &attempt, NULL), 0);
    CU_ASSERT_EQUAL(seen_code, WEIR_E_CANCELED);
}

static void
a_handler_beyond_deadline_and_grace_has_failed_whatever_it_says(void)
{
    const weir_attempt *attempt;

    enqueue((weir_task){.type = "overdo", .timeout_ms = MINUTE});
    CU_ASSERT_EQUAL_FATAL(weir_testing_run(testing, NULL, &attempt, &err), 0);
    CU_ASSERT_EQUAL(seen_code, WEIR_E_DEADLINE);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_RETRY);
    CU_ASSERT_EQUAL(count((weir_match){.state = WEIR_STATE_RETRY}), 1);
    enqueue_type("done");
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, &err), 0);
    CU_ASSERT_EQUAL(tally.done, 1);
}

static void
a_task_that_is_past_its_deadline_does_not_run(void)
{
    enqueue((weir_task){.type = "done", .deadline_ms = WEIR_TESTING_START_MS + MINUTE});
    CU_ASSERT_EQUAL(weir_testing_advance(testing, HOUR, NULL), 0);
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.archived, 1);
    CU_ASSERT_EQUAL(calls, 0);
}

static void
a_cancellation_is_noticed_by_waiting(void)
{
    enqueue_type("cancel_self");
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, &err), 0);
    CU_ASSERT_EQUAL(seen_code, WEIR_E_CANCELED);
    CU_ASSERT_EQUAL(tally.done, 1); /* revoked */
    CU_ASSERT_EQUAL(count((weir_match){0}), 0);
}

static void
the_same_seed_makes_the_same_ids(void)
{
    enum {
        RANDOM_PART = 19 /* of an id; what stands before counts up in the process */
    };
    char first[WEIR_ID_SIZE];
    weir_receipt receipt;
    const weir_task task = {.type = "x"};

    CU_ASSERT_EQUAL(weir_enqueue(weir_testing_client(testing), &task, &receipt, NULL), 0);
    snprintf(first, sizeof(first), "%s", receipt.id);
    reopen((weir_testing_options){0});
    CU_ASSERT_EQUAL(weir_enqueue(weir_testing_client(testing), &task, &receipt, NULL), 0);
    CU_ASSERT_STRING_EQUAL(receipt.id + RANDOM_PART, first + RANDOM_PART);
    reopen((weir_testing_options){.seed = 8, .start_at_ms = 1});
    CU_ASSERT_EQUAL(weir_testing_now_ms(testing), 1);
    CU_ASSERT_EQUAL(weir_enqueue(weir_testing_client(testing), &task, &receipt, NULL), 0);
    CU_ASSERT_STRING_NOT_EQUAL(receipt.id + RANDOM_PART, first + RANDOM_PART);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(time_makes_scheduled_tasks_pending_at_their_time),
    HARNESS_TEST(handlers_run_at_their_time_while_it_elapses),
    HARNESS_TEST(retries_are_made_until_they_are_used_up),
    HARNESS_TEST(a_snoozed_task_waits_for_its_time),
    HARNESS_TEST(what_was_kept_for_long_enough_is_gone),
    HARNESS_TEST(what_has_a_time_of_its_own_in_the_archive_is_kept_for_that),
    HARNESS_TEST(a_unique_lock_ends_with_its_time),
    HARNESS_TEST(each_tick_of_a_periodic_task_comes),
    HARNESS_TEST(a_group_becomes_a_task_when_its_time_comes),
    HARNESS_TEST(waiting_moves_the_clock_up_to_the_deadline),
    HARNESS_TEST(a_handler_beyond_deadline_and_grace_has_failed_whatever_it_says),
    HARNESS_TEST(a_task_that_is_past_its_deadline_does_not_run),
    HARNESS_TEST(a_cancellation_is_noticed_by_waiting),
    HARNESS_TEST(the_same_seed_makes_the_same_ids),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(testing_time, tests, testbed_open, testbed_close);

/* SPDX-License-Identifier: MIT */
/* Handlers that are run inline: one, all, what they enqueue, and what they are told. */
#include <config.h>

#include "harness.h"
#include "testbed.h"

#include <stdlib.h>
#include <string.h>

static void
a_task_is_performed_without_the_store(void)
{
    const weir_attempt *attempt;
    const weir_task task = {.type = "done", .id = "p1"};

    CU_ASSERT_EQUAL_FATAL(weir_testing_perform(testing, &task, &attempt, &err), 0);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_DONE);
    CU_ASSERT_STRING_EQUAL(attempt->task->id, "p1");
    CU_ASSERT_EQUAL(attempt->result_len, 4);
    CU_ASSERT_EQUAL(memcmp(attempt->result, "done", 4), 0);
    CU_ASSERT_EQUAL(layers, 1);
    CU_ASSERT_EQUAL(count((weir_match){0}), 0);
    CU_ASSERT_EQUAL_FATAL(
        weir_testing_perform(testing, &(weir_task){.type = "fail"}, &attempt, NULL), 0);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_RETRY);
    CU_ASSERT_STRING_EQUAL(attempt->error, "broken 0");
    CU_ASSERT_TRUE(attempt->at_ms >= WEIR_TESTING_START_MS + 15000);
    CU_ASSERT_EQUAL(weir_testing_perform(testing,
                                         &(weir_task){.type = "fail", .max_retry = WEIR_NO_RETRY},
                                         &attempt, NULL),
                    0);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_EXHAUSTED);
    CU_ASSERT_EQUAL(weir_testing_perform(testing, &(weir_task){0}, &attempt, NULL), WEIR_E_INVALID);
    CU_ASSERT_PTR_NULL(attempt);
}

static void
a_type_without_handler_fails_as_in_a_server(void)
{
    const weir_attempt *attempt;

    CU_ASSERT_EQUAL_FATAL(
        weir_testing_perform(testing, &(weir_task){.type = "what"}, &attempt, NULL), 0);
    CU_ASSERT_STRING_EQUAL(attempt->error, "handler not found for task \"what\"");
}

static void
one_task_is_run_and_is_where_a_server_would_put_it(void)
{
    const weir_attempt *attempt;

    enqueue((weir_task){.type = "done", .id = "1", .retention_ms = HOUR});
    enqueue((weir_task){.type = "fail", .id = "2"});
    enqueue((weir_task){.type = "skip", .id = "3"});
    enqueue((weir_task){.type = "done", .id = "4"});
    CU_ASSERT_EQUAL_FATAL(weir_testing_run(testing, NULL, &attempt, &err), 0);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_COMPLETED);
    CU_ASSERT_EQUAL(attempt->at_ms, WEIR_TESTING_START_MS + HOUR);
    CU_ASSERT_EQUAL(expect((weir_match){.id = "1", .state = WEIR_STATE_COMPLETED}), 0);
    CU_ASSERT_EQUAL(expect((weir_match){.id = "2", .state = WEIR_STATE_PENDING}), 0);
    CU_ASSERT_EQUAL(weir_testing_run(testing, "default", NULL, NULL), 0);
    CU_ASSERT_EQUAL(expect((weir_match){.id = "2", .state = WEIR_STATE_RETRY, .error = "broken 0"}),
                    0);
    CU_ASSERT_EQUAL_FATAL(weir_testing_run(testing, NULL, &attempt, NULL), 0);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_ARCHIVED);
    CU_ASSERT_EQUAL(expect((weir_match){.id = "3", .state = WEIR_STATE_ARCHIVED}), 0);
    CU_ASSERT_EQUAL(weir_testing_run(testing, NULL, NULL, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){.id = "4"}), 0);
    CU_ASSERT_EQUAL(weir_testing_run(testing, NULL, &attempt, NULL), WEIR_E_NO_TASK);
    CU_ASSERT_PTR_NULL(attempt);
    CU_ASSERT_EQUAL(weir_testing_run(testing, "none", NULL, NULL), WEIR_E_NO_TASK);
}

static void
a_drain_runs_what_handlers_enqueue_too(void)
{
    enqueue_type("parent");
    enqueue_type("parent");
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, &err), 0);
    CU_ASSERT_EQUAL(tally.attempts, 4);
    CU_ASSERT_EQUAL(tally.done, 4);
    CU_ASSERT_EQUAL(calls, 4);
    CU_ASSERT_EQUAL(count((weir_match){0}), 0);
}

static void
a_drain_of_one_queue_leaves_the_others(void)
{
    enqueue_type("parent");
    CU_ASSERT_EQUAL(weir_testing_drain(testing, "default", &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.attempts, 1);
    CU_ASSERT_EQUAL(expect((weir_match){.queue = "children", .state = WEIR_STATE_PENDING}), 0);
    CU_ASSERT_EQUAL(weir_testing_drain(testing, "children", &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.done, 1);
}

static void
a_task_that_enqueues_itself_for_ever_ends_in_an_error(void)
{
    reopen((weir_testing_options){.most_attempts = 20});
    enqueue_type("endless");
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, &err), WEIR_E_TIMEOUT);
    CU_ASSERT_EQUAL(tally.attempts, 20);
    CU_ASSERT_EQUAL(count((weir_match){.state = WEIR_STATE_PENDING}), 1);
}

static void
a_paused_queue_gives_nothing(void)
{
    enqueue_type("done");
    CU_ASSERT_EQUAL(weir_pause_queue(weir_testing_inspector(testing), "default", NULL), 0);
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.attempts, 0);
    CU_ASSERT_EQUAL(weir_resume_queue(weir_testing_inspector(testing), "default", NULL), 0);
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.attempts, 1);
}

static void
options_of_the_server_hold(void)
{
    static const weir_queue_weight queues[] = {{"low", 1}, {"high", 9}};
    const weir_server_options server = {.queues = queues,
                                        .queue_count = 2,
                                        .strict_priority = true,
                                        .retry = {.kind = WEIR_RETRY_KIND_FIXED, .base_ms = 7000},
                                        .on_change = on_change};
    const weir_attempt *attempt;

    reopen((weir_testing_options){.server = &server});
    enqueue((weir_task){.type = "done", .queue = "other"});
    enqueue((weir_task){.type = "done", .queue = "low"});
    enqueue((weir_task){.type = "fail", .queue = "high"});
    CU_ASSERT_EQUAL_FATAL(weir_testing_run(testing, NULL, &attempt, NULL), 0);
    CU_ASSERT_STRING_EQUAL(attempt->task->queue, "high");
    CU_ASSERT_EQUAL(attempt->at_ms, WEIR_TESTING_START_MS + 7000);
    CU_ASSERT_EQUAL(changes, 1);
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.attempts, 1);
    CU_ASSERT_EQUAL(count((weir_match){.queue = "other"}), 1);
    CU_ASSERT_EQUAL(weir_testing_drain(testing, "other", NULL, NULL), WEIR_E_INVALID);
}

static void
handlers_cannot_run_others_inside(void)
{
    enqueue_type("nest");
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.done, 1);
    CU_ASSERT_EQUAL(seen_code, WEIR_E_STATE);
}

static void
a_handler_shows_a_result_before_it_ends(void)
{
    const weir_attempt *attempt;

    enqueue_type("show");
    CU_ASSERT_EQUAL_FATAL(weir_testing_run(testing, NULL, &attempt, &err), 0);
    CU_ASSERT_EQUAL(seen_code, 0);
    CU_ASSERT_EQUAL(attempt->result_len, 4);
    CU_ASSERT_EQUAL_FATAL(
        weir_testing_perform(testing, &(weir_task){.type = "show"}, &attempt, NULL), 0);
    CU_ASSERT_EQUAL(seen_code, WEIR_E_MISMATCH);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_DONE);
}

static void
a_handler_that_was_given_up_can_still_call(void)
{
    enqueue((weir_task){.type = "show_late", .timeout_ms = MINUTE, .retention_ms = DAY});
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, &err), 0);
    CU_ASSERT_EQUAL(tally.retry, 1);
}

static void
without_a_mux_nothing_runs(void)
{
    weir_testing *collector;
    const weir_testing_options options = {.url = getenv("WEIR_TESTING_URL")};

    CU_ASSERT_EQUAL_FATAL(weir_testing_new(&collector, NULL, &options, NULL), 0);
    CU_ASSERT_EQUAL(weir_testing_run(collector, NULL, NULL, NULL), WEIR_E_STATE);
    CU_ASSERT_EQUAL(weir_testing_drain(collector, NULL, NULL, NULL), WEIR_E_STATE);
    CU_ASSERT_EQUAL(weir_testing_elapse(collector, 1, NULL, NULL), WEIR_E_STATE);
    CU_ASSERT_EQUAL(weir_testing_advance(collector, 1, NULL), 0);
    weir_testing_free(collector);
    weir_testing_free(NULL);
}

static void
options_that_are_none_are_refused(void)
{
    weir_testing *none;

    CU_ASSERT_EQUAL(weir_testing_new(NULL, NULL, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_testing_new(&none, NULL, &(weir_testing_options){.reserved = {1}}, NULL),
                    WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_testing_new(&none, NULL, &(weir_testing_options){.start_at_ms = -1}, NULL),
                    WEIR_E_INVALID);
    CU_ASSERT_EQUAL(
        weir_testing_new(&none, NULL, &(weir_testing_options){.url = "nonsense:"}, NULL),
        WEIR_E_URL);
    CU_ASSERT_PTR_NULL(none);
    CU_ASSERT_EQUAL(weir_testing_new(&none, NULL,
                                     &(weir_testing_options){
                                         .url = getenv("WEIR_TESTING_URL"),
                                         .server = &(weir_server_options){.archive_max = -7}},
                                     NULL),
                    WEIR_E_INVALID);
    CU_ASSERT_PTR_NULL(none);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_task_is_performed_without_the_store),
    HARNESS_TEST(a_type_without_handler_fails_as_in_a_server),
    HARNESS_TEST(one_task_is_run_and_is_where_a_server_would_put_it),
    HARNESS_TEST(a_drain_runs_what_handlers_enqueue_too),
    HARNESS_TEST(a_drain_of_one_queue_leaves_the_others),
    HARNESS_TEST(a_task_that_enqueues_itself_for_ever_ends_in_an_error),
    HARNESS_TEST(a_paused_queue_gives_nothing),
    HARNESS_TEST(options_of_the_server_hold),
    HARNESS_TEST(handlers_cannot_run_others_inside),
    HARNESS_TEST(a_handler_shows_a_result_before_it_ends),
    HARNESS_TEST(a_handler_that_was_given_up_can_still_call),
    HARNESS_TEST(without_a_mux_nothing_runs),
    HARNESS_TEST(options_that_are_none_are_refused),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(testing_run, tests, testbed_open, testbed_close);

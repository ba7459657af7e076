/* SPDX-License-Identifier: MIT */
/* Timeouts, deadlines, cancellation; how many handlers run at once, and of which queue. */
#include <config.h>

#include "harness.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

static void
a_handler_is_cancelled_at_its_timeout(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue_task((weir_task){.timeout_ms = 30, .max_retry = WEIR_NO_RETRY}, "wait");
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_ARCHIVED));
    CU_ASSERT_EQUAL(atomic_load(&world.cancelled), WEIR_E_DEADLINE);
    CU_ASSERT_STRING_EQUAL(world_task("1").error, "context deadline exceeded");
}

static void
a_handler_that_succeeds_within_the_grace_has_succeeded(void)
{
    weir_server_options options = world_options();

    options.cancel_grace_ms = 5000;
    world_serve(&options);
    world_enqueue_task((weir_task){.timeout_ms = 30, .retention_ms = 60000}, "late");
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_COMPLETED));
    CU_ASSERT_EQUAL(atomic_load(&world.cancelled), WEIR_E_DEADLINE);
}

static bool
is_stuck(long expected)
{
    return weir_server_stuck(world.server) == (expected != 0);
}

static void
a_handler_that_does_not_return_keeps_its_slot_but_not_its_task(void)
{
    weir_server_options options = world_options();

    options.concurrency = 1;
    options.retry.base_ms = 60000;
    world_serve(&options);
    world_enqueue_task((weir_task){.timeout_ms = 30}, "stay");
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    world_enqueue("done");
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_RETRY));
    CU_ASSERT_STRING_EQUAL(world_task("1").error, "context deadline exceeded");
    CU_ASSERT_TRUE(world_until(is_stuck, 1));
    CU_ASSERT_EQUAL(weir_server_active(world.server), 1);
    CU_ASSERT_EQUAL(world_task("2").state, WEIR_STATE_PENDING);
    world_release();
    CU_ASSERT_TRUE(world_ended_and_gone("2"));
    CU_ASSERT_FALSE(weir_server_stuck(world.server));
    CU_ASSERT_EQUAL(world_task("1").state, WEIR_STATE_RETRY);
    CU_ASSERT_EQUAL(world_task("1").retried, 1);
}

static bool
are_running(long count)
{
    return weir_server_active(world.server) == count;
}

static void
let_the_handler_return(const weir_log_record *record)
{
    if (strstr(record->message, "its task is given up") != NULL) {
        world_release();
        CU_ASSERT_TRUE(world_until(are_running, 0));
    }
}

static void
a_handler_may_return_while_its_task_is_given_up(void)
{
    weir_server_options options = world_options();

    options.concurrency = 1;
    options.retry.base_ms = 60000;
    world_hear(let_the_handler_return);
    world_serve(&options);
    world_enqueue_task((weir_task){.timeout_ms = 30}, "stay");
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_RETRY));
    CU_ASSERT_STRING_EQUAL(world_task("1").error, "context deadline exceeded");
    CU_ASSERT_EQUAL(world_task("1").retried, 1);
}

static bool
is_past(long at_ms)
{
    return world_now_ms() > at_ms;
}

static void
a_task_whose_deadline_is_over_fails_without_running(void)
{
    weir_server_options options = world_options();
    int64_t deadline_ms = world_now_ms() + 300;

    world_enqueue_task((weir_task){.deadline_ms = deadline_ms, .max_retry = WEIR_NO_RETRY}, "done");
    CU_ASSERT_TRUE(world_until(is_past, (long)deadline_ms));
    world_serve(&options);
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_ARCHIVED));
    CU_ASSERT_STRING_EQUAL(world_task("1").error, "context deadline exceeded");
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 0);
}

/* Such a task has no handler that could be stuck, however long ago its grace was over. */
static void
tasks_far_beyond_their_deadline_go_to_the_archive_one_after_the_other(void)
{
    weir_server_options options = world_options();

    for (int i = 0; i < 20; i++) {
        world_enqueue_task((weir_task){.deadline_ms = world_now_ms() - 3600000}, "done");
    }
    options.concurrency = 1;
    options.exit_when_stuck = true;
    world_serve(&options);
    CU_ASSERT_TRUE(world_reaches("20", WEIR_STATE_ARCHIVED));
    CU_ASSERT_STRING_EQUAL(world_task("20").error, "context deadline exceeded");
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 0);
    CU_ASSERT_EQUAL(weir_server_active(world.server), 0);
    CU_ASSERT_FALSE(weir_server_stuck(world.server));
}

static void
a_cancelled_task_s_handler(const char *what)
{
    weir_server_options options = world_options();
    weir_error err = {0};

    if ((weir__broker_capabilities(world.broker) & WEIR_CAP_STEER) == 0) {
        HARNESS_SKIP("capability STEER");
    }
    options.heartbeat_ms = 200;
    world_serve(&options);
    world_enqueue_task((weir_task){.max_retry = WEIR_NO_RETRY}, what);
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    CU_ASSERT_EQUAL(weir__cancel(world.broker, "default", "1", WEIR_CANCEL_RETRY, &err), 0);
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_ARCHIVED));
    CU_ASSERT_EQUAL(atomic_load(&world.cancelled), WEIR_E_CANCELED);
    CU_ASSERT_STRING_EQUAL(world_task("1").error, "context canceled");
}

static void
a_cancellation_ends_a_wait(void)
{
    a_cancelled_task_s_handler("wait");
}

static void
a_cancellation_makes_the_descriptor_readable(void)
{
    a_cancelled_task_s_handler("poll");
}

static void
a_task_cancelled_without_retry_is_archived_with_retries_left(void)
{
    weir_server_options options = world_options();

    if ((weir__broker_capabilities(world.broker) & WEIR_CAP_STEER) == 0) {
        HARNESS_SKIP("capability STEER");
    }
    options.heartbeat_ms = 200;
    world_serve(&options);
    world_enqueue("wait");
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    CU_ASSERT_EQUAL(weir__cancel(world.broker, "default", "1", WEIR_CANCEL_ARCHIVE, NULL), 0);
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_ARCHIVED));
    CU_ASSERT_STRING_EQUAL(world_task("1").error, "context canceled");
}

static void
no_more_handlers_run_than_configured(void)
{
    weir_server_options options = world_options();

    options.concurrency = 3;
    world_serve(&options);
    for (int i = 0; i < 9; i++) {
        world_enqueue("stay");
    }
    CU_ASSERT_TRUE(world_until(world_begun, 3));
    CU_ASSERT_EQUAL(weir_server_active(world.server), 3);
    world_release();
    CU_ASSERT_TRUE(world_until(world_ended, 9));
    CU_ASSERT_EQUAL(atomic_load(&world.most_inside), 3);
}

static const weir_queue_weight three_queues[] = {{"low", 1}, {"default", 3}, {"critical", 6}};

static void
fill_queues(int each)
{
    for (int i = 0; i < each; i++) {
        for (size_t q = 0; q < 3; q++) {
            world_enqueue_task((weir_task){.queue = three_queues[q].name}, "done");
        }
    }
}

/* How many of the first `of` tasks were of this queue. */
static int
count_of(const char *queue, int of)
{
    int count = 0;

    for (int i = 0; i < of; i++) {
        count += strcmp(world.queues[i], queue) == 0;
    }
    return count;
}

static void
queues_get_their_shares(void)
{
    weir_server_options options = world_options();

    options.queues = three_queues;
    options.queue_count = 3;
    options.concurrency = 5;
    fill_queues(200);
    world_serve(&options);
    CU_ASSERT_TRUE(world_until(world_ended, 600));
    /* Until the heaviest queue is empty. The tasks of a call come queue by queue, and there may be many in the last. */
    CU_ASSERT_TRUE(count_of("critical", 300) >= 150 && count_of("critical", 300) <= 200);
    CU_ASSERT_TRUE(count_of("low", 300) >= 15 && count_of("low", 300) <= 45);
}

static void
strict_priority_empties_the_heaviest_queue_first(void)
{
    weir_server_options options = world_options();

    options.queues = three_queues;
    options.queue_count = 3;
    options.strict_priority = true;
    options.concurrency = 1;
    fill_queues(20);
    world_serve(&options);
    CU_ASSERT_TRUE(world_until(world_ended, 60));
    CU_ASSERT_EQUAL(count_of("critical", 20), 20);
    CU_ASSERT_EQUAL(count_of("default", 40), 20);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_handler_is_cancelled_at_its_timeout),
    HARNESS_TEST(a_handler_that_succeeds_within_the_grace_has_succeeded),
    HARNESS_TEST(a_handler_that_does_not_return_keeps_its_slot_but_not_its_task),
    HARNESS_TEST(a_handler_may_return_while_its_task_is_given_up),
    HARNESS_TEST(a_task_whose_deadline_is_over_fails_without_running),
    HARNESS_TEST(tasks_far_beyond_their_deadline_go_to_the_archive_one_after_the_other),
    HARNESS_TEST(a_cancellation_ends_a_wait),
    HARNESS_TEST(a_task_cancelled_without_retry_is_archived_with_retries_left),
    HARNESS_TEST(a_cancellation_makes_the_descriptor_readable),
    HARNESS_TEST(no_more_handlers_run_than_configured),
    HARNESS_TEST(queues_get_their_shares),
    HARNESS_TEST(strict_priority_empties_the_heaviest_queue_first),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(time_memory, tests, world_open_memory, world_close);
HARNESS_SUITE(time_file, tests, world_open_file, world_close);

/* SPDX-License-Identifier: MIT */
/* What becomes of a task after each outcome of its handler, end to end. */
#include <config.h>

#include "harness.h"
#include "world.h"

#include <string.h>

static void
success_deletes_the_task(void)
{
    weir_server_options options = world_options();

    world_enqueue("done");
    world_serve(&options);
    CU_ASSERT_TRUE(world_ended_and_gone("1"));
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 1);
}

static void
success_with_a_retention_keeps_the_task_and_its_result(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue_task((weir_task){.retention_ms = 60000}, "done");
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_COMPLETED));
    CU_ASSERT_STRING_EQUAL(world_task("1").result, "ok");
}

static void
a_failure_is_tried_again_and_archived_in_the_end(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue_task((weir_task){.max_retry = 2}, "fail");
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_ARCHIVED));
    struct world_task task = world_task("1");
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 3);
    CU_ASSERT_EQUAL(task.retried, 2);
    CU_ASSERT_STRING_EQUAL(task.error, "broken: t");
    CU_ASSERT_EQUAL(atomic_load(&world.errors), 3);
}

static void
a_task_without_retries_is_archived_at_once(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue_task((weir_task){.max_retry = WEIR_NO_RETRY}, "fail");
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_ARCHIVED));
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 1);
}

static void
a_retry_waits_for_the_policy_s_delay(void)
{
    weir_server_options options = world_options();

    options.retry.base_ms = 60000;
    int64_t before_ms = world_now_ms();
    world_serve(&options);
    world_enqueue("fail");
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_RETRY));
    struct world_task task = world_task("1");
    CU_ASSERT_TRUE(task.next_process_at_ms >= before_ms + 60000);
    CU_ASSERT_TRUE(task.next_process_at_ms <= world_now_ms() + 60000);
    CU_ASSERT_EQUAL(task.retried, 1);
}

static void
skip_retry_archives_at_once(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue("skip");
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_ARCHIVED));
    CU_ASSERT_STRING_EQUAL(world_task("1").error, "skip retry for the task");
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 1);
}

static void
a_revoked_task_is_gone_also_with_a_retention(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue_task((weir_task){.retention_ms = 60000}, "revoke");
    CU_ASSERT_TRUE(world_ended_and_gone("1"));
}

static void
a_snoozed_task_runs_again_uncounted(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue_task((weir_task){.max_retry = WEIR_NO_RETRY, .retention_ms = 60000}, "snooze");
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_COMPLETED));
    struct world_task task = world_task("1");
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 2);
    CU_ASSERT_EQUAL(task.retried, 0);
    CU_ASSERT_STRING_EQUAL(task.error, "");
}

static void
a_type_without_handler_fails(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue_task((weir_task){.type = "nobody's", .max_retry = WEIR_NO_RETRY}, "");
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_ARCHIVED));
    CU_ASSERT_STRING_EQUAL(world_task("1").error, "handler not found for task \"nobody's\"");
}

static bool
no_failure(const weir_task_info *task, const char *error, void *arg)
{
    (void)task;
    (void)error;
    (void)arg;
    return false;
}

static void
what_is_no_failure_is_not_counted(void)
{
    weir_server_options options = world_options();

    options.is_failure = no_failure;
    world_serve(&options);
    world_enqueue_task((weir_task){.max_retry = WEIR_NO_RETRY}, "fail");
    CU_ASSERT_TRUE(world_until(world_ended, 3));
    CU_ASSERT_EQUAL(world_task("1").retried, 0);
}

static void
a_task_runs_at_its_time_and_not_before(void)
{
    weir_server_options options = world_options();
    int64_t at_ms = world_now_ms() + 150;

    world_serve(&options);
    world_enqueue_task((weir_task){.process_at_ms = at_ms}, "done");
    CU_ASSERT_EQUAL(world_task("1").state, WEIR_STATE_SCHEDULED);
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    CU_ASSERT_TRUE(world_now_ms() >= at_ms);
    CU_ASSERT_TRUE(world_now_ms() < at_ms + 5000);
}

static void
many_tasks_all_run_once(void)
{
    weir_server_options options = world_options();

    options.concurrency = 4;
    world_serve(&options);
    for (int i = 0; i < 500; i++) {
        world_enqueue("done");
    }
    CU_ASSERT_TRUE(world_until(world_ended, 500));
    CU_ASSERT_EQUAL(weir_server_stop(world.server), 0);
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 500);
    CU_ASSERT_TRUE(atomic_load(&world.most_inside) <= 4);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(success_deletes_the_task),
    HARNESS_TEST(success_with_a_retention_keeps_the_task_and_its_result),
    HARNESS_TEST(a_failure_is_tried_again_and_archived_in_the_end),
    HARNESS_TEST(a_task_without_retries_is_archived_at_once),
    HARNESS_TEST(a_retry_waits_for_the_policy_s_delay),
    HARNESS_TEST(skip_retry_archives_at_once),
    HARNESS_TEST(a_revoked_task_is_gone_also_with_a_retention),
    HARNESS_TEST(a_snoozed_task_runs_again_uncounted),
    HARNESS_TEST(a_type_without_handler_fails),
    HARNESS_TEST(what_is_no_failure_is_not_counted),
    HARNESS_TEST(a_task_runs_at_its_time_and_not_before),
    HARNESS_TEST(many_tasks_all_run_once),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(outcomes_memory, tests, world_open_memory, world_close);
HARNESS_SUITE(outcomes_file, tests, world_open_file, world_close);

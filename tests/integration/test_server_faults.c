/* SPDX-License-Identifier: MIT */
/* What goes wrong: dead servers' tasks, a broker that fails, lost leases. */
#include <config.h>

#include "flaky.h"
#include "harness.h"
#include "world.h"

#include <string.h>

/* Takes one task as a server would that dies at once. */
static void
abandon_a_task(bool started)
{
    weir_take_queue queue = {.name = "default", .want = 1};
    weir__want want = {
        .queues = &queue, .queue_count = 1, .max = 1, .start = started ? 1 : 0, .lease_ms = 150};
    weir_claim claim;
    weir__claims claims = {.items = &claim};

    CU_ASSERT_EQUAL_FATAL(weir__consume(world.broker, NULL, 0, NULL, 0, &want, &claims, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(claims.count, 1);
    weir__claim_release(&claim);
}

static void
a_dead_server_s_task_has_failed(void)
{
    weir_server_options options = world_options();

    options.retry.base_ms = 60000;
    world_enqueue("done");
    abandon_a_task(true);
    world_serve(&options);
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_RETRY));
    struct world_task task = world_task("1");
    CU_ASSERT_STRING_EQUAL(task.error, "asynq: task lease expired");
    CU_ASSERT_EQUAL(task.retried, 1);
    CU_ASSERT_EQUAL(atomic_load(&world.errors), 1);
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 0);
}

static void
a_dead_server_s_last_attempt_is_archived(void)
{
    weir_server_options options = world_options();

    world_enqueue_task((weir_task){.max_retry = WEIR_NO_RETRY}, "done");
    abandon_a_task(true);
    world_serve(&options);
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_ARCHIVED));
}

static void
what_a_dead_server_never_started_runs_uncounted(void)
{
    weir_server_options options = world_options();

    world_enqueue_task((weir_task){.max_retry = WEIR_NO_RETRY, .retention_ms = 60000}, "done");
    abandon_a_task(false);
    world_serve(&options);
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_COMPLETED));
    CU_ASSERT_EQUAL(world_task("1").retried, 0);
    CU_ASSERT_EQUAL(atomic_load(&world.errors), 0);
}

static bool
failed_calls(long count)
{
    return atomic_load(&flaky.consumes) >= count;
}

static bool
has_recovered(long count)
{
    return atomic_load(&world.recoveries) >= count;
}

static void
outcomes_survive_an_outage(void)
{
    weir_server_options options = world_options();

    options.lease_ms = 60000;
    options.heartbeat_ms = 100;
    world_serve(&options);
    world_enqueue_task((weir_task){.retention_ms = 60000}, "stay");
    world_enqueue_task((weir_task){.retention_ms = 60000}, "stay");
    CU_ASSERT_TRUE(world_until(world_begun, 2));
    atomic_store(&flaky.consume_fails, true);
    world_release();
    CU_ASSERT_TRUE(world_until(failed_calls, atomic_load(&flaky.consumes) + 3));
    atomic_store(&flaky.consume_fails, false);
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_COMPLETED));
    CU_ASSERT_TRUE(world_reaches("2", WEIR_STATE_COMPLETED));
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 2);
    CU_ASSERT_TRUE(world_until(has_recovered, 1));
    CU_ASSERT_EQUAL(atomic_load(&world.outages), 1);
    CU_ASSERT_EQUAL(atomic_load(&world.recoveries), 1);
}

static bool
is_past(long at_ms)
{
    return world_now_ms() > at_ms;
}

static void
an_outage_is_no_reason_to_be_busy(void)
{
    weir_server_options options = world_options();

    atomic_store(&flaky.consume_fails, true);
    atomic_store(&flaky.wait_fails, true);
    world_serve(&options);
    world_enqueue("done");
    CU_ASSERT_TRUE(world_until(failed_calls, 3));
    CU_ASSERT_TRUE(world_until(is_past, (long)world_now_ms() + 500));
    /* 50, 100, 200, 400 ms, of each half at random */
    CU_ASSERT_TRUE(atomic_load(&flaky.consumes) <= 12);
    atomic_store(&flaky.consume_fails, false);
    atomic_store(&flaky.wait_fails, false);
    CU_ASSERT_TRUE(world_until(world_ended, 1));
    CU_ASSERT_EQUAL(atomic_load(&world.outages), 1);
}

static void
outcomes_are_committed_when_nothing_can_be_taken(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue_task((weir_task){.retention_ms = 60000}, "stay");
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    atomic_store(&flaky.takes_fail, true);
    world_enqueue("done");
    world_release();
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_COMPLETED));
    CU_ASSERT_EQUAL(world_task("2").state, WEIR_STATE_PENDING);
    atomic_store(&flaky.takes_fail, false);
    CU_ASSERT_TRUE(world_until(world_ended, 2));
}

static void
an_outcome_whose_reply_is_lost_counts_once(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue_task((weir_task){.retention_ms = 60000}, "stay");
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    atomic_store(&flaky.replies_lost, true);
    world_release();
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_COMPLETED));
    atomic_store(&flaky.replies_lost, false);
    world_enqueue("done");
    CU_ASSERT_TRUE(world_until(world_ended, 2));
    CU_ASSERT_EQUAL(weir_server_stop(world.server), 0);
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 2);
}

static void
a_lost_lease_cancels_the_handler(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue("wait");
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    atomic_store(&flaky.extend_stale, true);
    CU_ASSERT_TRUE(world_until(world_ended, 1));
    CU_ASSERT_EQUAL(atomic_load(&world.cancelled), WEIR_E_CANCELED);
}

static void
a_lease_that_cannot_be_renewed_cancels_the_handler(void)
{
    weir_server_options options = world_options();

    atomic_store(&flaky.extend_fails, true);
    world_serve(&options);
    world_enqueue("wait");
    CU_ASSERT_TRUE(world_until(world_ended, 1));
    CU_ASSERT_EQUAL(atomic_load(&world.cancelled), WEIR_E_CANCELED);
}

static void
a_cancellation_is_learned_from_the_heartbeat(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue_task((weir_task){.max_retry = WEIR_NO_RETRY}, "poll");
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    atomic_store(&flaky.extend_cancels, true);
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_ARCHIVED));
    CU_ASSERT_STRING_EQUAL(world_task("1").error, "context canceled");
}

static bool
made_recovers(long count)
{
    return atomic_load(&flaky.recovers) >= count;
}

static bool
failed_forwards(long count)
{
    return atomic_load(&flaky.forward_failures) >= count;
}

static void
recovery_waits_while_the_broker_fails(void)
{
    weir_server_options options = world_options();

    options.heartbeat_ms = 250;
    options.recover_ms = 10;
    atomic_store(&flaky.forward_fails, true);
    world_serve(&options);
    CU_ASSERT_TRUE(world_until(failed_forwards, 3));
    atomic_store(&flaky.forward_fails, false);
    CU_ASSERT_TRUE(world_until(made_recovers, 3));
    CU_ASSERT_EQUAL(atomic_load(&flaky.hasty), 0);
}

static bool
has_jumped(long count)
{
    return atomic_load(&world.jumps) >= count;
}

static void
recovery_waits_after_a_step_of(int64_t wall_ms, int64_t boot_ms)
{
    weir_server_options options = world_options();

    options.heartbeat_ms = 300;
    options.recover_ms = 10;
    world_serve(&options);
    CU_ASSERT_TRUE(world_until(made_recovers, 3));
    world_step_clocks(wall_ms, boot_ms);
    CU_ASSERT_TRUE(world_until(has_jumped, 1));
    int before = atomic_load(&flaky.recovers);
    /* One may have been under way. */
    CU_ASSERT_TRUE(world_until(made_recovers, before + 2));
    CU_ASSERT_TRUE(world_now_ms() >= atomic_load(&world.jumped_ms) + 150);
}

static void
recovery_waits_after_the_wall_clock_stepped(void)
{
    recovery_waits_after_a_step_of(3600000, 0);
}

static void
recovery_waits_after_the_machine_slept(void)
{
    recovery_waits_after_a_step_of(3600000, 3600000);
}

static void
a_step_of_the_wall_clock_makes_tasks_due(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue_task((weir_task){.process_in_ms = 3600000}, "done");
    CU_ASSERT_TRUE(world_until(is_past, (long)world_now_ms() + 50));
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 0);
    world_step_clocks(3600000, 0);
    CU_ASSERT_TRUE(world_until(world_ended, 1));
}

static void
an_idle_server_asks_for_nothing(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue("done");
    CU_ASSERT_TRUE(world_ended_and_gone("1"));
    /* A last call may come late on a busy machine; one that asks again and again never rests. */
    bool rests = false;
    for (int tries = 0; tries < 10 && !rests; tries++) {
        int calls = atomic_load(&flaky.consumes) + atomic_load(&flaky.extends);
        CU_ASSERT_TRUE(world_until(is_past, (long)world_now_ms() + 300));
        rests = atomic_load(&flaky.consumes) + atomic_load(&flaky.extends) == calls;
    }
    CU_ASSERT_TRUE(rests);
}

static void
a_busy_server_needs_one_call_for_many_tasks(void)
{
    weir_server_options options = world_options();

    options.concurrency = 50;
    for (int i = 0; i < 50; i++) {
        world_enqueue("stay");
    }
    world_serve(&options);
    CU_ASSERT_TRUE(world_until(world_begun, 50));
    CU_ASSERT_TRUE(atomic_load(&flaky.consumes) <= 3);
}

static void
a_stop_ends_while_the_broker_fails(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue("stay");
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    atomic_store(&flaky.consume_fails, true);
    world_release();
    CU_ASSERT_EQUAL(weir_server_stop(world.server), 0);
    CU_ASSERT_EQUAL(world_task("1").state, WEIR_STATE_ACTIVE);
}

static const CU_TestInfo recovery_tests[] = {
    HARNESS_TEST(a_dead_server_s_task_has_failed),
    HARNESS_TEST(a_dead_server_s_last_attempt_is_archived),
    HARNESS_TEST(what_a_dead_server_never_started_runs_uncounted),
    CU_TEST_INFO_NULL,
};

static const CU_TestInfo tests[] = {
    HARNESS_TEST(outcomes_survive_an_outage),
    HARNESS_TEST(an_outage_is_no_reason_to_be_busy),
    HARNESS_TEST(outcomes_are_committed_when_nothing_can_be_taken),
    HARNESS_TEST(an_outcome_whose_reply_is_lost_counts_once),
    HARNESS_TEST(a_lost_lease_cancels_the_handler),
    HARNESS_TEST(a_lease_that_cannot_be_renewed_cancels_the_handler),
    HARNESS_TEST(a_cancellation_is_learned_from_the_heartbeat),
    HARNESS_TEST(recovery_waits_while_the_broker_fails),
    HARNESS_TEST(recovery_waits_after_the_wall_clock_stepped),
    HARNESS_TEST(recovery_waits_after_the_machine_slept),
    HARNESS_TEST(a_step_of_the_wall_clock_makes_tasks_due),
    HARNESS_TEST(an_idle_server_asks_for_nothing),
    HARNESS_TEST(a_busy_server_needs_one_call_for_many_tasks),
    HARNESS_TEST(a_stop_ends_while_the_broker_fails),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(recovery_memory, recovery_tests, world_open_memory, world_close);
HARNESS_SUITE(recovery_file, recovery_tests, world_open_file, world_close);
HARNESS_SUITE(faults, tests, world_open_flaky, world_close);

/* SPDX-License-Identifier: MIT */
/* The wall clock is set forward and back under a server. */
#include <config.h>

#include "harness.h"
#include "world.h"

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)
#define LEASES_MS 1300 /* more than two leases of world_options() */

static atomic_int_fast64_t step_ms;

static int64_t
stepping_wall_ms(void *ctx)
{
    (void)ctx;
    return weir_clock_system()->wall_ms(weir_clock_system()->ctx) + atomic_load(&step_ms);
}

static int64_t
boot_ms(void *ctx)
{
    (void)ctx;
    return weir_clock_system()->boot_ms(weir_clock_system()->ctx);
}

static void
random_bytes(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    weir_clock_system()->random(weir_clock_system()->ctx, buf, len);
}

static const weir_clock stepping = {
    .wall_ms = stepping_wall_ms, .boot_ms = boot_ms, .random = random_bytes};

static void
open_with_stepping_clock(void)
{
    weir_broker_options options = {.clock = &stepping};

    world_open_memory();
    weir_inspector_free(world.inspector);
    weir_client_free(world.client);
    weir_broker_close(world.broker);
    atomic_store(&step_ms, 0);
    options.logger = world.logger;
    CU_ASSERT_EQUAL_FATAL(weir_broker_open(&world.broker, "sqlite::memory:", &options, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(weir_client_new(&world.client, world.broker, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(weir_inspector_new(&world.inspector, world.broker, NULL), 0);
}

static bool
is_past(long at_ms)
{
    return world_now_ms() > at_ms;
}

static void
let_pass(int64_t ms)
{
    CU_ASSERT_TRUE(world_until(is_past, (long)(world_now_ms() + ms)));
}

static void
a_handler_outlives_a_step_of(int64_t ms)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue_task((weir_task){.retention_ms = 10 * DAY_MS}, "stay");
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    atomic_store(&step_ms, ms);
    let_pass(LEASES_MS);
    CU_ASSERT_EQUAL(world_task("1").state, WEIR_STATE_ACTIVE);
    world_release();
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_COMPLETED));
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 1);
    CU_ASSERT_EQUAL(atomic_load(&world.errors), 0);
}

static void
a_step_forward_ends_no_handler_and_starts_none_again(void)
{
    a_handler_outlives_a_step_of(DAY_MS);
}

static void
a_step_back_ends_no_handler_and_starts_none_again(void)
{
    a_handler_outlives_a_step_of(-DAY_MS);
}

static void
a_timeout_is_a_length_of_time_whatever_the_clock_says(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue_task((weir_task){.timeout_ms = 400, .max_retry = WEIR_NO_RETRY}, "poll");
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    atomic_store(&step_ms, -DAY_MS);
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_ARCHIVED));
    CU_ASSERT_EQUAL(atomic_load(&world.cancelled), WEIR_E_DEADLINE);
}

static void
a_scheduled_task_runs_when_the_clock_is_set_past_its_time(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue_task((weir_task){.process_in_ms = DAY_MS}, "done");
    CU_ASSERT_EQUAL(world_task("1").state, WEIR_STATE_SCHEDULED);
    atomic_store(&step_ms, DAY_MS + 1000);
    CU_ASSERT_TRUE(world_until(world_ended, 1));
}

static void
a_scheduled_task_waits_for_its_time_when_the_clock_is_set_back(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue_task((weir_task){.process_in_ms = 300}, "done");
    atomic_store(&step_ms, -DAY_MS);
    let_pass(600);
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 0);
    atomic_store(&step_ms, 1000);
    CU_ASSERT_TRUE(world_until(world_ended, 1));
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_step_forward_ends_no_handler_and_starts_none_again),
    HARNESS_TEST(a_step_back_ends_no_handler_and_starts_none_again),
    HARNESS_TEST(a_timeout_is_a_length_of_time_whatever_the_clock_says),
    HARNESS_TEST(a_scheduled_task_runs_when_the_clock_is_set_past_its_time),
    HARNESS_TEST(a_scheduled_task_waits_for_its_time_when_the_clock_is_set_back),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(steps, tests, open_with_stepping_clock, world_close);

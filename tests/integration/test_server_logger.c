/* SPDX-License-Identifier: MIT */
/* A logger's function may use the server that it hears of: no line is written while the server holds a lock. */
#include <config.h>

#include "flaky.h"
#include "harness.h"
#include "world.h"

#include <string.h>

static const char *awaited;
static atomic_int heard;
static atomic_int ends; /* handlers whose end was logged, once the logger's function is through */
static _Thread_local bool inside;

/* Calls what takes the server's locks. It is logged as well, and not heard then. */
static void
use_server(const weir_log_record *record)
{
    static const weir_queue_weight queue = {"default", 1};

    if (inside) {
        return;
    }
    inside = true;
    CU_ASSERT_TRUE(weir_server_active(world.server) >= 0);
    weir_server_set_concurrency(world.server, 2, NULL);
    weir_server_set_queues(world.server, &queue, 1, false, NULL);
    if (strstr(record->message, awaited) != NULL) {
        atomic_fetch_add(&heard, 1);
    }
    if (strcmp(record->message, "task ends") == 0) {
        atomic_fetch_add(&ends, 1);
    }
    inside = false;
}

static void
setup(void)
{
    world_open_flaky();
    awaited = "";
    atomic_store(&heard, 0);
    atomic_store(&ends, 0);
    world_hear(use_server);
}

static void
teardown(void)
{
    world_release();
    flaky_reset();
    weir_server_stop(world.server);
    world_hear(NULL);
    world_close();
}

static bool
has_heard(long count)
{
    return atomic_load(&heard) >= count;
}

static bool
has_ended(long count)
{
    return atomic_load(&ends) >= count;
}

static void
serve_and_await(const char *line)
{
    weir_server_options options = world_options();

    awaited = line;
    world_serve(&options);
}

static void
of_a_lost_lease(void)
{
    serve_and_await("lease on a task was lost");
    world_enqueue("wait");
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    atomic_store(&flaky.extend_stale, true);
    CU_ASSERT_TRUE(world_until(has_heard, 1));
}

static void
of_a_lease_that_cannot_be_renewed(void)
{
    atomic_store(&flaky.extend_fails, true);
    serve_and_await("lease on a task could not be renewed");
    world_enqueue("wait");
    CU_ASSERT_TRUE(world_until(has_heard, 1));
}

static void
of_an_outcome_that_was_refused(void)
{
    serve_and_await("outcome of a task was refused");
    world_enqueue("stay");
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    atomic_store(&flaky.finish_stale, true);
    world_release();
    CU_ASSERT_TRUE(world_until(has_heard, 1));
}

static void
of_a_handler_that_is_given_up(void)
{
    serve_and_await("its task is given up");
    world_enqueue_task((weir_task){.timeout_ms = 50}, "stay");
    CU_ASSERT_TRUE(world_until(has_heard, 1));
    world_release(); /* no stop waits for it, and it still uses the server when it ends */
    CU_ASSERT_TRUE(world_until(has_ended, 1));
}

static void
of_a_stop(void)
{
    serve_and_await("server stop");
    CU_ASSERT_EQUAL(weir_server_stop(world.server), 0);
    CU_ASSERT_EQUAL(atomic_load(&heard), 2);
}

static void
of_outcomes_that_a_stop_leaves_behind(void)
{
    serve_and_await("did not take all outcomes");
    world_enqueue("stay");
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    atomic_store(&flaky.consume_fails, true);
    world_release();
    CU_ASSERT_EQUAL(weir_server_stop(world.server), 0);
    CU_ASSERT_EQUAL(atomic_load(&heard), 1);
}

static void
of_a_change(void)
{
    serve_and_await("server has another concurrency");
    CU_ASSERT_EQUAL(weir_server_set_concurrency(world.server, 3, NULL), 0);
    CU_ASSERT_EQUAL(atomic_load(&heard), 1);
}

static void
of_other_queues(void)
{
    static const weir_queue_weight queue = {"default", 2};

    serve_and_await("server has other queues");
    CU_ASSERT_EQUAL(weir_server_set_queues(world.server, &queue, 1, false, NULL), 0);
    CU_ASSERT_EQUAL(atomic_load(&heard), 1);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(of_a_lost_lease),
    HARNESS_TEST(of_a_lease_that_cannot_be_renewed),
    HARNESS_TEST(of_an_outcome_that_was_refused),
    HARNESS_TEST(of_a_handler_that_is_given_up),
    HARNESS_TEST(of_a_stop),
    HARNESS_TEST(of_outcomes_that_a_stop_leaves_behind),
    HARNESS_TEST(of_a_change),
    HARNESS_TEST(of_other_queues),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(logger, tests, setup, teardown);

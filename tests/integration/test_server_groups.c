/* SPDX-License-Identifier: MIT */
/* Groups end to end: when their tasks become one; aggregators that fail, are slow, or do not end. */
#include <config.h>

#include "harness.h"
#include "world.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char joined
    [256]; /* ids of the last set; for writers under the lock, read after a task of it was seen */
static atomic_int calls;
static atomic_int members;  /* of all sets */
static atomic_int failures; /* calls that are to fail */
static atomic_bool slow;    /* it waits until that is over */
static int64_t size_limit;
static atomic_bool nameless; /* tasks get ids of their own */

/* The server's options with groups of up to size_limit; times that a test waits for are short. */
static weir_server_options
group_options(void)
{
    weir_server_options options = world_options();

    options.group = (weir_group_policy){.grace_ms = 60000, .max_size = size_limit};
    options.group_timeout_ms = 1000;
    return options;
}

static int
sum_up(const weir_group *group, weir_task *task, void *arg, weir_error *err)
{
    size_t len = 0;

    (void)arg;
    atomic_fetch_add(&calls, 1);
    while (atomic_load(&slow)) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    if (atomic_load(&failures) > 0) {
        atomic_fetch_sub(&failures, 1);
        return weir_error_set(err, WEIR_E_IO, "no paper");
    }
    char *text = weir_group_alloc(group, 256);
    atomic_fetch_add(&members, (int)group->count);
    for (size_t i = 0; i < group->count; i++) {
        len +=
            (size_t)snprintf(text + len, 256 - len, "%s%s", i > 0 ? " " : "", group->tasks[i]->id);
    }
    pthread_mutex_lock(&lock);
    snprintf(joined, sizeof(joined), "%s", text);
    pthread_mutex_unlock(&lock);
    task->type = "t";
    task->id = atomic_load(&nameless) ? NULL : "sum";
    task->payload = "done";
    task->payload_len = 4;
    task->retention_ms = 60000;
    return 0;
}

static void
serve(const weir_server_options *options)
{
    static bool registered;

    atomic_store(&calls, 0);
    atomic_store(&members, 0);
    atomic_store(&failures, 0);
    atomic_store(&slow, false);
    if (!registered) { /* the mux is the same for all tests */
        CU_ASSERT_EQUAL(weir_mux_aggregate(world.mux, "sum:", sum_up, NULL, NULL), 0);
        registered = true;
    }
    world_serve(options);
}

static void
join(const char *id)
{
    world_enqueue_task((weir_task){.type = "sum:item", .id = id, .group = "g"}, "done");
}

static bool
called(long count)
{
    return atomic_load(&calls) >= count;
}

static void
a_full_group_becomes_one_task(void)
{
    size_limit = 3;
    weir_server_options options = group_options();

    serve(&options);
    join("a");
    join("b");
    CU_ASSERT_EQUAL(world_task("a").state, WEIR_STATE_AGGREGATING);
    join("c");
    CU_ASSERT_TRUE(world_reaches("sum", WEIR_STATE_COMPLETED));
    CU_ASSERT_STRING_EQUAL(joined, "a b c");
    CU_ASSERT_EQUAL(world_task("a").state, WEIR_STATE_NONE);
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 1);
}

static void
a_group_becomes_one_task_when_its_grace_is_over(void)
{
    size_limit = 0;
    weir_server_options options = group_options();

    options.group.grace_ms = 1000;
    serve(&options);
    join("a");
    join("b");
    CU_ASSERT_TRUE(world_reaches("sum", WEIR_STATE_COMPLETED));
    CU_ASSERT_STRING_EQUAL(joined, "a b");
    CU_ASSERT_EQUAL(atomic_load(&calls), 1);
}

static void
a_group_beyond_the_size_becomes_several_tasks_at_once(void)
{
    size_limit = 2;
    weir_server_options options = group_options();

    atomic_store(&nameless, true);
    for (int i = 0; i < 7; i++) {
        world_enqueue_task((weir_task){.type = "sum:item", .group = "g"}, "done");
    }
    serve(&options);
    CU_ASSERT_TRUE(world_until(world_ended, 3));
    CU_ASSERT_EQUAL(atomic_load(&calls), 3);
    atomic_store(&nameless, false);
}

static void
other_policies_hold_for_the_groups_that_wait(void)
{
    static const weir_group_policy wrong = {.grace_ms = 1};
    static const weir_type_group soon[] = {{"sum:", {.max_size = 2}}};

    size_limit = 0;
    weir_server_options options = group_options();

    serve(&options);
    join("a");
    join("b");
    CU_ASSERT_EQUAL(weir_server_set_groups(world.server, &wrong, NULL, 0, 0, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_server_set_groups(world.server, NULL, NULL, 1, 0, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_server_set_groups(world.server, NULL, soon, 1, 1, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(world_task("a").state, WEIR_STATE_AGGREGATING);
    CU_ASSERT_EQUAL(weir_server_set_groups(world.server, NULL, soon, 1, 1000, NULL), 0);
    CU_ASSERT_TRUE(world_reaches("sum", WEIR_STATE_COMPLETED));
    CU_ASSERT_STRING_EQUAL(joined, "a b");
    CU_ASSERT_EQUAL(atomic_load(&calls), 1);
}

static atomic_bool churning;

static void *
churn(void *arg)
{
    static const weir_type_group some[] = {{"sum:", {.max_size = 2}}, {"sum", {.max_size = 3}}};

    (void)arg;
    for (size_t i = 0; atomic_load(&churning); i++) {
        weir_server_set_groups(world.server, &(weir_group_policy){.max_size = 2}, some, i % 3, 0,
                               NULL);
    }
    return NULL;
}

static bool
are_in_sets(long count)
{
    return atomic_load(&members) >= count;
}

static void
policies_change_without_end_and_lose_and_double_nothing(void)
{
    pthread_t thread;

    size_limit = 2;
    weir_server_options options = group_options();

    atomic_store(&nameless, true);
    serve(&options);
    atomic_store(&churning, true);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, churn, NULL), 0);
    for (int i = 0; i < 100; i++) {
        world_enqueue_task((weir_task){.type = "sum:item", .group = "g"}, "done");
    }
    CU_ASSERT_TRUE(world_until(are_in_sets, 100));
    atomic_store(&churning, false);
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(atomic_load(&members), 100);
    atomic_store(&nameless, false);
}

static void
a_type_has_a_policy_of_its_own(void)
{
    static const weir_type_group own = {.pattern = "sum:it", .policy = {.max_delay_ms = 50}};

    size_limit = 0;
    weir_server_options options = group_options();

    options.type_groups = &own;
    options.type_group_count = 1;
    serve(&options);
    join("a");
    CU_ASSERT_TRUE(world_reaches("sum", WEIR_STATE_COMPLETED));
}

static void
a_due_task_with_a_group_is_aggregated(void)
{
    size_limit = 1;
    weir_server_options options = group_options();

    serve(&options);
    world_enqueue_task(
        (weir_task){.type = "sum:item", .id = "a", .group = "g", .process_in_ms = 50}, "done");
    CU_ASSERT_TRUE(world_reaches("sum", WEIR_STATE_COMPLETED));
    CU_ASSERT_STRING_EQUAL(joined, "a");
}

static void
a_set_whose_aggregator_failed_is_tried_again(void)
{
    size_limit = 1;
    weir_server_options options = group_options();

    serve(&options);
    atomic_store(&failures, 1);
    join("a");
    CU_ASSERT_TRUE(world_reaches("sum", WEIR_STATE_COMPLETED));
    CU_ASSERT_EQUAL(atomic_load(&calls), 2);
}

static void
an_aggregator_that_is_too_slow_makes_nothing_twice(void)
{
    size_limit = 1;
    weir_server_options options = group_options();

    serve(&options);
    atomic_store(&slow, true);
    join("a");
    CU_ASSERT_TRUE(world_until(called, 2)); /* the set was put back and taken again */
    atomic_store(&slow, false);
    CU_ASSERT_TRUE(world_reaches("sum", WEIR_STATE_COMPLETED));
    CU_ASSERT_EQUAL(world_task("a").state, WEIR_STATE_NONE);
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 1);
}

static void
a_slow_aggregator_does_not_hold_up_handlers(void)
{
    size_limit = 1;
    weir_server_options options = group_options();

    serve(&options);
    atomic_store(&slow, true);
    join("a");
    CU_ASSERT_TRUE(world_until(called, 1));
    world_enqueue("done");
    CU_ASSERT_TRUE(world_until(world_ended, 1));
    atomic_store(&slow, false);
}

static void
a_stop_waits_for_an_aggregator_and_tells_of_one_that_stays(void)
{
    size_limit = 1;
    weir_server_options options = group_options();

    options.shutdown_timeout_ms = 20;
    options.group_timeout_ms = 60000;
    serve(&options);
    atomic_store(&slow, true);
    join("a");
    CU_ASSERT_TRUE(world_until(called, 1));
    CU_ASSERT_EQUAL(weir_server_stop(world.server), 1);
    atomic_store(&slow, false);
    CU_ASSERT_TRUE(world_reaches("sum", WEIR_STATE_PENDING));
}

static void
groups_of_a_type_without_aggregator_are_left_alone(void)
{
    size_limit = 1;
    weir_server_options options = group_options();

    serve(&options);
    world_enqueue_task((weir_task){.id = "a", .group = "h"}, "done");
    world_enqueue("done");
    CU_ASSERT_TRUE(world_until(world_ended, 1));
    CU_ASSERT_EQUAL(world_task("a").state, WEIR_STATE_AGGREGATING);
}

static void
policies_that_are_none_are_refused(void)
{
    static const weir_group_policy wrong[] = {
        {.grace_ms = 999}, {.max_delay_ms = -1}, {.max_size = WEIR_GROUP_SET_MAX + 1}};
    weir_server_options options = world_options();
    weir_server *server;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        options.group = wrong[i];
        CU_ASSERT_EQUAL(weir_server_new(&server, world.broker, world.mux, &options, NULL),
                        WEIR_E_INVALID);
    }
}

static CU_TestInfo tests[] = {
    HARNESS_TEST(a_full_group_becomes_one_task),
    HARNESS_TEST(a_group_becomes_one_task_when_its_grace_is_over),
    HARNESS_TEST(a_group_beyond_the_size_becomes_several_tasks_at_once),
    HARNESS_TEST(other_policies_hold_for_the_groups_that_wait),
    HARNESS_TEST(policies_change_without_end_and_lose_and_double_nothing),
    HARNESS_TEST(a_type_has_a_policy_of_its_own),
    HARNESS_TEST(a_due_task_with_a_group_is_aggregated),
    HARNESS_TEST(a_set_whose_aggregator_failed_is_tried_again),
    HARNESS_TEST(an_aggregator_that_is_too_slow_makes_nothing_twice),
    HARNESS_TEST(a_slow_aggregator_does_not_hold_up_handlers),
    HARNESS_TEST(a_stop_waits_for_an_aggregator_and_tells_of_one_that_stays),
    HARNESS_TEST(groups_of_a_type_without_aggregator_are_left_alone),
    HARNESS_TEST(policies_that_are_none_are_refused),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(groups_memory, tests, world_open_memory, world_close);
HARNESS_SUITE(groups_file, tests, world_open_file, world_close);
#ifdef WEIR_WITH_REDIS
HARNESS_SUITE(groups_redis, tests, world_open_redis, world_close_redis);
#endif

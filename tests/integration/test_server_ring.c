/* SPDX-License-Identifier: MIT */
/* Tasks that are taken before a worker is free for them: when, and what becomes of them when none gets free. */
#include <config.h>

#include "flaky.h"
#include "harness.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHORT_TASKS = 1000, /* before and after the one that stays */
    FAIR_QUEUES = 10,
    FAIR_TASKS = 20000,
    FAIR_POINTS = 2,
    CALL_US = 1000
};

static void
enqueue_short(int count, const char *what, weir_task task)
{
    for (int i = 0; i < count; i++) {
        world_enqueue_task(task, what);
    }
}

/* As many tasks are taken ahead as end while a call is under way: in memory, on a busy machine, that may be none. */
static void
calls_take_a_while(void)
{
    atomic_store(&flaky.slowness_us, CALL_US);
}

static weir_server_options
one_worker(void)
{
    weir_server_options options = world_options();

    options.concurrency = 1;
    options.lease_ms = 60000;
    options.heartbeat_ms = 20000;
    return options;
}

/* One worker is so fast that it is given tasks ahead, and then one does not return. */
static void
serve_until_one_stays(weir_task rest)
{
    weir_server_options options = one_worker();

    calls_take_a_while();
    enqueue_short(SHORT_TASKS, "done", (weir_task){0});
    world_enqueue("stay");
    enqueue_short(SHORT_TASKS, "done", rest);
    world_serve(&options);
    CU_ASSERT_TRUE(world_until(world_begun, SHORT_TASKS + 1));
}

static size_t
count_in(const char *queue, weir_state state)
{
    weir_queue_list *list = NULL;
    size_t count = 0;

    if (weir_inspect_queue(world.inspector, queue, &list, NULL) == 0) {
        count = state == WEIR_STATE_ACTIVE ? list->items[0].active : list->items[0].pending;
        weir_queue_list_free(list);
    }
    return count;
}

static bool
are_active(long count)
{
    return count_in("default", WEIR_STATE_ACTIVE) == (size_t)count;
}

static bool
are_pending(long count)
{
    return count_in("default", WEIR_STATE_PENDING) == (size_t)count;
}

static void
short_tasks_are_taken_ahead(void)
{
    weir_server_options options = one_worker();

    calls_take_a_while();
    enqueue_short(SHORT_TASKS, "done", (weir_task){0});
    world_serve(&options);
    CU_ASSERT_TRUE(world_until(world_ended, SHORT_TASKS));
    CU_ASSERT_TRUE(atomic_load(&flaky.starts) > SHORT_TASKS / 4);
    CU_ASSERT_TRUE(atomic_load(&flaky.consumes) < SHORT_TASKS / 2);
}

static void
long_tasks_are_not(void)
{
    weir_server_options options = one_worker();

    enqueue_short(8, "nap", (weir_task){0});
    world_serve(&options);
    CU_ASSERT_TRUE(world_until(world_ended, 8));
    /* A call that takes very long on a busy machine is reason enough for one. */
    CU_ASSERT_TRUE(atomic_load(&flaky.starts) <= 1);
}

static void
what_waits_too_long_goes_back_to_the_head(void)
{
    serve_until_one_stays((weir_task){.max_retry = WEIR_NO_RETRY});
    CU_ASSERT_TRUE(world_until(are_active, 1));
    CU_ASSERT_TRUE(world_until(are_pending, SHORT_TASKS));
    CU_ASSERT_TRUE(atomic_load(&flaky.starts) > 0);
    CU_ASSERT_EQUAL(atomic_load(&world.begun), SHORT_TASKS + 1);
    world_release();
    CU_ASSERT_TRUE(world_until(world_ended, 2 * SHORT_TASKS + 1));
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 2 * SHORT_TASKS + 1);
    CU_ASSERT_EQUAL(atomic_load(&world.errors), 0);
}

/* Their ids are their places. */
static void
check_pending_order(int first)
{
    weir_task_list *list = NULL;

    CU_ASSERT_EQUAL_FATAL(weir_inspect_tasks(world.inspector, "default", WEIR_STATE_PENDING, NULL,
                                             1, 100, &list, NULL),
                          0);
    for (size_t i = 0; i < list->count; i++) {
        CU_ASSERT_EQUAL(atoi(list->items[i]->id), first + (int)i);
        CU_ASSERT_EQUAL(list->items[i]->retried, 0);
    }
    weir_task_list_free(list);
}

static void
a_stop_puts_it_back_in_order(void)
{
    weir_server_options options = one_worker();

    enqueue_short(2 * SHORT_TASKS, "done", (weir_task){0});
    world_serve(&options);
    CU_ASSERT_TRUE(world_until(world_ended, SHORT_TASKS / 2));
    CU_ASSERT_EQUAL(weir_server_stop(world.server), 0);
    int ended = atomic_load(&world.ended);
    CU_ASSERT_EQUAL(atomic_load(&world.begun), ended);
    CU_ASSERT_TRUE(are_active(0));
    CU_ASSERT_TRUE(are_pending(2 * SHORT_TASKS - ended));
    check_pending_order(ended + 1);
}

static void
a_quiet_server_puts_it_back(void)
{
    weir_server_options options = one_worker();

    enqueue_short(2 * SHORT_TASKS, "done", (weir_task){0});
    world_serve(&options);
    CU_ASSERT_TRUE(world_until(world_ended, SHORT_TASKS / 2));
    weir_server_quiet(world.server);
    CU_ASSERT_TRUE(world_until(are_active, 0));
    int ended = atomic_load(&world.ended);
    CU_ASSERT_EQUAL(atomic_load(&world.begun), ended);
    CU_ASSERT_TRUE(are_pending(2 * SHORT_TASKS - ended));
}

static void
what_is_of_a_queue_that_is_not_served_any_more_goes_back(void)
{
    static const weir_queue_weight other = {"other", 1};

    serve_until_one_stays((weir_task){0});
    CU_ASSERT_EQUAL(weir_server_set_queues(world.server, &other, 1, false, NULL), 0);
    world_release();
    CU_ASSERT_TRUE(world_until(are_active, 0));
    CU_ASSERT_EQUAL((size_t)atomic_load(&world.begun) + count_in("default", WEIR_STATE_PENDING),
                    2 * SHORT_TASKS + 1);
}

static bool
have_starts(long count)
{
    return atomic_load(&flaky.starts) >= count;
}

/* It is not this server's any more: here it comes back when its lease has ended. */
static void
a_task_whose_start_is_refused_does_not_run(void)
{
    weir_server_options options = world_options();

    options.concurrency = 1;
    atomic_store(&flaky.start_stale, true);
    enqueue_short(SHORT_TASKS, "done", (weir_task){0});
    world_serve(&options);
    CU_ASSERT_TRUE(world_until(have_starts, 10));
    CU_ASSERT_TRUE(atomic_load(&world.begun) <= SHORT_TASKS - 10);
    atomic_store(&flaky.start_stale, false);
    CU_ASSERT_TRUE(world_until(world_ended, SHORT_TASKS));
    CU_ASSERT_TRUE(world_until(are_active, 0));
    CU_ASSERT_EQUAL(atomic_load(&world.begun), SHORT_TASKS);
    CU_ASSERT_EQUAL(atomic_load(&world.errors), 0);
}

static void
an_outage_loses_nothing_of_it(void)
{
    weir_server_options options = one_worker();

    enqueue_short(2 * SHORT_TASKS, "done", (weir_task){0});
    world_serve(&options);
    CU_ASSERT_TRUE(world_until(world_ended, SHORT_TASKS / 2));
    int calls = atomic_load(&flaky.consumes);
    atomic_store(&flaky.consume_fails, true);
    while (atomic_load(&flaky.consumes) < calls + 3 &&
           atomic_load(&world.ended) < 2 * SHORT_TASKS) {
        world_until(world_begun, 0);
    }
    atomic_store(&flaky.consume_fails, false);
    CU_ASSERT_TRUE(world_until(world_ended, 2 * SHORT_TASKS));
    CU_ASSERT_TRUE(world_until(are_active, 0));
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 2 * SHORT_TASKS);
}

/* ---- shares ---- */

static atomic_int taken[FAIR_QUEUES];
static atomic_int taken_in_all;

static weir_outcome
count_share(weir_context *ctx, const weir_task_info *task, void *arg)
{
    (void)ctx;
    (void)arg;
    if (atomic_fetch_add(&taken_in_all, 1) < FAIR_TASKS) {
        atomic_fetch_add(&taken[atoi(task->queue + 1)], 1);
    }
    return WEIR_DONE;
}

static void
fill_fairly(char names[][16])
{
    static weir_task tasks[100];

    for (int q = 0; q < FAIR_QUEUES; q++) {
        int count = (q + 1) * FAIR_TASKS / 55 + FAIR_TASKS / 20;
        for (int i = 0; i < 100; i++) {
            tasks[i] = (weir_task){.type = "share", .queue = names[q]};
        }
        for (; count > 0; count -= 100) {
            CU_ASSERT_EQUAL_FATAL(weir_enqueue_many(world.client, tasks, 100, NULL, NULL), 0);
        }
    }
}

static bool
have_shares(long count)
{
    return atomic_load(&taken_in_all) >= count;
}

static void
queues_get_their_shares_of_what_is_taken_ahead(void)
{
    weir_server_options options = world_options();
    weir_queue_weight weights[FAIR_QUEUES];
    char names[FAIR_QUEUES][16];

    for (int q = 0; q < FAIR_QUEUES; q++) {
        snprintf(names[q], sizeof(names[q]), "q%d", q);
        weights[q] = (weir_queue_weight){names[q], q + 1};
        atomic_store(&taken[q], 0);
    }
    atomic_store(&taken_in_all, 0);
    world.mux = weir_mux_new();
    CU_ASSERT_EQUAL_FATAL(weir_mux_handle(world.mux, "share", count_share, NULL, NULL), 0);
    fill_fairly(names);
    options.queues = weights;
    options.queue_count = FAIR_QUEUES;
    options.concurrency = 10;
    options.lease_ms = 60000;
    world_serve(&options);
    while (!have_shares(FAIR_TASKS) && world_until(have_shares, atomic_load(&taken_in_all) + 1)) {}
    CU_ASSERT_TRUE(have_shares(FAIR_TASKS));
    weir_server_free(world.server);
    world.server = NULL;
    weir_mux_free(world.mux);
    for (int q = 0; q < FAIR_QUEUES; q++) {
        double percent = 100.0 * atomic_load(&taken[q]) / FAIR_TASKS;
        double due = 100.0 * (q + 1) / 55;
        CU_ASSERT_TRUE(percent > due - FAIR_POINTS && percent < due + FAIR_POINTS);
    }
    CU_ASSERT_TRUE(atomic_load(&flaky.starts) > FAIR_TASKS / 4);
}

/* The mover may not sleep yet when a task comes; then it is its. */
static void
a_task_for_an_idle_server_is_taken_by_who_hears_of_it(void)
{
    weir_server_options options = one_worker();
    long count = 0;

    world_serve(&options);
    while (atomic_load(&flaky.heard) == 0 && count < SHORT_TASKS) {
        world_enqueue("done");
        CU_ASSERT_TRUE_FATAL(world_until(world_ended, ++count));
    }
    CU_ASSERT_TRUE(atomic_load(&flaky.heard) > 0);
    weir_server_stop(world.server);
    CU_ASSERT_TRUE(are_active(0));
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_task_for_an_idle_server_is_taken_by_who_hears_of_it),
    HARNESS_TEST(short_tasks_are_taken_ahead),
    HARNESS_TEST(long_tasks_are_not),
    HARNESS_TEST(what_waits_too_long_goes_back_to_the_head),
    HARNESS_TEST(a_stop_puts_it_back_in_order),
    HARNESS_TEST(a_quiet_server_puts_it_back),
    HARNESS_TEST(what_is_of_a_queue_that_is_not_served_any_more_goes_back),
    HARNESS_TEST(a_task_whose_start_is_refused_does_not_run),
    HARNESS_TEST(an_outage_loses_nothing_of_it),
    HARNESS_TEST(queues_get_their_shares_of_what_is_taken_ahead),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(ring, tests, world_open_flaky, world_close);

/* SPDX-License-Identifier: MIT */
/* Moving due tasks: never early, in order, bounded, and what is due next. */
#include <config.h>

#include "kit.h"

static void
put_due(const char *id, int64_t in_ms)
{
    OK(PUT(.queue = "alpha", .id = id, .next_process_at_ms = START_MS + in_ms));
}

static void
retry_due(const char *id, int64_t in_ms)
{
    put_all("alpha", id);
    OK(FINISH(take("alpha"), RETRY, .at_ms = START_MS + in_ms, .counted = true, .error = "no"));
}

static void
nothing_is_forwarded_before_its_time_to_the_millisecond(void)
{
    int64_t next = 0;

    put_due("a", 1001);
    manual_clock_advance(&now, 1000);
    IS(forward("alpha", 10, &next), 0);
    IS(next, START_MS + 1001);
    IS(state_of("alpha", "a"), WEIR_STATE_SCHEDULED);
    manual_clock_advance(&now, 1);
    IS(forward("alpha", 10, &next), 1);
    IS(state_of("alpha", "a"), WEIR_STATE_PENDING);
    IS(look("alpha", "a")->pending_since_ms, START_MS + 1001);
}

static void
a_retry_is_not_forwarded_before_its_time_either(void)
{
    int64_t next = 0;

    retry_due("a", 777);
    manual_clock_advance(&now, 776);
    IS(forward("alpha", 10, &next), 0);
    IS(next, START_MS + 777);
    manual_clock_advance(&now, 1);
    IS(forward("alpha", 10, &next), 1);
    IS(state_of("alpha", "a"), WEIR_STATE_PENDING);
    IS(look("alpha", "a")->retried, 1);
    SAME(look("alpha", "a")->last_error, "no");
}

static void
due_tasks_go_to_the_tail_in_the_order_of_their_due_times(void)
{
    put_all("alpha", "first");
    put_due("c", 30);
    put_due("a", 10);
    put_due("b", 20);
    manual_clock_advance(&now, 100);
    IS(forward("alpha", 10, NULL), 3);
    IDS("alpha", PENDING, "first a b c");
}

static void
scheduled_and_retry_are_one_order(void)
{
    retry_due("b", 20);
    retry_due("d", 40);
    put_due("c", 30);
    put_due("a", 10);
    manual_clock_advance(&now, 100);
    IS(forward("alpha", 10, NULL), 4);
    IDS("alpha", PENDING, "a b c d");
}

static void
at_most_max_are_moved_and_the_next_due_is_told(void)
{
    int64_t next = 0;

    put_due("a", 10);
    put_due("b", 20);
    put_due("c", 30);
    manual_clock_advance(&now, 100);
    IS(forward("alpha", 2, &next), 2);
    IS(next, START_MS + 30);
    IDS("alpha", PENDING, "a b");
    IS(forward("alpha", 2, &next), 1);
    IS(next, WEIR_NEVER);
}

static void
the_next_due_time_is_never_when_nothing_waits(void)
{
    int64_t next = 0;

    IS(forward("none", 10, &next), 0);
    IS(next, WEIR_NEVER);
    put_all("alpha", "a");
    IS(forward("alpha", 10, &next), 0);
    IS(next, WEIR_NEVER);
}

static void
the_next_due_time_is_the_earliest_of_all_queues(void)
{
    static const char *const queues[] = {"none", "alpha", "beta"};
    weir_forward work = {.queues = queues, .queue_count = 3, .max = 10};

    put_due("a", 500);
    OK(PUT(.queue = "beta", .id = "b", .next_process_at_ms = START_MS + 400));
    OK(weir__forward(store, &work, NULL));
    IS(work.moved, 0);
    IS(work.next_due_at_ms, START_MS + 400);
}

static void
only_the_queues_that_are_named_are_forwarded(void)
{
    int64_t next = 0;

    put_due("a", 10);
    OK(PUT(.queue = "beta", .id = "b", .next_process_at_ms = START_MS + 5));
    manual_clock_advance(&now, 100);
    IS(forward("alpha", 10, &next), 1);
    IS(next, WEIR_NEVER);
    IS(state_of("beta", "b"), WEIR_STATE_SCHEDULED);
}

static void
a_due_task_with_a_group_joins_its_group(void)
{
    OK(PUT(.queue = "alpha", .id = "a", .group = "g", .next_process_at_ms = START_MS + 10));
    manual_clock_advance(&now, 10);
    IS(forward("alpha", 10, NULL), 1);
    IS(state_of("alpha", "a"), WEIR_STATE_AGGREGATING);
    SAME(ids("alpha", WEIR_STATE_AGGREGATING, "g", 0, 10), "a");
    IDS("alpha", PENDING, "");
}

static void
a_paused_queue_is_forwarded(void)
{
    NEED(STEER);
    put_due("a", 10);
    OK(weir__pause(store, "alpha", true, NULL));
    manual_clock_advance(&now, 10);
    IS(forward("alpha", 10, NULL), 1);
    IS(state_of("alpha", "a"), WEIR_STATE_PENDING);
}

static const CU_TestInfo cases[] = {
    CASE(nothing_is_forwarded_before_its_time_to_the_millisecond),
    CASE(a_retry_is_not_forwarded_before_its_time_either),
    CASE(due_tasks_go_to_the_tail_in_the_order_of_their_due_times),
    CASE(scheduled_and_retry_are_one_order),
    CASE(at_most_max_are_moved_and_the_next_due_is_told),
    CASE(the_next_due_time_is_never_when_nothing_waits),
    CASE(the_next_due_time_is_the_earliest_of_all_queues),
    CASE(only_the_queues_that_are_named_are_forwarded),
    CASE(a_due_task_with_a_group_joins_its_group),
    CASE(a_paused_queue_is_forwarded),
    CASES_END,
};

CASES(forward);

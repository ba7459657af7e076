/* SPDX-License-Identifier: MIT */
/* The order of queues, against a store that is nothing but three numbers. */
#include <config.h>

#include "harness.h"

#include "order.h"

#include <string.h>

#define QUEUES 3

static const weir_queue_weight weights[QUEUES] = {{"critical", 6}, {"default", 3}, {"low", 1}};

static struct weir__order order;
static size_t backlog[QUEUES];
static size_t taken[QUEUES];

static void
begin(bool strict)
{
    CU_ASSERT_TRUE_FATAL(weir__order_init(&order, weights, QUEUES, strict));
    memset(taken, 0, sizeof(taken));
    for (size_t i = 0; i < QUEUES; i++) {
        backlog[i] = SIZE_MAX / 2;
    }
}

static void
teardown(void)
{
    weir__order_release(&order);
}

static size_t
index_of(const char *name)
{
    for (size_t i = 0; i < QUEUES; i++) {
        if (strcmp(weights[i].name, name) == 0) {
            return i;
        }
    }
    return 0;
}

static size_t
take_from(const char *name, size_t count)
{
    size_t i = index_of(name);
    size_t got = count < backlog[i] ? count : backlog[i];

    backlog[i] -= got;
    taken[i] += got;
    for (size_t n = 0; n < got; n++) {
        weir__order_took(&order, name);
    }
    return got;
}

/* What the contract says of a take: the wants first, then filled up in the same order. */
static size_t
call_store(size_t max)
{
    weir_take_queue *take = weir__order_plan(&order, max);
    size_t total = 0;

    for (size_t i = 0; i < QUEUES; i++) {
        total += take_from(take[i].name, take[i].want);
    }
    CU_ASSERT_TRUE(total <= max);
    for (size_t i = 0; i < QUEUES; i++) {
        total += take_from(take[i].name, max - total);
        take[i].left = backlog[index_of(take[i].name)];
    }
    weir__order_settle(&order);
    return total;
}

static void
check_share(size_t i, size_t total, double expected)
{
    double share = (double)taken[i] / (double)total;

    CU_ASSERT_DOUBLE_EQUAL(share, expected, 0.02);
}

static void
check_shares_with_batches_of(size_t size, size_t step)
{
    size_t total = 0;

    begin(false);
    while (total < 100000) {
        total += call_store(size);
        size = step == 0 ? size : 1 + (size + step) % 256;
    }
    check_share(0, total, 0.6);
    check_share(1, total, 0.3);
    check_share(2, total, 0.1);
}

static void
shares_hold_for_single_tasks(void)
{
    check_shares_with_batches_of(1, 0);
}

static void
shares_hold_for_large_batches(void)
{
    check_shares_with_batches_of(256, 0);
}

static void
shares_hold_for_batches_of_changing_size(void)
{
    check_shares_with_batches_of(1, 37);
}

static void
a_batch_is_shared_too(void)
{
    begin(false);
    call_store(10);
    CU_ASSERT_EQUAL(taken[0], 6);
    CU_ASSERT_EQUAL(taken[1], 3);
    CU_ASSERT_EQUAL(taken[2], 1);
}

static void
an_empty_queue_leaves_its_share_to_the_others(void)
{
    begin(false);
    backlog[0] = 0;
    for (int i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL(call_store(8), 8);
    }
    CU_ASSERT_EQUAL(taken[0], 0);
    check_share(1, 8000, 0.75);
}

static void
an_empty_queue_saves_up_no_turns(void)
{
    begin(false);
    backlog[2] = 0;
    for (int i = 0; i < 1000; i++) {
        call_store(10);
    }
    backlog[2] = 1000000;
    memset(taken, 0, sizeof(taken));
    call_store(1); /* tells that the queue has work again */
    for (int i = 0; i < 100; i++) {
        call_store(10);
    }
    check_share(2, 1001, 0.1);
}

static void
a_queue_that_fills_again_gets_its_share_again(void)
{
    begin(false);
    backlog[0] = 5;
    backlog[1] = 5;
    backlog[2] = 5;
    CU_ASSERT_EQUAL(call_store(20), 15);
    for (size_t i = 0; i < QUEUES; i++) {
        backlog[i] = 1000000;
        taken[i] = 0;
    }
    for (int i = 0; i < 100; i++) {
        call_store(10);
    }
    check_share(0, 1000, 0.6);
}

static void
strict_order_takes_the_heaviest_queue_first(void)
{
    begin(true);
    backlog[0] = 12;
    call_store(10);
    CU_ASSERT_EQUAL(taken[0], 10);
    call_store(10);
    CU_ASSERT_EQUAL(taken[0], 12);
    CU_ASSERT_EQUAL(taken[1], 8);
    CU_ASSERT_EQUAL(taken[2], 0);
    backlog[0] = 1;
    call_store(1);
    CU_ASSERT_EQUAL(taken[0], 13);
}

static void
a_changed_order_costs_no_queue_its_turn(void)
{
    struct weir__order next;
    static const weir_queue_weight queues[] = {{"low", 1}, {"new", 1}};
    static struct weir__order before;
    static const weir_queue_weight first[] = {{"low", 1}, {"high", 1}};

    CU_ASSERT_TRUE_FATAL(weir__order_init(&before, first, 2, false));
    weir__order_plan(&before, 4);
    for (int i = 0; i < 4; i++) {
        weir__order_took(&before, "low");
    }
    before.take[0].left = before.take[1].left = 1;
    weir__order_settle(&before);
    CU_ASSERT_TRUE_FATAL(weir__order_init(&next, queues, 2, false));
    weir__order_inherit(&next, &before);
    weir_take_queue *take = weir__order_plan(&next, 4);
    CU_ASSERT_STRING_EQUAL(take[0].name, "new");
    CU_ASSERT_EQUAL(take[0].want, 4);
    weir__order_release(&next);
    weir__order_release(&before);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_changed_order_costs_no_queue_its_turn),
    HARNESS_TEST(shares_hold_for_single_tasks),
    HARNESS_TEST(shares_hold_for_large_batches),
    HARNESS_TEST(shares_hold_for_batches_of_changing_size),
    HARNESS_TEST(a_batch_is_shared_too),
    HARNESS_TEST(an_empty_queue_leaves_its_share_to_the_others),
    HARNESS_TEST(an_empty_queue_saves_up_no_turns),
    HARNESS_TEST(a_queue_that_fills_again_gets_its_share_again),
    HARNESS_TEST(strict_order_takes_the_heaviest_queue_first),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(order, tests, NULL, teardown);

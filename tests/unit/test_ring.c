/* SPDX-License-Identifier: MIT */
/* How many tasks a server takes ahead: by what its calls cost, and by how large tasks are; and that somebody looks at them. */
#include <config.h>

#include "harness.h"
#include "runtime.h"

#include <string.h>

enum {
    TAKEN = 100,
    SECOND_US = 1000000,
    MIB = 1024 * 1024
};

static weir_server server;
static int64_t now_us;

static void
setup(void)
{
    memset(&server, 0, sizeof server);
    server.job_room = 10000;
    now_us = SECOND_US;
}

/* Calls of a second each, with so many outcomes, until the mean has settled. */
static void
work(size_t outcomes)
{
    for (int i = 0; i < 20; i++) {
        now_us += SECOND_US;
        weir__ring_note_load(&server, outcomes, now_us);
        weir__ring_note_call(&server, SECOND_US);
    }
}

static void
take(size_t payload_len)
{
    const weir_task_info task = {.payload_len = payload_len};
    weir_claim items[TAKEN];
    const weir__claims claims = {items, TAKEN};

    for (size_t i = 0; i < TAKEN; i++) {
        items[i] = (weir_claim){.task = (weir_task_info *)&task};
    }
    weir__ring_note_take(&server, &claims);
}

static void
what_ends_during_two_calls_is_taken_ahead(void)
{
    CU_ASSERT_EQUAL(weir__ring_room(&server), 0);
    work(20);
    CU_ASSERT_TRUE(weir__ring_room(&server) >= 20);
    CU_ASSERT_TRUE(weir__ring_room(&server) <= 42);
    work(100000);
    CU_ASSERT_EQUAL(weir__ring_room(&server), WEIR__TAKE_MAX);
}

static void
payloads_that_wait_are_bounded(void)
{
    work(100000);
    take(MIB);
    CU_ASSERT_TRUE(weir__ring_room(&server) <= 8);
    work(100000);
    CU_ASSERT_TRUE(weir__ring_room(&server) > 0);
    CU_ASSERT_TRUE(weir__ring_room(&server) <= 8);
    take(100 * MIB);
    CU_ASSERT_EQUAL(weir__ring_room(&server), 0);
}

static void
small_ones_are_taken_in_numbers_again(void)
{
    take(MIB);
    for (int i = 0; i < 40; i++) {
        take(64);
    }
    work(100000);
    CU_ASSERT_EQUAL(weir__ring_room(&server), WEIR__TAKE_MAX);
}

static void
the_usual_size_is_no_reason_for_less(void)
{
    take(10000);
    work(100000);
    CU_ASSERT_EQUAL(weir__ring_room(&server), WEIR__TAKE_MAX);
}

/* The mover went to sleep while a worker had been called, who then found a task that stays, with others behind it. */
static void
a_mover_that_sleeps_is_woken_for_what_waits(void)
{
    struct weir__job job = {.taken_us = now_us};

    weir__jobs_append(&server.ring.ahead, &job);
    server.mover_until_ms = WEIR_NEVER;
    server.called_count = 1;
    server.mover_waits = true;
    CU_ASSERT_FALSE(weir__mover_call(&server));
    server.called_count = 0;
    CU_ASSERT_TRUE(weir__mover_call(&server));
    CU_ASSERT_FALSE(weir__mover_call(&server));

    server.mover_waits = true;
    server.mover_until_ms = now_us / 1000;
    CU_ASSERT_FALSE(weir__mover_call(&server));
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(what_ends_during_two_calls_is_taken_ahead),
    HARNESS_TEST(payloads_that_wait_are_bounded),
    HARNESS_TEST(small_ones_are_taken_in_numbers_again),
    HARNESS_TEST(the_usual_size_is_no_reason_for_less),
    HARNESS_TEST(a_mover_that_sleeps_is_woken_for_what_waits),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(ring, tests, setup, NULL);

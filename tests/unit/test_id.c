/* SPDX-License-Identifier: MIT */
/* Ids of tasks. The last stamp is the process's, so every test takes a later time than the last. */
#include <config.h>

#include "clock.h"
#include "harness.h"
#include "id.h"
#include "manual_clock.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Later than anything the system's clock says, so that ids of this suite follow its clock. */
static int64_t next_start_ms = INT64_C(4102444800000); /* 2100-01-01 */
static struct manual_clock clock_;

static void
setup(void)
{
    next_start_ms += 100000;
    manual_clock_init(&clock_, next_start_ms, 1);
}

static int64_t
ms_of(const char *id)
{
    char digits[13];

    memcpy(digits, id, 8);
    memcpy(digits + 8, id + 9, 4);
    digits[12] = '\0';
    return strtoll(digits, NULL, 16);
}

static void
an_id_is_a_uuid_of_version_7(void)
{
    for (int i = 0; i < 1000; i++) {
        char id[WEIR__ID_SIZE];
        weir__id_new(&clock_.clock, id);
        CU_ASSERT_EQUAL_FATAL(strlen(id), 36);
        CU_ASSERT_EQUAL(strspn(id, "0123456789abcdef-"), 36);
        for (int k = 0; k < 36; k++) {
            bool dash = k == 8 || k == 13 || k == 18 || k == 23;
            CU_ASSERT_EQUAL(id[k] == '-', dash);
        }
        CU_ASSERT_EQUAL(id[14], '7');
        CU_ASSERT_PTR_NOT_NULL(strchr("89ab", id[19]));
    }
}

static void
an_id_begins_with_the_time(void)
{
    char id[WEIR__ID_SIZE];

    weir__id_new(&clock_.clock, id);
    CU_ASSERT_EQUAL(ms_of(id), next_start_ms);
    manual_clock_advance(&clock_, 5);
    weir__id_new(&clock_.clock, id);
    CU_ASSERT_EQUAL(ms_of(id), next_start_ms + 5);
}

static void
ids_of_one_millisecond_ascend(void)
{
    char last[WEIR__ID_SIZE] = "";

    for (int i = 0; i < 20000; i++) { /* more than the counter has room for */
        char id[WEIR__ID_SIZE];
        weir__id_new(&clock_.clock, id);
        CU_ASSERT_TRUE_FATAL(strcmp(id, last) > 0);
        memcpy(last, id, sizeof last);
    }
    CU_ASSERT_TRUE(ms_of(last) <= next_start_ms + 5);
}

static void
ids_ascend_when_the_clock_steps_back(void)
{
    char last[WEIR__ID_SIZE] = "";

    for (int i = 0; i < 100; i++) {
        char id[WEIR__ID_SIZE];
        weir__id_new(&clock_.clock, id);
        CU_ASSERT_TRUE_FATAL(strcmp(id, last) > 0);
        memcpy(last, id, sizeof last);
        manual_clock_set_wall(&clock_, next_start_ms - 1000 * i);
    }
    CU_ASSERT_EQUAL(ms_of(last), next_start_ms);
}

static void
a_clock_before_1970_is_survived(void)
{
    char one[WEIR__ID_SIZE], two[WEIR__ID_SIZE];

    manual_clock_set_wall(&clock_, INT64_MIN);
    weir__id_new(&clock_.clock, one);
    weir__id_new(&clock_.clock, two);
    CU_ASSERT_TRUE(strcmp(one, two) < 0);
    CU_ASSERT_EQUAL(two[14], '7');
}

static void
ids_of_two_clocks_at_one_time_differ_by_their_randomness(void)
{
    struct manual_clock other;
    char one[WEIR__ID_SIZE], two[WEIR__ID_SIZE];

    manual_clock_init(&other, next_start_ms, 2);
    weir__id_new(&clock_.clock, one);
    weir__id_new(&other.clock, two);
    CU_ASSERT_NOT_EQUAL(strcmp(one + 19, two + 19), 0);
}

enum {
    THREADS = 8,
    IDS = 5000
};

static void *
make_ids(void *arg)
{
    char(*ids)[WEIR__ID_SIZE] = arg;

    for (int i = 0; i < IDS; i++) {
        weir__id_new(NULL, ids[i]);
    }
    return NULL;
}

static int
compare_ids(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void
ids_of_many_threads_are_distinct_and_ascend_in_each(void)
{
    char(*ids)[WEIR__ID_SIZE] = calloc(THREADS * IDS, sizeof *ids);
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, make_ids, ids + i * IDS), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 1; i < THREADS * IDS; i++) {
        CU_ASSERT_TRUE_FATAL(i % IDS == 0 || strcmp(ids[i - 1], ids[i]) < 0);
    }
    qsort(ids, THREADS * IDS, sizeof *ids, compare_ids);
    for (int i = 1; i < THREADS * IDS; i++) {
        /* The stamps alone are distinct already. */
        CU_ASSERT_NOT_EQUAL_FATAL(strncmp(ids[i - 1], ids[i], 18), 0);
    }
    free(ids);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(an_id_is_a_uuid_of_version_7),
    HARNESS_TEST(an_id_begins_with_the_time),
    HARNESS_TEST(ids_of_one_millisecond_ascend),
    HARNESS_TEST(ids_ascend_when_the_clock_steps_back),
    HARNESS_TEST(a_clock_before_1970_is_survived),
    HARNESS_TEST(ids_of_two_clocks_at_one_time_differ_by_their_randomness),
    HARNESS_TEST(ids_of_many_threads_are_distinct_and_ascend_in_each),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(id, tests, setup, NULL);

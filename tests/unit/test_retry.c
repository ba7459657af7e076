/* SPDX-License-Identifier: MIT */
/* Retry policies: their text, and the delays they give. */
#include <config.h>

#include "harness.h"
#include "manual_clock.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <weir/retry.h>

static struct manual_clock clock_;

static void
setup(void)
{
    manual_clock_init(&clock_, 0, 42);
}

static void
the_default_is_asynq_s_formula(void)
{
    static const int64_t n4[] = {0, 1, 16, 81, 256, 625};

    for (int n = 0; n <= 5; n++) {
        bool lowest = false, highest = false;
        for (int i = 0; i < 2000; i++) {
            int64_t delay_ms = weir_retry_delay_ms(NULL, &clock_.clock, n);
            int64_t spread_ms = delay_ms - (n4[n] + 15) * 1000;
            CU_ASSERT_EQUAL_FATAL(spread_ms % ((n + 1) * 1000), 0);
            CU_ASSERT_TRUE_FATAL(spread_ms >= 0 && spread_ms <= 29 * (n + 1) * 1000);
            lowest = lowest || spread_ms == 0;
            highest = highest || spread_ms == 29 * (n + 1) * 1000;
        }
        CU_ASSERT_TRUE(lowest && highest);
    }
}

static void
no_policy_overflows(void)
{
    static const int retried[] = {0, 1, 100, 1000, 100000, INT_MAX, -1, INT_MIN};
    static const weir_retry_policy policies[] = {
        {0},
        {WEIR_RETRY_KIND_FIXED, INT64_MAX, 0, 0, 0},
        {WEIR_RETRY_KIND_FIXED, INT64_MIN, 0, 0, 1},
        {WEIR_RETRY_KIND_LINEAR, INT64_MAX, INT64_MAX, 0, 1},
        {WEIR_RETRY_KIND_EXPONENTIAL, 1, 0, 0, 0},
        {WEIR_RETRY_KIND_EXPONENTIAL, 1, INT64_MIN, 1e300, 7},
        {WEIR_RETRY_KIND_EXPONENTIAL, INT64_MAX, 0, INFINITY, 0},
        {WEIR_RETRY_KIND_EXPONENTIAL, 1, 0, NAN, NAN},
        {WEIR_RETRY_KIND_EXPONENTIAL, 1, 0, -3, -3},
        {(weir_retry_kind)77, 1, 0, 0, 0},
    };

    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        for (size_t k = 0; k < sizeof retried / sizeof retried[0]; k++) {
            int64_t delay_ms = weir_retry_delay_ms(&policies[i], &clock_.clock, retried[k]);
            CU_ASSERT_TRUE(delay_ms >= 0 && delay_ms <= WEIR_RETRY_MAX_MS);
        }
    }
    CU_ASSERT_EQUAL(weir_retry_delay_ms(NULL, NULL, INT_MAX), WEIR_RETRY_MAX_MS);
}

static void
each_kind_grows_as_its_name_says(void)
{
    static const struct {
        const char *policy;
        int64_t delays_ms[5];
    } cases[] = {
        {"fixed:30s", {30000, 30000, 30000, 30000, 30000}},
        {"fixed:0", {0, 0, 0, 0, 0}},
        {"linear:10s", {10000, 20000, 30000, 40000, 50000}},
        {"linear:10s,35s", {10000, 20000, 30000, 35000, 35000}},
        {"exponential:1s", {1000, 2000, 4000, 8000, 16000}},
        {"exponential:1s,3", {1000, 3000, 9000, 27000, 81000}},
        {"exponential:1s,1.5", {1000, 1500, 2250, 3375, 5062}},
        {"exponential:1s,2,5s", {1000, 2000, 4000, 5000, 5000}},
        {"exponential:250ms,1,5s", {250, 250, 250, 250, 250}},
        {"exponential:0,10", {0, 0, 0, 0, 0}},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        weir_retry_policy policy;
        CU_ASSERT_EQUAL_FATAL(weir_retry_policy_parse(&policy, cases[i].policy, NULL), 0);
        for (int n = 0; n < 5; n++) {
            CU_ASSERT_EQUAL(weir_retry_delay_ms(&policy, &clock_.clock, n), cases[i].delays_ms[n]);
        }
    }
}

static void
jitter_takes_off_at_most_its_share(void)
{
    weir_retry_policy policy;
    int64_t lowest_ms = INT64_MAX, highest_ms = 0;

    CU_ASSERT_EQUAL_FATAL(weir_retry_policy_parse(&policy, "fixed:10s,jitter=0.25", NULL), 0);
    for (int i = 0; i < 5000; i++) {
        int64_t delay_ms = weir_retry_delay_ms(&policy, &clock_.clock, 3);
        lowest_ms = delay_ms < lowest_ms ? delay_ms : lowest_ms;
        highest_ms = delay_ms > highest_ms ? delay_ms : highest_ms;
    }
    CU_ASSERT_TRUE(lowest_ms >= 7500 && lowest_ms < 7600);
    CU_ASSERT_TRUE(highest_ms <= 10000 && highest_ms > 9900);
}

static void
a_policy_is_read_from_text(void)
{
    static const struct {
        const char *text;
        weir_retry_policy policy;
    } cases[] = {
        {"asynq", {WEIR_RETRY_KIND_ASYNQ, 0, 0, 0, 0}},
        {"default", {WEIR_RETRY_KIND_ASYNQ, 0, 0, 0, 0}},
        {"fixed:30s", {WEIR_RETRY_KIND_FIXED, 30000, 0, 0, 0}},
        {"fixed:30s,jitter=1", {WEIR_RETRY_KIND_FIXED, 30000, 0, 0, 1}},
        {"linear:1m,1h", {WEIR_RETRY_KIND_LINEAR, 60000, 3600000, 0, 0}},
        {"linear:1m,jitter=0.5", {WEIR_RETRY_KIND_LINEAR, 60000, 0, 0, 0.5}},
        {"exponential:1s,2,10m", {WEIR_RETRY_KIND_EXPONENTIAL, 1000, 600000, 2, 0}},
        {"exponential:1s,2.5,1d,jitter=0.125",
         {WEIR_RETRY_KIND_EXPONENTIAL, 1000, 86400000, 2.5, 0.125}},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        weir_retry_policy policy;
        CU_ASSERT_EQUAL(weir_retry_policy_parse(&policy, cases[i].text, NULL), 0);
        CU_ASSERT_EQUAL(policy.kind, cases[i].policy.kind);
        CU_ASSERT_EQUAL(policy.base_ms, cases[i].policy.base_ms);
        CU_ASSERT_EQUAL(policy.max_ms, cases[i].policy.max_ms);
        CU_ASSERT_EQUAL(policy.factor, cases[i].policy.factor);
        CU_ASSERT_EQUAL(policy.jitter, cases[i].policy.jitter);
    }
}

static void
a_malformed_policy_is_refused_with_the_reason(void)
{
    static const struct {
        const char *text;
        const char *wrong;
    } cases[] = {
        {"", "the kind must be"},
        {"cubic:1s", "the kind must be"},
        {"Fixed:1s", "the kind must be"},
        {"fixe", "the kind must be"},
        {"fixed", "the first delay is missing"},
        {"asynq:1s", "no arguments"},
        {"fixed:", "base must be a length of time"},
        {"fixed:30", "base must be a length of time"},
        {"fixed:-1s", "out of range"},
        {"fixed:999999d", "out of range"},
        {"fixed:1s,2s", "too many arguments"},
        {"linear:1m,1s", "shorter than the first"},
        {"linear:1m,0", "out of range"},
        {"linear:1m,", "max must be a length of time"},
        {"exponential:1s,x", "the factor must be"},
        {"exponential:1s,", "the factor must be"},
        {"exponential:1s,0.5", "the factor must be"},
        {"exponential:1s,-2", "the factor must be"},
        {"exponential:1s,1e9", "the factor must be"},
        {"exponential:1s,2.", "the factor must be"},
        {"exponential:1s,9999999999", "the factor must be"},
        {"exponential:1s,2,1m,5", "too many arguments"},
        {"fixed:1s,jitter=1.1", "the jitter must be"},
        {"fixed:1s,jitter=", "the jitter must be"},
        {"fixed:jitter=0.1", "base must be a length of time"},
        {"linear:1s,jitter=0.1,5s", "max must be a length of time"},
        {"fixed:1111111111111111111111111111111111111111111111111111111111111111s", "too long"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        weir_retry_policy policy = {.base_ms = 99};
        weir_error err = {0};
        CU_ASSERT_EQUAL(weir_retry_policy_parse(&policy, cases[i].text, &err), WEIR_E_INVALID);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, cases[i].wrong));
        CU_ASSERT_EQUAL(policy.base_ms, 99);
    }
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(the_default_is_asynq_s_formula),
    HARNESS_TEST(no_policy_overflows),
    HARNESS_TEST(each_kind_grows_as_its_name_says),
    HARNESS_TEST(jitter_takes_off_at_most_its_share),
    HARNESS_TEST(a_policy_is_read_from_text),
    HARNESS_TEST(a_malformed_policy_is_refused_with_the_reason),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(retry, tests, setup, NULL);

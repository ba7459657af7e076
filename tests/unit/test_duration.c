/* SPDX-License-Identifier: MIT */
/* Lengths of time in Go's notation. */
#include <config.h>

#include "duration.h"
#include "harness.h"

#include <string.h>
#include <weir/config.h>

static const struct {
    const char *text;
    int64_t ms;
} readable[] = {
    {"0", 0},
    {"-0", 0},
    {"+0", 0},
    {"0s", 0},
    {"1ms", 1},
    {"500ms", 500},
    {"30s", 30000},
    {"+5s", 5000},
    {"-2s", -2000},
    {"10m", 600000},
    {"1h30m", 5400000},
    {"1.5h", 5400000},
    {"1h0m0.5s", 3600500},
    {"90d", INT64_C(7776000000)},
    {"1d12h", 129600000},
    {"0.5d", 43200000},
    {".5s", 500},
    {"5.s", 5000},
    {"1s1s", 2000},
    {"00001s", 1000},
    {"1us", 1},
    {"1ns", 1},
    {"-1ns", -1},
    {"1000us", 1},
    {"1001us", 2},
    {"1500\xC2\xB5s", 2},
    {"1500\xCE\xBCs", 2},
    {"999999ns1ns", 1},
    {"999999ns2ns", 2},
    {"0.001s", 1},
    {"0.0001s", 1},
    {"0.0000000000000000000000001s", 1},
    {"0.3333333333333333333333333333333h", 1200000},
    {"9223372036854775807ms", INT64_MAX},
    {"-9223372036854775807ms", -INT64_MAX},
    {"2562047788015h12m55.807s", INT64_MAX},
    {"106751991167d", INT64_C(9223372036828800000)},
};

static const struct {
    const char *text;
    const char *wrong;
} unreadable[] = {
    {"", "a number was expected"},
    {"-", "a number was expected"},
    {"+", "a number was expected"},
    {"+-5s", "a number was expected"},
    {"s", "a number was expected"},
    {".", "a number was expected"},
    {".s", "a number was expected"},
    {" 1s", "a number was expected"},
    {"1s ", "the unit is not known"},
    {"1", "a unit is missing"},
    {"1.5", "a unit is missing"},
    {"1h30", "a unit is missing"},
    {"00", "a unit is missing"},
    {"1.5.5s", "a unit is missing"},
    {"1x", "the unit is not known"},
    {"1 s", "the unit is not known"},
    {"1S", "the unit is not known"},
    {"1w", "the unit is not known"},
    {"1s-1s", "the unit is not known"},
    {"1e3s", "the unit is not known"},
    {"9223372036854775808ms", "too large"},
    {"9223372036854775807ms1ns", "too large"},
    {"9223372036854775807s", "too large"},
    {"9223372036854775807d", "too large"},
    {"99999999999999999999ns", "too large"},
    {"106751991168d", "too large"},
};

static void
what_go_reads_is_read(void)
{
    for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++) {
        int64_t ms = -99;
        CU_ASSERT_EQUAL(weir_duration_parse(&ms, readable[i].text, NULL), 0);
        CU_ASSERT_EQUAL(ms, readable[i].ms);
    }
}

static void
anything_else_is_refused_with_the_reason(void)
{
    for (size_t i = 0; i < sizeof unreadable / sizeof unreadable[0]; i++) {
        weir_error err = {0};
        int64_t ms = -99;
        CU_ASSERT_EQUAL(weir_duration_parse(&ms, unreadable[i].text, &err), WEIR_E_INVALID);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, unreadable[i].wrong));
        CU_ASSERT_EQUAL(ms, -99);
    }
}

static const struct {
    int64_t ms;
    const char *text;
} printed[] = {
    {0, "0s"},
    {1, "1ms"},
    {-1, "-1ms"},
    {999, "999ms"},
    {1000, "1s"},
    {1500, "1.5s"},
    {1050, "1.05s"},
    {1001, "1.001s"},
    {30000, "30s"},
    {59999, "59.999s"},
    {60000, "1m0s"},
    {90500, "1m30.5s"},
    {3600000, "1h0m0s"},
    {-5400000, "-1h30m0s"},
    {INT64_C(7776000000), "2160h0m0s"},
    {INT64_MAX, "2562047788015h12m55.807s"},
    {INT64_MIN, "-2562047788015h12m55.808s"},
};

static void
a_duration_is_printed_as_go_prints_it(void)
{
    for (size_t i = 0; i < sizeof printed / sizeof printed[0]; i++) {
        char text[WEIR__DURATION_SIZE];
        CU_ASSERT_STRING_EQUAL(weir__duration_format(printed[i].ms, text), printed[i].text);
    }
}

static void
what_is_printed_reads_back_the_same(void)
{
    int64_t ms = 1;

    for (int i = 0; i < 500; i++) {
        char text[WEIR__DURATION_SIZE];
        int64_t back = -1;
        CU_ASSERT_EQUAL(weir_duration_parse(&back, weir__duration_format(ms, text), NULL), 0);
        CU_ASSERT_EQUAL(back, ms);
        ms = ms > INT64_MAX / 7 ? ms % 1000003 : ms * 7 + i;
    }
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(what_go_reads_is_read),
    HARNESS_TEST(anything_else_is_refused_with_the_reason),
    HARNESS_TEST(a_duration_is_printed_as_go_prints_it),
    HARNESS_TEST(what_is_printed_reads_back_the_same),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(duration, tests, NULL, NULL);

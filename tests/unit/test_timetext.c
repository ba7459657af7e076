/* SPDX-License-Identifier: MIT */
/* Points in time as text. The expected numbers were computed by another program (date -u). */
#include <config.h>

#include "harness.h"
#include "timetext.h"

#include <string.h>
#include <time.h>
#include <weir/config.h>

static const struct {
    const char *text;
    int64_t ms;
} readable[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"1970-01-01t00:00:00z", 0},
    {"1970-01-01 00:00:01Z", 1000},
    {"1969-12-31T23:59:59Z", -1000},
    {"2006-01-02T15:04:05Z", INT64_C(1136214245000)},
    {"2006-01-02T15:04:05-07:00", INT64_C(1136239445000)},
    {"2006-01-02T15:04:05+05:30", INT64_C(1136194445000)},
    {"2006-01-02T15:04:05-00:00", INT64_C(1136214245000)},
    {"2000-02-29T00:00:00Z", INT64_C(951782400000)},
    {"2024-02-29T23:59:59.999Z", INT64_C(1709251199999)},
    {"2024-02-29T23:59:59.5+00:00", INT64_C(1709251199500)},
    {"2024-02-29T23:59:59.9991Z", INT64_C(1709251200000)},
    {"2024-02-29T23:59:59.9990000Z", INT64_C(1709251199999)},
    {"2024-01-01T00:00:00.0000000000000000001Z", INT64_C(1704067200001)},
    {"2016-12-31T23:59:60Z", INT64_C(1483228800000)},
    {"2017-01-01T00:59:60+01:00", INT64_C(1483228800000)},
    {"0000-01-01T00:00:00Z", INT64_C(-62167219200000)},
    {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
};

static const char *const unreadable[] = {
    "",
    "now",
    "2006-01-02",
    "2006-01-02T15:04:05",
    "2006-01-02T15:04Z",
    "2006-1-2T15:04:05Z",
    "2006-01-02T15:04:05.Z",
    "2006-01-02T15:04:05,5Z",
    "2006-01-02T15:04:05Zx",
    "2006-01-02T15:04:05 Z",
    " 2006-01-02T15:04:05Z",
    "2006-01-02T15:04:05+7:00",
    "2006-01-02T15:04:05+0700",
    "2006-01-02T15:04:05+24:00",
    "2006-01-02T15:04:05+07:60",
    "2006-00-02T15:04:05Z",
    "2006-13-02T15:04:05Z",
    "2006-01-00T15:04:05Z",
    "2006-01-32T15:04:05Z",
    "2006-04-31T15:04:05Z",
    "2023-02-29T15:04:05Z",
    "1900-02-29T15:04:05Z",
    "2006-01-02T24:00:00Z",
    "2006-01-02T15:60:05Z",
    "2006-01-02T15:04:61Z",
    "2006-01-02T15:04:60Z",
    "+2006-01-02T15:04:05Z",
    "20060-01-02T15:04:05Z",
    "0000-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59.9991Z",
};

static void
rfc_3339_is_read(void)
{
    for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++) {
        int64_t ms = -99;
        CU_ASSERT_EQUAL(weir__rfc3339_parse(&ms, readable[i].text, NULL), 0);
        CU_ASSERT_EQUAL(ms, readable[i].ms);
        ms = -99;
        CU_ASSERT_EQUAL(weir_time_parse(&ms, readable[i].text, NULL), 0);
        CU_ASSERT_EQUAL(ms, readable[i].ms);
    }
}

static void
anything_else_is_refused(void)
{
    for (size_t i = 0; i < sizeof unreadable / sizeof unreadable[0]; i++) {
        weir_error err = {0};
        int64_t ms = -99;
        CU_ASSERT_EQUAL(weir_time_parse(&ms, unreadable[i], &err), WEIR_E_INVALID);
        CU_ASSERT_EQUAL(ms, -99);
        CU_ASSERT_EQUAL(err.code, WEIR_E_INVALID);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "invalid time"));
    }
}

static void
unix_seconds_are_read_where_times_are(void)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"0", 0},
        {"-1", -1000},
        {"1700000000", INT64_C(1700000000000)},
        {"1700000000.5", INT64_C(1700000000500)},
        {"-1.25", -1250},
        {"253402300799.999", INT64_C(253402300799999)},
    };
    static const char *const bad[] = {
        "253402300800", "-62167219201", "1.", "99999999999999999999", ".5", "-", "1e3", "1 "};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t ms = -99;
        CU_ASSERT_EQUAL(weir_time_parse(&ms, good[i].text, NULL), 0);
        CU_ASSERT_EQUAL(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ms = -99;
        CU_ASSERT_EQUAL(weir_time_parse(&ms, bad[i], NULL), WEIR_E_INVALID);
        CU_ASSERT_EQUAL(ms, -99);
    }
}

static void
a_time_is_written_in_utc(void)
{
    static const struct {
        int64_t ms;
        const char *text;
        const char *text_ms;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
        {INT64_C(1709251199999), "2024-02-29T23:59:59.999Z", "2024-02-29T23:59:59.999Z"},
        {INT64_C(1136214245000), "2006-01-02T15:04:05Z", "2006-01-02T15:04:05.000Z"},
        {INT64_MIN, "0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[WEIR__RFC3339_SIZE];
        char date[WEIR__DATE_SIZE];
        CU_ASSERT_STRING_EQUAL(weir__rfc3339_format(cases[i].ms, text), cases[i].text);
        CU_ASSERT_STRING_EQUAL(weir__rfc3339_format_ms(cases[i].ms, text), cases[i].text_ms);
        CU_ASSERT_STRING_EQUAL(weir_time_format(text, sizeof text, cases[i].ms), cases[i].text_ms);
        CU_ASSERT_EQUAL(strncmp(weir__utc_date(cases[i].ms, date), cases[i].text, 10), 0);
        CU_ASSERT_EQUAL(strlen(date), 10);
    }
}

static void
a_small_buffer_cuts_a_written_time(void)
{
    char text[11];

    CU_ASSERT_STRING_EQUAL(weir_time_format(text, sizeof text, 0), "1970-01-01");
}

static void
every_day_of_all_years_agrees_with_the_c_library(void)
{
    for (int64_t day = -719528; day <= 2932896; day += 17) {
        char date[WEIR__DATE_SIZE];
        char expected[32];
        time_t seconds = (time_t)(day * 86400);
        struct tm tm;
        gmtime_r(&seconds, &tm);
        snprintf(expected, sizeof expected, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1,
                 tm.tm_mday);
        CU_ASSERT_STRING_EQUAL_FATAL(weir__utc_date(day * 86400000, date), expected);
    }
}

static void
what_is_written_reads_back_the_same(void)
{
    for (int64_t ms = INT64_C(-62167219200000); ms < INT64_C(253402300799999);
         ms += INT64_C(98765432109)) {
        char text[WEIR__RFC3339_SIZE];
        int64_t back = -1;
        CU_ASSERT_EQUAL(weir__rfc3339_parse(&back, weir__rfc3339_format(ms, text), NULL), 0);
        CU_ASSERT_EQUAL_FATAL(back, ms);
    }
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(rfc_3339_is_read),
    HARNESS_TEST(anything_else_is_refused),
    HARNESS_TEST(unix_seconds_are_read_where_times_are),
    HARNESS_TEST(a_time_is_written_in_utc),
    HARNESS_TEST(a_small_buffer_cuts_a_written_time),
    HARNESS_TEST(every_day_of_all_years_agrees_with_the_c_library),
    HARNESS_TEST(what_is_written_reads_back_the_same),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(timetext, tests, NULL, NULL);

/* SPDX-License-Identifier: MIT */
/* Cron specs: what is read, what is refused, and when they come next. */
#include <config.h>

#include "cron.h"
#include "harness.h"
#include "timetext.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool
zones_are_installed(void)
{
    return access("/usr/share/zoneinfo/Europe/Berlin", R_OK) == 0;
}

/* The next time after `from` (RFC 3339), as text in UTC; "never", or what is wrong with the spec. */
static const char *
next_of(const char *spec, const char *from)
{
    static char text[WEIR_ERROR_TEXT_SIZE];
    weir_error err = {0};
    weir_cron *cron;
    int64_t at_ms, next_ms;

    if (weir__rfc3339_parse(&at_ms, from, &err) < 0 || weir_cron_parse(&cron, spec, &err) < 0) {
        snprintf(text, sizeof text, "%s", err.text);
        return text;
    }
    next_ms = weir_cron_next(cron, at_ms);
    weir_cron_free(cron);
    if (next_ms == WEIR_CRON_NEVER)
        return "never";
    return weir__rfc3339_format(next_ms, text);
}

struct row {
    const char *spec;
    const char *from;
    const char *next;
};

static void
check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *next = next_of(rows[i].spec, rows[i].from);

        if (strcmp(next, rows[i].next) != 0)
            printf("\n  \"%s\" after %s: %s, not %s", rows[i].spec, rows[i].from, next,
                   rows[i].next);
        CU_ASSERT_STRING_EQUAL(next, rows[i].next);
    }
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))

static void
the_next_time_is_later_and_on_a_whole_minute(void)
{
    static const struct row rows[] = {
        {"* * * * *", "2024-05-06T07:08:09Z", "2024-05-06T07:09:00Z"},
        {"* * * * *", "2024-05-06T07:08:00Z", "2024-05-06T07:09:00Z"},
        {"* * * * *", "2024-05-06T07:08:59.999Z", "2024-05-06T07:09:00Z"},
        {"* * * * *", "2024-05-06T07:07:59.999Z", "2024-05-06T07:08:00Z"},
        {"59 23 31 12 *", "2024-12-31T23:59:00Z", "2025-12-31T23:59:00Z"},
        {"0 0 1 1 *", "2024-12-31T23:59:59Z", "2025-01-01T00:00:00Z"},
        {"30 4 * * *", "2024-05-06T04:30:00Z", "2024-05-07T04:30:00Z"},
        {"\t 5   4\t* * *  ", "2024-05-06T00:00:00Z", "2024-05-06T04:05:00Z"},
        {"0 0 1 * *", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z"},
        {"0 0 31 12 *", "1960-01-01T00:00:00Z", "1960-12-31T00:00:00Z"},
    };

    CHECK(rows);
}

static void
fields_take_lists_ranges_steps_and_names(void)
{
    static const struct row rows[] = {
        {"5,10,50 * * * *", "2024-05-06T07:10:00Z", "2024-05-06T07:50:00Z"},
        {"10-12 * * * *", "2024-05-06T07:12:00Z", "2024-05-06T08:10:00Z"},
        {"*/20 * * * *", "2024-05-06T07:21:00Z", "2024-05-06T07:40:00Z"},
        {"*/20 * * * *", "2024-05-06T07:41:00Z", "2024-05-06T08:00:00Z"},
        {"7/20 * * * *", "2024-05-06T07:00:00Z", "2024-05-06T07:07:00Z"},
        {"7/20 * * * *", "2024-05-06T07:28:00Z", "2024-05-06T07:47:00Z"},
        {"10-30/15 * * * *", "2024-05-06T07:11:00Z", "2024-05-06T07:25:00Z"},
        {"10-30/15 * * * *", "2024-05-06T07:26:00Z", "2024-05-06T08:10:00Z"},
        {"3/99999999999 * * * *", "2024-05-06T07:08:00Z", "2024-05-06T08:03:00Z"},
        {"0 0 ? JAN-mar ?", "2024-04-01T00:00:00Z", "2025-01-01T00:00:00Z"},
        {"0 0 * Feb MON", "2024-01-01T00:00:00Z", "2024-02-05T00:00:00Z"},
        {"0 0 * * fri-sat", "2024-05-06T00:00:00Z", "2024-05-10T00:00:00Z"},
        {"0 0 * * sun", "2024-05-06T00:00:00Z", "2024-05-12T00:00:00Z"},
        {"0 0 * * 0,6", "2024-05-06T00:00:00Z", "2024-05-11T00:00:00Z"},
        {"0 +7 * * *", "2024-05-06T00:00:00Z", "2024-05-06T07:00:00Z"},
        {"007 0 * * *", "2024-05-06T00:00:00Z", "2024-05-06T00:07:00Z"},
        {"1,,2 0 * * *", "2024-05-06T00:01:00Z", "2024-05-06T00:02:00Z"},
        {"*-5 0 * * *", "2024-05-06T00:07:00Z", "2024-05-06T00:08:00Z"},
        {", * * * *", "2024-05-06T00:07:00Z", "never"},
    };

    CHECK(rows);
}

static void
both_day_fields_must_match_only_where_one_is_a_star(void)
{
    static const struct row rows[] = {
        /* 2024-05-06 is a Monday */
        {"0 0 13 * fri", "2024-05-06T00:00:00Z", "2024-05-10T00:00:00Z"},
        {"0 0 13 * fri", "2024-05-10T00:00:00Z", "2024-05-13T00:00:00Z"},
        {"0 0 13 * *", "2024-05-06T00:00:00Z", "2024-05-13T00:00:00Z"},
        {"0 0 * * fri", "2024-05-06T00:00:00Z", "2024-05-10T00:00:00Z"},
        {"0 0 ? * fri", "2024-05-06T00:00:00Z", "2024-05-10T00:00:00Z"},
        {"0 0 */1 * fri", "2024-05-06T00:00:00Z", "2024-05-10T00:00:00Z"},
        {"0 0 1-31 * fri", "2024-05-06T00:00:00Z", "2024-05-07T00:00:00Z"},
        {"0 0 */2 * fri", "2024-05-06T00:00:00Z", "2024-05-07T00:00:00Z"},
        {"0 0 13 * */2", "2024-05-06T00:00:00Z", "2024-05-07T00:00:00Z"},
        {"0 0 13 * 1-5/1", "2024-05-06T00:00:00Z", "2024-05-07T00:00:00Z"},
        {"0 0 13,* * mon", "2024-05-06T00:00:00Z", "2024-05-13T00:00:00Z"},
    };

    CHECK(rows);
}

static void
rare_days_are_found_within_five_years_or_never(void)
{
    static const struct row rows[] = {
        {"0 0 29 2 *", "2024-02-29T00:00:00Z", "2028-02-29T00:00:00Z"},
        {"0 0 29 2 *", "2023-12-31T00:00:00Z", "2024-02-29T00:00:00Z"},
        {"0 0 29 2 *", "2096-03-01T00:00:00Z", "never"},
        {"0 0 29 2 *", "2099-12-31T23:59:58Z", "2104-02-29T00:00:00Z"},
        {"0 0 29 2 *", "2098-12-31T23:59:59Z", "2104-02-29T00:00:00Z"},
        {"0 0 29 2 *", "2098-12-31T23:59:58Z", "never"},
        {"0 0 30 2 *", "2024-01-01T00:00:00Z", "never"},
        {"0 0 31 4,6,9,11 *", "2024-01-01T00:00:00Z", "never"},
        {"0 0 31 * *", "2024-01-31T00:00:00Z", "2024-03-31T00:00:00Z"},
        {"0 0 1 1 *", "9999-06-01T00:00:00Z", "never"},
    };

    CHECK(rows);
}

static void
descriptors_stand_for_their_specs(void)
{
    static const struct row rows[] = {
        {"@yearly", "2024-05-06T07:08:09Z", "2025-01-01T00:00:00Z"},
        {"@annually", "2024-05-06T07:08:09Z", "2025-01-01T00:00:00Z"},
        {"@monthly", "2024-05-06T07:08:09Z", "2024-06-01T00:00:00Z"},
        {"@weekly", "2024-05-06T07:08:09Z", "2024-05-12T00:00:00Z"},
        {"@daily", "2024-05-06T07:08:09Z", "2024-05-07T00:00:00Z"},
        {"@midnight", "2024-05-06T07:08:09Z", "2024-05-07T00:00:00Z"},
        {"@hourly", "2024-05-06T07:08:09Z", "2024-05-06T08:00:00Z"},
        {"TZ=UTC @daily  ", "2024-05-06T07:08:09Z", "2024-05-07T00:00:00Z"},
    };

    CHECK(rows);
}

static void
every_is_cut_to_seconds_and_aligned_to_1970(void)
{
    static const struct row rows[] = {
        {"@every 30s", "2024-05-06T07:08:09Z", "2024-05-06T07:08:30Z"},
        {"@every 30s", "2024-05-06T07:08:30Z", "2024-05-06T07:09:00Z"},
        {"@every 1h30m", "1970-01-01T00:00:00Z", "1970-01-01T01:30:00Z"},
        {"@every 1s", "2024-05-06T07:08:09.001Z", "2024-05-06T07:08:10Z"},
        {"@every 1s", "2024-05-06T07:08:09Z", "2024-05-06T07:08:10Z"},
        {"@every 10ms", "2024-05-06T07:08:09Z", "2024-05-06T07:08:10Z"},
        {"@every 0", "2024-05-06T07:08:09Z", "2024-05-06T07:08:10Z"},
        {"@every -1h", "2024-05-06T07:08:09Z", "2024-05-06T07:08:10Z"},
        {"@every 1.999999999s", "2024-05-06T07:08:09Z", "2024-05-06T07:08:10Z"},
        {"@every 2.5s", "2024-05-06T07:08:09Z", "2024-05-06T07:08:10Z"},
        {"@every +1.5h", "1970-01-01T00:00:00Z", "1970-01-01T01:30:00Z"},
        {"@every 1500\xC2\xB5s", "2024-05-06T07:08:09Z", "2024-05-06T07:08:10Z"},
        {"@every 24h", "1969-12-31T12:00:00Z", "1970-01-01T00:00:00Z"},
        {"TZ=UTC @every 1h", "2024-05-06T07:08:09Z", "2024-05-06T08:00:00Z"},
    };

    CHECK(rows);
}

static void
what_is_no_spec_is_refused_with_the_reason(void)
{
    static const struct {
        const char *spec;
        const char *reason;
    } rows[] = {
        {"", "empty"},
        {"   ", "not 0"},
        {"* * * *", "not 4"},
        {"* * * * * *", "not 6"},
        {"60 * * * *", "minute: \"60\" ends above 59"},
        {"* 24 * * *", "hour: \"24\" ends above 23"},
        {"* * 0 * *", "day of month: \"0\" begins below 1"},
        {"* * 32 * *", "ends above 31"},
        {"* * * 0 *", "month: \"0\" begins below 1"},
        {"* * * 13 *", "ends above 12"},
        {"* * * * 7", "day of week: \"7\" ends above 6"},
        {"* * * * 1-7", "ends above 6"},
        {"5-3 * * * *", "begins after its end"},
        {"*/0 * * * *", "step of \"*/0\" is 0"},
        {"*/-1 * * * *", "-1 is negative"},
        {"-5 * * * *", "a number was expected"},
        {"5- * * * *", "a number was expected"},
        {"5/ * * * *", "a number was expected"},
        {"1-2-3 * * * *", "too many hyphens"},
        {"1/2/3 * * * *", "too many slashes"},
        {"a * * * *", "not a number: \"a\""},
        {"* * * jan-foo *", "not a number: \"foo\""},
        {"* * * January *", "not a number"},
        {"99999999999999999999 * * * *", "too large"},
        {"@fortnightly", "no such descriptor"},
        {"@Daily", "no such descriptor"},
        {"@daily ", "no such descriptor"},
        {"@every", "no such descriptor"},
        {"@every ", "a number was expected"},
        {"@every  1h", "a number was expected"},
        {"@every 1h ", "the unit is not known"},
        {"@every 1", "a unit is missing"},
        {"@every 1d", "the unit is not known"},
        {"@every 1x", "the unit is not known"},
        {"@every 9999999999h", "too long"},
        {"@every .s", "a number was expected"},
        {"TZ=Europe/Berlin", "a space is missing"},
        {"CRON_TZ=", "a space is missing"},
        {"TZ=UTC", "a space is missing"},
        {"TZ=Mars/Olympus * * * * *", "no time zone \"Mars/Olympus\""},
        {"TZ=../../etc/passwd * * * * *", "not a time zone's name"},
        {"TZ=/etc/localtime * * * * *", "not a time zone's name"},
        {"TZ=Europe\\Berlin * * * * *", "not a time zone's name"},
        {"TZ=UTC ", "not 0"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        weir_error err = {0};
        weir_cron *cron = (weir_cron *)&err;

        CU_ASSERT_EQUAL(weir_cron_parse(&cron, rows[i].spec, &err), WEIR_E_INVALID);
        CU_ASSERT_PTR_NULL(cron);
        if (!strstr(err.text, rows[i].reason))
            printf("\n  \"%s\": %s", rows[i].spec, err.text);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, rows[i].reason));
    }
}

static void
a_zone_s_clocks_decide(void)
{
    static const struct row rows[] = {
        {"TZ= 0 9 * * *", "2024-05-06T00:00:00Z", "2024-05-06T09:00:00Z"},
        {"TZ=UTC 0 9 * * *", "2024-05-06T00:00:00Z", "2024-05-06T09:00:00Z"},
        {"TZ=Local 0 9 * * *", "2024-05-06T00:00:00Z", "2024-05-06T09:00:00Z"},
        {"TZ=Europe/Berlin 0 9 * * *", "2024-05-06T00:00:00Z", "2024-05-06T07:00:00Z"},
        {"CRON_TZ=Europe/Berlin 0 9 * * *", "2024-01-06T00:00:00Z", "2024-01-06T08:00:00Z"},
        {"CRON_TZ=Asia/Kolkata   30 5 * * *", "2024-01-06T00:00:00Z", "2024-01-07T00:00:00Z"},
        {"TZ=America/New_York 0 0 1 1 *", "2024-06-01T00:00:00Z", "2025-01-01T05:00:00Z"},
        {"TZ=Asia/Tokyo @daily", "2024-01-06T00:00:00Z", "2024-01-06T15:00:00Z"},
        /* beyond the last transition in the file */
        {"TZ=Europe/Berlin 0 9 1 7 *", "2080-01-01T00:00:00Z", "2080-07-01T07:00:00Z"},
        {"TZ=America/New_York 0 9 1 12 *", "2080-11-30T00:00:00Z", "2080-12-01T14:00:00Z"},
    };

    if (!zones_are_installed())
        HARNESS_SKIP("tzdata is not installed");
    CHECK(rows);
}

static void
what_the_clocks_skip_is_skipped(void)
{
    static const struct row rows[] = {
        {"TZ=Europe/Berlin 30 2 * * *", "2024-03-30T02:00:00Z", "2024-04-01T00:30:00Z"},
        {"TZ=Europe/Berlin 0 * * * *", "2024-03-31T00:30:00Z", "2024-03-31T01:00:00Z"},
        {"TZ=Europe/Berlin 0 3 * * *", "2024-03-31T00:30:00Z", "2024-03-31T01:00:00Z"},
        {"TZ=Europe/Berlin 30 2 31 3 *", "2024-03-01T00:00:00Z", "2025-03-31T00:30:00Z"},
        {"TZ=America/New_York 30 2 11 3 *", "2012-03-01T00:00:00Z", "2013-03-11T06:30:00Z"},
        {"TZ=America/New_York 0 * * * *", "2012-03-11T06:15:00Z", "2012-03-11T07:00:00Z"},
        /* midnight itself is skipped */
        {"TZ=America/Sao_Paulo 0 9 4 11 *", "2018-11-03T12:00:00Z", "2018-11-04T11:00:00Z"},
        {"TZ=America/Sao_Paulo 0 0 * * *", "2018-11-03T12:00:00Z", "2018-11-05T02:00:00Z"},
    };

    if (!zones_are_installed())
        HARNESS_SKIP("tzdata is not installed");
    CHECK(rows);
}

static void
what_the_clocks_show_twice_comes_twice(void)
{
    static const struct row rows[] = {
        {"TZ=Europe/Berlin 30 2 * * *", "2024-10-26T12:00:00Z", "2024-10-27T00:30:00Z"},
        {"TZ=Europe/Berlin 30 2 * * *", "2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z"},
        {"TZ=Europe/Berlin 30 2 * * *", "2024-10-27T01:30:00Z", "2024-10-28T01:30:00Z"},
        {"TZ=America/New_York 30 1 4 11 *", "2012-11-04T04:00:00Z", "2012-11-04T05:30:00Z"},
        {"TZ=America/New_York 30 1 4 11 *", "2012-11-04T05:45:00Z", "2012-11-04T06:30:00Z"},
        /* half an hour */
        {"TZ=Australia/Lord_Howe 45 1 * * *", "2024-04-06T14:40:00Z", "2024-04-06T14:45:00Z"},
        {"TZ=Australia/Lord_Howe 45 1 * * *", "2024-04-06T14:45:00Z", "2024-04-06T15:15:00Z"},
    };

    if (!zones_are_installed())
        HARNESS_SKIP("tzdata is not installed");
    CHECK(rows);
}

static void
the_latest_ticks_are_found_however_long_ago_they_began(void)
{
    const int64_t year_ms = INT64_C(31536000000);
    int64_t ticks[1000];
    weir_cron *cron;
    bool more;

    CU_ASSERT_EQUAL_FATAL(weir_cron_parse(&cron, "@every 1s", NULL), 0);
    CU_ASSERT_EQUAL(weir__cron_latest(cron, 5000, 5000, ticks, 1000, &more), 0);
    CU_ASSERT_FALSE(more);
    CU_ASSERT_EQUAL(weir__cron_latest(cron, 5000, 8500, ticks, 1000, &more), 3);
    CU_ASSERT_FALSE(more);
    CU_ASSERT_EQUAL(ticks[0], 6000);
    CU_ASSERT_EQUAL(ticks[2], 8000);
    CU_ASSERT_EQUAL(weir__cron_latest(cron, 5000, 8500, ticks, 1, &more), 1);
    CU_ASSERT_TRUE(more);
    CU_ASSERT_EQUAL(ticks[0], 8000);
    CU_ASSERT_EQUAL(weir__cron_latest(cron, 1, 50 * year_ms + 1, ticks, 1000, &more), 1000);
    CU_ASSERT_TRUE(more);
    CU_ASSERT_EQUAL(ticks[999], 50 * year_ms);
    CU_ASSERT_EQUAL(ticks[0], 50 * year_ms - 999000);
    weir_cron_free(cron);
    CU_ASSERT_EQUAL_FATAL(weir_cron_parse(&cron, "* * 1 1 *", NULL), 0);
    CU_ASSERT_EQUAL(weir__cron_latest(cron, 1, 2 * year_ms - 1, ticks, 1, &more), 1);
    CU_ASSERT_EQUAL(ticks[0], year_ms + 86400000 - 60000);
    weir_cron_free(cron);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(the_next_time_is_later_and_on_a_whole_minute),
    HARNESS_TEST(fields_take_lists_ranges_steps_and_names),
    HARNESS_TEST(both_day_fields_must_match_only_where_one_is_a_star),
    HARNESS_TEST(rare_days_are_found_within_five_years_or_never),
    HARNESS_TEST(descriptors_stand_for_their_specs),
    HARNESS_TEST(every_is_cut_to_seconds_and_aligned_to_1970),
    HARNESS_TEST(what_is_no_spec_is_refused_with_the_reason),
    HARNESS_TEST(a_zone_s_clocks_decide),
    HARNESS_TEST(what_the_clocks_skip_is_skipped),
    HARNESS_TEST(what_the_clocks_show_twice_comes_twice),
    HARNESS_TEST(the_latest_ticks_are_found_however_long_ago_they_began),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(cron, tests, NULL, NULL);

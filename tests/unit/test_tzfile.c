/* SPDX-License-Identifier: MIT */
/* Time zones: the system's files, files that are damaged, and rules. */
#include <config.h>

#include "harness.h"
#include "timetext.h"
#include "tzfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t
seconds(const char *text)
{
    int64_t at_ms = 0;

    CU_ASSERT_EQUAL(weir__rfc3339_parse(&at_ms, text, NULL), 0);
    return at_ms / 1000;
}

static int32_t
rule_offset(const char *text, const char *at)
{
    struct weir__tzrule rule;

    CU_ASSERT_TRUE_FATAL(weir__tzrule_parse(&rule, text));
    return weir__tzrule_at(&rule, seconds(at)).offset;
}

static void
rules_change_the_offset_at_their_time(void)
{
    static const struct {
        const char *rule;
        const char *at;
        int32_t offset;
    } rows[] = {
        {"UTC0", "2050-01-01T00:00:00Z", 0},
        {"<-03>3", "2050-01-01T00:00:00Z", -10800},
        {"<+0530>-5:30", "2050-01-01T00:00:00Z", 19800},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2024-03-31T00:59:59Z", 3600},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2024-03-31T01:00:00Z", 7200},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2024-10-27T00:59:59Z", 7200},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2024-10-27T01:00:00Z", 3600},
        {"EST5EDT,M3.2.0,M11.1.0", "2024-03-10T06:59:59Z", -18000},
        {"EST5EDT,M3.2.0,M11.1.0", "2024-03-10T07:00:00Z", -14400},
        {"EST5EDT,M3.2.0,M11.1.0", "2024-11-03T06:00:00Z", -18000},
        /* the south: summer over the new year */
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2024-01-01T00:00:00Z", 39600},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2024-07-01T00:00:00Z", 36000},
        /* times below zero and beyond a day */
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2024-03-31T00:59:59Z", -7200},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2024-03-31T01:00:00Z", -3600},
        {"IST-2IDT,M3.4.4/26,M10.5.0", "2024-03-29T00:00:00Z", 10800},
        {"IST-2IDT,M3.4.4/26,M10.5.0", "2024-03-28T23:59:59Z", 7200},
        /* days of the year, with and without the leap day */
        {"AAA0BBB,J60/0,J61/0", "2024-03-01T00:00:00Z", 3600},
        {"AAA0BBB,J60/0,J61/0", "2024-02-29T12:00:00Z", 0},
        {"AAA0BBB,59/0,60/0", "2024-02-29T12:00:00Z", 3600},
        /* summer all year */
        {"XXX3EDT4,0/0,J365/23", "2024-12-31T23:59:59Z", -14400},
        {"XXX3EDT4,0/0,J365/23", "2025-01-01T04:00:00Z", -14400},
        {"XXX3EDT4,0/0,J365/23", "2024-07-01T00:00:00Z", -14400},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int32_t offset = rule_offset(rows[i].rule, rows[i].at);

        if (offset != rows[i].offset)
            printf("\n  %s at %s: %d", rows[i].rule, rows[i].at, (int)offset);
        CU_ASSERT_EQUAL(offset, rows[i].offset);
    }
}

static void
texts_that_are_no_rules_are_refused(void)
{
    static const char *const texts[] = {
        "",
        "C",
        "CET",
        "CE-1",
        "<CET-1",
        "CET-1CEST",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/3x",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5,M10.5.0",
        "CET-1CEST,J0,J365",
        "CET-1CEST,366,1",
        "CET-1CEST,X1,1",
        "CET-200",
        "CET-1:60",
        "CET-1CEST,",
        "CET-1CEST,M",
    };
    struct weir__tzrule rule;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CU_ASSERT_FALSE(weir__tzrule_parse(&rule, texts[i]));
}

static void
utc_needs_no_file(void)
{
    struct weir__tz *tz = (struct weir__tz *)&tz;

    CU_ASSERT_EQUAL(weir__tz_load(&tz, "UTC", NULL), 0);
    CU_ASSERT_PTR_NULL(tz);
    CU_ASSERT_EQUAL(weir__tz_at(tz, 0).offset, 0);
    CU_ASSERT_EQUAL(weir__tz_at(tz, 0).until, INT64_MAX);
    weir__tz_free(tz);
}

/* What the C library says, with its process-wide zone put back afterwards. */
static void
agree(const char *name)
{
    struct weir__tz *tz = NULL;
    char *before = getenv("TZ") ? strdup(getenv("TZ")) : NULL;
    int wrong = 0;

    CU_ASSERT_EQUAL_FATAL(weir__tz_load(&tz, name, NULL), 0);
    setenv("TZ", name, 1);
    tzset();
    for (time_t at = -2200000000; at < 4200000000; at += 1000003) {
        struct tm tm;

        localtime_r(&at, &tm);
        wrong += tm.tm_gmtoff != weir__tz_at(tz, at).offset;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    if (before)
        setenv("TZ", before, 1);
    else
        unsetenv("TZ");
    tzset();
    free(before);
    weir__tz_free(tz);
}

static void
zones_agree_with_the_c_library(void)
{
    static const char *const names[] = {
        "Europe/Berlin",       "America/New_York",  "Asia/Kolkata",
        "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia",
        "Africa/Casablanca",   "Europe/Dublin",     "America/Argentina/San_Luis",
        "Asia/Gaza",           "Antarctica/Troll",  "Etc/GMT+12",
    };

    if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0)
        HARNESS_SKIP("tzdata is not installed");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        agree(names[i]);
}

static void
spans_hold_from_their_begin_to_their_end(void)
{
    struct weir__tz *tz = NULL;
    int64_t at = seconds("1900-01-01T00:00:00Z");

    if (weir__tz_load(&tz, "Europe/Berlin", NULL) != 0)
        HARNESS_SKIP("tzdata is not installed");
    while (at < seconds("2100-01-01T00:00:00Z")) {
        struct weir__tzspan span = weir__tz_at(tz, at);

        CU_ASSERT_TRUE_FATAL(span.from <= at && at < span.until);
        CU_ASSERT_EQUAL(weir__tz_at(tz, span.until - 1).offset, span.offset);
        CU_ASSERT_EQUAL(weir__tz_at(tz, span.until).from, span.until);
        at = span.until;
    }
    weir__tz_free(tz);
}

static void
what_is_no_zone_is_refused(void)
{
    static const char *const names[] = {
        "Europe/Nowhere",
        "../etc/passwd",
        "Europe/../../passwd",
        "/etc/localtime",
        "Europe",
        "Europe/Berlin/x",
        "a b",
        "zone.tab",
    };
    struct weir__tz *tz;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        weir_error err = {0};
        int rc = weir__tz_load(&tz, names[i], &err);

        CU_ASSERT_TRUE(rc == WEIR_E_INVALID || rc == WEIR_E_CORRUPT);
        CU_ASSERT_PTR_NULL(tz);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, names[i]));
    }
}

/* A file of version 2 with two transitions and a rule. */
static const char file[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                           "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
                           "\0\0\0\0\0\0AAA\0"
                           "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                           "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\2\0\0\0\4"
                           "\0\0\0\0\0\0\3\xE8\0\0\0\0\0\0\7\xD0"
                           "\1\0"
                           "\0\0\0\0\0\0\0\0\16\20\1\0"
                           "AAA\0"
                           "\nCET-1\n";

static void
a_file_is_read_and_every_shorter_one_is_damaged(void)
{
    struct weir__tz *tz = NULL;

    CU_ASSERT_EQUAL_FATAL(weir__tz_parse(&tz, file, sizeof file - 1, "x", NULL), 0);
    CU_ASSERT_EQUAL(weir__tz_at(tz, 999).offset, 0);
    CU_ASSERT_EQUAL(weir__tz_at(tz, 1000).offset, 3600);
    CU_ASSERT_EQUAL(weir__tz_at(tz, 1000).until, 2000);
    CU_ASSERT_EQUAL(weir__tz_at(tz, 2000).offset, 3600); /* by the rule */
    weir__tz_free(tz);
    for (size_t len = 0; len < sizeof file - 1; len++) {
        char *copy = malloc(len + 1);

        memcpy(copy, file, len);
        CU_ASSERT_EQUAL(weir__tz_parse(&tz, copy, len, "x", NULL), WEIR_E_CORRUPT);
        free(copy);
    }
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(rules_change_the_offset_at_their_time),
    HARNESS_TEST(texts_that_are_no_rules_are_refused),
    HARNESS_TEST(utc_needs_no_file),
    HARNESS_TEST(zones_agree_with_the_c_library),
    HARNESS_TEST(spans_hold_from_their_begin_to_their_end),
    HARNESS_TEST(what_is_no_zone_is_refused),
    HARNESS_TEST(a_file_is_read_and_every_shorter_one_is_damaged),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(tzfile, tests, NULL, NULL);

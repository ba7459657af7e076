/* SPDX-License-Identifier: MIT */
/*
 * When a spec comes next. Time falls into spans in which the zone's offset is constant; in a span local time is a plain count, in
 * which the next match is looked for day by day. So what a change of the clocks skips is in no span, and what it shows twice is in two.
 */
#include <config.h>

#include "cron.h"

#include "civil.h"

enum {
    YEARS = 5,
    DAY_S = 86400,
    DAY_MINUTES = 1440
};

/* Beyond the years 0 to 9999 there is nothing. */
#define EARLIEST_MS (-INT64_C(62167219200000))
#define LATEST_MS INT64_C(253402300799999)

static bool
has(uint64_t bits, int64_t i)
{
    return bits >> i & 1;
}

static bool
day_matches(const weir_cron *cron, const struct weir__date *date, int64_t days)
{
    bool month_day = has(cron->month_days, date->day);
    bool week_day = has(cron->week_days, weir__weekday_of(days));

    if (!has(cron->months, date->month))
        return false;
    return cron->both_days ? month_day && week_day : month_day || week_day;
}

/* The first minute of the day that matches, from one on; -1: none. */
static int64_t
next_minute(const weir_cron *cron, int64_t from)
{
    int64_t minute = from % 60;

    for (int64_t hour = from / 60; hour < 24; hour++) {
        for (; has(cron->hours, hour) && minute < 60; minute++) {
            if (has(cron->minutes, minute))
                return hour * 60 + minute;
        }
        minute = 0;
    }
    return -1;
}

static int64_t
year_at(int64_t local_s)
{
    return weir__date_of(weir__floor_div(local_s, DAY_S)).year;
}

/* The first local time in [from, end) that matches; WEIR_CRON_NEVER: none. */
static int64_t
next_local(const weir_cron *cron, int64_t from, int64_t end, int64_t last_year)
{
    int64_t minutes = -weir__floor_div(-from, 60);
    int64_t day = weir__floor_div(minutes, DAY_MINUTES);
    int64_t first = minutes - day * DAY_MINUTES;

    for (; day * DAY_S < end; day++, first = 0) {
        struct weir__date date = weir__date_of(day);
        int64_t minute;

        if (date.year > last_year)
            break;
        if (!day_matches(cron, &date, day))
            continue;
        minute = next_minute(cron, first);
        if (minute >= 0)
            return day * DAY_S + minute * 60 < end ? day * DAY_S + minute * 60 : WEIR_CRON_NEVER;
    }
    return WEIR_CRON_NEVER;
}

static int64_t
next_of_fields(const weir_cron *cron, int64_t from_s)
{
    struct weir__tzspan span = weir__tz_at(cron->tz, from_s);
    int64_t last_year = year_at(from_s + span.offset) + YEARS;

    for (;;) {
        int64_t end = span.until == INT64_MAX ? INT64_MAX : span.until + span.offset;
        int64_t local = next_local(cron, from_s + span.offset, end, last_year);

        if (local != WEIR_CRON_NEVER)
            return local - span.offset;
        if (end == INT64_MAX || year_at(end) > last_year)
            return WEIR_CRON_NEVER;
        from_s = span.until;
        span = weir__tz_at(cron->tz, from_s);
    }
}

int64_t
weir_cron_next(const weir_cron *cron, int64_t after_ms)
{
    int64_t next_s;

    if (after_ms < EARLIEST_MS || after_ms > LATEST_MS)
        return WEIR_CRON_NEVER;
    if (cron->every_ms > 0)
        next_s = (weir__floor_div(after_ms, cron->every_ms) + 1) * (cron->every_ms / 1000);
    else
        next_s = next_of_fields(cron, weir__floor_div(after_ms, 1000) + 1);
    return next_s > LATEST_MS / 1000 ? WEIR_CRON_NEVER : next_s * 1000;
}

/* ---- the past ---- */

/* Ticks in (after, until], counted up to max + 1. */
static size_t
count_ticks(const weir_cron *cron, int64_t after_ms, int64_t until_ms, size_t max)
{
    size_t count = 0;

    while (count <= max && (after_ms = weir_cron_next(cron, after_ms)) <= until_ms)
        count++;
    return count;
}

/* By halves: between a time with too many ticks after it and one with few enough, down to a second. */
static int64_t
narrow(const weir_cron *cron, int64_t after_ms, int64_t until_ms, size_t max)
{
    int64_t many_ms = after_ms, few_ms = until_ms;

    while (few_ms - many_ms > 1000) {
        int64_t middle_ms = many_ms + (few_ms - many_ms) / 2;

        if (count_ticks(cron, middle_ms, until_ms, max) > max)
            many_ms = middle_ms;
        else
            few_ms = middle_ms;
    }
    return few_ms;
}

size_t
weir__cron_latest(const weir_cron *cron, int64_t after_ms, int64_t until_ms, int64_t *ticks,
                  size_t max, bool *more)
{
    size_t count = 0;

    *more = count_ticks(cron, after_ms, until_ms, max) > max;
    if (*more)
        after_ms = narrow(cron, after_ms, until_ms, max);
    while (count < max && (after_ms = weir_cron_next(cron, after_ms)) <= until_ms)
        ticks[count++] = after_ms;
    return count;
}

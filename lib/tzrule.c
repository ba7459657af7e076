/* SPDX-License-Identifier: MIT */
/*
 * The changes of the year before, the year and the year after are laid out in order; the last one that is not
 * later says what holds. Summer time all year is two changes at one moment: the later of the list wins.
 */
#include <config.h>

#include "tzrule.h"

#include "civil.h"

#include <stddef.h>

enum {
    DAY_S = 86400,
    CHANGES = 6
};

struct change {
    int64_t at;
    int32_t offset;
};

/* ---- parsing: each moves *p behind what it read, or returns false ---- */

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
skip_name(const char **p)
{
    const char *at = *p;
    bool quoted = *at == '<';
    size_t len = 0;

    at += quoted;
    for (; is_letter(*at) || (quoted && (is_digit(*at) || *at == '+' || *at == '-')); at++)
        len++;
    if (len < 3 || (quoted && *at++ != '>'))
        return false;
    *p = at;
    return true;
}

static bool
read_number(const char **p, int max, int *number)
{
    int n = 0;

    if (!is_digit(**p))
        return false;
    for (; is_digit(**p); ++*p) {
        n = n * 10 + (**p - '0');
        if (n > max)
            return false;
    }
    *number = n;
    return true;
}

/* [+-]hours[:minutes[:seconds]] */
static bool
read_time(const char **p, int32_t *seconds)
{
    bool negative = **p == '-';
    int part = 0;
    int32_t sum;

    *p += negative || **p == '+';
    if (!read_number(p, 167, &part))
        return false;
    sum = part * 3600;
    for (int unit = 60; unit > 0 && **p == ':'; unit /= 60) {
        ++*p;
        if (!read_number(p, 59, &part))
            return false;
        sum += part * unit;
    }
    *seconds = negative ? -sum : sum;
    return true;
}

static bool
read_month_day(const char **p, struct weir__tzday *day)
{
    if (!read_number(p, 12, &day->month) || day->month < 1 || *(*p)++ != '.')
        return false;
    if (!read_number(p, 5, &day->week) || day->week < 1 || *(*p)++ != '.')
        return false;
    return read_number(p, 6, &day->day);
}

static bool
read_day(const char **p, struct weir__tzday *day)
{
    bool ok;

    if (*(*p)++ != ',')
        return false;
    day->kind = is_digit(**p) ? 'N' : *(*p)++;
    if (day->kind == 'M')
        ok = read_month_day(p, day);
    else if (day->kind == 'J')
        ok = read_number(p, 365, &day->day) && day->day >= 1;
    else
        ok = day->kind == 'N' && read_number(p, 365, &day->day);
    day->time_s = 2 * 3600;
    if (!ok || **p != '/')
        return ok;
    ++*p;
    return read_time(p, &day->time_s);
}

static bool
read_summer(const char **p, struct weir__tzrule *rule)
{
    if (!skip_name(p))
        return false;
    rule->summer = rule->standard + 3600;
    if (**p != ',') {
        if (!read_time(p, &rule->summer))
            return false;
        rule->summer = -rule->summer;
    }
    rule->has_summer = true;
    return read_day(p, &rule->begins) && read_day(p, &rule->ends);
}

bool
weir__tzrule_parse(struct weir__tzrule *rule, const char *text)
{
    const char *p = text;

    *rule = (struct weir__tzrule){0};
    if (!skip_name(&p) || !read_time(&p, &rule->standard))
        return false;
    rule->standard = -rule->standard; /* POSIX counts west */
    if (*p == '\0')
        return true;
    return read_summer(&p, rule) && *p == '\0';
}

/* ---- looking up ---- */

static int64_t
month_day(const struct weir__tzday *day, int64_t year)
{
    int64_t first = weir__days_of(year, day->month, 1);
    int64_t next = day->month == 12 ? weir__days_of(year + 1, 1, 1)
                                    : weir__days_of(year, day->month + 1, 1);
    int64_t found = first + (day->day - weir__weekday_of(first) + 7) % 7 + 7 * (day->week - 1);

    return found < next ? found : found - 7;
}

/* The local time of a change, in seconds. */
static int64_t
local_time(const struct weir__tzday *day, int64_t year)
{
    int64_t days = weir__days_of(year, 1, 1);

    if (day->kind == 'M')
        days = month_day(day, year);
    else if (day->kind == 'J')
        days += day->day - 1 + (day->day >= 60 && weir__is_leap(year));
    else
        days += day->day;
    return days * DAY_S + day->time_s;
}

static void
put_change(struct change *changes, size_t count, struct change change)
{
    size_t i = count;

    for (; i > 0 && changes[i - 1].at > change.at; i--)
        changes[i] = changes[i - 1];
    changes[i] = change;
}

struct weir__tzspan
weir__tzrule_at(const struct weir__tzrule *rule, int64_t at_s)
{
    struct weir__tzspan span = {INT64_MIN, INT64_MAX, rule->standard};
    struct change changes[CHANGES];
    size_t count = 0;
    int64_t year;

    if (!rule->has_summer)
        return span;
    year = weir__date_of(weir__floor_div(at_s + rule->standard, DAY_S)).year;
    for (int64_t y = year - 1; y <= year + 1; y++) {
        put_change(changes, count++,
                   (struct change){local_time(&rule->begins, y) - rule->standard, rule->summer});
        put_change(changes, count++,
                   (struct change){local_time(&rule->ends, y) - rule->summer, rule->standard});
    }
    for (size_t i = 0; i < CHANGES; i++) {
        if (changes[i].at > at_s) {
            span.until = changes[i].at;
            break;
        }
        span.from = changes[i].at;
        span.offset = changes[i].offset;
    }
    return span;
}

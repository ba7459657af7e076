/* SPDX-License-Identifier: MIT */
/*
 * Days since 1970-01-01 and dates of the Gregorian calendar, both ways. A year is taken to begin in March,
 * so that the leap day is its last one.
 */
#ifndef WEIR_LIB_CIVIL_H
#define WEIR_LIB_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

struct weir__date {
    int64_t year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
};

/* Division that rounds down, for divisors above 0. */
static inline int64_t
weir__floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static inline bool
weir__is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static inline int64_t
weir__days_of(int64_t year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = weir__floor_div(y, 400);
    int64_t in_era = y - era * 400;
    int64_t in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static inline struct weir__date
weir__date_of(int64_t days)
{
    int64_t era = weir__floor_div(days + 719468, 146097);
    int64_t in_era = days + 719468 - era * 146097;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    int month = (int)(5 * in_year + 2) / 153;
    struct weir__date date = {.year = year + era * 400,
                              .month = month < 10 ? month + 3 : month - 9,
                              .day = (int)in_year - (153 * month + 2) / 5 + 1};

    date.year += date.month <= 2;
    return date;
}

/* 0 is Sunday. */
static inline int
weir__weekday_of(int64_t days)
{
    int64_t day = (days + 4) % 7;

    return (int)(day < 0 ? day + 7 : day);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Dates are counted in days from 1970 with years that begin in March, so that the leap day is a
 * year's last and the lengths of the months before it follow one formula: 153 days for every five
 * months. 400 years are 146097 days.
 */
#include <config.h>

#include "timetext.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <weir/config.h>

enum {
    DAY_S = 86400,
    ERA_YEARS = 400,
    ERA_DAYS = 146097
};

/* Days from 0000-03-01 to 1970-01-01. */
static const int64_t epoch_days = 719468;

static const int64_t min_ms = INT64_C(-62167219200000); /* 0000-01-01T00:00:00.000Z */
static const int64_t max_ms = INT64_C(253402300799999); /* 9999-12-31T23:59:59.999Z */

struct civil {
    int year, month, day, hour, minute, second, ms;
};

static int64_t
floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t
days_from_civil(const struct civil *t)
{
    int64_t year = t->month > 2 ? t->year : t->year - 1;
    int64_t month = (t->month + 9) % 12;
    int64_t era = floor_div(year, ERA_YEARS);
    int64_t year_of_era = year - era * ERA_YEARS;
    int64_t day_of_year = (153 * month + 2) / 5 + t->day - 1;
    int64_t leap_days = year_of_era / 4 - year_of_era / 100;

    return era * ERA_DAYS + year_of_era * 365 + leap_days + day_of_year - epoch_days;
}

static void
civil_from_days(int64_t days, struct civil *t)
{
    days += epoch_days;
    int64_t era = floor_div(days, ERA_DAYS);
    int64_t day = days - era * ERA_DAYS;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    int64_t month = (5 * day + 2) / 153;

    t->day = (int)(day - (153 * month + 2) / 5 + 1);
    t->month = (int)(month < 10 ? month + 3 : month - 9);
    t->year = (int)(year + era * ERA_YEARS + (t->month <= 2));
}

static struct civil
civil_from_ms(int64_t at_ms)
{
    struct civil t;

    at_ms = at_ms < min_ms ? min_ms : at_ms > max_ms ? max_ms : at_ms;
    int64_t days = floor_div(at_ms, INT64_C(1000) * DAY_S);
    int left = (int)(at_ms - days * 1000 * DAY_S);
    civil_from_days(days, &t);
    t.ms = left % 1000;
    t.second = left / 1000 % 60;
    t.minute = left / 60000 % 60;
    t.hour = left / 3600000;
    return t;
}

static int
days_in_month(int year, int month)
{
    static const signed char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

/* Reads exactly n digits at *at and, when sep is not NUL, a separator out of that set. */
static bool
take(const char **at, int n, const char *sep, int *value)
{
    const char *p = *at;

    *value = 0;
    for (; n > 0; n--, p++) {
        if (*p < '0' || *p > '9') {
            return false;
        }
        *value = *value * 10 + (*p - '0');
    }
    if (sep != NULL && (*p == '\0' || strchr(sep, *p++) == NULL)) {
        return false;
    }
    *at = p;
    return true;
}

/* Reads an optional ".digits" as milliseconds, 0 to 1000, rounded up. */
static bool
take_fraction(const char **at, int *ms)
{
    const char *p = *at;
    int unit = 100;
    bool more = false;

    *ms = 0;
    if (*p != '.') {
        return true;
    }
    size_t len = strspn(++p, "0123456789");
    for (size_t i = 0; i < len; i++, unit /= 10) {
        *ms += (p[i] - '0') * unit;
        more = more || (unit == 0 && p[i] != '0');
    }
    *ms += more;
    *at = p + len;
    return len > 0;
}

static bool
take_offset(const char **at, int *seconds)
{
    const char *p = *at;
    int hours, minutes;
    bool west = *p == '-';

    *seconds = 0;
    if (*p == 'Z' || *p == 'z') {
        *at = p + 1;
        return true;
    }
    if (*p++ != '+' && !west) {
        return false;
    }
    if (!take(&p, 2, ":", &hours) || !take(&p, 2, NULL, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *seconds = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
    *at = p;
    return true;
}

static const char *
parse_date(const char **at, struct civil *t)
{
    if (!take(at, 4, "-", &t->year) || !take(at, 2, "-", &t->month) ||
        !take(at, 2, "Tt ", &t->day)) {
        return "expected a form like 2006-01-02T15:04:05Z or seconds since 1970";
    }
    if (t->month < 1 || t->month > 12) {
        return "there is no such month";
    }
    if (t->day < 1 || t->day > days_in_month(t->year, t->month)) {
        return "there is no such day in that month";
    }
    return NULL;
}

static const char *
parse_clock(const char **at, struct civil *t)
{
    if (!take(at, 2, ":", &t->hour) || !take(at, 2, ":", &t->minute) ||
        !take(at, 2, NULL, &t->second)) {
        return "expected a time of day like 15:04:05";
    }
    if (t->hour > 23 || t->minute > 59 || t->second > 60) {
        return "there is no such time of day";
    }
    return take_fraction(at, &t->ms) ? NULL : "digits are missing after the point";
}

static const char *
parse_rfc3339(const char *p, int64_t *at_ms)
{
    struct civil t;
    int offset_s;

    const char *wrong = parse_date(&p, &t);
    if (wrong == NULL) {
        wrong = parse_clock(&p, &t);
    }
    if (wrong != NULL) {
        return wrong;
    }
    if (!take_offset(&p, &offset_s)) {
        return "the offset from UTC is missing or wrong (Z, or a form like +02:00)";
    }
    if (*p != '\0') {
        return "something follows the time";
    }
    int64_t seconds = days_from_civil(&t) * DAY_S + t.hour * 3600 + t.minute * 60 + t.second;
    seconds -= offset_s;
    if (t.second == 60 && floor_div(seconds, DAY_S) * DAY_S != seconds) {
        return "a leap second is only at the end of a day in UTC";
    }
    int64_t value = seconds * 1000 + t.ms;
    if (value < min_ms || value > max_ms) {
        return "it is outside the years 0 to 9999";
    }
    *at_ms = value;
    return NULL;
}

int
weir__rfc3339_parse(int64_t *at_ms, const char *text, weir_error *err)
{
    const char *wrong = parse_rfc3339(text, at_ms);

    if (wrong != NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "invalid time \"%.100s\": %s", text, wrong);
    }
    return 0;
}

/* Text of digits with an optional sign and fraction; anything else is left to RFC 3339. */
static bool
looks_like_unix_seconds(const char *text)
{
    const char *p = text + (text[0] == '-');
    size_t digits = strspn(p, "0123456789");

    p += digits;
    if (*p == '.') {
        p++;
        p += strspn(p, "0123456789");
    }
    return digits > 0 && *p == '\0';
}

int
weir_time_parse(int64_t *at_ms, const char *text, weir_error *err)
{
    bool negative = text[0] == '-';
    const char *p = text + negative;
    int64_t seconds = 0;
    int ms;

    if (!looks_like_unix_seconds(text)) {
        return weir__rfc3339_parse(at_ms, text, err);
    }
    for (; *p >= '0' && *p <= '9' && seconds <= max_ms / 1000; p++) {
        seconds = seconds * 10 + (*p - '0');
    }
    if (*p >= '0' && *p <= '9') {
        return weir_error_set(err, WEIR_E_INVALID, "invalid time \"%.100s\": too large", text);
    }
    if (!take_fraction(&p, &ms)) {
        return weir_error_set(err, WEIR_E_INVALID,
                              "invalid time \"%.100s\": digits are missing after the point", text);
    }
    int64_t value = seconds * 1000 + ms;
    value = negative ? -value : value;
    if (value < min_ms || value > max_ms) {
        return weir_error_set(err, WEIR_E_INVALID,
                              "invalid time \"%.100s\": outside the years 0 to 9999", text);
    }
    *at_ms = value;
    return 0;
}

char *
weir__rfc3339_format_ms(int64_t at_ms, char dst[WEIR__RFC3339_SIZE])
{
    struct civil t = civil_from_ms(at_ms);

    snprintf(dst, WEIR__RFC3339_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
             (unsigned)t.year % 10000u, (unsigned)t.month % 100u, (unsigned)t.day % 100u,
             (unsigned)t.hour % 100u, (unsigned)t.minute % 100u, (unsigned)t.second % 100u,
             (unsigned)t.ms % 1000u);
    return dst;
}

char *
weir__rfc3339_format(int64_t at_ms, char dst[WEIR__RFC3339_SIZE])
{
    weir__rfc3339_format_ms(at_ms, dst);
    if (memcmp(dst + 19, ".000Z", 5) == 0) {
        memcpy(dst + 19, "Z", 2);
    }
    return dst;
}

char *
weir_time_format(char *buf, size_t size, int64_t at_ms)
{
    char full[WEIR__RFC3339_SIZE];

    snprintf(buf, size, "%s", weir__rfc3339_format_ms(at_ms, full));
    return buf;
}

char *
weir__utc_date(int64_t at_ms, char dst[WEIR__DATE_SIZE])
{
    char full[WEIR__RFC3339_SIZE];

    weir__rfc3339_format_ms(at_ms, full);
    memcpy(dst, full, WEIR__DATE_SIZE - 1);
    dst[WEIR__DATE_SIZE - 1] = '\0';
    return dst;
}

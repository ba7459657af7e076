/* SPDX-License-Identifier: MIT */
/*
 * Lengths of time in Go's notation: "1h30m", "1.5s", "-2m", "0". Units are ns, us (or µs), ms, s,
 * m, h, and d for 24 hours as an addition. A part of a millisecond counts as a whole one (away from
 * zero), so that a short but non-zero time never becomes "none".
 *
 * A duration is a sign and one or more terms: number, optional fraction, unit. The sum is kept as
 * whole milliseconds and the nanoseconds that do not fill one, all in integers, so that every
 * length that fits int64 milliseconds is exact.
 */
#include <config.h>

#include "duration.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <weir/config.h>

static const uint64_t ns_per_ms = 1000000;

static const struct unit {
    const char *name;
    uint64_t ns;
} units[] = {
    {"ns", 1},
    {"us", 1000},
    {"\xC2\xB5s", 1000}, /* micro sign */
    {"\xCE\xBCs", 1000}, /* Greek mu */
    {"ms", 1000000},
    {"s", UINT64_C(1000000000)},
    {"m", UINT64_C(60) * 1000000000},
    {"h", UINT64_C(3600) * 1000000000},
    {"d", UINT64_C(86400) * 1000000000},
};

struct sum {
    uint64_t ms;
    uint64_t ns; /* less than ns_per_ms between two calls */
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
sum_add(struct sum *sum, uint64_t ms, uint64_t ns)
{
    ns += sum->ns;
    ms += ns / ns_per_ms;
    if (ms > INT64_MAX - sum->ms) {
        return false;
    }
    sum->ms += ms;
    sum->ns = ns % ns_per_ms;
    return true;
}

/* Adds whole * unit; units are either whole milliseconds or divide one. */
static bool
add_whole(struct sum *sum, uint64_t whole, const struct unit *unit)
{
    if (unit->ns < ns_per_ms) {
        uint64_t per_ms = ns_per_ms / unit->ns;
        return sum_add(sum, whole / per_ms, whole % per_ms * unit->ns);
    }
    uint64_t unit_ms = unit->ns / ns_per_ms;
    if (whole > INT64_MAX / unit_ms) {
        return false;
    }
    return sum_add(sum, whole * unit_ms, 0);
}

/* Adds 0.digits * unit, from the last digit to the first; what is left below 1 ns is rounded up. */
static bool
add_fraction(struct sum *sum, const char *digits, size_t len, const struct unit *unit)
{
    uint64_t ns = 0;

    while (len > 0) {
        len--;
        ns = ((uint64_t)(digits[len] - '0') * unit->ns + ns + 9) / 10;
    }
    return sum_add(sum, ns / ns_per_ms, ns % ns_per_ms);
}

static const struct unit *
match_unit(const char *s, size_t len)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strlen(units[i].name) == len && memcmp(units[i].name, s, len) == 0) {
            return &units[i];
        }
    }
    return NULL;
}

static const char *
parse_whole(const char *p, uint64_t *whole)
{
    *whole = 0;
    for (; is_digit(*p); p++) {
        uint64_t digit = (uint64_t)(*p - '0');
        if (*whole > (INT64_MAX - digit) / 10) {
            return NULL;
        }
        *whole = *whole * 10 + digit;
    }
    return p;
}

/* Reads one term at *at and moves behind it. Returns NULL, or what is wrong. */
static const char *
parse_term(const char **at, struct sum *sum)
{
    uint64_t whole;
    const char *number = *at;
    const char *p = parse_whole(number, &whole);

    if (p == NULL) {
        return "it is too large";
    }
    const char *fraction = *p == '.' ? p + 1 : p;
    size_t fraction_len = fraction > p ? strspn(fraction, "0123456789") : 0;
    if (p == number && fraction_len == 0) {
        return "a number was expected";
    }
    p = fraction + fraction_len;
    size_t unit_len = strcspn(p, ".0123456789");
    if (unit_len == 0) {
        return "a unit is missing (ms, s, m, h or d)";
    }
    const struct unit *unit = match_unit(p, unit_len);
    if (unit == NULL) {
        return "the unit is not known (use ms, s, m, h or d)";
    }
    *at = p + unit_len;
    if (!add_whole(sum, whole, unit) || !add_fraction(sum, fraction, fraction_len, unit)) {
        return "it is too large";
    }
    return NULL;
}

static const char *
parse_terms(const char *p, struct sum *sum)
{
    if (strcmp(p, "0") == 0) {
        return NULL;
    }
    do {
        const char *wrong = parse_term(&p, sum);
        if (wrong != NULL) {
            return wrong;
        }
    } while (*p != '\0');
    if (sum->ns > 0 && !sum_add(sum, 0, ns_per_ms - sum->ns)) {
        return "it is too large";
    }
    return NULL;
}

int
weir_duration_parse(int64_t *ms, const char *text, weir_error *err)
{
    struct sum sum = {0};
    bool negative = text[0] == '-';
    const char *terms = negative || text[0] == '+' ? text + 1 : text;

    const char *wrong = parse_terms(terms, &sum);
    if (wrong != NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "invalid duration \"%.100s\": %s", text, wrong);
    }
    *ms = negative ? -(int64_t)sum.ms : (int64_t)sum.ms;
    return 0;
}

static void
format_seconds(uint64_t ms, char *dst, size_t cap)
{
    unsigned millis = (unsigned)(ms % 1000);
    uint64_t seconds = ms / 1000;

    if (millis == 0) {
        snprintf(dst, cap, "%" PRIu64 "s", seconds);
        return;
    }
    int digits = 3;
    for (; millis % 10 == 0; millis /= 10) {
        digits--;
    }
    snprintf(dst, cap, "%" PRIu64 ".%0*us", seconds, digits, millis);
}

char *
weir__duration_format(int64_t ms, char dst[WEIR__DURATION_SIZE])
{
    const char *sign = ms < 0 ? "-" : "";
    uint64_t left = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
    uint64_t minutes = left / 60000;
    char seconds[WEIR__DURATION_SIZE / 2];

    if (left > 0 && left < 1000) {
        snprintf(dst, WEIR__DURATION_SIZE, "%s%" PRIu64 "ms", sign, left);
        return dst;
    }
    format_seconds(left % 60000, seconds, sizeof seconds);
    if (minutes == 0) {
        snprintf(dst, WEIR__DURATION_SIZE, "%s%s", sign, seconds);
    } else if (minutes < 60) {
        snprintf(dst, WEIR__DURATION_SIZE, "%s%" PRIu64 "m%s", sign, minutes, seconds);
    } else {
        snprintf(dst, WEIR__DURATION_SIZE, "%s%" PRIu64 "h%" PRIu64 "m%s", sign, minutes / 60,
                 minutes % 60, seconds);
    }
    return dst;
}

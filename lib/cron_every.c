/* SPDX-License-Identifier: MIT */
/*
 * The duration of "@every": Go's time.ParseDuration, in nanoseconds as there, so that what is cut off is the same. It
 * differs from weir_duration_parse(), which rounds up and knows days.
 */
#include <config.h>

#include "cron.h"

#include <string.h>

static const uint64_t ns_max = UINT64_C(1) << 63;
static const uint64_t ns_per_s = 1000000000;

static const struct {
    const char *name;
    uint64_t ns;
} units[] = {
    {"ns", 1},
    {"us", 1000},
    {"\xC2\xB5s", 1000},
    {"\xCE\xBCs", 1000},
    {"ms", 1000000},
    {"s", UINT64_C(1000000000)},
    {"m", UINT64_C(60000000000)},
    {"h", UINT64_C(3600000000000)},
};

static uint64_t
unit_ns(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strlen(units[i].name) == len && memcmp(units[i].name, name, len) == 0)
            return units[i].ns;
    }
    return 0;
}

/* Reads digits; false when they are too many for 63 bits. */
static bool
read_whole(const char **p, uint64_t *whole)
{
    for (*whole = 0; **p >= '0' && **p <= '9'; ++*p) {
        if (*whole > ns_max / 10)
            return false;
        *whole = *whole * 10 + (uint64_t)(**p - '0');
        if (*whole > ns_max)
            return false;
    }
    return true;
}

/* Digits beyond what counts are left out. */
static double
read_fraction(const char **p)
{
    uint64_t digits = 0;
    double scale = 1;

    for (; **p >= '0' && **p <= '9'; ++*p) {
        if (digits > ns_max / 100)
            continue;
        digits = digits * 10 + (uint64_t)(**p - '0');
        scale *= 10;
    }
    return (double)digits / scale;
}

static const char *
add_term(const char **p, uint64_t *sum)
{
    const char *start = *p;
    double fraction = 0;
    uint64_t whole, ns;
    size_t digits, len;

    if (!read_whole(p, &whole))
        return "it is too long";
    digits = (size_t)(*p - start);
    if (**p == '.') {
        start = ++*p;
        fraction = read_fraction(p);
        digits += (size_t)(*p - start);
    }
    len = strcspn(*p, ".0123456789");
    if (digits == 0)
        return "a number was expected";
    if (len == 0)
        return "a unit is missing (s, m or h)";
    ns = unit_ns(*p, len);
    if (ns == 0)
        return "the unit is not known (use s, m or h)";
    *p += len;
    if (whole > ns_max / ns)
        return "it is too long";
    *sum += whole * ns + (uint64_t)(fraction * (double)ns);
    return *sum > ns_max ? "it is too long" : NULL;
}

const char *
weir__cron_every(int64_t *every_ms, const char *text)
{
    bool negative = text[0] == '-';
    const char *p = text + (negative || text[0] == '+');
    const char *wrong = NULL;
    uint64_t sum = 0;

    if (strcmp(p, "0") != 0) {
        do
            wrong = add_term(&p, &sum);
        while (!wrong && *p != '\0');
    }
    if (wrong)
        return wrong;
    if (sum > ns_max - !negative)
        return "it is too long";
    *every_ms = negative || sum < ns_per_s ? 1000 : (int64_t)(sum / ns_per_s * 1000);
    return NULL;
}

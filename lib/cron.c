/* SPDX-License-Identifier: MIT */
/*
 * Reading a cron spec. The fields are a table; each becomes a set of bits. What the Go parser accepts is accepted,
 * its oddities too: empty elements of a list are nothing, what follows "*-" is not looked at, a list of nothing
 * is a field that never matches.
 */
#include <config.h>

#include "cron.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    FIELDS = 5,
    ELEMENT_MAX = 64, /* bytes of an element of a list */
    DOM = 2,
    DOW = 4
};

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
                                          "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const day_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

static const struct field {
    const char *name;
    int64_t min;
    int64_t max;
    const char *const *names; /* of min, min + 1, ... */
    size_t bits;              /* where they go */
} fields[FIELDS] = {
    {"minute", 0, 59, NULL, offsetof(weir_cron, minutes)},
    {"hour", 0, 23, NULL, offsetof(weir_cron, hours)},
    {"day of month", 1, 31, NULL, offsetof(weir_cron, month_days)},
    {"month", 1, 12, month_names, offsetof(weir_cron, months)},
    {"day of week", 0, 6, day_names, offsetof(weir_cron, week_days)},
};

static const struct {
    const char *name;
    const char *spec;
} descriptors[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
    {"@hourly", "0 * * * *"},
};

struct range {
    int64_t low;
    int64_t high;
    int64_t step;
    bool star;
};

/* ---- one element of a list ---- */

/* A number as Go's strconv.Atoi reads it, with a sign but not negative. */
static int
read_number(const char *text, const struct field *field, int64_t *number, weir_error *err)
{
    const char *p = text + (text[0] == '+' || text[0] == '-');
    int64_t n = 0;

    if (*p == '\0')
        return weir_error_set(err, WEIR_E_INVALID, "%s: a number was expected, not \"%s\"",
                              field->name, text);
    for (; *p; p++) {
        if (*p < '0' || *p > '9')
            return weir_error_set(err, WEIR_E_INVALID, "%s: not a number: \"%s\"", field->name,
                                  text);
        if (n > (INT64_MAX - 9) / 10)
            return weir_error_set(err, WEIR_E_INVALID, "%s: %s is too large", field->name, text);
        n = n * 10 + (*p - '0');
    }
    if (text[0] == '-' && n > 0)
        return weir_error_set(err, WEIR_E_INVALID, "%s: %s is negative", field->name, text);
    *number = n;
    return 0;
}

static int
read_value(const char *text, const struct field *field, int64_t *number, weir_error *err)
{
    for (size_t i = 0; field->names && field->names[i]; i++) {
        if (strcasecmp(field->names[i], text) == 0) {
            *number = field->min + (int64_t)i;
            return 0;
        }
    }
    return read_number(text, field, number, err);
}

/* LOW or LOW-HIGH; what follows is cut off in place. */
static int
read_bounds(char *text, const struct field *field, struct range *range, bool *single,
            weir_error *err)
{
    char *high = strchr(text, '-');
    int rc;

    *single = !high;
    if (high)
        *high++ = '\0';
    if (strcmp(text, "*") == 0 || strcmp(text, "?") == 0) {
        *range = (struct range){field->min, field->max, 1, true};
        return 0;
    }
    rc = read_value(text, field, &range->low, err);
    range->high = range->low;
    if (rc < 0 || !high)
        return rc;
    if (strchr(high, '-'))
        return weir_error_set(err, WEIR_E_INVALID, "%s: too many hyphens", field->name);
    return read_value(high, field, &range->high, err);
}

static int
check_range(const struct range *range, const struct field *field, const char *text, weir_error *err)
{
    if (range->low < field->min)
        return weir_error_set(err, WEIR_E_INVALID, "%s: \"%s\" begins below %" PRId64, field->name,
                              text, field->min);
    if (range->high > field->max)
        return weir_error_set(err, WEIR_E_INVALID, "%s: \"%s\" ends above %" PRId64, field->name,
                              text, field->max);
    if (range->low > range->high)
        return weir_error_set(err, WEIR_E_INVALID, "%s: \"%s\" begins after its end", field->name,
                              text);
    if (range->step == 0)
        return weir_error_set(err, WEIR_E_INVALID, "%s: the step of \"%s\" is 0", field->name,
                              text);
    return 0;
}

static int
read_range(const char *text, const struct field *field, struct range *range, weir_error *err)
{
    char copy[ELEMENT_MAX];
    char *step;
    bool single;
    int rc;

    *range = (struct range){.step = 1};
    snprintf(copy, sizeof copy, "%s", text);
    step = strchr(copy, '/');
    if (step)
        *step++ = '\0';
    rc = read_bounds(copy, field, range, &single, err);
    if (rc == 0 && step && strchr(step, '/'))
        rc = weir_error_set(err, WEIR_E_INVALID, "%s: too many slashes in \"%s\"", field->name,
                            text);
    if (rc == 0 && step)
        rc = read_number(step, field, &range->step, err);
    if (rc < 0)
        return rc;
    if (step && single)
        range->high = field->max;
    range->star = range->star && range->step <= 1;
    return check_range(range, field, text, err);
}

/* ---- a field ---- */

static int
add_element(const char *text, size_t len, const struct field *field, uint64_t *bits, bool *star,
            weir_error *err)
{
    char element[ELEMENT_MAX];
    struct range range;
    int rc;

    if (len == 0)
        return 0;
    if (len >= sizeof element)
        return weir_error_set(err, WEIR_E_INVALID, "%s: \"%.20s...\" is too long", field->name,
                              text);
    memcpy(element, text, len);
    element[len] = '\0';
    rc = read_range(element, field, &range, err);
    if (rc < 0)
        return rc;
    *star = *star || range.star;
    for (int64_t i = range.low; i <= range.high; i += range.step) {
        *bits |= UINT64_C(1) << i;
        if (range.step > field->max)
            break;
    }
    return 0;
}

static int
read_field(weir_cron *cron, const struct field *field, const char *text, size_t len, bool *star,
           weir_error *err)
{
    uint64_t *bits = (uint64_t *)(void *)((char *)cron + field->bits);
    const char *end = text + len;
    int rc = 0;

    *star = false;
    while (rc == 0 && text < end) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        size_t element_len = (size_t)((comma ? comma : end) - text);

        rc = add_element(text, element_len, field, bits, star, err);
        text += element_len + 1;
    }
    return rc;
}

static const char blanks[] = " \t\n\v\f\r";

static size_t
count_fields(const char *spec)
{
    size_t count = 0;

    for (;;) {
        spec += strspn(spec, blanks);
        if (*spec == '\0')
            return count;
        spec += strcspn(spec, blanks);
        count++;
    }
}

static int
read_fields(weir_cron *cron, const char *spec, weir_error *err)
{
    size_t count = count_fields(spec);
    bool stars[FIELDS];
    int rc = 0;

    if (count != FIELDS)
        return weir_error_set(err, WEIR_E_INVALID,
                              "5 fields were expected (minute, hour, day of month, month, day of "
                              "week), not %zu",
                              count);
    for (size_t i = 0; rc == 0 && i < FIELDS; i++) {
        size_t len;

        spec += strspn(spec, blanks);
        len = strcspn(spec, blanks);
        rc = read_field(cron, &fields[i], spec, len, &stars[i], err);
        spec += len;
    }
    if (rc == 0)
        cron->both_days = stars[DOM] || stars[DOW];
    return rc;
}

/* ---- the whole ---- */

static int
read_descriptor(weir_cron *cron, const char *spec, weir_error *err)
{
    static const char every[] = "@every ";
    const char *wrong;

    for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++) {
        if (strcmp(descriptors[i].name, spec) == 0)
            return read_fields(cron, descriptors[i].spec, err);
    }
    if (strncmp(spec, every, sizeof every - 1) != 0)
        return weir_error_set(err, WEIR_E_INVALID,
                              "no such descriptor (@yearly, @monthly, @weekly, @daily, @hourly, "
                              "@every DURATION)");
    wrong = weir__cron_every(&cron->every_ms, spec + sizeof every - 1);
    if (wrong)
        return weir_error_set(err, WEIR_E_INVALID, "invalid duration: %s", wrong);
    return 0;
}

/* TZ=ZONE or CRON_TZ=ZONE, up to the first blank. Sets *rest to what follows. */
static int
read_zone(weir_cron *cron, const char *spec, const char **rest, weir_error *err)
{
    bool given = strncmp(spec, "TZ=", 3) == 0 || strncmp(spec, "CRON_TZ=", 8) == 0;
    const char *blank = strchr(spec, ' ');
    char name[256];
    size_t len;

    *rest = spec;
    if (!given)
        return 0;
    if (!blank)
        return weir_error_set(err, WEIR_E_INVALID, "a space is missing after the time zone");
    spec = strchr(spec, '=') + 1;
    len = (size_t)(blank - spec);
    if (len >= sizeof name)
        return weir_error_set(err, WEIR_E_INVALID, "the name of the time zone is too long");
    memcpy(name, spec, len);
    name[len] = '\0';
    *rest = blank + strspn(blank, blanks);
    /* "Local" is the scheduler's own zone there, which is UTC. */
    return strcmp(name, "Local") == 0 ? 0 : weir__tz_load(&cron->tz, name, err);
}

/* Behind a zone, blanks at the end are cut off; without one they are not. */
static int
read_spec(weir_cron *cron, const char *spec, weir_error *err)
{
    const char *rest;
    char text[256];
    size_t len;
    int rc = read_zone(cron, spec, &rest, err);

    if (rc < 0)
        return rc;
    if (rest[0] != '@')
        return read_fields(cron, rest, err);
    len = strlen(rest);
    while (rest != spec && strchr(blanks, rest[len - 1]))
        len--;
    if (len >= sizeof text)
        return weir_error_set(err, WEIR_E_INVALID, "it is too long");
    memcpy(text, rest, len);
    text[len] = '\0';
    return read_descriptor(cron, text, err);
}

int
weir_cron_parse(weir_cron **cron, const char *spec, weir_error *err)
{
    weir_error detail = {0};
    weir_cron *made;
    int rc;

    if (!cron || !spec)
        return weir_error_set(err, WEIR_E_INVALID, "no cron spec");
    *cron = NULL;
    if (spec[0] == '\0')
        return weir_error_set(err, WEIR_E_INVALID, "the cron spec is empty");
    made = calloc(1, sizeof *made);
    if (!made)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    rc = read_spec(made, spec, &detail);
    if (rc == 0) {
        *cron = made;
        return 0;
    }
    weir_cron_free(made);
    if (rc == WEIR_E_NOMEM)
        return weir_error_set(err, rc, NULL);
    return weir_error_set(err, rc, "cron spec \"%.100s\": %s", spec, detail.text);
}

void
weir_cron_free(weir_cron *cron)
{
    if (!cron)
        return;
    weir__tz_free(cron->tz);
    free(cron);
}

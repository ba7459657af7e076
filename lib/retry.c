/* SPDX-License-Identifier: MIT */
/*
 * Delays are computed in double: whole milliseconds below the longest delay are exact there, and
 * anything that overflows is only a large number, cut to the maximum. The text form of a kind is its
 * name and a list of arguments, one letter each in the table: b base, f factor, m max.
 */
#include <config.h>

#include <weir/retry.h>

#include "clock.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <weir/config.h>

enum {
    ARG_SIZE = 64
};

static const struct kind {
    const char *name;
    weir_retry_kind kind;
    const char *args;
} kinds[] = {
    {"default", WEIR_RETRY_KIND_ASYNQ, ""},
    {"asynq", WEIR_RETRY_KIND_ASYNQ, ""},
    {"fixed", WEIR_RETRY_KIND_FIXED, "b"},
    {"linear", WEIR_RETRY_KIND_LINEAR, "bm"},
    {"exponential", WEIR_RETRY_KIND_EXPONENTIAL, "bfm"},
};

/* A decimal number without sign or exponent, whatever the locale. */
static bool
parse_number(const char *text, double *value)
{
    double scale = 1;
    size_t whole = strspn(text, "0123456789");
    const char *point = text + whole;
    size_t fraction = *point == '.' ? strspn(point + 1, "0123456789") : 0;

    if (whole == 0 || whole > 9 || fraction > 9) {
        return false;
    }
    if (*point == '.' && fraction == 0) {
        return false;
    }
    if (point[fraction + (*point == '.')] != '\0') {
        return false;
    }
    *value = 0;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c != '.') {
            *value = *value * 10 + (*c - '0');
            scale *= c > point ? 10 : 1;
        }
    }
    *value /= scale;
    return true;
}

static const char *
set_base(weir_retry_policy *policy, const char *text)
{
    if (weir_duration_parse(&policy->base_ms, text, NULL) != 0) {
        return "base must be a length of time, as in 30s";
    }
    return policy->base_ms < 0 || policy->base_ms > WEIR_RETRY_MAX_MS ? "base is out of range"
                                                                      : NULL;
}

static const char *
set_max(weir_retry_policy *policy, const char *text)
{
    if (weir_duration_parse(&policy->max_ms, text, NULL) != 0) {
        return "max must be a length of time, as in 10m";
    }
    return policy->max_ms < 1 || policy->max_ms > WEIR_RETRY_MAX_MS ? "max is out of range" : NULL;
}

static const char *
set_arg(weir_retry_policy *policy, char arg, const char *text)
{
    if (arg == 'b') {
        return set_base(policy, text);
    }
    if (arg == 'm') {
        return set_max(policy, text);
    }
    if (!parse_number(text, &policy->factor) || policy->factor < 1) {
        return "the factor must be a number, at least 1";
    }
    return NULL;
}

static const char *
set_jitter(weir_retry_policy *policy, const char *text)
{
    if (!parse_number(text, &policy->jitter) || policy->jitter > 1) {
        return "the jitter must be a number from 0 to 1";
    }
    return NULL;
}

/* Copies the argument at *at into arg and moves *at behind its comma, or to NULL after the last. */
static bool
next_arg(const char **at, char arg[ARG_SIZE])
{
    size_t len = strcspn(*at, ",");

    if (len >= ARG_SIZE) {
        return false;
    }
    memcpy(arg, *at, len);
    arg[len] = '\0';
    *at = (*at)[len] == ',' ? *at + len + 1 : NULL;
    return true;
}

static const char *
parse_args(weir_retry_policy *policy, const struct kind *kind, const char *at)
{
    static const char jitter[] = "jitter=";
    const char *wrong = NULL;
    char arg[ARG_SIZE];

    for (size_t i = 0; at != NULL && wrong == NULL; i++) {
        if (!next_arg(&at, arg)) {
            return "an argument is too long";
        }
        if (i > 0 && at == NULL && strncmp(arg, jitter, strlen(jitter)) == 0) {
            return set_jitter(policy, arg + strlen(jitter));
        }
        if (i >= strlen(kind->args)) {
            return "too many arguments";
        }
        wrong = set_arg(policy, kind->args[i], arg);
    }
    return wrong;
}

static const char *
parse_policy(weir_retry_policy *policy, const char *text)
{
    size_t name_len = strcspn(text, ":");
    const struct kind *kind = NULL;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strlen(kinds[i].name) == name_len && memcmp(kinds[i].name, text, name_len) == 0) {
            kind = &kinds[i];
        }
    }
    if (kind == NULL) {
        return "the kind must be asynq, fixed, linear or exponential";
    }
    policy->kind = kind->kind;
    bool has_args = text[name_len] == ':';
    if (has_args != (kind->args[0] != '\0')) {
        return has_args ? "this kind has no arguments" : "the length of the first delay is missing";
    }
    const char *wrong = has_args ? parse_args(policy, kind, text + name_len + 1) : NULL;
    if (wrong == NULL && policy->max_ms > 0 && policy->max_ms < policy->base_ms) {
        return "the longest delay is shorter than the first";
    }
    return wrong;
}

int
weir_retry_policy_parse(weir_retry_policy *policy, const char *text, weir_error *err)
{
    weir_retry_policy parsed = {0};

    const char *wrong = parse_policy(&parsed, text);
    if (wrong != NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "invalid retry policy \"%.100s\": %s", text,
                              wrong);
    }
    *policy = parsed;
    return 0;
}

static double
asynq_delay(const weir_retry_policy *policy, const weir_clock *clock, double n)
{
    double spread = (double)weir__clock_random_below(clock, 30) * (n + 1);

    (void)policy;
    return (n * n * n * n + 15 + spread) * 1000;
}

static double
fixed_delay(const weir_retry_policy *policy, const weir_clock *clock, double n)
{
    (void)clock;
    (void)n;
    return (double)policy->base_ms;
}

static double
linear_delay(const weir_retry_policy *policy, const weir_clock *clock, double n)
{
    (void)clock;
    return (double)policy->base_ms * (n + 1);
}

static double
exponential_delay(const weir_retry_policy *policy, const weir_clock *clock, double n)
{
    double factor = policy->factor == 0 ? 2 : policy->factor;

    (void)clock;
    if (policy->base_ms <= 0) {
        return 0;
    }
    return (double)policy->base_ms * (factor > 1 ? pow(factor, n) : 1);
}

typedef double (*delay_fn)(const weir_retry_policy *policy, const weir_clock *clock, double n);

static const delay_fn delays[] = {
    [WEIR_RETRY_KIND_ASYNQ] = asynq_delay,
    [WEIR_RETRY_KIND_FIXED] = fixed_delay,
    [WEIR_RETRY_KIND_LINEAR] = linear_delay,
    [WEIR_RETRY_KIND_EXPONENTIAL] = exponential_delay,
};

static int64_t
clamp_delay(double delay, int64_t max_ms)
{
    if (max_ms <= 0 || max_ms > WEIR_RETRY_MAX_MS) {
        max_ms = WEIR_RETRY_MAX_MS;
    }
    if (!(delay > 0)) {
        return 0;
    }
    return delay < (double)max_ms ? (int64_t)delay : max_ms;
}

int64_t
weir_retry_delay_ms(const weir_retry_policy *policy, const weir_clock *clock, int retried)
{
    static const weir_retry_policy asynq = {0};
    const weir_retry_policy *used = policy != NULL ? policy : &asynq;
    size_t kind = (size_t)used->kind;
    delay_fn fn = kind < sizeof delays / sizeof delays[0] ? delays[kind] : asynq_delay;

    int64_t delay_ms = clamp_delay(fn(used, clock, retried > 0 ? retried : 0), used->max_ms);
    if (!(used->jitter > 0)) {
        return delay_ms;
    }
    double share = used->jitter < 1 ? used->jitter : 1;
    uint64_t spread = (uint64_t)((double)delay_ms * share);
    return delay_ms - (int64_t)weir__clock_random_below(clock, spread + 1);
}

/* SPDX-License-Identifier: MIT */
/*
 * Numbers are a table: where the option stands, where it goes, its default and its limits. A default
 * of 0 is worked out from the others once the table is through.
 */
#include <config.h>

#include "settings.h"
#include "duration.h"
#include "prepare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define CONCURRENCY_MAX 65536

struct number {
    const char *name;
    size_t from; /* in weir_server_options */
    size_t to;   /* in what it is taken into */
    int64_t fallback;
    int64_t low;
    int64_t high;
    bool minus_one; /* -1 is allowed */
};

#define NUMBER(name, fallback, low, high, minus_one)                                               \
    {                                                                                              \
#name, offsetof(weir_server_options, name), offsetof(struct weir__settings, name),         \
            fallback, low, high, minus_one                                                         \
    }

static const struct number numbers[] = {
    NUMBER(shutdown_timeout_ms, 8000, 1, WEIR__PERIOD_MAX_MS, true),
    NUMBER(lease_ms, 10000, 300, WEIR__PERIOD_MAX_MS, false),
    NUMBER(heartbeat_ms, 0, 10, WEIR__PERIOD_MAX_MS, false),
    NUMBER(cancel_grace_ms, 2000, 1, WEIR__PERIOD_MAX_MS, false),
    NUMBER(recover_ms, 0, 10, WEIR__PERIOD_MAX_MS, false),
    NUMBER(janitor_ms, 8000, 10, WEIR__PERIOD_MAX_MS, false),
    NUMBER(health_ms, 15000, 10, WEIR__PERIOD_MAX_MS, false),
    NUMBER(archive_max, 10000, 1, INT64_MAX, true),
    NUMBER(archive_age_ms, 90 * DAY_MS, 1, INT64_MAX, true),
};

static const struct number group_timeout = {"group_timeout_ms",
                                            offsetof(weir_server_options, group_timeout_ms),
                                            offsetof(struct weir__group_rules, timeout_ms),
                                            120000,
                                            1000,
                                            WEIR__PERIOD_MAX_MS,
                                            false};

/* A value in the words of those who write options: lengths of time with their units. */
static const char *
value_text(char dst[WEIR__DURATION_SIZE], int64_t value, bool is_time)
{
    bool is_hours = is_time && value > 0 && value % HOUR_MS == 0;

    if (is_time && !is_hours) {
        return weir__duration_format(value, dst);
    }
    snprintf(dst, WEIR__DURATION_SIZE, "%lld%s", (long long)(is_hours ? value / HOUR_MS : value),
             is_hours ? "h" : "");
    return dst;
}

/* Names the option without the unit of its member, as the programs and the configuration do. */
static int
out_of_range(const struct number *number, int64_t given, weir_error *err)
{
    char texts[3][WEIR__DURATION_SIZE];
    size_t len = strlen(number->name);
    bool is_time = len > 3 && strcmp(number->name + len - 3, "_ms") == 0;

    return weir_error_set(
        err, WEIR_E_INVALID, "option %.*s: %s is out of range (%s to %s%s)",
        (int)(is_time ? len - 3 : len), number->name, value_text(texts[0], given, is_time),
        value_text(texts[1], number->low, is_time), value_text(texts[2], number->high, is_time),
        number->minus_one ? ", or -1" : "");
}

static int
slow_heartbeat(const struct weir__settings *settings, weir_error *err)
{
    char heartbeat[WEIR__DURATION_SIZE];
    char lease[WEIR__DURATION_SIZE];

    return weir_error_set(err, WEIR_E_INVALID,
                          "option heartbeat: %s is more than half of the lease, %s",
                          weir__duration_format(settings->heartbeat_ms, heartbeat),
                          weir__duration_format(settings->lease_ms, lease));
}

static int
take_number(void *into, const weir_server_options *options, const struct number *number,
            weir_error *err)
{
    int64_t given = *(const int64_t *)(const void *)((const char *)options + number->from);
    int64_t *to = (int64_t *)(void *)((char *)into + number->to);

    if (given == 0) {
        *to = number->fallback;
        return 0;
    }
    if ((given < number->low || given > number->high) && !(given == -1 && number->minus_one)) {
        return out_of_range(number, given, err);
    }
    *to = given;
    return 0;
}

int
weir__settings_concurrency(int given, int *concurrency, weir_error *err)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    if (given < 0 || given > CONCURRENCY_MAX) {
        return weir_error_set(err, WEIR_E_INVALID,
                              "option concurrency: %d is out of range (1 to %d)", given,
                              CONCURRENCY_MAX);
    }
    *concurrency = given > 0 ? given : cpus > 0 ? (int)cpus : 1;
    return 0;
}

static int
take_numbers(struct weir__settings *settings, const weir_server_options *options, weir_error *err)
{
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        int code = take_number(settings, options, &numbers[i], err);
        if (code != 0) {
            return code;
        }
    }
    if (settings->shutdown_timeout_ms < 0) {
        settings->shutdown_timeout_ms = 0;
    }
    if (settings->heartbeat_ms == 0) {
        settings->heartbeat_ms = settings->lease_ms / 3;
    }
    if (settings->recover_ms == 0) {
        settings->recover_ms = settings->heartbeat_ms;
    }
    if (settings->heartbeat_ms > settings->lease_ms / 2) {
        return slow_heartbeat(settings, err);
    }
    return weir__settings_concurrency(options->concurrency, &settings->concurrency, err);
}

static int
check_policy(const weir_retry_policy *policy, const char *of, weir_error *err)
{
    const char *wrong = policy->base_ms < 0                               ? "base is negative"
                        : policy->max_ms < 0                              ? "max is negative"
                        : policy->factor != 0 && !(policy->factor >= 1)   ? "factor is below 1"
                        : !(policy->jitter >= 0 && policy->jitter <= 1.0) ? "jitter is not 0 to 1"
                                                                          : NULL;

    if (wrong == NULL) {
        return 0;
    }
    return weir_error_set(err, WEIR_E_INVALID, "option %s: %s", of, wrong);
}

static int
copy_type_retries(struct weir__rules *rules, const weir_type_retry *retries, size_t count,
                  weir_error *err)
{
    rules->types = calloc(count > 0 ? count : 1, sizeof(*rules->types));
    if (rules->types == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    for (size_t i = 0; i < count; i++) {
        if (weir__pattern_is_blank(retries[i].pattern)) {
            return weir_error_set(err, WEIR_E_INVALID, "option type_retries: pattern %zu is blank",
                                  i + 1);
        }
        int code = check_policy(&retries[i].policy, "type_retries", err);
        if (code != 0) {
            return code;
        }
        if (!weir__pattern_init(&rules->types[i].pattern, retries[i].pattern)) {
            return weir_error_set(err, WEIR_E_NOMEM, NULL);
        }
        rules->types[i].policy = retries[i].policy;
        rules->type_count++;
    }
    return 0;
}

int
weir__rules_set_policies(struct weir__rules *rules, const weir_retry_policy *retry,
                         const weir_type_retry *retries, size_t count, weir_error *err)
{
    int code = check_policy(retry, "retry", err);

    if (code == 0 && retries == NULL && count > 0) {
        code = weir_error_set(err, WEIR_E_INVALID, "option type_retries is NULL");
    }
    rules->retry = *retry;
    return code != 0 ? code : copy_type_retries(rules, retries, count, err);
}

void
weir__rules_drop_policies(struct weir__rules *rules)
{
    for (size_t i = 0; i < rules->type_count; i++) {
        weir__pattern_release(&rules->types[i].pattern);
    }
    free(rules->types);
    rules->types = NULL;
    rules->type_count = 0;
}

static int
take_rules(struct weir__rules *rules, const weir_server_options *options, weir_error *err)
{
    rules->retry_delay = options->retry_delay;
    rules->retry_delay_arg = options->retry_delay_arg;
    rules->is_failure = options->is_failure;
    rules->is_failure_arg = options->is_failure_arg;
    rules->on_error = options->on_error;
    rules->on_error_arg = options->on_error_arg;
    rules->on_change = options->on_change;
    rules->on_change_arg = options->on_change_arg;
    rules->logger = options->logger;
    return weir__rules_set_policies(rules, &options->retry, options->type_retries,
                                    options->type_retry_count, err);
}

static int
take_policy(weir_group_policy *policy, const weir_group_policy *given,
            const weir_group_policy *fallback, const char *of, weir_error *err)
{
    *policy = (weir_group_policy){
        .grace_ms = given->grace_ms != 0 ? given->grace_ms : fallback->grace_ms,
        .max_delay_ms = given->max_delay_ms != 0 ? given->max_delay_ms : fallback->max_delay_ms,
        .max_size = given->max_size != 0 ? given->max_size : fallback->max_size,
    };
    if (policy->grace_ms < 1000 || policy->grace_ms > WEIR__PERIOD_MAX_MS) {
        return weir_error_set(err, WEIR_E_INVALID, "option %s: grace is not from 1s to 8760h", of);
    }
    if (policy->max_delay_ms < 0 || policy->max_delay_ms > WEIR__PERIOD_MAX_MS) {
        return weir_error_set(err, WEIR_E_INVALID, "option %s: max_delay is not from 1ms to 8760h",
                              of);
    }
    if (policy->max_size < 0 || policy->max_size > WEIR_GROUP_SET_MAX) {
        return weir_error_set(err, WEIR_E_INVALID, "option %s: max_size is not 1 to %d", of,
                              WEIR_GROUP_SET_MAX);
    }
    return 0;
}

static int
take_type_group(struct weir__group_rules *groups, const weir_type_group *given, weir_error *err)
{
    struct weir__type_group *type = &groups->types[groups->type_count];

    if (weir__pattern_is_blank(given->pattern)) {
        return weir_error_set(err, WEIR_E_INVALID, "option groups.types: pattern %zu is blank",
                              groups->type_count + 1);
    }
    int code = take_policy(&type->policy, &given->policy, &groups->policy, "groups.types", err);
    if (code == 0 && !weir__pattern_init(&type->pattern, given->pattern)) {
        code = weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    groups->type_count += code == 0;
    return code;
}

int
weir__group_rules_init(struct weir__group_rules *groups, const weir_server_options *options,
                       weir_error *err)
{
    static const weir_group_policy usual = {.grace_ms = 60000};

    *groups = (struct weir__group_rules){0};
    int code = take_number(groups, options, &group_timeout, err);
    if (code == 0) {
        code = take_policy(&groups->policy, &options->group, &usual, "groups", err);
    }
    if (code == 0 && options->type_groups == NULL && options->type_group_count > 0) {
        code = weir_error_set(err, WEIR_E_INVALID, "option type_groups is NULL");
    }
    if (code != 0 || options->type_group_count == 0) {
        return code;
    }
    groups->types = calloc(options->type_group_count, sizeof(*groups->types));
    if (groups->types == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    for (size_t i = 0; i < options->type_group_count && code == 0; i++) {
        code = take_type_group(groups, &options->type_groups[i], err);
    }
    return code;
}

void
weir__group_rules_drop(struct weir__group_rules *groups)
{
    for (size_t i = 0; i < groups->type_count; i++) {
        weir__pattern_release(&groups->types[i].pattern);
    }
    free(groups->types);
    *groups = (struct weir__group_rules){0};
}

static int
check_given(const weir_server_options *options, weir_error *err)
{
    if (options->periodic == NULL && options->periodic_count > 0) {
        return weir_error_set(err, WEIR_E_INVALID, "option periodic is NULL");
    }
    for (size_t i = 0; i < sizeof(options->reserved) / sizeof(options->reserved[0]); i++) {
        if (options->reserved[i] != 0) {
            return weir_error_set(err, WEIR_E_INVALID, "option reserved is not zero");
        }
    }
    return 0;
}

static int
take_all(struct weir__settings *settings, const weir_server_options *options, weir_error *err)
{
    int code = check_given(options, err);

    if (code == 0) {
        code = take_numbers(settings, options, err);
    }
    if (code == 0) {
        code = weir__queue_set_new(&settings->queues, options->queues, options->queue_count,
                                   options->strict_priority, err);
    }
    if (code == 0) {
        code = take_rules(&settings->rules, options, err);
    }
    if (code == 0) {
        code = weir__group_rules_init(&settings->groups, options, err);
    }
    settings->on_health = options->on_health;
    settings->on_health_arg = options->on_health_arg;
    settings->on_reload = options->on_reload;
    settings->on_reload_arg = options->on_reload_arg;
    settings->exit_when_stuck = options->exit_when_stuck > 0;
    return code;
}

int
weir__settings_init(struct weir__settings *settings, const weir_server_options *options,
                    weir_error *err)
{
    static const weir_server_options defaults;

    *settings = (struct weir__settings){0};
    int code = take_all(settings, options != NULL ? options : &defaults, err);
    if (code != 0) {
        weir__settings_release(settings);
    }
    return code;
}

void
weir__settings_release(struct weir__settings *settings)
{
    weir__group_rules_drop(&settings->groups);
    weir__queue_set_unref(settings->queues);
    weir__rules_drop_policies(&settings->rules);
    *settings = (struct weir__settings){0};
}

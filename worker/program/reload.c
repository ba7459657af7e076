/* SPDX-License-Identifier: MIT */
/*
 * Queues, weights, order, concurrency, retry policies, groups, periodic tasks and the log's level are applied. What cannot change is compared
 * with what the worker was started with, and each difference is told: numbers by a table, the rest by hand.
 */
#include <config.h>

#include "reload.h"

#include "changes.h"

#include <string.h>

#define NUMBER(key, member, type)                                                                  \
    {                                                                                              \
        key, offsetof(weir_server_options, member), sizeof(type)                                   \
    }

static const struct number {
    const char *key;
    size_t offset;
    size_t size;
} numbers[] = {
    NUMBER("shutdown_timeout", shutdown_timeout_ms, int64_t),
    NUMBER("lease", lease_ms, int64_t),
    NUMBER("heartbeat", heartbeat_ms, int64_t),
    NUMBER("cancel_grace", cancel_grace_ms, int64_t),
    NUMBER("recover", recover_ms, int64_t),
    NUMBER("janitor", janitor_ms, int64_t),
    NUMBER("archive_max", archive_max, int64_t),
    NUMBER("archive_age", archive_age_ms, int64_t),
    NUMBER("exit_when_stuck", exit_when_stuck, int),
};

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same_modules(const struct settings *a, const struct settings *b)
{
    bool same = a->module_count == b->module_count;

    for (size_t i = 0; same && i < a->module_count; i++) {
        same = same_text(a->modules[i].path, b->modules[i].path) &&
               same_text(a->modules[i].options, b->modules[i].options);
    }
    return same;
}

static bool
same_words(const char *const *a, const char *const *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    while (*a != NULL && same_text(*a, *b)) {
        a++;
        b++;
    }
    return same_text(*a, *b);
}

static bool
same_execs(const struct settings *a, const struct settings *b)
{
    bool same = a->exec_count == b->exec_count;

    for (size_t i = 0; same && i < a->exec_count; i++) {
        same = same_text(a->execs[i].pattern, b->execs[i].pattern) &&
               same_text(a->execs[i].command, b->execs[i].command) &&
               same_words(a->execs[i].argv, b->execs[i].argv);
    }
    return same;
}

static void
warn_unless(const struct reload *reload, bool same, const char *key)
{
    if (!same) {
        weir_log(reload->logger, WEIR_LOG_WARN,
                 "this setting cannot change while the worker runs, it must be started again",
                 weir_log_str("setting", key));
    }
}

static void
warn_of_differences(const struct reload *reload, const struct settings *fresh)
{
    const struct settings *running = reload->running;
    const char *a = (const char *)&running->server;
    const char *b = (const char *)&fresh->server;

    warn_unless(reload, same_text(running->broker.url, fresh->broker.url), "broker");
    warn_unless(reload, same_modules(running, fresh), "modules");
    warn_unless(reload, same_execs(running, fresh), "handlers");
    warn_unless(reload, running->log_format == fresh->log_format, "log.format");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        size_t at = numbers[i].offset;
        warn_unless(reload, memcmp(a + at, b + at, numbers[i].size) == 0, numbers[i].key);
    }
}

static bool
same_queues(const weir_server_options *a, const weir_server_options *b)
{
    bool same = a->queue_count == b->queue_count && a->strict_priority == b->strict_priority;

    for (size_t i = 0; same && i < a->queue_count; i++) {
        same = strcmp(a->queues[i].name, b->queues[i].name) == 0 &&
               a->queues[i].weight == b->queues[i].weight;
    }
    return same;
}

static const weir_server_options *
in_force(const struct reload *reload)
{
    return reload->is_applied ? &reload->applied.server : &reload->running->server;
}

/* The server says in the log what it was given, so queues and concurrency are not given again as they are. */
static int
apply(const struct reload *reload, const struct settings *fresh, weir_error *err)
{
    const weir_server_options *options = &fresh->server;
    const weir_server_options *now = in_force(reload);
    int rc = 0;

    if (reload->is_unsure || !same_queues(now, options)) {
        rc = weir_server_set_queues(reload->server, options->queues, options->queue_count,
                                    options->strict_priority, err);
    }
    if (rc == 0) {
        rc = weir_server_set_retries(reload->server, &options->retry, options->type_retries,
                                     options->type_retry_count, err);
    }
    if (rc == 0 && (reload->is_unsure || now->concurrency != options->concurrency)) {
        rc = weir_server_set_concurrency(reload->server, options->concurrency, err);
    }
    if (rc == 0) {
        rc = weir_server_set_groups(reload->server, &options->group, options->type_groups,
                                    options->type_group_count, options->group_timeout_ms, err);
    }
    if (rc == 0) {
        rc = weir_server_periodic_set(reload->server, options->periodic, options->periodic_count,
                                      err);
    }
    if (rc == 0) {
        weir_logger_set_level(reload->logger, fresh->log_level);
    }
    return rc;
}

static void
keep(struct reload *reload, struct settings *fresh)
{
    settings_release(&reload->applied);
    reload->applied = *fresh;
    reload->is_applied = true;
    reload->is_unsure = false;
    memset(fresh, 0, sizeof *fresh);
}

void
reload_release(struct reload *reload)
{
    settings_release(&reload->applied);
    reload->is_applied = false;
}

void
reload_run(void *arg)
{
    struct reload *reload = arg;
    struct settings fresh;
    weir_error err = {0}, told = {0};
    int rc = settings_parse(&fresh, reload->argc, reload->argv, &err);

    if (rc == 0) {
        rc = settings_load(&fresh, &err);
    }
    if (rc != 0) {
        weir_log(reload->logger, WEIR_LOG_ERROR, "configuration not reloaded, nothing has changed",
                 weir_log_str("error", err.text));
    } else if (fresh.config == NULL) {
        weir_log(reload->logger, WEIR_LOG_WARN, "there is no configuration file to reload");
    } else if ((rc = apply(reload, &fresh, &err)) != 0) {
        reload->is_unsure = true;
        settings_blame_option(&fresh, &err, &told);
        weir_log(reload->logger, WEIR_LOG_ERROR, "configuration could not be applied",
                 weir_log_str("error", told.text));
    } else {
        changes_log(reload->logger, in_force(reload), &fresh.server);
        weir_log(reload->logger, WEIR_LOG_INFO, "configuration reloaded");
        warn_of_differences(reload, &fresh);
        keep(reload, &fresh);
    }
    settings_release(&fresh);
}

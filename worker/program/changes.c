/* SPDX-License-Identifier: MIT */
/*
 * Whether a periodic task is still the same is told by the id that its definition would have: a hash of spec and task.
 */
#include <config.h>

#include "changes.h"

#include <stdio.h>
#include <string.h>
#include <weir/periodic.h>

enum {
    IDS_SIZE = 300 /* what the log shows of the ids of many */
};

/* ---- policies ---- */

static bool
same_retry(const weir_retry_policy *a, const weir_retry_policy *b)
{
    return a->kind == b->kind && a->base_ms == b->base_ms && a->max_ms == b->max_ms &&
           a->factor == b->factor && a->jitter == b->jitter;
}

static bool
same_retries(const weir_server_options *a, const weir_server_options *b)
{
    bool same = same_retry(&a->retry, &b->retry) && a->type_retry_count == b->type_retry_count;

    for (size_t i = 0; same && i < a->type_retry_count; i++) {
        same = strcmp(a->type_retries[i].pattern, b->type_retries[i].pattern) == 0 &&
               same_retry(&a->type_retries[i].policy, &b->type_retries[i].policy);
    }
    return same;
}

static bool
same_group(const weir_group_policy *a, const weir_group_policy *b)
{
    return a->grace_ms == b->grace_ms && a->max_delay_ms == b->max_delay_ms &&
           a->max_size == b->max_size;
}

static bool
same_groups(const weir_server_options *a, const weir_server_options *b)
{
    bool same = same_group(&a->group, &b->group) && a->type_group_count == b->type_group_count &&
                a->group_timeout_ms == b->group_timeout_ms;

    for (size_t i = 0; same && i < a->type_group_count; i++) {
        same = strcmp(a->type_groups[i].pattern, b->type_groups[i].pattern) == 0 &&
               same_group(&a->type_groups[i].policy, &b->type_groups[i].policy);
    }
    return same;
}

/* ---- periodic tasks ---- */

struct ids {
    size_t count;
    size_t len;
    char text[IDS_SIZE];
};

static void
add_id(struct ids *ids, const char *id)
{
    const char *comma = ids->count++ > 0 ? ", " : "";

    if (ids->len + strlen(comma) + strlen(id) < sizeof ids->text) {
        ids->len += (size_t)sprintf(ids->text + ids->len, "%s%s", comma, id);
    }
}

static bool
same_definition(const weir_periodic *a, const weir_periodic *b)
{
    weir_periodic bare_a = *a, bare_b = *b;
    char id_a[WEIR_ID_SIZE], id_b[WEIR_ID_SIZE];

    bare_a.id = bare_b.id = NULL;
    return a->missed == b->missed && weir_periodic_id(&bare_a, id_a, NULL) == 0 &&
           weir_periodic_id(&bare_b, id_b, NULL) == 0 && strcmp(id_a, id_b) == 0;
}

static const weir_periodic *
find(const weir_server_options *options, const char *wanted)
{
    char id[WEIR_ID_SIZE];

    for (size_t i = 0; i < options->periodic_count; i++) {
        if (weir_periodic_id(&options->periodic[i], id, NULL) == 0 && strcmp(id, wanted) == 0) {
            return &options->periodic[i];
        }
    }
    return NULL;
}

/* The ids of those that the others do not have; with `changed`, also of those that they have otherwise. */
static void
compare(const weir_server_options *options, const weir_server_options *others, struct ids *missing,
        struct ids *changed)
{
    char id[WEIR_ID_SIZE];

    for (size_t i = 0; i < options->periodic_count; i++) {
        const weir_periodic *entry = &options->periodic[i], *other;
        if (weir_periodic_id(entry, id, NULL) != 0) {
            continue;
        }
        other = find(others, id);
        if (other == NULL) {
            add_id(missing, id);
        } else if (changed != NULL && !same_definition(entry, other)) {
            add_id(changed, id);
        }
    }
}

static void
log_ids(weir_logger *logger, const char *what, const struct ids *ids)
{
    if (ids->count > 0) {
        weir_log(logger, WEIR_LOG_INFO, what, weir_log_uint("tasks", ids->count),
                 weir_log_str("entries", ids->text));
    }
}

void
changes_log(weir_logger *logger, const weir_server_options *before,
            const weir_server_options *after)
{
    struct ids added = {0}, removed = {0}, changed = {0};

    if (!same_retries(before, after)) {
        weir_log(logger, WEIR_LOG_INFO, "server has other retry policies",
                 weir_log_uint("types", after->type_retry_count));
    }
    if (!same_groups(before, after)) {
        weir_log(logger, WEIR_LOG_INFO, "server has other policies of groups",
                 weir_log_uint("types", after->type_group_count));
    }
    compare(after, before, &added, &changed);
    compare(before, after, &removed, NULL);
    log_ids(logger, "periodic tasks added", &added);
    log_ids(logger, "periodic tasks removed", &removed);
    log_ids(logger, "periodic tasks changed", &changed);
}

/* SPDX-License-Identifier: MIT */
/*
 * Checks come first and change nothing, then the defaults. Numbers are checked by a table; a new
 * option of that kind is a row.
 */
#include <config.h>

#include "prepare.h"

#include "md5.h"
#include "names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct range {
    const char *name;
    size_t offset;
    int64_t min;
    int64_t max;
} ranges[] = {
    {"process_at_ms", offsetof(weir_task, process_at_ms), 0, WEIR__AT_MAX_MS},
    {"process_in_ms", offsetof(weir_task, process_in_ms), 0, WEIR__LENGTH_MAX_MS},
    {"timeout_ms", offsetof(weir_task, timeout_ms), WEIR_NO_TIMEOUT, WEIR__LENGTH_MAX_MS},
    {"deadline_ms", offsetof(weir_task, deadline_ms), 0, WEIR__AT_MAX_MS},
    {"retention_ms", offsetof(weir_task, retention_ms), WEIR_NO_RETENTION, WEIR__LENGTH_MAX_MS},
    {"archive_for_ms", offsetof(weir_task, archive_for_ms), 0, WEIR__LENGTH_MAX_MS},
    {"unique_ms", offsetof(weir_task, unique_ms), 0, WEIR__LENGTH_MAX_MS},
};

static int
check_ranges(const weir_task *task, weir_error *err)
{
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        const struct range *range = &ranges[i];
        int64_t value;

        memcpy(&value, (const char *)task + range->offset, sizeof value);
        if (value < range->min || value > range->max)
            return weir_error_set(err, WEIR_E_INVALID,
                                  "%s: must be from %" PRId64 " to %" PRId64 ", not %" PRId64,
                                  range->name, range->min, range->max, value);
    }
    return 0;
}

static int
check_numbers(const weir_task *task, weir_error *err)
{
    int rc = check_ranges(task, err);

    if (rc < 0)
        return rc;
    if (task->process_at_ms != 0 && task->process_in_ms != 0)
        return weir_error_set(err, WEIR_E_INVALID,
                              "process_in_ms: only without process_at_ms, both are given");
    if (task->max_retry < WEIR_NO_RETRY)
        return weir_error_set(err, WEIR_E_INVALID,
                              "max_retry: must be %d (WEIR_NO_RETRY) or more, not %d",
                              WEIR_NO_RETRY, task->max_retry);
    if (task->unique_ms > 0 && task->unique_ms < 1000)
        return weir_error_set(err, WEIR_E_INVALID,
                              "unique_ms: must be at least 1000 (one second), not %" PRId64,
                              task->unique_ms);
    for (size_t i = 0; i < sizeof task->reserved / sizeof task->reserved[0]; i++) {
        if (task->reserved[i] != 0)
            return weir_error_set(err, WEIR_E_INVALID, "reserved: must be zero");
    }
    return 0;
}

static int
check_names(const weir_task *task, weir_error *err)
{
    int rc = weir__check_name("type", task->type, err);

    if (rc == 0 && task->queue)
        rc = weir__check_queue_name("queue", task->queue, err);
    if (rc == 0 && task->id)
        rc = weir__check_name("id", task->id, err);
    if (rc == 0 && task->group)
        rc = weir__check_name("group", task->group, err);
    return rc;
}

static int
check_payload(const weir_task *task, weir_error *err)
{
    if (!task->payload && task->payload_len > 0)
        return weir_error_set(err, WEIR_E_INVALID, "payload: NULL, but payload_len is %zu",
                              task->payload_len);
    if (task->payload_len > WEIR_PAYLOAD_MAX)
        return weir_error_set(err, WEIR_E_TOO_BIG, "payload: %zu bytes are more than %u",
                              task->payload_len, WEIR_PAYLOAD_MAX);
    return 0;
}

static bool
given_before(const weir_task *task, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (strcmp(task->headers[j].name, task->headers[i].name) == 0)
            return true;
    }
    return false;
}

static int
check_header(const weir_task *task, size_t i, weir_error *err)
{
    const weir_header *header = &task->headers[i];
    char what[40];
    int rc;

    snprintf(what, sizeof what, "headers[%zu].name", i);
    rc = weir__check_name(what, header->name, err);
    if (rc < 0)
        return rc;
    if (given_before(task, i))
        return weir_error_set(err, WEIR_E_INVALID, "%s: \"%s\" is given twice", what, header->name);
    snprintf(what, sizeof what, "headers[%zu].value", i);
    if (!header->value)
        return weir_error_set(err, WEIR_E_INVALID, "%s: must not be NULL", what);
    return weir__check_text(what, header->value, WEIR_PAYLOAD_MAX, err);
}

static int
check_headers(const weir_task *task, weir_error *err)
{
    int rc = 0;

    if (task->header_count > WEIR_HEADER_MAX)
        return weir_error_set(err, WEIR_E_TOO_BIG, "headers: %zu are more than %d",
                              task->header_count, WEIR_HEADER_MAX);
    if (task->header_count > 0 && !task->headers)
        return weir_error_set(err, WEIR_E_INVALID, "headers: NULL, but header_count is %zu",
                              task->header_count);
    for (size_t i = 0; rc == 0 && i < task->header_count; i++)
        rc = check_header(task, i, err);
    return rc;
}

static int
check_task(const weir_task *task, weir_error *err)
{
    int rc = check_names(task, err);

    if (rc == 0)
        rc = check_payload(task, err);
    if (rc == 0)
        rc = check_numbers(task, err);
    if (rc == 0)
        rc = check_headers(task, err);
    return rc;
}

/* Zero is the default `unset`; below zero is the option's named nothing. */
static int64_t
or_default(int64_t value, int64_t unset)
{
    if (value < 0)
        return 0;
    return value ? value : unset;
}

static void
set_limits(weir_task_info *info, const weir_task *task)
{
    info->max_retry = (int)or_default(task->max_retry, WEIR_DEFAULT_MAX_RETRY);
    info->timeout_ms =
        or_default(task->timeout_ms, task->deadline_ms ? 0 : WEIR_DEFAULT_TIMEOUT_MS);
    info->deadline_ms = task->deadline_ms;
    info->retention_ms = or_default(task->retention_ms, 0);
    info->archive_for_ms = task->archive_for_ms;
}

static void
set_state(weir_task_info *info, const weir_task *task, int64_t now_ms)
{
    int64_t at_ms = task->process_in_ms ? now_ms + task->process_in_ms : task->process_at_ms;

    info->enqueued_at_ms = now_ms;
    if (at_ms > now_ms) {
        info->state = WEIR_STATE_SCHEDULED;
        info->next_process_at_ms = at_ms;
        return;
    }
    if (task->group) {
        info->state = WEIR_STATE_AGGREGATING;
        info->state_since_ms = now_ms;
        return;
    }
    info->state = WEIR_STATE_PENDING;
    info->pending_since_ms = now_ms;
}

static int
set_unique(struct weir__prepared *prepared, const weir_task *task, int64_t now_ms,
           struct weir__arena *arena, weir_error *err)
{
    static const char prefix[] = "unique:";
    weir_task_info *info = &prepared->info;
    size_t size = sizeof prefix + strlen(task->type) + 1 + WEIR__MD5_TEXT_SIZE;
    char digest[WEIR__MD5_TEXT_SIZE] = "";
    char *key;

    prepared->unique_ttl_ms = 0;
    if (task->unique_ms == 0)
        return 0;
    key = weir__arena_alloc(arena, size);
    if (!key)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    if (task->payload)
        weir__md5_text(task->payload, task->payload_len, digest);
    snprintf(key, size, "%s%s:%s", prefix, task->type, digest);
    info->unique_key = key;
    prepared->unique_ttl_ms = task->unique_ms;
    if (info->next_process_at_ms > now_ms)
        prepared->unique_ttl_ms += info->next_process_at_ms - now_ms;
    return 0;
}

int
weir__prepare(struct weir__prepared *prepared, const weir_task *task, const weir_clock *clock,
              int64_t now_ms, struct weir__arena *arena, weir_error *err)
{
    int rc = check_task(task, err);

    if (rc < 0)
        return rc;
    prepared->info = (weir_task_info){
        .id = task->id ? task->id : prepared->id,
        .type = task->type,
        .queue = task->queue ? task->queue : WEIR_DEFAULT_QUEUE,
        .payload = task->payload,
        .payload_len = task->payload_len,
        .group = task->group,
        .headers = task->headers,
        .header_count = task->header_count,
    };
    if (!task->id)
        weir__id_new(clock, prepared->id);
    set_limits(&prepared->info, task);
    set_state(&prepared->info, task, now_ms);
    return set_unique(prepared, task, now_ms, arena, err);
}

/* SPDX-License-Identifier: MIT */
/*
 * Users write 0 for "none"; in a weir_task zero is "unset", so each 0 becomes the constant for it.
 */
#include <config.h>

#include "task_fields.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <weir/config.h>

/* What a task may say at most; its own errors speak of members of weir_task. */
#define LENGTH_MAX_MS (INT64_C(876600) * 3600 * 1000)

const struct task_field task_fields[] = {
    {"type", task_set_type},
    {"queue", task_set_queue},
    {"id", task_set_id},
    {"group", task_set_group},
    {"in", task_set_in},
    {"at", task_set_at},
    {"timeout", task_set_timeout},
    {"deadline", task_set_deadline},
    {"retention", task_set_retention},
    {"archive_for", task_set_archive_for},
    {"unique", task_set_unique},
    {NULL, NULL},
};

static int
length(int64_t *ms, const char *text, weir_error *err)
{
    int64_t value;
    int rc = weir_duration_parse(&value, text, err);

    if (rc != 0) {
        return rc;
    }
    if (value < 0) {
        return weir_error_set(err, WEIR_E_INVALID, "%.100s is negative", text);
    }
    if (value > LENGTH_MAX_MS) {
        return weir_error_set(err, WEIR_E_INVALID, "%.100s is more than a hundred years", text);
    }
    *ms = value;
    return 0;
}

/* A point in time at or before 1970 is as past as the first millisecond after it. */
static int
point(int64_t *at_ms, const char *text, weir_error *err)
{
    int rc = weir_time_parse(at_ms, text, err);

    if (rc == 0 && *at_ms <= 0) {
        *at_ms = 1;
    }
    return rc;
}

int
task_set_type(void *into, const char *text, weir_error *err)
{
    (void)err;
    ((weir_task *)into)->type = text;
    return 0;
}

int
task_set_queue(void *into, const char *text, weir_error *err)
{
    (void)err;
    ((weir_task *)into)->queue = text;
    return 0;
}

int
task_set_id(void *into, const char *text, weir_error *err)
{
    (void)err;
    ((weir_task *)into)->id = text;
    return 0;
}

int
task_set_group(void *into, const char *text, weir_error *err)
{
    (void)err;
    ((weir_task *)into)->group = text;
    return 0;
}

int
task_set_in(void *into, const char *text, weir_error *err)
{
    return length(&((weir_task *)into)->process_in_ms, text, err);
}

int
task_set_at(void *into, const char *text, weir_error *err)
{
    return point(&((weir_task *)into)->process_at_ms, text, err);
}

int
task_set_timeout(void *into, const char *text, weir_error *err)
{
    weir_task *task = into;
    int rc = length(&task->timeout_ms, text, err);

    if (rc == 0 && task->timeout_ms == 0) {
        task->timeout_ms = WEIR_NO_TIMEOUT;
    }
    return rc;
}

int
task_set_deadline(void *into, const char *text, weir_error *err)
{
    return point(&((weir_task *)into)->deadline_ms, text, err);
}

int
task_set_retention(void *into, const char *text, weir_error *err)
{
    weir_task *task = into;
    int rc = length(&task->retention_ms, text, err);

    if (rc == 0 && task->retention_ms == 0) {
        task->retention_ms = WEIR_NO_RETENTION;
    }
    return rc;
}

int
task_set_archive_for(void *into, const char *text, weir_error *err)
{
    return length(&((weir_task *)into)->archive_for_ms, text, err);
}

int
task_set_unique(void *into, const char *text, weir_error *err)
{
    int64_t *ms = &((weir_task *)into)->unique_ms;
    int rc = length(ms, text, err);

    if (rc == 0 && *ms > 0 && *ms < 1000) {
        return weir_error_set(err, WEIR_E_INVALID, "%.100s is less than a second", text);
    }
    return rc;
}

int
task_set_max_retry(void *into, const char *text, weir_error *err)
{
    char *end;

    errno = 0;
    long n = strtol(text, &end, 10);
    if (end == text || *end != '\0') {
        return weir_error_set(err, WEIR_E_INVALID, "\"%.100s\" is not a number", text);
    }
    if (errno != 0 || n < 0 || n > INT_MAX) {
        return weir_error_set(err, WEIR_E_INVALID, "%.100s is out of range (0 to %d)", text,
                              INT_MAX);
    }
    ((weir_task *)into)->max_retry = n == 0 ? WEIR_NO_RETRY : (int)n;
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The id that is made of a definition is the MD5 of its parts, each with its length before it, as a UUID of version 8.
 * It has to be the same in every process and of a form that other programs' tools show well; two definitions of one
 * operator's that collide would have to be made for it.
 */
#include <config.h>

#include "periodic.h"

#include "buf.h"
#include "names.h"
#include "prepare.h"
#include "taskopts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- checking ---- */

static int
check_own(const weir_periodic *periodic, weir_error *err)
{
    int rc = periodic->id ? weir__check_name("id", periodic->id, err) : 0;

    if (rc < 0)
        return rc;
    if (periodic->id && strlen(periodic->id) > WEIR_PERIODIC_ID_MAX)
        return weir_error_set(err, WEIR_E_TOO_BIG, "id: more than %d bytes", WEIR_PERIODIC_ID_MAX);
    if (!periodic->spec)
        return weir_error_set(err, WEIR_E_INVALID, "spec: is missing");
    if (periodic->missed < WEIR_MISSED_SKIP || periodic->missed > WEIR_MISSED_ALL)
        return weir_error_set(err, WEIR_E_INVALID, "missed: not a policy: %d",
                              (int)periodic->missed);
    if (periodic->task.id)
        return weir_error_set(err, WEIR_E_INVALID,
                              "task.id: each tick has its own; the entry may have an id");
    if (periodic->task.process_at_ms != 0)
        return weir_error_set(err, WEIR_E_INVALID, "task.process_at_ms: the spec says when");
    for (size_t i = 0; i < sizeof periodic->reserved / sizeof periodic->reserved[0]; i++) {
        if (periodic->reserved[i] != 0)
            return weir_error_set(err, WEIR_E_INVALID, "reserved: must be zero");
    }
    return 0;
}

static int
check(const weir_periodic *periodic, weir_error *err)
{
    struct weir__prepared prepared;
    struct weir__arena arena = {0};
    int rc = check_own(periodic, err);

    if (rc == 0)
        rc = weir__prepare(&prepared, &periodic->task, NULL, 1, &arena, err);
    weir__arena_release(&arena);
    return rc;
}

/* ---- the id ---- */

static void
add_bytes(struct weir__buf *buf, const void *data, size_t len)
{
    weir__buf_printf(buf, data ? "%zu:" : "-:", len);
    weir__buf_append(buf, data ? data : "", len);
}

static void
add_text(struct weir__buf *buf, const char *text)
{
    add_bytes(buf, text, text ? strlen(text) : 0);
}

static int
make_digest(const struct weir__periodic *periodic, char digest[WEIR__MD5_TEXT_SIZE])
{
    const weir_task *task = &periodic->task;
    struct weir__buf buf = {0};
    int rc;

    add_text(&buf, periodic->spec);
    add_text(&buf, task->type);
    add_bytes(&buf, task->payload, task->payload_len);
    add_text(&buf, periodic->shown.queue);
    add_text(&buf, task->group);
    weir__buf_printf(&buf, "%d:%" PRId64 ":%" PRId64 ":%" PRId64 ":%" PRId64 ":%" PRId64 ":",
                     task->max_retry, task->process_in_ms, task->timeout_ms, task->deadline_ms,
                     task->retention_ms, task->unique_ms);
    if (task->archive_for_ms != 0)
        weir__buf_printf(&buf, "archive_for:%" PRId64 ":", task->archive_for_ms);
    for (size_t i = 0; i < task->header_count; i++) {
        add_text(&buf, task->headers[i].name);
        add_text(&buf, task->headers[i].value);
    }
    rc = buf.failed ? WEIR_E_NOMEM : 0;
    if (rc == 0)
        weir__md5_text(buf.data, buf.len, digest);
    weir__buf_release(&buf);
    return rc;
}

/* As a UUID: version 8, "made in a way of its own". */
static void
make_id(const char *digest, char id[WEIR_ID_SIZE])
{
    snprintf(id, WEIR_ID_SIZE, "%.8s-%.4s-8%.3s-a%.3s-%.12s", digest, digest + 8, digest + 13,
             digest + 17, digest + 20);
}

/* ---- copying ---- */

static const char *
keep(struct weir__arena *arena, const char *text, bool *ok)
{
    char *copy = weir__arena_strdup(arena, text);

    *ok = *ok && (copy || !text);
    return copy;
}

static bool
copy_task(struct weir__periodic *made, const weir_task *task)
{
    struct weir__arena *arena = &made->arena;
    weir_header *headers = weir__arena_array(arena, task->header_count + 1, sizeof *headers);
    bool ok = headers;

    made->task = *task;
    made->task.type = keep(arena, task->type, &ok);
    made->task.queue = keep(arena, task->queue, &ok);
    made->task.group = keep(arena, task->group, &ok);
    if (task->payload) {
        made->task.payload = weir__arena_copy(arena, task->payload, task->payload_len);
        ok = ok && made->task.payload;
    }
    for (size_t i = 0; ok && i < task->header_count; i++) {
        headers[i].name = keep(arena, task->headers[i].name, &ok);
        headers[i].value = keep(arena, task->headers[i].value, &ok);
    }
    made->task.headers = headers;
    return ok;
}

static int
fill(struct weir__periodic *made, const weir_periodic *periodic, weir_error *err)
{
    bool ok = copy_task(made, &periodic->task);

    made->spec = keep(&made->arena, periodic->spec, &ok);
    made->missed = periodic->missed;
    made->shown = (weir_task_info){
        .type = made->task.type,
        .queue = made->task.queue ? made->task.queue : WEIR_DEFAULT_QUEUE,
        .payload = made->task.payload,
        .payload_len = made->task.payload_len,
    };
    if (!ok || make_digest(made, made->digest) < 0 ||
        weir__task_options(&made->task, &made->arena, &made->options, &made->option_count) < 0)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    if (periodic->id)
        snprintf(made->id, sizeof made->id, "%s", periodic->id);
    else
        make_id(made->digest, made->id);
    return weir_cron_parse(&made->cron, periodic->spec, err);
}

int
weir__periodic_new(struct weir__periodic **made, const weir_periodic *periodic, weir_error *err)
{
    struct weir__periodic *fresh;
    int rc = check(periodic, err);

    *made = NULL;
    if (rc < 0)
        return rc;
    fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    atomic_init(&fresh->refs, 1);
    rc = fill(fresh, periodic, err);
    if (rc < 0) {
        weir__periodic_unref(fresh);
        return rc;
    }
    *made = fresh;
    return 0;
}

struct weir__periodic *
weir__periodic_ref(struct weir__periodic *periodic)
{
    atomic_fetch_add(&periodic->refs, 1);
    return periodic;
}

void
weir__periodic_unref(struct weir__periodic *periodic)
{
    if (!periodic || atomic_fetch_sub(&periodic->refs, 1) > 1)
        return;
    weir_cron_free(periodic->cron);
    weir__arena_release(&periodic->arena);
    free(periodic);
}

bool
weir__periodic_same(const struct weir__periodic *a, const struct weir__periodic *b)
{
    return a->missed == b->missed && strcmp(a->id, b->id) == 0 && strcmp(a->digest, b->digest) == 0;
}

int
weir_periodic_id(const weir_periodic *periodic, char id[WEIR_ID_SIZE], weir_error *err)
{
    struct weir__periodic *made;
    int rc;

    if (!periodic || !id)
        return weir_error_set(err, WEIR_E_INVALID, "no periodic task");
    rc = weir__periodic_new(&made, periodic, err);
    if (rc < 0)
        return rc;
    memcpy(id, made->id, WEIR_ID_SIZE);
    weir__periodic_unref(made);
    return 0;
}

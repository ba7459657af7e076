/* SPDX-License-Identifier: MIT */
/*
 * Pages of tasks: first the ids, then their tasks, a few hundred at a time. A task that changed its state
 * in between is left out; so is one whose message cannot be read. Whether more follows is told by the ids.
 *
 * Aggregating tasks are spread over groups: a page of all of them walks the groups in the order of their names.
 */
#include <config.h>

#include "inspect.h"
#include "row.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK 200

struct page {
    struct weir__redis_backend *b;
    struct weir__queue queue;
    weir_state state;
    size_t offset;
    size_t limit;
    weir_task_sink sink;
    void *arg;
};

static enum weir__key
set_of(weir_state state)
{
    static const enum weir__key keys[] = {
        [WEIR_STATE_SCHEDULED] = WEIR__KEY_SCHEDULED, [WEIR_STATE_RETRY] = WEIR__KEY_RETRY,
        [WEIR_STATE_ARCHIVED] = WEIR__KEY_ARCHIVED,   [WEIR_STATE_COMPLETED] = WEIR__KEY_COMPLETED,
        [WEIR_STATE_PENDING] = WEIR__KEY_PENDING,     [WEIR_STATE_ACTIVE] = WEIR__KEY_ACTIVE,
    };

    return keys[state];
}

static int
show(const struct page *page, const struct weir__step *step, weir_error *err)
{
    struct weir__space space;
    int rc = 0;

    weir__space_init(&space);
    for (size_t i = 0; rc == 0 && i < weir__look_count(step); i++) {
        struct weir__row row;

        if (weir__look_row(step, i, &page->queue, &space, &row) == 0 &&
            row.task.state == page->state)
            rc = page->sink(page->arg, &row.task);
        weir__space_release(&space);
    }
    return rc < 0 ? weir_error_set(err, rc, NULL) : rc;
}

/* Shows the tasks of a list of ids, which is turned when the oldest stand at its end. */
static int
show_ids(const struct page *page, const redisReply *ids, bool turned, weir_error *err)
{
    struct weir__trip trip;
    size_t done = 0;
    int rc = 0;

    weir__trip_init(&trip, page->b);
    while (rc == 0 && done < ids->elements) {
        struct weir__step *step = weir__look_add(&trip, &page->queue);

        for (size_t n = 0; n < CHUNK && done < ids->elements; n++, done++) {
            const redisReply *id = ids->element[turned ? ids->elements - 1 - done : done];

            weir__step_bytes(step, id->str, id->len);
        }
        rc = weir__trip_run(&trip, err);
        if (rc == 0)
            rc = show(page, step, err);
        weir__trip_clear(&trip);
    }
    weir__trip_release(&trip);
    return rc;
}

/* Shows `limit` tasks of one list or set from `offset` on; 1 where there were so many ids. */
static int
show_key(const struct page *page, const char *key, size_t offset, size_t limit, weir_error *err)
{
    bool list = page->state == WEIR_STATE_PENDING || page->state == WEIR_STATE_ACTIVE;
    struct weir__step *step;
    struct weir__trip trip;
    int64_t from = (int64_t)offset;
    int64_t to = (int64_t)(offset + limit - 1);
    int rc;

    weir__trip_init(&trip, page->b);
    step = weir__trip_command(&trip, list ? "LRANGE" : "ZRANGE");
    weir__step_text(step, key);
    weir__step_number(step, list ? -to - 1 : from);
    weir__step_number(step, list ? -from - 1 : to);
    rc = weir__trip_run(&trip, err);
    if (rc == 0)
        rc = show_ids(page, step->reply, list, err);
    if (rc == 0)
        rc = step->reply->elements == limit;
    weir__trip_release(&trip);
    return rc;
}

static const char *
group_key(const struct page *page, const char *group, struct weir__space *space)
{
    return weir__space_text(space, "%sg:%s", page->queue.prefix, group);
}

static int
show_groups(struct page *page, const struct weir__group_sizes *sizes, struct weir__space *space,
            weir_error *err)
{
    int rc = 0;

    for (size_t i = 0; rc >= 0 && i < sizes->count && page->limit > 0; i++) {
        size_t size = sizes->items[i].size;
        size_t count;
        const char *key;

        if (page->offset >= size) {
            page->offset -= size;
            continue;
        }
        count = size - page->offset < page->limit ? size - page->offset : page->limit;
        key = group_key(page, sizes->items[i].name, space);
        rc = key ? show_key(page, key, page->offset, count, err)
                 : weir_error_set(err, WEIR_E_NOMEM, NULL);
        page->offset = 0;
        page->limit -= count;
    }
    return rc < 0 ? rc : page->limit == 0;
}

static int
show_aggregating(struct page *page, const char *group, weir_error *err)
{
    struct weir__group_sizes sizes = {0};
    struct weir__trip trip;
    const char *key;
    int rc;

    weir__trip_init(&trip, page->b);
    if (group) {
        key = group_key(page, group, &trip.space);
        rc = key ? show_key(page, key, page->offset, page->limit, err)
                 : weir_error_set(err, WEIR_E_NOMEM, NULL);
    } else {
        rc = weir__group_sizes(&trip, &page->queue, &sizes, err);
        if (rc == 0)
            rc = show_groups(page, &sizes, &trip.space, err);
    }
    weir__trip_release(&trip);
    return rc;
}

int
weir__redis_tasks(void *self, const char *queue, weir_state state, const char *group, size_t offset,
                  size_t limit, weir_task_sink sink, void *arg, weir_error *err)
{
    struct page page = {.b = self, .state = state, .limit = limit, .sink = sink, .arg = arg};
    struct weir__space space;
    const char *key;
    size_t len;
    int rc = weir__queue_check(self, queue, err);

    page.offset = offset;
    if (rc < 0 || limit == 0)
        return rc;
    weir__space_init(&space);
    rc = weir__queue_init(&page.queue, page.b->prefix, queue, 0, &space);
    if (rc < 0) {
        weir_error_set(err, rc, NULL);
    } else if (state == WEIR_STATE_AGGREGATING) {
        rc = show_aggregating(&page, group, err);
    } else {
        key = weir__queue_key(&page.queue, set_of(state), &space, &len);
        rc = key ? show_key(&page, key, offset, limit, err)
                 : weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    weir__space_release(&space);
    return rc;
}

int
weir__redis_task(void *self, const char *queue_name, const char *id, weir_task_sink sink, void *arg,
                 weir_error *err)
{
    struct weir__queue queue;
    struct weir__step *step;
    struct weir__trip trip;
    struct weir__row row;
    int rc = weir__queue_check(self, queue_name, err);

    if (rc < 0)
        return rc;
    weir__trip_init(&trip, self);
    rc = weir__queue_init(&queue, trip.b->prefix, queue_name, 0, &trip.space);
    step = rc == 0 ? weir__look_add(&trip, &queue) : NULL;
    weir__step_text(step, id);
    if (rc == 0)
        rc = weir__trip_run(&trip, err);
    if (rc == 0 && weir__look_count(step) == 0)
        rc = weir_error_set(err, WEIR_E_NO_TASK, NULL);
    if (rc == 0)
        rc = weir__look_row(step, 0, &queue, &trip.space, &row);
    if (rc == 0)
        rc = sink(arg, &row.task);
    weir__trip_release(&trip);
    return rc < 0 ? weir_error_set(err, rc, NULL) : rc;
}

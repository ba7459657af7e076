/* SPDX-License-Identifier: MIT */
/*
 * Queues and their numbers. The names of queues are in one set, in another slot than the queues: no
 * script touches both.
 */
#include <config.h>

#include "inspect.h"

#include <stdlib.h>
#include <string.h>

static const char *
queues_key(struct weir__trip *trip)
{
    return weir__space_text(&trip->space, "%squeues", trip->b->prefix);
}

int
weir__queue_check(struct weir__redis_backend *b, const char *queue, weir_error *err)
{
    struct weir__step *step;
    struct weir__trip trip;
    int rc;

    weir__trip_init(&trip, b);
    step = weir__trip_command(&trip, "SISMEMBER");
    weir__step_text(step, queues_key(&trip));
    weir__step_text(step, queue);
    rc = weir__trip_run(&trip, err);
    if (rc == 0 && weir__reply_number(step->reply) == 0)
        rc = weir_error_set(err, WEIR_E_NO_QUEUE, "queue \"%s\" not found", queue);
    weir__trip_release(&trip);
    return rc;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp((*(const redisReply *const *)a)->str, (*(const redisReply *const *)b)->str);
}

void
weir__sort_names(redisReply *names)
{
    if (names->elements > 1)
        qsort(names->element, names->elements, sizeof names->element[0], compare_names);
}

int
weir__redis_queues(void *self, weir_name_sink sink, void *arg, weir_error *err)
{
    struct weir__step *step;
    struct weir__trip trip;
    int rc;

    weir__trip_init(&trip, self);
    step = weir__trip_command(&trip, "SMEMBERS");
    weir__step_text(step, queues_key(&trip));
    rc = weir__trip_run(&trip, err);
    if (rc == 0)
        weir__sort_names(step->reply);
    for (size_t i = 0; rc == 0 && i < step->reply->elements; i++)
        rc = sink(arg, step->reply->element[i]->str);
    weir__trip_release(&trip);
    return rc < 0 ? weir_error_set(err, rc, NULL) : 0;
}

/* ---- one queue ---- */

static int
count_groups(struct weir__trip *trip, const struct weir__queue *queue, const redisReply *names,
             struct weir__group_sizes *sizes, weir_error *err)
{
    struct weir__step **from = trip->last;
    struct weir__step *step;
    int rc;

    sizes->items = weir__space_alloc(&trip->space, names->elements * sizeof *sizes->items);
    if (!sizes->items)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    for (size_t i = 0; i < names->elements; i++) {
        step = weir__trip_command(trip, "ZCARD");
        weir__step_text(
            step, weir__space_text(&trip->space, "%sg:%s", queue->prefix, names->element[i]->str));
    }
    rc = weir__trip_run_from(trip, from, err);
    if (rc < 0)
        return rc;
    for (step = *from; step; step = step->next) {
        struct weir__group_size *item = &sizes->items[sizes->count];

        item->name = names->element[sizes->count++]->str;
        item->size = (size_t)weir__reply_number(step->reply);
        sizes->total += item->size;
    }
    return 0;
}

int
weir__group_sizes(struct weir__trip *trip, const struct weir__queue *queue,
                  struct weir__group_sizes *sizes, weir_error *err)
{
    struct weir__step **from = trip->last;
    struct weir__step *step = weir__trip_command(trip, "SMEMBERS");
    int rc;

    *sizes = (struct weir__group_sizes){0};
    weir__step_key(step, queue, WEIR__KEY_GROUPS);
    rc = weir__trip_run_from(trip, from, err);
    if (rc < 0)
        return rc;
    weir__sort_names(step->reply);
    return count_groups(trip, queue, step->reply, sizes, err);
}

static void
fill(weir_queue_info *info, const redisReply *row, size_t in_groups, int64_t now_ms)
{
    size_t n[8];
    size_t aggregating = in_groups + (size_t)weir__reply_number(weir__reply_at(row, 13));
    int64_t since_ns = weir__reply_number(weir__reply_at(row, 12));

    for (size_t i = 0; i < 8; i++)
        n[i] = (size_t)weir__reply_number(weir__reply_at(row, i));
    info->pending = n[0];
    info->active = n[1];
    info->scheduled = n[2];
    info->retry = n[3];
    info->archived = n[4];
    info->completed = n[5];
    info->paused = n[6] != 0;
    info->groups = n[7];
    info->aggregating = aggregating;
    info->size = n[0] + n[1] + n[2] + n[3] + n[4] + n[5] + aggregating;
    info->processed_total = weir__reply_number(weir__reply_at(row, 8));
    info->failed_total = weir__reply_number(weir__reply_at(row, 9));
    info->processed_today = weir__reply_number(weir__reply_at(row, 10));
    info->failed_today = weir__reply_number(weir__reply_at(row, 11));
    info->memory_bytes = -1;
    info->latency_ms = since_ns > 0 && since_ns / 1000000 < now_ms ? now_ms - since_ns / 1000000
                                                                   : 0;
}

int
weir__redis_queue(void *self, const char *queue_name, int64_t now_ms, weir_queue_info *info,
                  weir_error *err)
{
    struct weir__group_sizes sizes = {0};
    struct weir__queue queue;
    struct weir__step *step;
    struct weir__trip trip;
    int rc = weir__queue_check(self, queue_name, err);

    if (rc < 0)
        return rc;
    weir__trip_init(&trip, self);
    rc = weir__queue_init(&queue, trip.b->prefix, queue_name, now_ms, &trip.space);
    step = rc == 0 ? weir__trip_script(&trip, WEIR__SCRIPT_STAT, &queue) : NULL;
    if (!step)
        rc = weir_error_set(err, WEIR_E_NOMEM, NULL);
    if (rc == 0)
        rc = weir__trip_run(&trip, err);
    if (rc == 0 && weir__reply_number(weir__reply_at(step->reply, 14)) != 0)
        rc = weir__group_sizes(&trip, &queue, &sizes, err);
    if (rc == 0)
        fill(info, step->reply, sizes.total, now_ms);
    weir__trip_release(&trip);
    return rc;
}

int
weir__redis_history(void *self, const char *queue_name, weir_day *days, size_t count,
                    weir_error *err)
{
    struct weir__queue queue;
    struct weir__step *step;
    struct weir__trip trip;
    int rc = weir__queue_check(self, queue_name, err);

    if (rc < 0 || count == 0)
        return rc;
    weir__trip_init(&trip, self);
    rc = weir__queue_init(&queue, trip.b->prefix, queue_name, 0, &trip.space);
    if (rc < 0)
        trip.nomem = true;
    step = weir__trip_command(&trip, "MGET");
    for (size_t i = 0; rc == 0 && i < count; i++) {
        memcpy(queue.day, days[i].date, sizeof queue.day);
        weir__step_key(step, &queue, WEIR__KEY_PROCESSED_DAY);
        weir__step_key(step, &queue, WEIR__KEY_FAILED_DAY);
    }
    rc = weir__trip_run(&trip, err);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        days[i].processed = weir__reply_number(weir__reply_at(step->reply, 2 * i));
        days[i].failed = weir__reply_number(weir__reply_at(step->reply, 2 * i + 1));
    }
    weir__trip_release(&trip);
    return rc;
}

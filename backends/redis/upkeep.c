/* SPDX-License-Identifier: MIT */
/*
 * Forwarding and expiry: a script a queue, one after the other, because each may do only what the others
 * have left of max.
 */
#include <config.h>

#include "trip.h"

static struct weir__step *
queue_step(struct weir__trip *trip, enum weir__script script, const char *name, int64_t now_ms)
{
    struct weir__queue queue;
    struct weir__step *step;

    if (weir__queue_init(&queue, trip->b->prefix, name, now_ms, &trip->space) < 0)
        trip->nomem = true;
    step = trip->nomem ? NULL : weir__trip_script(trip, script, &queue);
    weir__step_number(step, now_ms);
    return step;
}

/* ---- forward ---- */

static int64_t
earlier(int64_t known_ms, const redisReply *next)
{
    const char *text = weir__reply_text(next, NULL);
    int64_t ms = text && *text ? weir__reply_number(next) : WEIR_NEVER;

    return ms < known_ms ? ms : known_ms;
}

/* All queues are asked in one trip when nothing is due, which is what there mostly is. */
static int
forward_all(struct weir__trip *trip, int64_t now_ms, weir_forward *forward, size_t first,
            size_t count, weir_error *err)
{
    size_t max = count == 1 ? forward->max - forward->moved : 0;
    struct weir__step *step;
    int rc;

    weir__trip_clear(trip);
    for (size_t i = first; i < first + count; i++)
        weir__step_number(queue_step(trip, WEIR__SCRIPT_FORWARD, forward->queues[i], now_ms),
                          (int64_t)max);
    if (trip->nomem)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    rc = weir__trip_run(trip, err);
    for (step = trip->first; rc == 0 && step; step = step->next) {
        forward->moved += (size_t)weir__reply_number(weir__reply_at(step->reply, 0));
        forward->next_due_at_ms = earlier(forward->next_due_at_ms, weir__reply_at(step->reply, 1));
    }
    return rc;
}

int
weir__redis_forward(void *self, int64_t now_ms, weir_forward *forward, weir_error *err)
{
    struct weir__trip trip;
    int rc = 0;

    forward->moved = 0;
    forward->next_due_at_ms = WEIR_NEVER;
    weir__trip_init(&trip, self);
    trip.writes = true;
    if (forward->queue_count > 1) {
        rc = forward_all(&trip, now_ms, forward, 0, forward->queue_count, err);
        if (rc < 0 || forward->next_due_at_ms > now_ms)
            goto out;
        forward->next_due_at_ms = WEIR_NEVER;
    }
    for (size_t i = 0; rc == 0 && i < forward->queue_count; i++)
        rc = forward_all(&trip, now_ms, forward, i, 1, err);
out:
    weir__trip_release(&trip);
    return rc;
}

/* ---- expire ---- */

int
weir__redis_expire(void *self, int64_t now_ms, weir_expire *expire, weir_error *err)
{
    struct weir__trip trip;
    int rc = 0;

    expire->removed = 0;
    weir__trip_init(&trip, self);
    trip.writes = true;
    for (size_t i = 0; rc == 0 && i < expire->queue_count && expire->removed < expire->max; i++) {
        struct weir__step *step;

        weir__trip_clear(&trip);
        step = queue_step(&trip, WEIR__SCRIPT_EXPIRE, expire->queues[i], now_ms);
        weir__step_number(step, (int64_t)(expire->max - expire->removed));
        weir__step_number(step, expire->archive_max);
        weir__step_number(step, expire->archive_age_ms);
        rc = step ? weir__trip_run(&trip, err) : weir_error_set(err, WEIR_E_NOMEM, NULL);
        if (rc == 0)
            expire->removed += (size_t)weir__reply_number(step->reply);
    }
    weir__trip_release(&trip);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/* People's orders about queues, and the cancellation of a running task. */
#include <config.h>

#include "inspect.h"

#include <string.h>

#define DAYS 92 /* counters of a day live 90 days */

/* Lists the queue, which may have no task yet. */
static void
publish(struct weir__trip *trip, const char *queue_name)
{
    struct weir__step *step = weir__trip_command(trip, "SADD");

    weir__step_text(step, weir__space_text(&trip->space, "%squeues", trip->b->prefix));
    weir__step_text(step, queue_name);
}

int
weir__redis_pause(void *self, int64_t now_ms, const char *queue_name, bool paused, weir_error *err)
{
    struct weir__queue queue;
    struct weir__step *step;
    struct weir__trip trip;
    bool changed;
    int rc;

    weir__trip_init(&trip, self);
    trip.writes = true;
    if (weir__queue_init(&queue, trip.b->prefix, queue_name, now_ms, &trip.space) < 0)
        trip.nomem = true;
    if (paused)
        publish(&trip, queue_name);
    step = weir__trip_command(&trip, paused ? "SET" : "DEL");
    if (!trip.nomem)
        weir__step_key(step, &queue, WEIR__KEY_PAUSED);
    if (paused) {
        weir__step_number(step, weir__seconds_down(now_ms));
        weir__step_text(step, "NX");
    }
    rc = weir__trip_run(&trip, err);
    if (rc == 0) {
        changed = paused ? step->reply->type == REDIS_REPLY_STATUS
                         : weir__reply_number(step->reply) == 1;
        if (!changed)
            rc = weir_error_set(err, WEIR_E_STATE, "queue \"%s\" is %s", queue_name,
                                paused ? "paused already" : "not paused");
    }
    weir__trip_release(&trip);
    return rc;
}

/* ---- removing ---- */

static struct weir__step *
add_remove(struct weir__trip *trip, const struct weir__queue *queue, bool force, size_t max,
           int64_t now_ms)
{
    struct weir__step *step = weir__trip_script(trip, WEIR__SCRIPT_REMOVE, queue);

    weir__step_number(step, force);
    weir__step_number(step, (int64_t)max);
    for (int i = -1; i < DAYS; i++) {
        char day[11];

        weir__day(now_ms - (int64_t)i * 86400000, day);
        weir__step_text(step, weir__space_copy(&trip->space, day, sizeof day - 1));
    }
    return step;
}

static int
unpublish(struct weir__trip *trip, const char *queue, weir_error *err)
{
    struct weir__step **from = trip->last;
    struct weir__step *step = weir__trip_command(trip, "SREM");

    weir__step_text(step, weir__space_text(&trip->space, "%squeues", trip->b->prefix));
    weir__step_text(step, queue);
    return weir__trip_run_from(trip, from, err);
}

int
weir__redis_remove_queue(void *self, int64_t now_ms, const char *queue_name, bool force, size_t max,
                         size_t *done, weir_error *err)
{
    struct weir__queue queue;
    struct weir__step *step = NULL;
    struct weir__trip trip;
    int64_t removed = 0;
    int rc = weir__queue_check(self, queue_name, err);

    *done = 0;
    if (rc < 0)
        return rc;
    weir__trip_init(&trip, self);
    trip.writes = true;
    rc = weir__queue_init(&queue, trip.b->prefix, queue_name, now_ms, &trip.space);
    if (rc == 0)
        step = add_remove(&trip, &queue, force, max, now_ms);
    rc = step ? weir__trip_run(&trip, err) : weir_error_set(err, WEIR_E_NOMEM, NULL);
    if (rc == 0)
        removed = weir__reply_number(step->reply);
    if (removed == -1)
        rc = weir_error_set(err, WEIR_E_NOT_EMPTY, "queue \"%s\" is not empty", queue_name);
    if (removed == -2)
        rc = weir_error_set(err, WEIR_E_STATE, "queue \"%s\" has active tasks", queue_name);
    if (rc == 0)
        *done = (size_t)removed;
    if (rc == 0 && *done < max)
        rc = unpublish(&trip, queue_name, err);
    weir__trip_release(&trip);
    return rc;
}

/* ---- cancelling ---- */

int
weir__redis_cancel(void *self, int64_t now_ms, const char *queue_name, const char *id,
                   weir_cancel_mode mode, weir_error *err)
{
    struct weir__queue queue;
    struct weir__step *step;
    struct weir__trip trip;
    int rc;

    weir__trip_init(&trip, self);
    trip.writes = true;
    rc = weir__queue_init(&queue, trip.b->prefix, queue_name, now_ms, &trip.space);
    step = rc == 0 ? weir__trip_script(&trip, WEIR__SCRIPT_CANCEL, &queue) : NULL;
    weir__step_text(step, id);
    weir__step_number(step, (int64_t)mode);
    weir__step_text(step, weir__space_text(&trip.space, "%scancel", trip.b->prefix));
    rc = step ? weir__trip_run(&trip, err) : weir_error_set(err, WEIR_E_NOMEM, NULL);
    if (rc == 0 && weir__reply_number(step->reply) == 0)
        rc = weir_error_set(err, WEIR_E_NO_TASK, "task \"%s\" is not active in queue \"%s\"", id,
                            queue_name);
    weir__trip_release(&trip);
    return rc;
}

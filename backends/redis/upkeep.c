/* SPDX-License-Identifier: MIT */
/*
 * Forwarding and expiry: a script for each queue that has something of the kind, one after the other, because each may do only
 * what the others have left of max.
 */
#include <config.h>

#include "nonempty.h"
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

/* Those found among some queues, in one trip; a single one is moved from, several are only asked what is due next. */
static int
forward_some(struct weir__trip *trip, int64_t now_ms, weir_forward *forward, const bool *found,
             size_t first, size_t count, weir_error *err)
{
    size_t max = count == 1 ? forward->max - forward->moved : 0;
    struct weir__step *step;
    int rc;

    weir__trip_clear(trip);
    for (size_t i = first; i < first + count; i++) {
        if (found[i])
            weir__step_number(queue_step(trip, WEIR__SCRIPT_FORWARD, forward->queues[i], now_ms),
                              (int64_t)max);
    }
    if (trip->nomem)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    rc = weir__trip_run(trip, err);
    for (step = trip->first; rc == 0 && step; step = step->next) {
        forward->moved += (size_t)weir__reply_number(weir__reply_at(step->reply, 0));
        forward->next_due_at_ms = earlier(forward->next_due_at_ms, weir__reply_at(step->reply, 1));
    }
    return rc;
}

/* Mostly nothing is due: then the queues are asked that, many in a trip, and that is all. */
static int
ask_all(struct weir__trip *trip, int64_t now_ms, weir_forward *forward, const bool *found,
        weir_error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < forward->queue_count; i += WEIR__UPKEEP_QUEUES) {
        size_t left = forward->queue_count - i;

        rc = forward_some(trip, now_ms, forward, found, i,
                          left < WEIR__UPKEEP_QUEUES ? left : WEIR__UPKEEP_QUEUES, err);
    }
    return rc;
}

static int
forward_found(struct weir__trip *trip, int64_t now_ms, weir_forward *forward, const bool *found,
              weir_error *err)
{
    int rc = 0;

    if (forward->queue_count > 1) {
        rc = ask_all(trip, now_ms, forward, found, err);
        if (rc < 0 || forward->next_due_at_ms > now_ms)
            return rc;
        forward->next_due_at_ms = WEIR_NEVER;
    }
    for (size_t i = 0; rc == 0 && i < forward->queue_count; i++)
        rc = forward_some(trip, now_ms, forward, found, i, 1, err);
    return rc;
}

/* Which queues have an entry in one of the lists, in the trip's space; NULL: it failed. */
static bool *
look(struct weir__trip *trip, const char *const *names, size_t count, const enum weir__key *keys,
     int *rc, weir_error *err)
{
    bool *found = weir__space_alloc(&trip->space, count * sizeof *found);

    if (!found)
        *rc = weir_error_set(err, WEIR_E_NOMEM, NULL);
    else
        *rc = weir__nonempty(trip->b, names, count, keys, found, err);
    return *rc == 0 ? found : NULL;
}

int
weir__redis_forward(void *self, int64_t now_ms, weir_forward *forward, weir_error *err)
{
    static const enum weir__key keys[] = {WEIR__KEY_SCHEDULED, WEIR__KEY_RETRY, WEIR__KEY_NONE};
    struct weir__trip trip;
    const bool *found;
    int rc;

    forward->moved = 0;
    forward->next_due_at_ms = WEIR_NEVER;
    weir__trip_init(&trip, self);
    trip.writes = true;
    found = look(&trip, forward->queues, forward->queue_count, keys, &rc, err);
    if (found)
        rc = forward_found(&trip, now_ms, forward, found, err);
    weir__trip_release(&trip);
    return rc;
}

/* ---- expire ---- */

int
weir__redis_expire(void *self, int64_t now_ms, weir_expire *expire, weir_error *err)
{
    static const enum weir__key keys[] = {WEIR__KEY_COMPLETED, WEIR__KEY_ARCHIVED, WEIR__KEY_NONE};
    struct weir__trip trip;
    const bool *found;
    int rc;

    expire->removed = 0;
    weir__trip_init(&trip, self);
    trip.writes = true;
    found = look(&trip, expire->queues, expire->queue_count, keys, &rc, err);
    for (size_t i = 0; rc == 0 && i < expire->queue_count && expire->removed < expire->max; i++) {
        struct weir__step *step;

        if (!found[i])
            continue;
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

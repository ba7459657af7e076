/* SPDX-License-Identifier: MIT */
/*
 * Recovery: the script finds what lost its lease, in queues that have active tasks or leases at all; a resend finds those
 * that the lost call claimed. What no list leads to any more is found by a scan of all keys, one small step a call, which
 * goes on where it stopped.
 */
#include <config.h>

#include "claims.h"
#include "lost.h"
#include "nonempty.h"

#include <stdlib.h>
#include <string.h>

#define SCAN_KEYS 100

struct recovering {
    struct weir__redis_backend *b;
    const weir_request_id *request;
    int64_t now_ms;
    weir_recover *recover;
    bool *found; /* of each queue: there is something to look at */
    struct weir__queue *queues;
    struct weir__step **steps;
    struct weir__claimed_list claims;
};

static int
look(struct recovering *r, struct weir__space *space, weir_error *err)
{
    static const enum weir__key keys[] = {WEIR__KEY_ACTIVE, WEIR__KEY_LEASE, WEIR__KEY_NONE};
    size_t count = r->recover->queue_count;

    r->found = weir__space_alloc(space, count * sizeof *r->found);
    r->queues = weir__space_alloc(space, count * sizeof *r->queues);
    r->steps = weir__space_alloc(space, count * sizeof *r->steps);
    if (!r->found || !r->queues || !r->steps)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    for (size_t i = 0; i < count; i++) {
        if (weir__queue_init(&r->queues[i], r->b->prefix, r->recover->queues[i], r->now_ms, space) <
            0)
            return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    return weir__nonempty(r->b, r->recover->queues, count, keys, r->found, err);
}

static int
add_queue(struct recovering *r, struct weir__trip *trip, size_t i)
{
    struct weir__queue *queue = &r->queues[i];
    struct weir__step *step;

    if (weir__queue_lane(queue, r->request, ":t", &trip->space) < 0)
        return WEIR_E_NOMEM;
    step = weir__trip_script(trip, WEIR__SCRIPT_RECOVER, queue);
    weir__step_number(step, (int64_t)r->request->number);
    weir__step_number(step, (int64_t)(r->recover->max - r->claims.count));
    weir__step_number(step, weir__token(r->b));
    weir__step_number(step, r->recover->lease_ms);
    weir__step_number(step, atomic_load(&r->b->sweep_window));
    r->steps[i] = step;
    return 0;
}

static int
read_queue(struct recovering *r, struct weir__trip *trip, size_t i, weir_error *err)
{
    const redisReply *reply = r->steps[i]->reply;
    size_t count;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2)
        return weir__bad_reply(err, "recover.lua");
    count = (reply->elements - 2) / 3;
    r->recover->repaired += (size_t)weir__reply_number(reply->element[0]);
    if (weir__claimed_reserve(&r->claims, count, &trip->space) < 0)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    for (size_t k = 0; k < count && r->claims.count < r->recover->max; k++) {
        redisReply *const *row = &reply->element[2 + 3 * k];
        struct weir__claimed *claimed = &r->claims.items[r->claims.count];

        *claimed = (struct weir__claimed){.queue = &r->queues[i],
                                          .token = (uint64_t)weir__reply_number(reply->element[1]),
                                          .started = weir__reply_number(row[2]) == 1};
        claimed->id = weir__reply_text(row[0], NULL);
        claimed->message = weir__reply_text(row[1], &claimed->message_len);
        r->claims.count += claimed->id && claimed->message;
    }
    return 0;
}

/* One queue after the other, because each may claim only what is left of max. */
static int
recover_queues(struct recovering *r, struct weir__trip *trip, weir_error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < r->recover->queue_count; i++) {
        struct weir__step **last = trip->last;

        if (!r->found[i])
            continue;
        rc = add_queue(r, trip, i);
        if (rc < 0)
            return weir_error_set(err, rc, NULL);
        rc = weir__trip_run_from(trip, last, err);
        if (rc == 0)
            rc = read_queue(r, trip, i, err);
    }
    atomic_fetch_add(&r->b->sweep_window, 1000);
    return rc;
}

/* ---- the scan ---- */

/* The pattern of all tasks, groups and staged sets; what the prefix has of a pattern's signs is taken as it is. */
static const char *
mend_pattern(const char *prefix, struct weir__space *space)
{
    char *pattern = weir__space_alloc(space, 2 * strlen(prefix) + sizeof "{*}:[gt]:*");
    char *at = pattern;

    if (!pattern)
        return NULL;
    for (; *prefix; prefix++) {
        if (strchr("*?[]\\", *prefix))
            *at++ = '\\';
        *at++ = *prefix;
    }
    memcpy(at, "{*}:[gt]:*", sizeof "{*}:[gt]:*");
    return pattern;
}

/* What a task, group or set of this queue is called behind the queue's prefix, or NULL. */
static const char *
rest_of(const char *key, const struct weir__queue *queue)
{
    const char *rest;

    if (!key || strncmp(key, queue->prefix, queue->prefix_len) != 0)
        return NULL;
    rest = key + queue->prefix_len;
    return strncmp(rest, "t:", 2) == 0 || strncmp(rest, "g:", 2) == 0 ? rest : NULL;
}

static void
add_mend(struct weir__trip *trip, const struct weir__queue *queue, const redisReply *keys,
         int64_t now_ms)
{
    struct weir__step *step = NULL;

    for (size_t i = 0; i < keys->elements; i++) {
        const char *rest = rest_of(weir__reply_text(keys->element[i], NULL), queue);

        if (!rest)
            continue;
        if (!step) {
            step = weir__trip_script(trip, WEIR__SCRIPT_MEND, queue);
            weir__step_number(step, weir__seconds_down(now_ms));
        }
        weir__step_text(step, rest);
    }
}

static int
scan(struct recovering *r, struct weir__trip *trip, weir_error *err)
{
    uint64_t cursor = atomic_load(&r->b->sweep_cursor);
    struct weir__step *step = weir__trip_command(trip, "SCAN");

    weir__step_text(step, weir__space_text(&trip->space, "%llu", (unsigned long long)cursor));
    weir__step_text(step, "MATCH");
    weir__step_text(step, mend_pattern(r->b->prefix, &trip->space));
    weir__step_text(step, "COUNT");
    weir__step_number(step, SCAN_KEYS);
    return weir__trip_run(trip, err);
}

static int
sweep(struct recovering *r, weir_error *err)
{
    const redisReply *keys;
    struct weir__trip found;
    struct weir__trip trip;
    const char *cursor;
    int rc;

    weir__trip_init(&trip, r->b);
    weir__trip_init(&found, r->b);
    rc = scan(r, &found, err);
    if (rc < 0)
        goto out;
    cursor = weir__reply_text(weir__reply_at(found.first->reply, 0), NULL);
    keys = weir__reply_at(found.first->reply, 1);
    atomic_store(&r->b->sweep_cursor, cursor ? strtoull(cursor, NULL, 10) : 0);
    for (size_t i = 0; keys && i < r->recover->queue_count; i++)
        add_mend(&trip, &r->queues[i], keys, r->now_ms);
    rc = weir__trip_run(&trip, err);
    for (struct weir__step *step = trip.first; rc == 0 && step; step = step->next)
        r->recover->repaired += (size_t)weir__reply_number(step->reply);
out:
    weir__trip_release(&trip);
    weir__trip_release(&found);
    return rc;
}

int
weir__redis_recover(void *self, const weir_request_id *request, int64_t now_ms,
                    weir_recover *recover, weir_error *err)
{
    struct recovering r = {.b = self, .request = request, .now_ms = now_ms, .recover = recover};
    struct weir__trip trip;
    int rc;

    recover->repaired = 0;
    weir__trip_init(&trip, self);
    trip.writes = true;
    rc = look(&r, &trip.space, err);
    if (rc == 0)
        rc = recover_queues(&r, &trip, err);
    if (rc == 0)
        rc = sweep(&r, err);
    /* What the caller cannot take stays claimed: it is recovered again when that lease ends. */
    if (rc == 0)
        rc = weir__claimed_give(self, &r.claims, NULL, recover->lease_ms, now_ms, recover->sink,
                                recover->sink_arg, err);
    weir__trip_release(&trip);
    if (rc == 0)
        weir__lost_return(self, now_ms);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a staged set: one task (commit.lua), or the tasks of its group again (reclaim.lua).
 */
#include <config.h>

#include "enqueue.h"
#include "nonempty.h"

#define ROOM 1000 /* tasks that one script puts back */

/* ---- committing ---- */

static int
read_letter(const struct weir__step *step, weir_error *err)
{
    static const struct {
        char letter;
        int code;
        const char *why;
    } known[] = {{'o', 0, NULL},
                 {'c', WEIR_E_CONFLICT, "the task of the group was refused: its id exists"},
                 {'d', WEIR_E_DUPLICATE, "the task of the group was refused: its lock is held"},
                 {'s', WEIR_E_STALE, "the tasks have been put back into their group"}};
    const char *text = weir__reply_text(step->reply, NULL);

    for (size_t i = 0; text && i < sizeof known / sizeof known[0]; i++) {
        if (known[i].letter == text[0])
            return known[i].code < 0 ? weir_error_set(err, known[i].code, "%s", known[i].why) : 0;
    }
    return weir__bad_reply(err, "commit.lua");
}

static int
build_commit(struct weir__trip *trip, struct weir__step **step, const weir_request_id *request,
             int64_t now_ms, const char *queue_name, const char *set_id,
             const weir_enqueue_item *item)
{
    struct weir__queue queue;

    if (weir__queue_init(&queue, trip->b->prefix, queue_name, now_ms, &trip->space) < 0 ||
        weir__queue_lane(&queue, request, "", &trip->space) < 0)
        return WEIR_E_NOMEM;
    *step = weir__trip_script(trip, WEIR__SCRIPT_COMMIT, &queue);
    if (!*step)
        return WEIR_E_NOMEM;
    weir__step_number(*step, (int64_t)request->number);
    weir__step_number(*step, now_ms);
    weir__step_text(*step, set_id);
    return weir__enqueue_add(*step, item, &queue);
}

int
weir__redis_group_commit(void *self, const weir_request_id *request, int64_t now_ms,
                         const char *queue, const char *set_id, weir_enqueue_item *item,
                         weir_error *err)
{
    struct weir__step *step = NULL;
    struct weir__trip trip;
    int rc;

    weir__trip_init(&trip, self);
    trip.writes = true;
    rc = build_commit(&trip, &step, request, now_ms, queue, set_id, item);
    rc = rc < 0 ? weir_error_set(err, rc, NULL) : weir__trip_run(&trip, err);
    item->result = rc < 0 ? rc : read_letter(step, err);
    weir__trip_release(&trip);
    return item->result;
}

/* ---- reclaiming ---- */

struct reclaiming {
    struct weir__trip trip;
    int64_t now_s;
    size_t max;
    size_t done;
};

/* Sets whose time is over, of one queue. */
static int
reclaim_queue(struct reclaiming *call, const struct weir__queue *queue, weir_error *err)
{
    bool more = true;
    int rc = 0;

    while (rc == 0 && more && call->done < call->max) {
        struct weir__step **from = call->trip.last;
        struct weir__step *step = weir__trip_script(&call->trip, WEIR__SCRIPT_RECLAIM, queue);

        weir__step_number(step, call->now_s);
        weir__step_number(step, (int64_t)(call->max - call->done));
        weir__step_number(step, ROOM);
        rc = weir__trip_run_from(&call->trip, from, err);
        if (rc == 0) {
            call->done += (size_t)weir__reply_number(weir__reply_at(step->reply, 0));
            more = weir__reply_number(weir__reply_at(step->reply, 1)) == 1;
        }
    }
    return rc;
}

/* A set's name is there from the moment at which it is staged: only then there is something to ask. */
static int
reclaim_found(struct reclaiming *call, const char *const *names, size_t count, const bool *found,
              weir_error *err)
{
    struct weir__trip *trip = &call->trip;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i++) {
        struct weir__queue queue;

        if (!found[i])
            continue;
        if (weir__queue_init(&queue, trip->b->prefix, names[i], 0, &trip->space) < 0)
            return weir_error_set(err, WEIR_E_NOMEM, NULL);
        rc = reclaim_queue(call, &queue, err);
    }
    return rc;
}

int
weir__redis_group_reclaim(void *self, int64_t now_ms, const char *const *queues, size_t queue_count,
                          size_t max, size_t *reclaimed, weir_error *err)
{
    static const enum weir__key keys[] = {WEIR__KEY_SETS, WEIR__KEY_NONE};
    struct reclaiming call = {.now_s = weir__seconds_down(now_ms), .max = max};
    bool *found;
    int rc;

    weir__trip_init(&call.trip, self);
    call.trip.writes = true;
    found = weir__space_alloc(&call.trip.space, queue_count * sizeof *found);
    if (found)
        rc = weir__nonempty(self, queues, queue_count, keys, found, err);
    else
        rc = weir_error_set(err, WEIR_E_NOMEM, NULL);
    if (rc == 0)
        rc = reclaim_found(&call, queues, queue_count, found, err);
    weir__trip_release(&call.trip);
    *reclaimed = call.done;
    return rc;
}

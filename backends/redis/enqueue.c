/* SPDX-License-Identifier: MIT */
/*
 * Producing: one script for each queue of the batch, all in one trip, or, for what needs no script, a transaction
 * (plain.h). The queue's name is published before its tasks every time, because somebody may have removed it since the
 * last time.
 */
#include <config.h>

#include "enqueue.h"
#include "group.h"
#include "message.h"
#include "plain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *
queue_of(const void *batch, size_t i)
{
    return ((const weir_enqueue_item *)batch)[i].task->queue;
}

static const char *
flags_of(const weir_enqueue_item *item)
{
    static const char *const names[] = {"", "s", "g", "sg", "u", "su", "gu", "sgu"};
    const weir_task_info *task = item->task;
    unsigned row = 0;

    if (task->state == WEIR_STATE_SCHEDULED)
        row |= 1;
    if (task->group && task->state != WEIR_STATE_PENDING)
        row |= 2;
    if (item->unique_ttl_ms > 0 && task->unique_key)
        row |= 4;
    return names[row];
}

int
weir__enqueue_add(struct weir__step *step, const weir_enqueue_item *item,
                  const struct weir__queue *queue)
{
    struct weir__space *space = &step->trip->space;
    const weir_task_info *task = item->task;
    const char *flags = flags_of(item);
    const char *message = NULL;
    size_t len = 0;
    int rc = weir__message_encode(task, queue, space, &message, &len);

    if (rc < 0)
        return rc;
    weir__step_text(step, task->id);
    weir__step_bytes(step, message, len);
    weir__step_text(step, flags);
    for (; *flags; flags++) {
        if (*flags == 's') {
            weir__step_number(step, weir__seconds_up(task->next_process_at_ms));
            weir__step_number(step, task->next_process_at_ms);
        } else if (*flags == 'g') {
            weir__step_text(step, task->group);
        } else {
            weir__step_text(step, weir__lock_key(task->unique_key, queue, space));
            weir__step_number(step, item->unique_ttl_ms);
        }
    }
    return 0;
}

static int
add_queue(struct weir__trip *trip, struct weir__group *group, const weir_request_id *request,
          int64_t now_ms, const weir_enqueue_item *items)
{
    struct weir__step *publish = weir__trip_command(trip, "SADD");
    int rc = weir__queue_lane(&group->queue, request, "", &trip->space);

    weir__step_text(publish, weir__space_text(&trip->space, "%squeues", trip->b->prefix));
    weir__step_text(publish, group->queue.name);
    group->step = rc < 0 ? NULL : weir__trip_script(trip, WEIR__SCRIPT_ENQUEUE, &group->queue);
    if (!group->step)
        return WEIR_E_NOMEM;
    weir__step_number(group->step, (int64_t)request->number);
    weir__step_number(group->step, now_ms);
    for (size_t i = 0; rc == 0 && i < group->count; i++)
        rc = weir__enqueue_add(group->step, &items[group->items[i]], &group->queue);
    return rc;
}

static void
set_results(const struct weir__group *group, weir_enqueue_item *items)
{
    static const struct weir__letter letters[] = {
        {'o', 0}, {'p', 0}, {'c', WEIR_E_CONFLICT}, {'d', WEIR_E_DUPLICATE}, {0, 0}};

    for (size_t i = 0; i < group->count; i++)
        items[group->items[i]].result = weir__group_result(group, i, letters);
}

static int
run_scripts(struct weir__redis_backend *b, const weir_request_id *request, int64_t now_ms,
            weir_enqueue_item *items, size_t count, weir_error *err)
{
    struct weir__groups groups;
    struct weir__trip trip;
    int rc;

    weir__trip_init(&trip, b);
    trip.writes = true;
    rc = weir__groups_init(&groups, &trip, items, count, queue_of, now_ms);
    for (size_t k = 0; rc == 0 && k < groups.count; k++)
        rc = add_queue(&trip, &groups.items[k], request, now_ms, items);
    if (rc == 0) {
        rc = weir__trip_run(&trip, err);
        for (size_t k = 0; k < groups.count; k++)
            set_results(&groups.items[k], items);
    } else {
        weir_error_set(err, rc, NULL);
        for (size_t i = 0; i < count; i++)
            items[i].result = rc;
    }
    weir__trip_release(&trip);
    return rc;
}

/* ---- later tries, while nothing can be written ---- */

static int
ask_lane(struct weir__trip *trip, struct weir__group *group, const weir_request_id *request)
{
    int rc = weir__queue_lane(&group->queue, request, "", &trip->space);

    group->step = rc < 0 ? NULL : weir__trip_command(trip, "GET");
    weir__step_key(group->step, &group->queue, WEIR__KEY_LANE);
    weir__step_key(weir__trip_command(trip, "LLEN"), &group->queue, WEIR__KEY_PENDING);
    return group->step ? 0 : WEIR_E_NOMEM;
}

/* Whether the lane remembers this call; then where its letters are. A transaction's count only if it could write the list. */
static bool
is_remembered(struct weir__group *group, const weir_request_id *request)
{
    const struct weir__step *step = group->step;
    size_t len = 0;
    const char *text = step->rc == 0 ? weir__reply_text(step->reply, &len) : NULL;
    char number[24];
    size_t digits = (size_t)snprintf(number, sizeof number, "%" PRIu64 " ", request->number);

    if (!text || len != digits + group->count || memcmp(text, number, digits) != 0)
        return false;
    group->first = digits;
    return step->next->rc == 0 || memchr(text + digits, 'p', group->count) == NULL;
}

/*
 * What the lanes tell of the call. It was done if they remember it; if not nobody knows, as a transaction may be late: those
 * items have the code `rc`, with which nothing was written. Returns 0 when all are remembered.
 */
static int
recall(struct weir__redis_backend *b, const weir_request_id *request, int64_t now_ms,
       weir_enqueue_item *items, size_t count, int rc)
{
    struct weir__groups groups;
    struct weir__trip trip;
    size_t remembered = 0;
    int made;

    weir__trip_init(&trip, b);
    made = weir__groups_init(&groups, &trip, items, count, queue_of, now_ms);
    for (size_t k = 0; made == 0 && k < groups.count; k++)
        made = ask_lane(&trip, &groups.items[k], request);
    if (made == 0)
        weir__trip_run(&trip, NULL);
    for (size_t k = 0; made == 0 && k < groups.count; k++) {
        if (is_remembered(&groups.items[k], request)) {
            set_results(&groups.items[k], items);
            remembered += groups.items[k].count;
        }
    }
    weir__trip_release(&trip);
    return remembered == count ? 0 : rc;
}

/* Makes sure that no earlier try is done any more. Where a full store lets nobody, an earlier one may have been: 0 too, with
 * *known. Copies on replicas cannot be vouched for without a write. */
static int
settle_earlier(struct weir__redis_backend *b, const weir_request_id *request, int64_t now_ms,
               weir_enqueue_item *items, size_t count, bool *known, weir_error *err)
{
    weir_error told = {0};
    int rc = weir__plain_fence(b, request, &told);

    for (size_t i = 0; rc < 0 && i < count; i++)
        items[i].result = rc;
    if (rc == WEIR_E_FULL && weir__redis_options(b->conns)->wait_replicas == 0) {
        rc = recall(b, request, now_ms, items, count, rc);
        *known = rc == 0;
    }
    return rc < 0 ? weir_error_set(err, rc, "%s", told.text) : 0;
}

int
weir__redis_enqueue(void *self, const weir_request_id *request, int64_t now_ms,
                    weir_enqueue_item *items, size_t count, weir_error *err)
{
    struct weir__redis_backend *b = self;
    int rc = WEIR__PLAIN_NOT_DONE;
    bool known = false;

    if (weir__plain_fits(b, request, items, count))
        rc = weir__plain_enqueue(b, request, now_ms, items, count, err);
    if (rc != WEIR__PLAIN_NOT_DONE)
        return rc;
    rc = request->tries > 0 ? settle_earlier(b, request, now_ms, items, count, &known, err) : 0;
    return rc < 0 || known ? rc : run_scripts(b, request, now_ms, items, count, err);
}

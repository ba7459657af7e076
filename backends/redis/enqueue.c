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
set_results(const struct weir__groups *groups, weir_enqueue_item *items)
{
    static const struct weir__letter letters[] = {
        {'o', 0}, {'p', 0}, {'c', WEIR_E_CONFLICT}, {'d', WEIR_E_DUPLICATE}, {0, 0}};

    for (size_t k = 0; k < groups->count; k++) {
        const struct weir__group *group = &groups->items[k];

        for (size_t i = 0; i < group->count; i++)
            items[group->items[i]].result = weir__group_result(group, i, letters);
    }
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
        set_results(&groups, items);
    } else {
        weir_error_set(err, rc, NULL);
        for (size_t i = 0; i < count; i++)
            items[i].result = rc;
    }
    weir__trip_release(&trip);
    return rc;
}

int
weir__redis_enqueue(void *self, const weir_request_id *request, int64_t now_ms,
                    weir_enqueue_item *items, size_t count, weir_error *err)
{
    struct weir__redis_backend *b = self;
    int rc = WEIR__PLAIN_NOT_DONE;

    if (weir__plain_fits(b, request, items, count))
        rc = weir__plain_enqueue(b, request, now_ms, items, count, err);
    if (rc != WEIR__PLAIN_NOT_DONE)
        return rc;
    rc = request->tries > 0 ? weir__plain_fence(b, request, err) : 0;
    for (size_t i = 0; rc < 0 && i < count; i++)
        items[i].result = rc;
    return rc < 0 ? rc : run_scripts(b, request, now_ms, items, count, err);
}

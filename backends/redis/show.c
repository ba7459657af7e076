/* SPDX-License-Identifier: MIT */
/* Results of tasks that still run, where asynq's result writer puts them. */
#include <config.h>

#include "group.h"

static const char *
queue_of(const void *batch, size_t i)
{
    return ((const weir_show *)batch)[i].claim->task->queue;
}

static void
add_queue(struct weir__trip *trip, struct weir__group *group, const weir_show *items)
{
    group->step = weir__trip_script(trip, WEIR__SCRIPT_SHOW, &group->queue);
    for (size_t i = 0; i < group->count; i++) {
        const weir_show *item = &items[group->items[i]];

        weir__step_text(group->step, item->claim->task->id);
        weir__step_number(group->step, (int64_t)item->claim->token);
        weir__step_bytes(group->step, item->result, item->result_len);
    }
}

int
weir__redis_show(void *self, int64_t now_ms, weir_show *items, size_t count, weir_error *err)
{
    static const struct weir__letter letters[] = {{'o', 0}, {'s', WEIR_E_STALE}, {0, 0}};
    struct weir__groups groups;
    struct weir__trip trip;
    int rc;

    weir__trip_init(&trip, self);
    trip.writes = true;
    rc = weir__groups_init(&groups, &trip, items, count, queue_of, now_ms);
    for (size_t k = 0; rc == 0 && k < groups.count; k++)
        add_queue(&trip, &groups.items[k], items);
    if (rc == 0)
        rc = weir__trip_run(&trip, err);
    else
        groups.count = 0;
    for (size_t i = 0; i < count; i++)
        items[i].outcome = rc;
    for (size_t k = 0; k < groups.count; k++) {
        const struct weir__group *group = &groups.items[k];

        for (size_t i = 0; i < group->count; i++)
            items[group->items[i]].outcome = weir__group_result(group, i, letters);
    }
    weir__trip_release(&trip);
    return rc < 0 ? weir_error_set(err, rc, NULL) : 0;
}

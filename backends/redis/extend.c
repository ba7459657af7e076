/* SPDX-License-Identifier: MIT */
/*
 * Renewing leases. A cancellation asked for by weir is noted in the store, one by a Go program is only a message:
 * the listener remembers those for a while.
 */
#include <config.h>

#include "group.h"
#include "listener.h"

static const char *
queue_of(const void *batch, size_t i)
{
    return ((const weir_extend_item *)batch)[i].claim->task->queue;
}

static void
add_queue(struct weir__trip *trip, struct weir__group *group, int64_t lease_ms,
          const weir_extend_item *items)
{
    group->step = weir__trip_script(trip, WEIR__SCRIPT_EXTEND, &group->queue);
    weir__step_number(group->step, lease_ms);
    for (size_t i = 0; i < group->count; i++) {
        const weir_claim *claim = items[group->items[i]].claim;

        weir__step_text(group->step, claim->task->id);
        weir__step_number(group->step, (int64_t)claim->token);
    }
}

static void
set_result(struct weir__redis_backend *b, const struct weir__group *group, size_t i,
           weir_extend_item *item)
{
    static const struct weir__letter letters[] = {{'o', 0},
                                                  {'c', WEIR_CANCEL_RETRY},
                                                  {'d', WEIR_CANCEL_ARCHIVE},
                                                  {'e', WEIR_CANCEL_REVOKE},
                                                  {'s', WEIR_E_STALE},
                                                  {0, 0}};
    int rc = weir__group_result(group, i, letters);

    item->cancelled = rc > 0 ? (weir_cancel_mode)rc : WEIR_CANCEL_NONE;
    item->result = rc > 0 ? 0 : rc;
    if (rc == 0 && weir__redis_listener_cancelled(b->listener, item->claim->task->id))
        item->cancelled = WEIR_CANCEL_RETRY;
}

int
weir__redis_extend(void *self, int64_t now_ms, int64_t lease_ms, weir_extend_item *items,
                   size_t count, weir_error *err)
{
    struct weir__groups groups;
    struct weir__trip trip;
    int rc;

    weir__trip_init(&trip, self);
    trip.writes = true;
    rc = weir__groups_init(&groups, &trip, items, count, queue_of, now_ms);
    for (size_t k = 0; rc == 0 && k < groups.count; k++)
        add_queue(&trip, &groups.items[k], lease_ms, items);
    if (rc == 0)
        rc = weir__trip_run(&trip, err);
    else
        groups.count = 0;
    for (size_t i = 0; i < count; i++)
        items[i].result = rc;
    for (size_t k = 0; k < groups.count; k++) {
        for (size_t i = 0; i < groups.items[k].count; i++)
            set_result(self, &groups.items[k], i, &items[groups.items[k].items[i]]);
    }
    weir__trip_release(&trip);
    return rc < 0 ? weir_error_set(err, rc, NULL) : 0;
}

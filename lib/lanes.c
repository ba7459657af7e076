/* SPDX-License-Identifier: MIT */
/*
 * The lowest free lane is taken, so that few are in use. Whoever sets a lane's bit owns its slot until he
 * clears it; the pair of acquire and release hands the slot's numbers from one to the next.
 */
#include <config.h>

#include "lanes.h"

#include "clock.h"

enum {
    NO_SLOT = -1
};

void
weir__lanes_init(struct weir__lanes *lanes, const weir_clock *clock)
{
    weir__clock_random(clock, &lanes->instance, sizeof lanes->instance);
    atomic_init(&lanes->busy, 0);
    atomic_init(&lanes->next_lane, WEIR__LANES);
    for (uint32_t i = 0; i < WEIR__LANES; i++) {
        lanes->slots[i].lane = i;
        lanes->slots[i].number = 0;
    }
}

static int
take_slot(struct weir__lanes *lanes)
{
    uint64_t busy = atomic_load_explicit(&lanes->busy, memory_order_relaxed);

    while (busy != UINT64_MAX) {
        int slot = 0;

        while (busy >> slot & 1)
            slot++;
        if (atomic_compare_exchange_weak_explicit(&lanes->busy, &busy, busy | UINT64_C(1) << slot,
                                                  memory_order_acquire, memory_order_relaxed))
            return slot;
    }
    return NO_SLOT;
}

int
weir__lanes_take(struct weir__lanes *lanes, weir_request_id *request)
{
    int slot = take_slot(lanes);

    request->instance = lanes->instance;
    request->tries = 0;
    if (slot == NO_SLOT) {
        request->lane = atomic_fetch_add(&lanes->next_lane, 1);
        request->number = 1;
        return slot;
    }
    request->lane = lanes->slots[slot].lane;
    request->number = ++lanes->slots[slot].number;
    return slot;
}

void
weir__lanes_release(struct weir__lanes *lanes, int slot, bool resolved)
{
    if (slot == NO_SLOT)
        return;
    if (!resolved) {
        lanes->slots[slot].lane = atomic_fetch_add(&lanes->next_lane, 1);
        lanes->slots[slot].number = 0;
    }
    atomic_fetch_and_explicit(&lanes->busy, ~(UINT64_C(1) << slot), memory_order_release);
}

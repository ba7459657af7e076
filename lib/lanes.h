/* SPDX-License-Identifier: MIT */
/*
 * Request ids: (instance, lane, number), see weir_request_id in <weir/broker.h>.
 *
 * A call takes a free lane for its time and gives it back. There are as many lanes as calls at the
 * same time, so a store that remembers one request per lane remembers few. A lane whose request could not
 * be resolved is replaced by a fresh one. No lock: one word has a bit for each lane in use.
 */
#ifndef WEIR_LIB_LANES_H
#define WEIR_LIB_LANES_H

#include <stdatomic.h>
#include <weir/broker.h>

/* Lanes that are used again and again; calls beyond so many at once get lanes for one request. */
#define WEIR__LANES 64

struct weir__lanes {
    uint64_t instance;
    _Atomic uint64_t busy;
    atomic_uint next_lane; /* the first that was never used */
    struct {
        uint32_t lane;
        uint64_t number; /* the last one given out */
    } slots[WEIR__LANES];
};

/* Makes the lanes of a newly opened broker. */
void weir__lanes_init(struct weir__lanes *lanes, const weir_clock *clock);

/* Gives out a request id, on a lane that nobody else has; returns what names it for the release. */
int weir__lanes_take(struct weir__lanes *lanes, weir_request_id *request);

/* Gives the lane back. resolved: it is known what became of the request. */
void weir__lanes_release(struct weir__lanes *lanes, int slot, bool resolved);

#endif

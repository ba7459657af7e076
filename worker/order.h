/* SPDX-License-Identifier: MIT */
/*
 * Which queues next: how many tasks a call asks of each queue, and in which order.
 *
 * Weighted: each queue has a mark that moves on by 1/weight for each task that was really taken from it.
 * The tasks of a call are given out one by one to the queue that is furthest behind, among those that were last
 * seen with work; what a queue then does not have, others fill up. So the shares come out right for any size of batch, and
 * within a batch too. A queue that had nothing is moved up to the others: it cannot save up its turns
 * and then shut them out.
 *
 * Strict: everything of the heaviest queue; what it does not have, of the next. The marks decide the order of
 * queues of the same weight.
 *
 * To be used by one thread at a time.
 */
#ifndef WEIR_WORKER_ORDER_H
#define WEIR_WORKER_ORDER_H

#include <weir/broker.h>
#include <weir/server.h>

struct weir__order_queue {
    const char *name;
    int weight;
    bool loaded; /* was last seen with work */
    uint64_t mark;
    size_t want; /* of the present call */
    size_t taken;
};

struct weir__order {
    bool strict;
    size_t count;
    struct weir__order_queue *queues; /* in the order of the present call */
    weir_take_queue *take;            /* the same, for the broker */
};

/* Makes an order over queues with weights > 0; the names must outlive it. False: out of memory. */
bool weir__order_init(struct weir__order *order, const weir_queue_weight *queues, size_t count,
                      bool strict);
void weir__order_release(struct weir__order *order);

/* Takes over where the queues of another order stand, by name, so that a change costs nobody its turn. */
void weir__order_inherit(struct weir__order *order, const struct weir__order *from);

/* Plans a call for `max` tasks; the result (order->count entries) is good until the next plan. */
weir_take_queue *weir__order_plan(struct weir__order *order, size_t max);

/* Notes a task that the planned call took from `queue`. */
void weir__order_took(struct weir__order *order, const char *queue);

/* Ends the planned call, whose take entries have their `left`. Returns true when more is to be had. */
bool weir__order_settle(struct weir__order *order);

#endif

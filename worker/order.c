/* SPDX-License-Identifier: MIT */
/* Stride scheduling with tasks as its currency; order.h has the rule. */
#include <config.h>

#include "order.h"

#include <stdlib.h>
#include <string.h>

/* What one task moves the mark of a queue of weight 1. Marks stay below a few batches times this. */
#define STRIDE (UINT64_C(1) << 40)

bool
weir__order_init(struct weir__order *order, const weir_queue_weight *queues, size_t count,
                 bool strict)
{
    *order = (struct weir__order){.strict = strict, .count = count};
    order->queues = calloc(count, sizeof(*order->queues));
    order->take = calloc(count, sizeof(*order->take));
    if (order->queues == NULL || order->take == NULL) {
        weir__order_release(order);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        order->queues[i] = (struct weir__order_queue){
            .name = queues[i].name, .weight = queues[i].weight, .loaded = true};
    }
    return true;
}

void
weir__order_release(struct weir__order *order)
{
    free(order->queues);
    free(order->take);
    *order = (struct weir__order){0};
}

void
weir__order_inherit(struct weir__order *order, const struct weir__order *from)
{
    for (size_t i = 0; i < order->count; i++) {
        for (size_t k = 0; k < from->count; k++) {
            if (strcmp(order->queues[i].name, from->queues[k].name) == 0) {
                order->queues[i].mark = from->queues[k].mark;
                order->queues[i].loaded = from->queues[k].loaded;
            }
        }
    }
}

static uint64_t
stride_of(const struct weir__order_queue *queue)
{
    return STRIDE / (uint64_t)queue->weight;
}

static bool
goes_before(const struct weir__order *order, const struct weir__order_queue *a,
            const struct weir__order_queue *b)
{
    if (order->strict && a->weight != b->weight) {
        return a->weight > b->weight;
    }
    if (a->mark != b->mark) {
        return a->mark < b->mark;
    }
    return a->weight > b->weight;
}

/* Insertion sort: stable, and the list is nearly sorted from the last time. */
static void
sort_queues(struct weir__order *order)
{
    for (size_t i = 1; i < order->count; i++) {
        struct weir__order_queue moving = order->queues[i];
        size_t k = i;
        for (; k > 0 && goes_before(order, &moving, &order->queues[k - 1]); k--) {
            order->queues[k] = order->queues[k - 1];
        }
        order->queues[k] = moving;
    }
}

/* The loaded queue that is furthest behind, counting what it is to get in this call; the first one
 * when none is loaded. */
static struct weir__order_queue *
furthest_behind(struct weir__order *order)
{
    struct weir__order_queue *best = NULL;
    uint64_t best_mark = 0;

    for (size_t i = 0; i < order->count; i++) {
        struct weir__order_queue *queue = &order->queues[i];
        uint64_t mark = queue->mark + (uint64_t)queue->want * stride_of(queue);
        if (queue->loaded && (best == NULL || mark < best_mark)) {
            best = queue;
            best_mark = mark;
        }
    }
    return best != NULL ? best : &order->queues[0];
}

weir_take_queue *
weir__order_plan(struct weir__order *order, size_t max)
{
    sort_queues(order);
    for (size_t i = 0; i < order->count; i++) {
        order->queues[i].want = 0;
        order->queues[i].taken = 0;
    }
    if (order->strict || order->count == 1) {
        order->queues[0].want = max;
    } else {
        for (size_t n = 0; n < max; n++) {
            furthest_behind(order)->want++;
        }
    }
    for (size_t i = 0; i < order->count; i++) {
        order->take[i] =
            (weir_take_queue){.name = order->queues[i].name, .want = order->queues[i].want};
    }
    return order->take;
}

void
weir__order_took(struct weir__order *order, const char *queue)
{
    for (size_t i = 0; i < order->count; i++) {
        if (strcmp(order->queues[i].name, queue) == 0) {
            order->queues[i].taken++;
            return;
        }
    }
}

/* The lowest mark of the loaded queues; false when there is none. */
static bool
lowest_mark(const struct weir__order *order, uint64_t *lowest)
{
    bool found = false;

    for (size_t i = 0; i < order->count; i++) {
        const struct weir__order_queue *queue = &order->queues[i];
        if (queue->loaded && (!found || queue->mark < *lowest)) {
            *lowest = queue->mark;
            found = true;
        }
    }
    return found;
}

/* Nobody is owed a turn while it has no work; and marks are kept small. */
static void
level_marks(struct weir__order *order)
{
    uint64_t lowest = 0;
    bool any_loaded = lowest_mark(order, &lowest);

    for (size_t i = 0; i < order->count; i++) {
        struct weir__order_queue *queue = &order->queues[i];
        if (!any_loaded || queue->mark < lowest) {
            queue->mark = lowest;
        }
        queue->mark -= lowest;
    }
}

bool
weir__order_settle(struct weir__order *order)
{
    bool more = false;

    for (size_t i = 0; i < order->count; i++) {
        struct weir__order_queue *queue = &order->queues[i];
        queue->mark += (uint64_t)queue->taken * stride_of(queue);
        queue->loaded = order->take[i].left > 0;
        more = more || queue->loaded;
    }
    level_marks(order);
    return more;
}

/* SPDX-License-Identifier: MIT */
/* What the files that look into queues share. */
#ifndef WEIR_REDIS_INSPECT_H
#define WEIR_REDIS_INSPECT_H

#include "trip.h"

/* 0, or WEIR_E_NO_QUEUE when the queue was never published. */
int weir__queue_check(struct weir__redis_backend *b, const char *queue, weir_error *err);

/* Sorts an array of strings. */
void weir__sort_names(redisReply *names);

struct weir__group_size {
    const char *name;
    size_t size;
};

struct weir__group_sizes {
    struct weir__group_size *items; /* sorted by name */
    size_t count;
    size_t total;
};

/* Counts the tasks of each group of a queue; names live in the trip's replies. */
int weir__group_sizes(struct weir__trip *trip, const struct weir__queue *queue,
                      struct weir__group_sizes *sizes, weir_error *err);

#endif

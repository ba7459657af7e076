/* SPDX-License-Identifier: MIT */
/*
 * The items of a batch by queue: scripts work on one queue each, and the order within it stays.
 */
#ifndef WEIR_REDIS_GROUP_H
#define WEIR_REDIS_GROUP_H

#include "trip.h"

struct weir__group {
    struct weir__queue queue;
    struct weir__step *step; /* of the script that works on it */
    size_t *items;           /* indexes into the batch, in order */
    size_t count;
    size_t first; /* where its letters begin in the step's reply */
};

struct weir__groups {
    struct weir__group *items;
    size_t count;
};

/* The queue of the i-th item of a batch. */
typedef const char *(*weir__queue_of)(const void *batch, size_t i);

/* Groups a batch in the trip's space. Returns 0 or WEIR_E_NOMEM. */
int weir__groups_init(struct weir__groups *groups, struct weir__trip *trip, const void *batch,
                      size_t count, weir__queue_of queue_of, int64_t now_ms);

/*
 * The code of the i-th item of a group, once its step was run: the step's own failure, or what `letters`
 * ("o:c:..." is a table ended by a 0 letter) says of the i-th letter of its reply.
 */
struct weir__letter {
    char letter;
    int code;
};
int weir__group_result(const struct weir__group *group, size_t i,
                       const struct weir__letter *letters);

#endif

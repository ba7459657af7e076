/* SPDX-License-Identifier: MIT */
/* A new task as arguments of a script. */
#ifndef WEIR_REDIS_ENQUEUE_H
#define WEIR_REDIS_ENQUEUE_H

#include "trip.h"

/* Adds what enqueue.lua and tick.lua want of a task: id, message, flags and what they ask for. Returns 0 or
 * WEIR_E_NOMEM. */
int weir__enqueue_add(struct weir__step *step, const weir_enqueue_item *item,
                      const struct weir__queue *queue);

#endif

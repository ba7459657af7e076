/* SPDX-License-Identifier: MIT */
/* Looking tasks up by id, and making a weir_task_info of what Redis has of one. */
#ifndef WEIR_REDIS_ROW_H
#define WEIR_REDIS_ROW_H

#include "trip.h"

/* What look.lua tells of one task. */
struct weir__row {
    weir_task_info task; /* state WEIR_STATE_NONE when the word is not known */
    const char *message; /* as it is stored */
    size_t message_len;
};

/* Adds a step that looks up tasks; their ids are added by the caller. */
struct weir__step *weir__look_add(struct weir__trip *trip, const struct weir__queue *queue);

/* How many tasks the step found. */
size_t weir__look_count(const struct weir__step *step);

/* Reads the i-th. Returns 0, or WEIR_E_CORRUPT: the message cannot be read. */
int weir__look_row(const struct weir__step *step, size_t i, const struct weir__queue *queue,
                   struct weir__space *space, struct weir__row *row);

#endif

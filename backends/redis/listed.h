/* SPDX-License-Identifier: MIT */
/*
 * What servers and schedulers have in common: each has keys that live as long as it beats, named in a set of asynq's
 * whose scores are the seconds at which they end; and the times in their messages.
 */
#ifndef WEIR_REDIS_LISTED_H
#define WEIR_REDIS_LISTED_H

#include "trip.h"

#include "weir.pb-c.h"

/* Names a key in a set ("servers"), and forgets in it what ended long ago. */
void weir__list_add(struct weir__trip *trip, const char *set, const char *key, int64_t now_ms,
                    int64_t ttl_ms);
/* Removes the key and its name. */
void weir__list_remove(struct weir__trip *trip, const char *set, const char *key);
/* A step whose reply names the keys that have not ended. */
struct weir__step *weir__listed(struct weir__trip *trip, const char *set, int64_t now_ms);

/* A time in the space; NULL for 0, and when memory ran out. */
Weir__Time *weir__time_pack(int64_t ms, struct weir__space *space);
/* 0 for none, for Go's zero time, and for what ms cannot say. */
int64_t weir__time_ms(const Weir__Time *time);

#endif

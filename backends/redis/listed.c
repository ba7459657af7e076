/* SPDX-License-Identifier: MIT */
/* Sets are trimmed by whoever beats: asynq leaves in them the names of those that died. */
#include <config.h>

#include "listed.h"

#define FORGET_MS 3600000 /* ended so long ago: out of the sets */

static const char *
name_of(struct weir__trip *trip, const char *set)
{
    return weir__space_text(&trip->space, "%s%s", trip->b->prefix, set);
}

void
weir__list_add(struct weir__trip *trip, const char *set, const char *key, int64_t now_ms,
               int64_t ttl_ms)
{
    const char *name = name_of(trip, set);
    struct weir__step *step = weir__trip_command(trip, "ZADD");

    weir__step_text(step, name);
    weir__step_number(step, weir__seconds_up(now_ms + ttl_ms));
    weir__step_text(step, key);
    step = weir__trip_command(trip, "ZREMRANGEBYSCORE");
    weir__step_text(step, name);
    weir__step_text(step, "-inf");
    weir__step_number(step, weir__seconds_down(now_ms - FORGET_MS));
}

void
weir__list_remove(struct weir__trip *trip, const char *set, const char *key)
{
    struct weir__step *step = weir__trip_command(trip, "ZREM");

    weir__step_text(step, name_of(trip, set));
    weir__step_text(step, key);
    step = weir__trip_command(trip, "DEL");
    weir__step_text(step, key);
}

struct weir__step *
weir__listed(struct weir__trip *trip, const char *set, int64_t now_ms)
{
    struct weir__step *step = weir__trip_command(trip, "ZRANGEBYSCORE");

    weir__step_text(step, name_of(trip, set));
    weir__step_number(step, weir__seconds_up(now_ms));
    weir__step_text(step, "+inf");
    return step;
}

Weir__Time *
weir__time_pack(int64_t ms, struct weir__space *space)
{
    Weir__Time *time = ms ? weir__space_alloc(space, sizeof *time) : NULL;

    if (!time)
        return NULL;
    weir__time__init(time);
    time->seconds = weir__seconds_down(ms);
    time->has_seconds = time->seconds != 0;
    time->nanos = (int32_t)(ms - time->seconds * 1000) * 1000000;
    time->has_nanos = time->nanos != 0;
    return time;
}

int64_t
weir__time_ms(const Weir__Time *time)
{
    return time && time->seconds > 0 && time->seconds < INT64_MAX / 1000 - 1
               ? time->seconds * 1000 + time->nanos / 1000000
               : 0;
}

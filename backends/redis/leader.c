/* SPDX-License-Identifier: MIT */
/* Leadership: a key that lives as long as its holder renews it, by Redis's own time. */
#include <config.h>

#include "trip.h"

static int
ask(struct weir__redis_backend *b, const char *name, const char *holder, int64_t ttl_ms,
    bool *leads, weir_error *err)
{
    struct weir__trip trip;
    struct weir__step *step;
    const char *key;
    int rc;

    weir__trip_init(&trip, b);
    trip.writes = true;
    key = weir__space_text(&trip.space, "%sweir:lead:%s", b->prefix, name);
    step = weir__trip_script_on(&trip, WEIR__SCRIPT_LEAD, 1, &key);
    weir__step_text(step, holder);
    weir__step_number(step, ttl_ms);
    rc = weir__trip_run(&trip, err);
    *leads = rc == 0 && weir__reply_number(step->reply) == 1;
    weir__trip_release(&trip);
    return rc;
}

int
weir__redis_lead(void *self, const char *name, const char *holder, int64_t ttl_ms, bool *leads,
                 weir_error *err)
{
    return ask(self, name, holder, ttl_ms > 0 ? ttl_ms : 1, leads, err);
}

int
weir__redis_resign(void *self, const char *name, const char *holder, weir_error *err)
{
    bool had;

    return ask(self, name, holder, 0, &had, err);
}

/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "nonempty.h"

#include "trip.h"

#include <string.h>

static void
add_queue(struct weir__step *step, const char *name, const enum weir__key *keys)
{
    struct weir__trip *trip = step ? step->trip : NULL;
    struct weir__queue queue;

    if (!trip)
        return;
    if (weir__queue_init(&queue, trip->b->prefix, name, 0, &trip->space) < 0) {
        trip->nomem = true;
        return;
    }
    for (; *keys != WEIR__KEY_NONE; keys++)
        weir__step_key(step, &queue, *keys);
}

/* One question about all of them together. */
static int
ask_together(struct weir__trip *trip, const char *const *names, size_t count,
             const enum weir__key *keys, bool *any, weir_error *err)
{
    struct weir__step *step = weir__trip_command(trip, "EXISTS");
    int rc;

    for (size_t i = 0; i < count; i++)
        add_queue(step, names[i], keys);
    rc = weir__trip_run(trip, err);
    *any = rc == 0 && weir__reply_number(step->reply) > 0;
    weir__trip_clear(trip);
    return rc;
}

/* One about each. */
static int
ask_each(struct weir__trip *trip, const char *const *names, size_t count,
         const enum weir__key *keys, bool *found, weir_error *err)
{
    const struct weir__step *step;
    int rc;

    for (size_t i = 0; i < count; i++)
        add_queue(weir__trip_command(trip, "EXISTS"), names[i], keys);
    rc = weir__trip_run(trip, err);
    step = trip->first;
    for (size_t i = 0; rc == 0 && i < count; i++, step = step->next)
        found[i] = weir__reply_number(step->reply) > 0;
    weir__trip_clear(trip);
    return rc;
}

static int
ask(struct weir__redis_backend *b, const char *const *names, size_t count,
    const enum weir__key *keys, bool *found, weir_error *err)
{
    struct weir__trip trip;
    bool any = false;
    int rc;

    weir__trip_init(&trip, b);
    rc = ask_together(&trip, names, count, keys, &any, err);
    if (rc == 0 && any && count == 1)
        found[0] = true;
    else if (rc == 0 && any)
        rc = ask_each(&trip, names, count, keys, found, err);
    weir__trip_release(&trip);
    return rc;
}

int
weir__nonempty(struct weir__redis_backend *b, const char *const *names, size_t count,
               const enum weir__key *keys, bool *found, weir_error *err)
{
    int rc = 0;

    memset(found, 0, count * sizeof *found);
    for (size_t i = 0; rc == 0 && i < count; i += WEIR__UPKEEP_QUEUES) {
        size_t left = count - i;

        rc = ask(b, names + i, left < WEIR__UPKEEP_QUEUES ? left : WEIR__UPKEEP_QUEUES, keys,
                 found + i, err);
    }
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * One trip: the finishes and starts of each queue, then the takes. A second one only for what is missing.
 *
 * When the reply of a take was lost for good, nobody holds what it took, yet to the store it has started. Such
 * requests are remembered and their tasks put back as soon as Redis answers again (lost.h).
 */
#include <config.h>

#include "finish.h"
#include "lost.h"
#include "take.h"

struct consuming {
    struct weir__redis_backend *b;
    const weir_request_id *request;
    int64_t now_ms;
    weir_consume *work;
    struct weir__groups finishes;
    struct weir__groups starts;
    struct weir__taking taking;
};

static int
add_all(struct consuming *c, struct weir__trip *trip)
{
    weir_consume *work = c->work;
    int rc = weir__finish_add(&c->finishes, trip, c->request, c->now_ms, work->finishes,
                              work->finish_count);

    if (rc == 0)
        rc = weir__start_add(&c->starts, &c->finishes, trip, c->request, c->now_ms, work->starts,
                             work->start_count);
    if (rc == 0 && work->take)
        rc = weir__take_add(&c->taking, trip, c->now_ms);
    return rc;
}

static void
refuse_all(weir_consume *work, int rc)
{
    for (size_t i = 0; i < work->finish_count; i++)
        work->finishes[i].outcome = rc;
    for (size_t i = 0; i < work->start_count; i++)
        work->starts[i].result = rc;
}

/* The second trip; its replies hold the claims' bytes, so that the caller keeps it until they are given. */
static int
take_more(struct consuming *c, struct weir__trip *more, weir_error *err)
{
    int rc;

    if (c->taking.claims.count >= c->work->take->max)
        return 0;
    rc = weir__take_add_more(&c->taking, more);
    if (rc < 0)
        return weir_error_set(err, rc, NULL);
    rc = weir__trip_run(more, err);
    if (rc == 0)
        rc = weir__take_read(&c->taking, more, err);
    return rc;
}

static int
give(struct consuming *c, struct weir__trip *trip, weir_error *err)
{
    weir_take *take = c->work->take;
    struct weir__trip more;
    int rc = weir__take_read(&c->taking, trip, err);

    weir__trip_init(&more, c->b);
    more.writes = true;
    if (rc == 0)
        rc = take_more(c, &more, err);
    if (rc == 0)
        rc = weir__take_start(&c->taking, c->b, err);
    if (rc == 0)
        rc = weir__claimed_give(c->b, &c->taking.claims, c->request, take->lease_ms, c->now_ms,
                                take->sink, take->sink_arg, err);
    else if (rc != WEIR_E_UNKNOWN)
        weir__claimed_return(c->b, &c->taking.claims, c->request, c->now_ms);
    weir__trip_release(&more);
    return rc;
}

static void
note_lost_takes(struct consuming *c, bool lost)
{
    const weir_take *take = c->work->take;

    if (!lost) {
        weir__lost_found(c->b->lost, c->request);
        return;
    }
    for (size_t i = 0; i < take->queue_count; i++)
        weir__lost_note(c->b->lost, take->queues[i].name, c->request);
}

static int
run(struct consuming *c, struct weir__trip *trip, weir_error *err)
{
    weir_consume *work = c->work;
    int rc = weir__trip_run(trip, err);

    weir__finish_results(c->b, &c->finishes, work->finishes, work->finish_count);
    weir__start_results(&c->starts, work->starts);
    if (!work->take)
        return rc;
    if (rc == 0)
        rc = give(c, trip, err);
    note_lost_takes(c, rc < 0);
    return rc;
}

int
weir__redis_consume(void *self, const weir_request_id *request, int64_t now_ms, weir_consume *work,
                    weir_error *err)
{
    struct consuming c = {.b = self, .request = request, .now_ms = now_ms, .work = work};
    struct weir__trip trip;
    int rc;

    c.taking.take = work->take;
    c.taking.request = request;
    weir__trip_init(&trip, self);
    trip.writes = true;
    rc = add_all(&c, &trip);
    if (rc == 0) {
        rc = run(&c, &trip, err);
    } else {
        weir_error_set(err, rc, NULL);
        refuse_all(work, rc);
    }
    weir__trip_release(&trip);
    return rc;
}

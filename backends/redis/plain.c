/* SPDX-License-Identifier: MIT */
/*
 * Whether a call goes without a script, and the connection that it goes on.
 */
#include <config.h>

#include "plaincall.h"
#include "trip.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FENCE_TTL_S "60"
#define TRIES 3 /* connections that turn out to be broken before anything was done */

bool
weir__plain_fits(struct weir__redis_backend *b, const weir_request_id *request,
                 const weir_enqueue_item *items, size_t count)
{
    if (request->tries > 0 || count == 0 || atomic_load(&b->plain_refused))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!items[i].fresh || items[i].unique_ttl_ms > 0 ||
            items[i].task->state != WEIR_STATE_PENDING ||
            strcmp(items[i].task->queue, items[0].task->queue) != 0)
            return false;
    }
    return true;
}

const char *
weir__plain_fence_key(struct weir__redis_backend *b, const weir_request_id *request,
                      struct weir__space *space)
{
    return weir__space_text(space, "%sweir:fence:%016" PRIx64, b->prefix, request->instance);
}

int
weir__plain_fence(struct weir__redis_backend *b, const weir_request_id *request, weir_error *err)
{
    struct weir__trip trip;
    struct weir__step *step;
    int rc;

    if (!atomic_load(&b->plain_used))
        return 0;
    weir__trip_init(&trip, b);
    step = weir__trip_command(&trip, "SET");
    weir__step_text(step, weir__plain_fence_key(b, request, &trip.space));
    weir__step_number(step, (int64_t)request->number);
    weir__step_text(step, "EX");
    weir__step_text(step, FENCE_TTL_S);
    rc = weir__trip_run(&trip, err);
    weir__trip_release(&trip);
    return rc;
}

int
weir__plain_set_all(struct plain *p, int rc)
{
    for (size_t i = 0; i < p->count; i++)
        p->items[i].result = rc;
    return rc;
}

/* An error that tells that the server, or the user's rights, will not do it. */
static bool
is_refusal(const redisReply *reply)
{
    return weir__redis_reply_is(reply, "NOPERM") || weir__redis_reply_is(reply, "ERR");
}

/* Begins to watch. An empty transaction first: without the right to one, what should be queued would be executed. */
static bool
watch(struct plain *p)
{
    int rc = WEIR__PLAIN_WRITE(p, "MULTI");
    bool watches = true;

    rc = rc == 0 ? WEIR__PLAIN_WRITE(p, "EXEC") : rc;
    rc = rc == 0 ? weir__plain_write_watch(p) : rc;
    for (int i = 0; rc == 0 && i < 3; i++) {
        redisReply *reply = NULL;

        rc = weir__redis_reply(p->conn, &reply, NULL);
        if (rc == 0 && reply->type == REDIS_REPLY_ERROR) {
            watches = false;
            if (is_refusal(reply))
                atomic_store(&p->b->plain_refused, true);
        }
        freeReplyObject(reply);
    }
    watches = watches && rc == 0;
    if (!watches)
        weir__redis_spoil(p->conn);
    return watches;
}

/* Nothing of it was done: EXEC was not sent. */
static int
give_up(struct plain *p, int rc)
{
    weir__redis_spoil(p->conn);
    if (weir__redis_conn_alive(p->conn))
        return weir__plain_set_all(p, weir_error_set(p->err, rc, NULL));
    return weir__plain_set_all(p, weir_error_set(p->err, WEIR_E_UNAVAILABLE,
                                                 "the connection to Redis at %s was lost",
                                                 weir__redis_conn_where(p->conn)));
}

static int
exchange(struct plain *p)
{
    uint64_t *note = weir__redis_conn_note(p->conn);
    int rc;

    if (!(*note & WEIR__NOTE_WATCHES) && !watch(p))
        return WEIR__PLAIN_NOT_DONE;
    *note &= ~WEIR__NOTE_WATCHES;
    atomic_store(&p->b->plain_used, true);
    rc = weir__plain_write(p);
    return rc < 0 ? give_up(p, rc) : weir__plain_read(p);
}

/* One connection. *again: it was broken before EXEC was out, and nothing was done. */
static int
try_once(struct plain *p, bool *again)
{
    int rc = weir__redis_acquire(p->b->conns, &p->conn, p->err);

    *again = false;
    if (rc < 0)
        return weir__plain_set_all(p, rc);
    rc = exchange(p);
    *again = rc == WEIR_E_UNAVAILABLE && !weir__redis_conn_alive(p->conn);
    if (p->done && !p->astray && weir__redis_wait_replicas(p->conn, p->err) < 0)
        rc = weir__plain_set_all(p, WEIR_E_UNKNOWN);
    weir__redis_release(p->b->conns, p->conn);
    if (p->astray) {
        weir__plain_take_back(p);
        weir__plain_set_all(p, rc);
    }
    return rc;
}

int
weir__plain_enqueue(struct weir__redis_backend *b, const weir_request_id *request, int64_t now_ms,
                    weir_enqueue_item *items, size_t count, weir_error *err)
{
    weir_error told = {0};
    struct plain p = {.b = b, .request = request, .items = items, .count = count, .err = &told};
    bool again = true;
    int rc;

    weir__space_init(&p.space);
    snprintf(p.since, sizeof p.since, "%" PRId64 "000000", now_ms);
    rc = weir__queue_init(&p.queue, b->prefix, items[0].task->queue, now_ms, &p.space);
    rc = rc == 0 ? weir__queue_lane(&p.queue, request, "", &p.space) : rc;
    if (rc < 0)
        weir__plain_set_all(&p, weir_error_set(&told, rc, NULL));
    for (int tries = 0; rc == 0 && again && tries < TRIES; tries++) {
        weir_error_clear(&told);
        rc = try_once(&p, &again);
        rc = again && tries + 1 < TRIES ? 0 : rc;
    }
    weir__space_release(&p.space);
    return rc < 0 ? weir_error_set(err, rc, "%s", told.text) : rc;
}

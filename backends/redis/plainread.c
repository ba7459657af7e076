/* SPDX-License-Identifier: MIT */
/*
 * The first error of a command that was to be queued is why the transaction was not done. In one that was done, a
 * command can still have failed: where the list could not be written (another program's key in its place), everything is
 * taken back.
 */
#include <config.h>

#include "plaincall.h"
#include "trip.h"

#define QUEUED "+QUEUED\r\n"

/* Passes over an error: the first tells why the transaction was not done. */
static void
note_error(struct plain *p, const redisReply *reply, weir_error *why)
{
    weir_error told = {0};
    int rc = why->code == 0 ? weir__redis_reply_error(p->conn, reply, &told) : 0;

    if (rc < 0)
        weir_error_set(why, rc, "%s", told.text);
}

/* The replies up to EXEC's. False when a command was not queued but executed: there was no transaction. */
static bool
read_queued(struct plain *p, weir_error *why)
{
    size_t left = WEIR__PLAIN_BEFORE + p->count + WEIR__PLAIN_BEHIND;
    bool queued = true;

    if (weir__redis_pass(p->conn, "+OK\r\n", 1) == 0)
        left++;
    while (left > 0) {
        redisReply *reply = NULL;
        size_t passed = weir__redis_pass(p->conn, QUEUED, left);

        left -= passed;
        if (passed > 0)
            continue;
        left--;
        if (weir__redis_reply(p->conn, &reply, NULL) < 0)
            continue;
        queued = queued && reply->type == REDIS_REPLY_ERROR;
        note_error(p, reply, why);
        freeReplyObject(reply);
    }
    return queued;
}

void
weir__plain_take_back(struct plain *p)
{
    size_t len = 0;
    struct weir__step *step;
    struct weir__trip trip;

    weir__trip_init(&trip, p->b);
    step = weir__trip_command(&trip, "DEL");
    weir__step_text(step, weir__queue_key(&p->queue, WEIR__KEY_LANE, &trip.space, &len));
    for (size_t i = 0; i < p->count; i++) {
        if (p->items[i].result == 0)
            weir__step_text(step, weir__space_text(&trip.space, "%st:%s", p->queue.prefix,
                                                   p->items[i].task->id));
    }
    weir__trip_run(&trip, NULL);
    weir__trip_release(&trip);
}

/* What `count` commands of one kind said: `usual`, mostly. items has their results, or is NULL. Returns how many
 * failed, or the code of replies that did not come. */
static int
read_done(struct plain *p, const char *usual, size_t count, weir_enqueue_item *items,
          weir_error *why)
{
    int failed = 0;

    for (size_t i = 0; i < count; i++) {
        redisReply *reply = NULL;
        int rc;

        i += weir__redis_pass(p->conn, usual, count - i);
        if (i == count)
            break;
        rc = weir__redis_reply(p->conn, &reply, p->err);
        if (rc < 0)
            return rc;
        if (reply->type == REDIS_REPLY_ERROR) {
            failed++;
            note_error(p, reply, why);
            if (items)
                items[i].result = why->code;
        }
        freeReplyObject(reply);
    }
    return failed;
}

static int
read_executed(struct plain *p)
{
    weir_error why = {0};
    int pushed = 0;
    int rc;

    weir__plain_set_all(p, 0);
    rc = read_done(p, ":0\r\n", WEIR__PLAIN_BEFORE, NULL, &why);
    rc = rc < 0 ? rc : read_done(p, ":3\r\n", p->count, p->items, &why);
    rc = rc < 0 ? rc : (pushed = read_done(p, ":1\r\n", 1, NULL, &why));
    rc = rc < 0 ? rc : read_done(p, "+OK\r\n", 1, NULL, &why);
    if (rc < 0)
        return weir__plain_set_all(p, rc);
    p->done = true;
    p->astray = pushed > 0;
    return why.code < 0 ? weir_error_set(p->err, why.code, "%s", why.text) : 0;
}

/* EXEC did nothing. */
static int
judge_refused(struct plain *p, const redisReply *reply, weir_error *why)
{
    if (reply->type == REDIS_REPLY_ERROR)
        note_error(p, reply, why);
    if (why->code < 0)
        return weir_error_set(p->err, why->code, "%s", why->text);
    if (reply->type == REDIS_REPLY_NIL)
        return WEIR__PLAIN_NOT_DONE;
    return weir__bad_reply(p->err, "EXEC");
}

static int
read_refused(struct plain *p, bool queued, weir_error *why)
{
    redisReply *reply = NULL;
    int rc = weir__redis_reply(p->conn, &reply, p->err);

    if (rc == 0 && !queued) {
        weir__redis_spoil(p->conn);
        rc = weir_error_set(p->err, WEIR_E_UNKNOWN,
                            "Redis executed commands of a transaction one by one");
    }
    rc = rc == 0 ? judge_refused(p, reply, why) : rc;
    freeReplyObject(reply);
    return rc < 0 ? weir__plain_set_all(p, rc) : rc;
}

/* The reply is taken, whatever it is: who asks for more on this connection must not find it. */
static void
read_watch(struct plain *p)
{
    redisReply *reply = NULL;

    if (weir__redis_pass(p->conn, "+OK\r\n", 1) == 1) {
        *weir__redis_conn_note(p->conn) |= WEIR__NOTE_WATCHES;
        return;
    }
    weir__redis_spoil(p->conn);
    weir__redis_reply(p->conn, &reply, NULL);
    freeReplyObject(reply);
}

int
weir__plain_read(struct plain *p)
{
    weir_error why = {0};
    bool queued = read_queued(p, &why);
    bool executed = weir__redis_enter(p->conn, WEIR__PLAIN_BEFORE + p->count + WEIR__PLAIN_BEHIND);
    int rc = executed ? read_executed(p) : read_refused(p, queued, &why);

    read_watch(p);
    return rc;
}

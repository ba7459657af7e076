/* SPDX-License-Identifier: MIT */
/*
 * A connection that fails gives each step that is still open the code that is true for it: not executed, or unknown.
 *
 * Steps are executed in their order: a script goes out before the first step of a connection that calls it. One that the
 * server forgot since (SCRIPT FLUSH) is sent once more, and its step then comes last.
 */
#include <config.h>

#include "trip.h"

#include <stdlib.h>
#include <string.h>

void
weir__trip_init(struct weir__trip *trip, struct weir__redis_backend *b)
{
    weir__space_init(&trip->space);
    trip->b = b;
    trip->first = NULL;
    trip->last = &trip->first;
    trip->writes = false;
    trip->nomem = false;
}

void
weir__trip_clear(struct weir__trip *trip)
{
    for (struct weir__step *step = trip->first; step; step = step->next) {
        if (step->reply)
            freeReplyObject(step->reply);
        step->reply = NULL;
    }
    trip->first = NULL;
    trip->last = &trip->first;
}

void
weir__trip_release(struct weir__trip *trip)
{
    weir__trip_clear(trip);
    weir__space_release(&trip->space);
}

static struct weir__step *
new_step(struct weir__trip *trip)
{
    struct weir__step *step = weir__space_alloc(&trip->space, sizeof *step);

    if (!step) {
        trip->nomem = true;
        return NULL;
    }
    *step = (struct weir__step){.trip = trip, .script = WEIR__SCRIPT_NONE};
    *trip->last = step;
    trip->last = &step->next;
    return step;
}

static int
grow(struct weir__step *step)
{
    struct weir__space *space = &step->trip->space;
    size_t room = step->room ? step->room * 4 : 32;
    const char **argv = weir__space_alloc(space, room * sizeof *argv);
    size_t *lens = weir__space_alloc(space, room * sizeof *lens);

    if (!argv || !lens) {
        step->trip->nomem = true;
        return -1;
    }
    if (step->argc > 0) {
        memcpy(argv, step->argv, step->argc * sizeof *argv);
        memcpy(lens, step->lens, step->argc * sizeof *lens);
    }
    step->argv = argv;
    step->lens = lens;
    step->room = room;
    return 0;
}

void
weir__step_bytes(struct weir__step *step, const void *data, size_t len)
{
    if (!step)
        return;
    if (!data && len > 0) {
        step->trip->nomem = true;
        return;
    }
    if (step->argc == step->room && grow(step) < 0)
        return;
    step->argv[step->argc] = data ? data : "";
    step->lens[step->argc] = len;
    step->argc++;
}

void
weir__step_text(struct weir__step *step, const char *text)
{
    if (step && !text)
        step->trip->nomem = true;
    else if (step)
        weir__step_bytes(step, text, strlen(text));
}

void
weir__step_number(struct weir__step *step, int64_t value)
{
    size_t len = 0;

    if (!step)
        return;
    if (value >= 0 && value <= 9)
        weir__step_bytes(step, &"0123456789"[value], 1);
    else
        weir__step_text(step, weir__space_number(&step->trip->space, value, &len));
}

void
weir__step_key(struct weir__step *step, const struct weir__queue *queue, enum weir__key key)
{
    size_t len = 0;

    if (step)
        weir__step_text(step, weir__queue_key(queue, key, &step->trip->space, &len));
}

struct weir__step *
weir__trip_command(struct weir__trip *trip, const char *name)
{
    struct weir__step *step = new_step(trip);

    weir__step_text(step, name);
    return step;
}

static struct weir__step *
script_step(struct weir__trip *trip, enum weir__script script, size_t key_count)
{
    struct weir__step *step = weir__trip_command(trip, "EVALSHA");

    if (!step)
        return NULL;
    step->script = script;
    weir__step_bytes(step, trip->b->digests.hex[script], 40);
    weir__step_number(step, (int64_t)key_count);
    return step;
}

struct weir__step *
weir__trip_script(struct weir__trip *trip, enum weir__script script,
                  const struct weir__queue *queue)
{
    const enum weir__key *keys = weir__script_keys(script);
    struct weir__step *step;
    size_t count = 0;

    while (keys[count] != WEIR__KEY_NONE)
        count++;
    step = script_step(trip, script, count);
    for (size_t i = 0; i < count; i++)
        weir__step_key(step, queue, keys[i]);
    return step;
}

struct weir__step *
weir__trip_script_on(struct weir__trip *trip, enum weir__script script, size_t key_count,
                     const char *const *keys)
{
    struct weir__step *step = script_step(trip, script, key_count);

    for (size_t i = 0; i < key_count; i++)
        weir__step_text(step, keys[i]);
    return step;
}

static int
append_load(struct weir__redis_conn *conn, enum weir__script script, weir_error *err)
{
    const char *argv[] = {"SCRIPT", "LOAD", weir__redis_lua[script].text};
    const size_t lens[] = {6, 4, weir__redis_lua[script].len};

    return weir__redis_append(conn, 3, argv, lens, err);
}

static int
append(struct weir__redis_conn *conn, struct weir__step *step, weir_error *err)
{
    uint64_t *loaded = weir__redis_conn_note(conn);
    int rc = 0;

    step->loads = step->script != WEIR__SCRIPT_NONE && !(*loaded & WEIR__NOTE_SCRIPT(step->script));
    if (step->loads) {
        rc = append_load(conn, step->script, err);
        *loaded |= WEIR__NOTE_SCRIPT(step->script);
    }
    if (rc == 0)
        rc = weir__redis_append(conn, (int)step->argc, step->argv, step->lens, err);
    return rc;
}

static void
read_step(struct weir__redis_conn *conn, struct weir__step *step, weir_error *err)
{
    redisReply *reply = NULL;

    if (step->loads) {
        step->rc = weir__redis_reply(conn, &reply, err);
        if (reply)
            freeReplyObject(reply);
        if (step->rc < 0)
            return;
    }
    step->rc = weir__redis_reply(conn, &reply, err);
    step->reply = reply;
}

/* Sends again, with their scripts, the steps whose scripts the server does not know. */
static void
reload(struct weir__redis_conn *conn, struct weir__step *first, weir_error *err)
{
    for (struct weir__step *step = first; step; step = step->next) {
        if (step->script == WEIR__SCRIPT_NONE || !step->reply ||
            !weir__redis_reply_is(step->reply, "NOSCRIPT"))
            continue;
        freeReplyObject(step->reply);
        step->reply = NULL;
        *weir__redis_conn_note(conn) &= ~WEIR__NOTE_SCRIPT(step->script);
        step->rc = append(conn, step, err);
        if (step->rc == 0)
            read_step(conn, step, err);
    }
}

static void
judge(struct weir__redis_conn *conn, struct weir__step *step, weir_error *err)
{
    if (!step->reply)
        return;
    if (weir__redis_reply_is(step->reply, "STALE"))
        step->rc = weir_error_set(err, WEIR_E_STALE, "a later request of this lane was served");
    else
        step->rc = weir__redis_reply_error(conn, step->reply, err);
    if (step->rc == 0)
        return;
    freeReplyObject(step->reply);
    step->reply = NULL;
}

static void
exchange(struct weir__redis_conn *conn, struct weir__step *first, weir_error *err)
{
    struct weir__step *step;
    int rc = 0;

    for (step = first; step; step = step->next) {
        if (rc == 0)
            rc = append(conn, step, err);
        step->rc = rc;
    }
    for (step = first; step; step = step->next) {
        if (step->rc == 0)
            read_step(conn, step, err);
    }
    reload(conn, first, err);
    for (step = first; step; step = step->next)
        judge(conn, step, err);
}

/* What the replicas do not have yet may still be lost: then nothing is certain. */
static void
wait_replicas(struct weir__redis_conn *conn, struct weir__step *first, weir_error *err)
{
    int rc = weir__redis_wait_replicas(conn, err);

    for (struct weir__step *step = first; rc < 0 && step; step = step->next) {
        if (step->rc < 0)
            continue;
        freeReplyObject(step->reply);
        step->reply = NULL;
        step->rc = WEIR_E_UNKNOWN;
    }
}

/* The code of the whole: that of steps that were certainly not done comes before "unknown". */
static int
whole(const struct weir__step *first)
{
    int rc = 0;

    for (const struct weir__step *step = first; step; step = step->next) {
        if (step->rc < 0 && (rc == 0 || rc == WEIR_E_UNKNOWN))
            rc = step->rc;
    }
    return rc;
}

/* True when the connection broke before any step was out: then they can go out on another one. */
static bool
is_untouched(const struct weir__step *first)
{
    for (const struct weir__step *step = first; step; step = step->next) {
        if (step->rc != WEIR_E_UNAVAILABLE)
            return false;
    }
    return true;
}

static int
set_all(struct weir__step *first, int rc)
{
    for (struct weir__step *step = first; step; step = step->next)
        step->rc = rc;
    return rc;
}

static int
try_once(struct weir__trip *trip, struct weir__step *first, bool *again, weir_error *err)
{
    struct weir__redis_conn *conn = NULL;
    int rc = weir__redis_acquire(trip->b->conns, &conn, err);

    *again = false;
    if (rc < 0)
        return set_all(first, rc);
    exchange(conn, first, err);
    *again = is_untouched(first) && !weir__redis_conn_alive(conn);
    if (trip->writes && !*again)
        wait_replicas(conn, first, err);
    weir__redis_release(trip->b->conns, conn);
    return whole(first);
}

int
weir__trip_run_from(struct weir__trip *trip, struct weir__step **from, weir_error *err)
{
    struct weir__step *first = *from;
    weir_error tried = {0};
    bool again = true;
    int rc = 0;

    if (trip->nomem)
        return set_all(first, weir_error_set(err, WEIR_E_NOMEM, NULL));
    if (!first)
        return 0;
    for (int tries = 0; tries < 3 && again; tries++) {
        weir_error_clear(&tried);
        rc = try_once(trip, first, &again, &tried);
    }
    return rc < 0 ? weir_error_set(err, rc, "%s", tried.text) : 0;
}

int
weir__trip_run(struct weir__trip *trip, weir_error *err)
{
    return weir__trip_run_from(trip, &trip->first, err);
}

int64_t
weir__reply_number(const redisReply *reply)
{
    if (!reply)
        return 0;
    if (reply->type == REDIS_REPLY_INTEGER)
        return reply->integer;
    return reply->str ? strtoll(reply->str, NULL, 10) : 0;
}

const char *
weir__reply_text(const redisReply *reply, size_t *len)
{
    if (!reply || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS))
        return NULL;
    if (len)
        *len = reply->len;
    return reply->str;
}

const redisReply *
weir__reply_at(const redisReply *reply, size_t i)
{
    if (!reply || reply->type != REDIS_REPLY_ARRAY || i >= reply->elements)
        return NULL;
    return reply->element[i];
}

int
weir__bad_reply(weir_error *err, const char *what)
{
    return weir_error_set(err, WEIR_E_INTERNAL, "redis: %s gave an answer of another form", what);
}

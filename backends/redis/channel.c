/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "channel.h"

#include "tls.h"

#include <stdio.h>
#include <string.h>

#define TRY_EVERY_MS 15000
#define PATH_KEY_TTL_MS "60000"
#define INVALIDATE "__redis__:invalidate"

int
weir__redis_channel_init(struct weir__redis_channel *ch, struct weir__redis *r,
                         const weir_clock *clock, weir_logger *logger, weir_error *err)
{
    const char *prefix = weir__redis_options(r)->prefix;
    uint64_t id = 0;

    memset(ch, 0, sizeof *ch);
    ch->r = r;
    ch->logger = logger;
    clock->random(clock->ctx, &id, sizeof id);
    int n = snprintf(ch->path_key, sizeof ch->path_key, "%sweir:path:%016llx", prefix,
                     (unsigned long long)id);
    snprintf(ch->cancel, sizeof ch->cancel, "%scancel", prefix);
    return n < (int)sizeof ch->path_key
               ? 0
               : weir_error_set(err, WEIR_E_URL, "the prefix of the Redis URL is too long");
}

/* ---- opening ---- */

static int
subscribe(struct weir__redis_channel *ch, const char *channel, weir_error *err)
{
    const char *argv[] = {"SUBSCRIBE", channel};

    return weir__redis_command(ch->ear, NULL, 2, argv, NULL, err);
}

static int
open_ear(struct weir__redis_channel *ch, long long *id, weir_error *err)
{
    const char *argv[] = {"CLIENT", "ID"};
    redisReply *reply = NULL;
    int rc = weir__redis_connect(ch->r, false, &ch->ear, err);

    if (rc == 0) {
        rc = weir__redis_command(ch->ear, &reply, 2, argv, NULL, err);
    }
    if (rc == 0) {
        *id = reply->integer;
        rc = subscribe(ch, INVALIDATE, err);
    }
    freeReplyObject(reply);
    return rc == 0 ? subscribe(ch, ch->cancel, err) : rc;
}

/* Servers before 6.0, and accounts that may not. */
static bool
refuses_tracking(const redisReply *reply)
{
    return weir__redis_reply_is(reply, "NOPERM") || weir__redis_reply_is(reply, "ERR");
}

static int
track(struct weir__redis_channel *ch, long long id, weir_error *err)
{
    char number[24];
    const char *argv[] = {"CLIENT", "TRACKING", "ON", "REDIRECT", number};
    redisReply *reply = NULL;

    snprintf(number, sizeof number, "%lld", id);
    int rc = weir__redis_append(ch->eye, 5, argv, NULL, err);
    if (rc == 0) {
        rc = weir__redis_reply(ch->eye, &reply, err);
    }
    ch->deaf = rc == 0 && refuses_tracking(reply);
    if (ch->deaf && !ch->deaf_logged) {
        ch->deaf_logged = true;
        weir_log(ch->logger, WEIR_LOG_WARN, "redis refuses CLIENT TRACKING: looking at intervals",
                 weir_log_str("error", reply->str));
    }
    if (rc == 0 && !ch->deaf) {
        rc = weir__redis_reply_error(ch->eye, reply, err);
    }
    freeReplyObject(reply);
    return rc;
}

int
weir__redis_channel_open(struct weir__redis_channel *ch, weir_error *err)
{
    long long id = 0;
    int rc = open_ear(ch, &id, err);

    if (rc == 0) {
        rc = weir__redis_connect(ch->r, false, &ch->eye, err);
    }
    if (rc == 0) {
        rc = track(ch, id, err);
    }
    if (rc == 0 && ch->ear->epoch != ch->eye->epoch) {
        rc = weir_error_set(err, WEIR_E_UNAVAILABLE, "Redis moved while connections were made");
    }
    if (rc != 0) {
        weir__redis_channel_close(ch);
        return rc;
    }
    ch->try_at_ms = weir__redis_now_ms() + TRY_EVERY_MS;
    ch->heard_by_ms = 0;
    return 0;
}

void
weir__redis_channel_close(struct weir__redis_channel *ch)
{
    weir__redis_hang_up(ch->ear);
    weir__redis_hang_up(ch->eye);
    ch->ear = NULL;
    ch->eye = NULL;
}

/* ---- hearing ---- */

static bool
is_text(const redisReply *r, const char *text)
{
    return r->type == REDIS_REPLY_STRING && strcmp(r->str, text) == 0;
}

static void
take_key(struct weir__redis_channel *ch, const struct weir__redis_news *news, const redisReply *key)
{
    if (is_text(key, ch->path_key)) {
        ch->heard_by_ms = 0;
    } else if (key->type == REDIS_REPLY_STRING) {
        news->changed(news->arg, key->str, (size_t)key->len);
    }
}

/* ["message", channel, string or array of keys or nil] */
static void
take_message(struct weir__redis_channel *ch, const struct weir__redis_news *news,
             const redisReply *message)
{
    if (message->type != REDIS_REPLY_ARRAY || message->elements != 3 ||
        !is_text(message->element[0], "message")) {
        return;
    }
    const redisReply *body = message->element[2];
    if (is_text(message->element[1], ch->cancel) && body->type == REDIS_REPLY_STRING) {
        news->cancelled(news->arg, body->str, (size_t)body->len);
    } else if (body->type == REDIS_REPLY_NIL) {
        ch->heard_by_ms = 0;
        news->changed(news->arg, NULL, 0);
    } else if (body->type == REDIS_REPLY_ARRAY) {
        for (size_t i = 0; i < body->elements; i++) {
            take_key(ch, news, body->element[i]);
        }
    }
}

int
weir__redis_channel_hear(struct weir__redis_channel *ch, const struct weir__redis_news *news,
                         weir_error *err)
{
    redisReply *message = NULL;
    int rc;

    do {
        rc = weir__redis_try_reply(ch->ear, &message, err);
        if (rc == 0 && message != NULL) {
            take_message(ch, news, message);
            freeReplyObject(message);
        }
    } while (rc == 0 &&
             (message != NULL || (ch->ear->tls && weir__redis_tls_pending(ch->ear->ctx))));
    if (rc == 0 && weir__redis_gone(ch->eye)) {
        rc = weir_error_set(err, WEIR_E_UNAVAILABLE, "the connection to Redis at %s was lost",
                            ch->eye->where);
    }
    return rc;
}

/* ---- trying ---- */

int64_t
weir__redis_channel_next_ms(const struct weir__redis_channel *ch)
{
    return ch->heard_by_ms != 0 ? ch->heard_by_ms : ch->try_at_ms;
}

/* A Redis that takes no writes at present is reached all the same. */
static int
write_path(struct weir__redis_channel *ch, int64_t now_ms, weir_error *err)
{
    const char *look[] = {"EXISTS", ch->path_key};
    const char *set[] = {"SET", ch->path_key, "1", "PX", PATH_KEY_TTL_MS};
    weir_error ignored = {0};
    redisReply *reply = NULL;
    int rc = weir__redis_command(ch->eye, NULL, 2, look, NULL, err);

    if (rc != 0) {
        return rc;
    }
    ch->heard_by_ms = now_ms + weir__redis_options(ch->r)->timeout_ms;
    rc = weir__redis_append(ch->eye, 5, set, NULL, err);
    if (rc == 0) {
        rc = weir__redis_reply(ch->eye, &reply, err);
    }
    if (rc == 0 && weir__redis_reply_error(ch->eye, reply, &ignored) != 0) {
        ch->heard_by_ms = 0;
    }
    freeReplyObject(reply);
    if (rc == 0 && ch->eye->unfit) {
        rc = weir_error_set(err, ignored.code, "%s", ignored.text);
    }
    return rc;
}

int
weir__redis_channel_try(struct weir__redis_channel *ch, int64_t now_ms, weir_error *err)
{
    if (ch->heard_by_ms != 0 && now_ms >= ch->heard_by_ms) {
        return weir_error_set(err, WEIR_E_UNAVAILABLE, "no more messages come from Redis at %s",
                              ch->ear->where);
    }
    if (ch->heard_by_ms != 0 || now_ms < ch->try_at_ms) {
        return 0;
    }
    if (!weir__redis_is_current(ch->r, ch->eye)) {
        return weir_error_set(err, WEIR_E_UNAVAILABLE, "Redis at %s is not the master any more",
                              ch->ear->where);
    }
    ch->try_at_ms = now_ms + TRY_EVERY_MS;
    return ch->deaf ? 0 : write_path(ch, now_ms, err);
}

/* SPDX-License-Identifier: MIT */
/*
 * One command with one answer, and what an error reply means for the connection, its pool and the caller.
 */
#include <config.h>

#include "link.h"

#include <string.h>

bool
weir__redis_reply_is(const redisReply *reply, const char *word)
{
    size_t len = strlen(word);

    return reply->type == REDIS_REPLY_ERROR && (size_t)reply->len >= len &&
           memcmp(reply->str, word, len) == 0 &&
           (reply->str[len] == ' ' || reply->str[len] == '\0');
}

static int
describe(const struct weir__redis_conn *c, const struct weir__redis_meaning *m, int code,
         const char *text, weir_error *err)
{
    if ((m->flags & WEIR__REDIS_ECHOES) != 0) {
        return weir_error_set(err, code, "%s (Redis at %s)", m->explain, c->where);
    }
    if (m->explain == NULL) {
        return weir_error_set(err, code, "Redis at %s: %.250s", c->where, text);
    }
    return weir_error_set(err, code, "%s (Redis at %s: %.250s)", m->explain, c->where, text);
}

int
weir__redis_reply_error(struct weir__redis_conn *conn, const redisReply *reply, weir_error *err)
{
    weir_error told = {0};

    if (reply->type != REDIS_REPLY_ERROR) {
        return 0;
    }
    const struct weir__redis_meaning *m = weir__redis_meaning(reply->str, (size_t)reply->len);
    bool moved = (m->flags & WEIR__REDIS_MOVED) != 0;
    int code = moved && conn->options->kind == WEIR__REDIS_SENTINEL ? WEIR_E_UNAVAILABLE : m->code;

    conn->unfit = conn->unfit || (m->flags & WEIR__REDIS_DROP) != 0;
    describe(conn, m, code, reply->str, &told);
    if (conn->owner != NULL) {
        weir__redis_note(conn->owner, conn, m, told.text);
    }
    return weir_error_set(err, code, "%s", told.text);
}

int
weir__redis_command(struct weir__redis_conn *conn, redisReply **reply, int argc, const char **argv,
                    const size_t *argvlen, weir_error *err)
{
    redisReply *got = NULL;
    int rc = weir__redis_append(conn, argc, argv, argvlen, err);

    if (reply != NULL) {
        *reply = NULL;
    }
    if (rc == 0) {
        rc = weir__redis_reply(conn, &got, err);
    }
    if (rc == 0) {
        rc = weir__redis_reply_error(conn, got, err);
    }
    if (rc == 0 && reply != NULL) {
        *reply = got;
        return 0;
    }
    freeReplyObject(got);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * What is to be sent, in Redis's protocol: commands gather in the connection's buffer until a reply is asked for.
 */
#include <config.h>

#include "link.h"
#include "protocol.h"

#include <stdlib.h>
#include <string.h>

static bool
reserve(struct weir__redis_conn *c, size_t more)
{
    size_t cap = c->out_cap != 0 ? c->out_cap : 1024;

    while (cap - c->out_len < more) {
        if (cap > SIZE_MAX / 2) {
            return false;
        }
        cap *= 2;
    }
    if (cap != c->out_cap) {
        char *out = realloc(c->out, cap);
        if (out == NULL) {
            return false;
        }
        c->out = out;
        c->out_cap = cap;
    }
    return true;
}

static bool
reserve_end(struct weir__redis_conn *c)
{
    if (c->first + c->waiting < c->ends_cap) {
        return true;
    }
    if (c->first > c->waiting) {
        memmove(c->ends, c->ends + c->first, c->waiting * sizeof c->ends[0]);
        c->first = 0;
        return true;
    }
    size_t cap = c->ends_cap != 0 ? c->ends_cap * 2 : 16;
    uint64_t *ends = realloc(c->ends, cap * sizeof ends[0]);
    if (ends == NULL) {
        return false;
    }
    c->ends = ends;
    c->ends_cap = cap;
    return true;
}

static size_t
arg_len(const char **argv, const size_t *argvlen, int i)
{
    return argvlen != NULL ? argvlen[i] : strlen(argv[i]);
}

int
weir__redis_append(struct weir__redis_conn *conn, int argc, const char **argv,
                   const size_t *argvlen, weir_error *err)
{
    size_t need = WEIR__PUT_ROOM;

    if (conn->failed) {
        return weir_error_set(err, WEIR_E_UNAVAILABLE, "the connection to Redis at %s was lost: %s",
                              conn->where, conn->why);
    }
    for (int i = 0; i < argc; i++) {
        need += arg_len(argv, argvlen, i) + WEIR__PUT_ROOM;
    }
    if (!reserve_end(conn) || !reserve(conn, need)) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    char *at = weir__put_count(conn->out + conn->out_len, '*', (size_t)argc);
    for (int i = 0; i < argc; i++) {
        at = weir__put_bulk(at, argv[i], arg_len(argv, argvlen, i));
    }
    weir__redis_wrote(conn, at);
    return 0;
}

char *
weir__redis_room(struct weir__redis_conn *conn, size_t size)
{
    return !conn->failed && reserve_end(conn) && reserve(conn, size) ? conn->out + conn->out_len
                                                                     : NULL;
}

void
weir__redis_wrote(struct weir__redis_conn *conn, const char *end)
{
    size_t more = (size_t)(end - conn->out) - conn->out_len;

    conn->out_len += more;
    conn->queued += more;
    conn->ends[conn->first + conn->waiting++] = conn->queued;
}

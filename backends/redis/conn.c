/* SPDX-License-Identifier: MIT */
/*
 * Commands and replies over one connection. hiredis reads and parses; the requests are encoded and
 * sent here, because only so it is known how much of them went out, and no write can raise SIGPIPE.
 */
#include <config.h>

#include "link.h"

#include "tls.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* A buffer that grew beyond this for one large batch is given back. */
#define KEEP_BYTES (64 * 1024)

int64_t
weir__redis_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void fail(struct weir__redis_conn *c, const char *format, ...) WEIR_PRINTF_LIKE(2, 3);

static void
fail(struct weir__redis_conn *c, const char *format, ...)
{
    va_list args;

    if (c->failed) {
        return;
    }
    c->failed = true;
    va_start(args, format);
    vsnprintf(c->why, sizeof c->why, format, args);
    va_end(args);
}

/* The error of the next reply on a connection that has failed. */
static int
lost(const struct weir__redis_conn *c, weir_error *err)
{
    bool handshake = c->deadline_ms != 0;
    bool sent = c->waiting > 0 && c->ends[c->first] <= c->sent;

    if (sent && !handshake) {
        return weir_error_set(err, WEIR_E_UNKNOWN,
                              "no reply from Redis at %s (%s): whether it was done is not known",
                              c->where, c->why);
    }
    return weir_error_set(err, WEIR_E_UNAVAILABLE, "the connection to Redis at %s %s: %s", c->where,
                          handshake ? "could not be made" : "was lost", c->why);
}

/* ---- requests ---- */

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

static void
put_header(struct weir__redis_conn *c, char mark, size_t n)
{
    char text[32];
    char *at = text + sizeof text;

    *--at = '\n';
    *--at = '\r';
    do {
        *--at = (char)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    *--at = mark;
    size_t len = (size_t)(text + sizeof text - at);
    memcpy(c->out + c->out_len, at, len);
    c->out_len += len;
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
    size_t need = 32;

    if (conn->failed) {
        return weir_error_set(err, WEIR_E_UNAVAILABLE, "the connection to Redis at %s was lost: %s",
                              conn->where, conn->why);
    }
    for (int i = 0; i < argc; i++) {
        need += arg_len(argv, argvlen, i) + 34;
    }
    if (!reserve_end(conn) || !reserve(conn, need)) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    size_t before = conn->out_len;
    put_header(conn, '*', (size_t)argc);
    for (int i = 0; i < argc; i++) {
        size_t len = arg_len(argv, argvlen, i);
        put_header(conn, '$', len);
        if (len > 0) {
            memcpy(conn->out + conn->out_len, argv[i], len);
        }
        memcpy(conn->out + conn->out_len + len, "\r\n", 2);
        conn->out_len += len + 2;
    }
    conn->queued += conn->out_len - before;
    conn->ends[conn->first + conn->waiting++] = conn->queued;
    return 0;
}

/* ---- waiting ---- */

static int64_t
deadline_of(const struct weir__redis_conn *c)
{
    return c->deadline_ms != 0 ? c->deadline_ms
                               : weir__redis_now_ms() + c->options->timeout_ms + c->extra_ms;
}

/* False, and the connection failed, when the time is over. */
static bool
ready(struct weir__redis_conn *c, short events, int64_t deadline_ms)
{
    for (;;) {
        int64_t left = deadline_ms - weir__redis_now_ms();
        struct pollfd p = {.fd = c->ctx->fd, .events = events};
        int n = poll(&p, 1, left > 0 ? (int)left : 0);
        if (n > 0) {
            return true;
        }
        if (n == 0) {
            fail(c, "timed out");
            return false;
        }
        if (errno != EINTR) {
            fail(c, "poll: %s", strerror(errno));
            return false;
        }
    }
}

static bool
would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

static bool
send_plain(struct weir__redis_conn *c, const char *data, size_t len, int64_t deadline_ms)
{
    while (len > 0) {
        ssize_t n = send(c->ctx->fd, data, len, MSG_NOSIGNAL);
        if (n > 0) {
            data += n;
            len -= (size_t)n;
            c->sent += (uint64_t)n;
            continue;
        }
        if (n < 0 && !would_block()) {
            fail(c, "%s", strerror(errno));
            return false;
        }
        if (!ready(c, POLLOUT, deadline_ms)) {
            return false;
        }
    }
    return true;
}

/* What TLS took may have gone out, whatever it reports. */
static bool
send_tls(struct weir__redis_conn *c, const char *data, size_t len, int64_t deadline_ms)
{
    bool done = false;

    c->sent += len;
    if (redisAppendFormattedCommand(c->ctx, data, len) != REDIS_OK) {
        fail(c, "out of memory");
        return false;
    }
    while (!done) {
        if (weir__redis_tls_write(c->ctx, &done) != REDIS_OK) {
            fail(c, "%s", c->ctx->errstr);
            return false;
        }
        if (!done && !ready(c, POLLIN | POLLOUT, deadline_ms)) {
            return false;
        }
    }
    return true;
}

static bool
send_out(struct weir__redis_conn *c, int64_t deadline_ms)
{
    size_t len = c->out_len;
    bool sent;

    if (len == 0) {
        return true;
    }
    sent = c->tls ? send_tls(c, c->out, len, deadline_ms) : send_plain(c, c->out, len, deadline_ms);
    c->out_len = 0;
    if (c->out_cap > KEEP_BYTES) {
        free(c->out);
        c->out = NULL;
        c->out_cap = 0;
    }
    return sent;
}

/* ---- replies ---- */

static bool
parse(struct weir__redis_conn *c, redisReply **reply)
{
    void *got = NULL;

    if (redisGetReplyFromReader(c->ctx, &got) != REDIS_OK) {
        fail(c, "%s", c->ctx->errstr);
        return false;
    }
    *reply = got;
    return true;
}

static bool
read_in(struct weir__redis_conn *c)
{
    int rc = c->tls ? weir__redis_tls_read(c->ctx) : redisBufferRead(c->ctx);

    if (rc != REDIS_OK) {
        fail(c, "%s",
             c->ctx->err == REDIS_ERR_IO && c->ctx->errstr[0] == '\0' ? strerror(errno)
                                                                      : c->ctx->errstr);
        return false;
    }
    return true;
}

static void
took_one(struct weir__redis_conn *c)
{
    if (c->waiting > 0) {
        c->first++;
        c->waiting--;
    }
    if (c->waiting == 0) {
        c->first = 0;
    }
}

/* A server that turns us away (maxclients) says why, and closes before it has heard anything. */
static bool
last_words(struct weir__redis_conn *c, redisReply **reply)
{
    return c->deadline_ms != 0 && read_in(c) && parse(c, reply) && *reply != NULL;
}

static bool
await(struct weir__redis_conn *c, redisReply **reply)
{
    int64_t deadline_ms = deadline_of(c);

    if (!send_out(c, deadline_ms)) {
        return last_words(c, reply);
    }
    for (;;) {
        if (!parse(c, reply)) {
            return false;
        }
        if (*reply != NULL) {
            return true;
        }
        if (!(c->tls && weir__redis_tls_pending(c->ctx)) && !ready(c, POLLIN, deadline_ms)) {
            return false;
        }
        if (!read_in(c)) {
            return false;
        }
    }
}

int
weir__redis_reply(struct weir__redis_conn *conn, redisReply **reply, weir_error *err)
{
    int rc = 0;

    *reply = NULL;
    if (conn->waiting == 0) {
        return weir_error_set(err, WEIR_E_INTERNAL, "no command to Redis at %s awaits a reply",
                              conn->where);
    }
    if (conn->failed || !await(conn, reply)) {
        rc = lost(conn, err);
    }
    took_one(conn);
    return rc;
}

int
weir__redis_flush(struct weir__redis_conn *conn, weir_error *err)
{
    if (conn->failed || !send_out(conn, deadline_of(conn))) {
        return lost(conn, err);
    }
    return 0;
}

int
weir__redis_try_reply(struct weir__redis_conn *conn, redisReply **reply, weir_error *err)
{
    *reply = NULL;
    if (conn->failed || !parse(conn, reply) ||
        (*reply == NULL && (!read_in(conn) || !parse(conn, reply)))) {
        return lost(conn, err);
    }
    if (*reply != NULL) {
        took_one(conn);
    }
    return 0;
}

void
weir__redis_allow_ms(struct weir__redis_conn *conn, int extra_ms)
{
    conn->extra_ms = extra_ms;
}

bool
weir__redis_gone(const struct weir__redis_conn *conn)
{
    struct pollfd p = {.fd = conn->ctx->fd, .events = POLLIN};

    return conn->failed || poll(&p, 1, 0) != 0;
}

uint64_t *
weir__redis_conn_note(struct weir__redis_conn *conn)
{
    return &conn->note;
}

bool
weir__redis_conn_alive(const struct weir__redis_conn *conn)
{
    return !conn->failed;
}

const char *
weir__redis_conn_where(const struct weir__redis_conn *conn)
{
    return conn->where;
}

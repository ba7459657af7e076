/* SPDX-License-Identifier: MIT */
/*
 * Sending and receiving over one connection. hiredis reads and parses; requests (request.c) are sent here, because only
 * so it is known how much of them went out, and no write can raise SIGPIPE.
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

static ssize_t
send_some(struct weir__redis_conn *c, const char *data, size_t len)
{
    ssize_t n = send(c->ctx->fd, data, len, MSG_NOSIGNAL);

    if (n > 0) {
        c->sent += (uint64_t)n;
    } else if (n < 0 && !would_block()) {
        fail(c, "%s", strerror(errno));
    }
    return n;
}

static bool
send_plain(struct weir__redis_conn *c, const char *data, size_t len, int64_t deadline_ms)
{
    while (len > 0) {
        ssize_t n = send_some(c, data, len);
        if (n > 0) {
            data += n;
            len -= (size_t)n;
            continue;
        }
        if (c->failed || !ready(c, POLLOUT, deadline_ms)) {
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

void
weir__redis_push(struct weir__redis_conn *conn)
{
    ssize_t n;

    if (conn->failed || conn->tls || conn->out_len == 0) {
        return;
    }
    n = send_some(conn, conn->out, conn->out_len);
    if (n > 0) {
        conn->out_len -= (size_t)n;
        memmove(conn->out, conn->out + n, conn->out_len);
    }
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
    if (c->inside > 0 && --c->inside > 0) {
        return;
    }
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

/* What was passed over stays in hiredis's buffer until it parses: once all of it was read, that only frees it. */
static bool
discard_passed(struct weir__redis_conn *c)
{
    const redisReader *in = c->ctx->reader;
    redisReply *none = NULL;

    return in->pos < in->len || in->len == 0 || parse(c, &none);
}

/* Reads on until so many bytes are there, or others than `line` begins with. */
static bool
peek(struct weir__redis_conn *c, const char *line, size_t len, int64_t deadline_ms)
{
    const redisReader *in = c->ctx->reader;

    while (in->len - in->pos < len) {
        if (in->len > in->pos && memcmp(in->buf + in->pos, line, in->len - in->pos) != 0) {
            return false;
        }
        if (!(c->tls && weir__redis_tls_pending(c->ctx)) && !ready(c, POLLIN, deadline_ms)) {
            return false;
        }
        if (!discard_passed(c) || !read_in(c)) {
            return false;
        }
    }
    return memcmp(in->buf + in->pos, line, len) == 0;
}

size_t
weir__redis_pass(struct weir__redis_conn *conn, const char *line, size_t count)
{
    size_t len = strlen(line);
    int64_t deadline_ms = deadline_of(conn);
    size_t passed = 0;

    if (conn->failed || !send_out(conn, deadline_ms)) {
        return 0;
    }
    while (passed < count && conn->waiting > 0 && peek(conn, line, len, deadline_ms)) {
        conn->ctx->reader->pos += len;
        took_one(conn);
        passed++;
    }
    return passed;
}

bool
weir__redis_enter(struct weir__redis_conn *conn, size_t count)
{
    char line[32];
    int64_t deadline_ms = deadline_of(conn);

    snprintf(line, sizeof line, "*%zu\r\n", count);
    if (conn->failed || conn->waiting == 0 || !send_out(conn, deadline_ms) ||
        !peek(conn, line, strlen(line), deadline_ms)) {
        return false;
    }
    conn->ctx->reader->pos += strlen(line);
    conn->inside = count;
    return true;
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

void
weir__redis_spoil(struct weir__redis_conn *conn)
{
    conn->unfit = true;
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

/* SPDX-License-Identifier: MIT */
/*
 * Making a connection: socket, TLS, then one pipeline of AUTH, SELECT, CLIENT SETNAME, PING and ROLE, of
 * which each is sent only where it is needed. PING is there to hear of LOADING, BUSY and MASTERDOWN
 * before a task is at stake. The steps are a table.
 */
#include <config.h>

#include "link.h"

#include "tls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dialling {
    struct weir__redis_conn *conn;
    const struct weir__redis_options *options;
    const struct weir__redis_endpoint *to;
    enum weir__redis_peer peer;
};

/* ---- the handshake ---- */

struct step {
    /* Fills argv and returns its length, or 0 when the step is not needed. */
    int (*command)(const struct dialling *d, const char **argv, char number[16]);
    bool optional; /* an account that may not do this, or a server without it, is no obstacle */
    int (*accept)(const struct dialling *d, const redisReply *reply, weir_error *err);
};

static int
auth(const struct dialling *d, const char **argv, char number[16])
{
    bool ask = d->peer == WEIR__REDIS_ASK;
    const char *user = ask ? d->options->sentinel_user : d->options->user;
    const char *password = ask ? d->options->sentinel_password : d->options->password;
    int argc = 0;

    (void)number;
    if (password == NULL) {
        return 0;
    }
    argv[argc++] = "AUTH";
    if (user != NULL) {
        argv[argc++] = user;
    }
    argv[argc++] = password;
    return argc;
}

static int
select_db(const struct dialling *d, const char **argv, char number[16])
{
    if (d->peer == WEIR__REDIS_ASK || d->options->db == 0) {
        return 0;
    }
    snprintf(number, 16, "%d", d->options->db);
    argv[0] = "SELECT";
    argv[1] = number;
    return 2;
}

static int
set_name(const struct dialling *d, const char **argv, char number[16])
{
    (void)number;
    argv[0] = "CLIENT";
    argv[1] = "SETNAME";
    argv[2] = d->options->name;
    return 3;
}

static int
ping(const struct dialling *d, const char **argv, char number[16])
{
    (void)d;
    (void)number;
    argv[0] = "PING";
    return 1;
}

static int
role(const struct dialling *d, const char **argv, char number[16])
{
    (void)number;
    argv[0] = "ROLE";
    return d->peer == WEIR__REDIS_MASTER ? 1 : 0;
}

static int
must_be_master(const struct dialling *d, const redisReply *reply, weir_error *err)
{
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
        reply->element[0]->type == REDIS_REPLY_STRING &&
        strcmp(reply->element[0]->str, "master") == 0) {
        return 0;
    }
    return weir_error_set(err, WEIR_E_UNAVAILABLE,
                          "the sentinels name Redis at %s as the master of \"%s\", and it is not",
                          d->conn->where, d->options->master);
}

static const struct step steps[] = {
    {auth, false, NULL}, {select_db, false, NULL},      {set_name, true, NULL},
    {ping, false, NULL}, {role, false, must_be_master},
};

#define STEP_COUNT (sizeof steps / sizeof steps[0])

static bool
forgiven(const struct step *step, const redisReply *reply)
{
    return step->optional &&
           (weir__redis_reply_is(reply, "NOPERM") || weir__redis_reply_is(reply, "ERR")) &&
           strstr(reply->str, "max number of clients") == NULL;
}

static int
take_step(const struct dialling *d, const struct step *step, weir_error *err)
{
    redisReply *reply = NULL;
    int rc = weir__redis_reply(d->conn, &reply, err);

    if (rc == 0 && !forgiven(step, reply)) {
        rc = weir__redis_reply_error(d->conn, reply, err);
    }
    if (rc == 0 && step->accept != NULL) {
        rc = step->accept(d, reply, err);
    }
    freeReplyObject(reply);
    return rc;
}

static int
shake_hands(const struct dialling *d, weir_error *err)
{
    bool sent[STEP_COUNT] = {false};
    const char *argv[4];
    char number[16];
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < STEP_COUNT; i++) {
        int argc = steps[i].command(d, argv, number);
        sent[i] = argc > 0;
        rc = sent[i] ? weir__redis_append(d->conn, argc, argv, NULL, err) : 0;
    }
    for (size_t i = 0; rc == 0 && i < STEP_COUNT; i++) {
        rc = sent[i] ? take_step(d, &steps[i], err) : 0;
    }
    return rc;
}

/* ---- the socket ---- */

char *
weir__redis_endpoint_text(const struct weir__redis_endpoint *to)
{
    char *text = NULL;

    if (to->path != NULL) {
        return strdup(to->path);
    }
    bool colons = strchr(to->host, ':') != NULL;
    int n = asprintf(&text, "%s%s%s:%d", colons ? "[" : "", to->host, colons ? "]" : "", to->port);
    return n < 0 ? NULL : text;
}

static int
open_socket(const struct dialling *d, weir_error *err)
{
    int ms = d->options->connect_timeout_ms;
    struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    struct weir__redis_conn *c = d->conn;

    c->ctx = d->to->path != NULL ? redisConnectUnixWithTimeout(d->to->path, time)
                                 : redisConnectWithTimeout(d->to->host, d->to->port, time);
    if (c->ctx == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    if (c->ctx->err != 0) {
        return weir_error_set(err, WEIR_E_UNAVAILABLE, "Redis at %s cannot be reached: %s",
                              c->where, c->ctx->errstr);
    }
    if (d->to->path == NULL) {
        redisEnableKeepAlive(c->ctx);
    }
    return 0;
}

static int
start_tls(const struct dialling *d, struct weir__redis_tls *tls, weir_error *err)
{
    int ms = d->options->connect_timeout_ms;
    struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    if (tls == NULL) {
        return 0;
    }
    if (redisSetTimeout(d->conn->ctx, time) != REDIS_OK) {
        return weir_error_set(err, WEIR_E_UNAVAILABLE, "Redis at %s: %s", d->conn->where,
                              d->conn->ctx->errstr);
    }
    d->conn->tls = true;
    return weir__redis_tls_start(tls, d->conn->ctx, d->to->host, d->conn->where, err);
}

static int
unblock(const struct dialling *d, weir_error *err)
{
    redisContext *ctx = d->conn->ctx;
    int flags = fcntl(ctx->fd, F_GETFL);

    if (flags < 0 || fcntl(ctx->fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(ctx->fd, F_SETFD, FD_CLOEXEC) < 0) {
        return weir_error_set(err, WEIR_E_IO, "Redis at %s: %s", d->conn->where, strerror(errno));
    }
    ctx->flags &= ~REDIS_BLOCK;
    return 0;
}

static int
dial(const struct dialling *d, struct weir__redis_tls *tls, weir_error *err)
{
    int64_t deadline_ms = weir__redis_now_ms() + d->options->connect_timeout_ms;
    int rc = open_socket(d, err);

    if (rc == 0) {
        rc = start_tls(d, tls, err);
    }
    if (rc == 0) {
        rc = unblock(d, err);
    }
    if (rc == 0) {
        d->conn->deadline_ms = deadline_ms;
        rc = shake_hands(d, err);
        d->conn->deadline_ms = 0;
    }
    return rc;
}

int
weir__redis_dial(struct weir__redis_conn **conn, const struct weir__redis_options *options,
                 const struct weir__redis_endpoint *to, enum weir__redis_peer peer,
                 struct weir__redis_tls *tls, weir_error *err)
{
    struct dialling d = {calloc(1, sizeof **conn), options, to, peer};
    weir_error told = {0};
    int rc;

    *conn = NULL;
    if (d.conn == NULL || (d.conn->where = weir__redis_endpoint_text(to)) == NULL) {
        free(d.conn);
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    d.conn->options = options;
    rc = dial(&d, tls, &told);
    if (rc != 0) {
        weir__redis_hang_up(d.conn);
        return weir_error_set(err, rc, "%s", told.text);
    }
    *conn = d.conn;
    return 0;
}

void
weir__redis_hang_up(struct weir__redis_conn *conn)
{
    if (conn == NULL) {
        return;
    }
    if (conn->ctx != NULL) {
        redisFree(conn->ctx);
    }
    free(conn->out);
    free(conn->ends);
    free(conn->where);
    free(conn);
}

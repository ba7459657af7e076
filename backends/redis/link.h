/* SPDX-License-Identifier: MIT */
/*
 * The inside of a connection, for the files that make, keep and listen on connections. Others use conn.h.
 *
 * Commands gather in `out`. Offsets count bytes since the connection began: `sent` says how
 * far the kernel took them, and each command still without reply has the offset of its end. A command whose end is
 * beyond `sent` never reached the server as a whole and was certainly not executed.
 */
#ifndef WEIR_REDIS_LINK_H
#define WEIR_REDIS_LINK_H

#include "conn.h"
#include "options.h"
#include "replyerror.h"

#include <stdint.h>

struct weir__redis_tls;

/* Where a server or a sentinel is. */
struct weir__redis_endpoint {
    const char *path; /* of a unix socket, else NULL */
    const char *host;
    int port;
};

/* HOST:PORT or the path, for people; the caller's to free. NULL when memory runs out. */
char *weir__redis_endpoint_text(const struct weir__redis_endpoint *to);

/* Whom a connection is for. */
enum weir__redis_peer {
    WEIR__REDIS_SERVER = 1,
    WEIR__REDIS_MASTER, /* a server that must say that it is the master */
    WEIR__REDIS_ASK     /* a sentinel */
};

struct weir__redis_conn {
    redisContext *ctx;
    const struct weir__redis_options *options;
    struct weir__redis *owner; /* NULL outside a pool */
    char *where;
    bool tls;
    char *out;
    size_t out_len;
    size_t out_cap;
    uint64_t sent;   /* offset up to which out was handed to the kernel */
    uint64_t queued; /* offset of the end of out */
    uint64_t *ends;  /* of the commands without reply: a queue from first to first + waiting */
    size_t first;
    size_t waiting;
    size_t ends_cap;
    size_t inside; /* replies still to come of the array that was entered */
    int extra_ms;
    int64_t deadline_ms; /* of the handshake, on weir__redis_now_ms(); 0: none */
    bool failed;
    uint64_t note; /* the user's, see weir__redis_conn_note() */
    bool unfit;    /* works, but is not to be used again */
    char why[160];
    uint64_t epoch;
    int64_t idle_since_ms;
    struct weir__redis_conn *next;
};

/* Milliseconds that never step; for time-outs and back-off, which no test moves. */
int64_t weir__redis_now_ms(void);

/* Connects, authenticates and checks. tls may be NULL. Nothing is ever unknown here. Errors:
 * WEIR_E_UNAVAILABLE, WEIR_E_AUTH, WEIR_E_BUSY ... */
int weir__redis_dial(struct weir__redis_conn **conn, const struct weir__redis_options *options,
                     const struct weir__redis_endpoint *to, enum weir__redis_peer peer,
                     struct weir__redis_tls *tls, weir_error *err);

void weir__redis_hang_up(struct weir__redis_conn *conn);

/* Sends what is queued, waiting as long as a reply may take. Errors: as weir__redis_reply. */
int weir__redis_flush(struct weir__redis_conn *conn, weir_error *err);

/* Takes a reply or a pushed message if one is there; else *reply is NULL. Does not wait. */
int weir__redis_try_reply(struct weir__redis_conn *conn, redisReply **reply, weir_error *err);

/* True if the server closed an idle connection, or sent what nobody asked for. */
bool weir__redis_gone(const struct weir__redis_conn *conn);

/* A pool is told of error replies that speak of the server's state (poolconn.c). */
void weir__redis_note(struct weir__redis *r, struct weir__redis_conn *conn,
                      const struct weir__redis_meaning *meaning, const char *text);

#endif

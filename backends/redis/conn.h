/* SPDX-License-Identifier: MIT */
/*
 * One connection to Redis, borrowed from the pool, used by one thread, and given back:
 *
 *     weir__redis_acquire(r, &conn, err)
 *     weir__redis_append(conn, ...)         any number of commands: nothing is sent yet
 *     weir__redis_reply(conn, &reply, err)  one for each command, in order; the first one sends
 *     weir__redis_release(r, conn)
 *
 * What a failure means for a command:
 *
 *     WEIR_E_UNAVAILABLE  it was not executed: no connection, or it was lost before the whole command was out
 *     WEIR_E_UNKNOWN      it was sent and its reply did not come: it may have been executed, or may be later
 *     any other           Redis's own answer: it was not executed (but see weir__redis_reply_error)
 *
 * Once a connection has failed, every reply still expected on it fails likewise, each with the code
 * that is true for its command. Replies that are left unread are dropped with the connection when it is released.
 * Nothing here repeats a command; that is for those who know what it does.
 *
 * Sockets do not block: each reply has timeout_ms of the options from the moment it is waited for.
 */
#ifndef WEIR_REDIS_CONN_H
#define WEIR_REDIS_CONN_H

#include <weir/broker.h>

#include <hiredis/hiredis.h>

#include <stdbool.h>
#include <stddef.h>

struct weir__redis;      /* one opened broker's connections: see poolconn.h */
struct weir__redis_conn; /* one of them */

/*
 * Borrows a connection: a warm one or a new one. Waits while as many as allowed are out, and while
 * Redis is away: one caller at a time tries to connect, with back-off, and all share what it finds.
 * Errors: WEIR_E_UNAVAILABLE, WEIR_E_AUTH, WEIR_E_BUSY, WEIR_E_READONLY, WEIR_E_NOMEM ... Any thread.
 */
int weir__redis_acquire(struct weir__redis *r, struct weir__redis_conn **conn, weir_error *err);

/* Gives it back; one that failed or has replies unread is closed. NULL is allowed. Any thread. */
void weir__redis_release(struct weir__redis *r, struct weir__redis_conn *conn);

/* Queues a command; argvlen may be NULL for strings. Errors: WEIR_E_NOMEM, WEIR_E_UNAVAILABLE. */
int weir__redis_append(struct weir__redis_conn *conn, int argc, const char **argv,
                       const size_t *argvlen, weir_error *err);

/*
 * One command that the caller writes himself, in Redis's protocol: room for it (NULL: out of memory, or the connection
 * failed), then where it ends. Nothing else may be queued in between.
 */
char *weir__redis_room(struct weir__redis_conn *conn, size_t size);
void weir__redis_wrote(struct weir__redis_conn *conn, const char *end);

/* Sends what the socket takes at once of what is queued, so that the server has it while more is made. */
void weir__redis_push(struct weir__redis_conn *conn);

/*
 * Passes over replies that are exactly this line ("+OK\r\n"), `count` at most, and returns how many there were. The next
 * one is another, or there is none: weir__redis_reply() tells.
 */
size_t weir__redis_pass(struct weir__redis_conn *conn, const char *line, size_t count);

/* True when the next reply is an array of `count`, more than none: each of these is then a reply of its own. Else nothing
 * happened. */
bool weir__redis_enter(struct weir__redis_conn *conn, size_t count);

/*
 * Takes the next reply, which the caller frees with freeReplyObject(). Returns 0 for an error reply
 * too: look with weir__redis_reply_error(). On failure *reply is NULL.
 */
int weir__redis_reply(struct weir__redis_conn *conn, redisReply **reply, weir_error *err);

/* How long the replies from here on may take beyond the usual, for commands that block; 0: the usual. */
void weir__redis_allow_ms(struct weir__redis_conn *conn, int extra_ms);

/*
 * 0 if the reply is no error; else the code that the error stands for, with a text that names the
 * server. A connection whose server is of no use any more (READONLY, NOAUTH, ...) is not used again after its
 * release. A script may fail half way: an error of a script does not prove that it wrote nothing.
 */
int weir__redis_reply_error(struct weir__redis_conn *conn, const redisReply *reply,
                            weir_error *err);

/* True for the error that starts with this word ("NOSCRIPT"). */
bool weir__redis_reply_is(const redisReply *reply, const char *word);

/*
 * One command and its reply, error replies translated: *reply is set only when 0 is returned. reply may be NULL
 * when only success matters.
 */
int weir__redis_command(struct weir__redis_conn *conn, redisReply **reply, int argc,
                        const char **argv, const size_t *argvlen, weir_error *err);

/*
 * After writes on this connection: waits until as many replicas as the URL's wait_replicas have them (WAIT).
 * 0 at once when that is 0. WEIR_E_UNKNOWN when fewer did in time: the writes stand on the master, and may
 * be lost if it fails now.
 */
int weir__redis_wait_replicas(struct weir__redis_conn *conn, weir_error *err);

/* The server's address as messages have it ("localhost:6379", "/run/redis.sock"). */
const char *weir__redis_conn_where(const struct weir__redis_conn *conn);

/* A number of the borrower's that stays with the connection; 0 when it is new. */
uint64_t *weir__redis_conn_note(struct weir__redis_conn *conn);

/* The connection is closed when it is released. */
void weir__redis_spoil(struct weir__redis_conn *conn);

/* False once the connection failed: the next reply will be an error. */
bool weir__redis_conn_alive(const struct weir__redis_conn *conn);

#endif

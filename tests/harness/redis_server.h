/* SPDX-License-Identifier: MIT */
/*
 * A redis-server (or $WEIR_TEST_REDIS_SERVER, such as valkey-server) for one test: in a folder of its own under
 * $TMPDIR, on a unix socket there and on a free port of the loopback, without persistence unless
 * the options ask for it. It dies with the test program, however that ends.
 *
 * Options are pairs as in a redis.conf, one string each ("maxmemory 1mb"), ending with NULL.
 */
#ifndef REDIS_SERVER_H
#define REDIS_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct redis_server;

/* A port of the loopback that nobody uses at this moment; 0 on failure. */
int redis_server_free_port(void);

/* True if there is a server program to start; a test without one is skipped. */
bool redis_server_available(void);

/* Starts a server and waits until it answers (be it LOADING or NOAUTH). NULL on failure, which is
 * printed. options may be NULL. */
struct redis_server *redis_server_start(const char *const *options);

/* The same as a sentinel; the lines are of a sentinel's configuration ("sentinel monitor m 127.0.0.1 7000 2"). */
struct redis_server *redis_sentinel_start(const char *const *lines);

/* Ends it with SIGKILL and removes the folder. NULL is allowed. */
void redis_server_free(struct redis_server *server);

/* Ends it with SIGKILL, or with SIGTERM (which saves), and waits until it is gone; the folder stays. */
void redis_server_kill(struct redis_server *server);
void redis_server_stop(struct redis_server *server);

/* Starts it again where it was, with the same options and what it saved. */
bool redis_server_restart(struct redis_server *server);

/* SIGSTOP and SIGCONT. */
void redis_server_freeze(struct redis_server *server, bool frozen);

const char *redis_server_folder(const struct redis_server *server);
const char *redis_server_socket(const struct redis_server *server);
int redis_server_port(const struct redis_server *server);
const char *redis_server_unix_url(const struct redis_server *server); /* redis+unix:///... */
const char *redis_server_tcp_url(const struct redis_server *server);  /* redis://127.0.0.1:port */

/*
 * Sends a line as typed into a telnet session ("SET a \"b c\"") on a connection of its own, after
 * `login` ("AUTH secret") if that was set, and puts the reply into text: a status, an error with its '-', a number
 * or a string (what does not fit is cut). False if there was none.
 */
bool redis_server_say(struct redis_server *server, const char *line, char *text, size_t size);
void redis_server_set_login(struct redis_server *server, const char *login);

/* True if the reply to the line is, or (for long ones) contains, this. */
bool redis_server_replies(struct redis_server *server, const char *line, const char *expected);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A proxy before the case's server that can lose replies: what a client sends still reaches the server and is
 * executed there, but nothing comes back and the connection breaks.
 */
#ifndef TEST_REDIS_PROXY_H
#define TEST_REDIS_PROXY_H

struct proxy;

/* Listens on `path` (of a unix socket) and forwards to the socket `server`. */
struct proxy *proxy_start(const char *path, const char *server);
void proxy_stop(struct proxy *proxy);

/* Loses the replies of the next so many connections that get one; < 0: of all until 0 is set. */
void proxy_lose(struct proxy *proxy, int count);
/* Lets so many replies pass before. */
void proxy_spare(struct proxy *proxy, int count);
/* How many were lost since the start. */
int proxy_lost(struct proxy *proxy);

/* Holds what the next connection sends, as a server does that is slow to read, and breaks off the client's side. */
void proxy_hold(struct proxy *proxy);
/* Gives it to the server, and waits until it was executed: returns its replies, good until the next call. */
const char *proxy_let_go(struct proxy *proxy);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Commands that go to the case's server as they are, as another program would send them: to look at what
 * is stored, and to damage it. Keys are given behind the queue's prefix: KEY("alpha", "pending").
 */
#ifndef TEST_REDIS_RAW_H
#define TEST_REDIS_RAW_H

#include "kit.h"

#include <hiredis/hiredis.h>

/* Prepares the case's store and a connection to its server. */
void raw_setup(void);
void raw_teardown(void);

/* The same with the case's store behind a proxy that can lose replies; raw commands go past it. */
struct proxy;
struct proxy *raw_setup_behind_proxy(void);
void raw_teardown_behind_proxy(struct proxy *proxy);

/* The whole name of a queue's key; good for the next dozen calls. */
const char *raw_key(const char *queue, const char *rest);
#define KEY(queue, rest) raw_key(queue, rest)

/* The same of a key that belongs to no queue. */
const char *raw_global(const char *rest);

/* One command, formatted as hiredis does. The reply's integer, or what its text says as a number; -1 for nil. */
long long raw_number(const char *format, ...);
/* The reply's text, "" for nil; good until the next call. */
const char *raw_text(const char *format, ...);
/* A command with binary arguments. */
void raw_args(int argc, const char **argv, const size_t *lens);

/* The path of the server's socket. */
const char *raw_socket(void);

/* Makes every lease of a queue one that ended long ago, tokens kept. */
void raw_end_leases(const char *queue);
/* Recovers until nothing is put right for a whole scan of the keys; claims are dropped. Returns the number put right. */
size_t raw_mend(const char *queue);

#endif

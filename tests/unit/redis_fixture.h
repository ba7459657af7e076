/* SPDX-License-Identifier: MIT */
/*
 * What the Redis suites share: a server, the connections of a broker to it, and a log that remembers how often
 * each message was written.
 */
#ifndef REDIS_FIXTURE_H
#define REDIS_FIXTURE_H

#include "redis_server.h"

#include "poolconn.h"

#include <weir/log.h>

#include <stdbool.h>
#include <stdint.h>

/* Opens the connections of a URL (printf-like); NULL, and a failed test, when that fails. */
struct weir__redis *fixture_open(const char *format, ...) WEIR_PRINTF_LIKE(1, 2);
int fixture_try_open(struct weir__redis **r, weir_error *err, const char *format, ...)
    WEIR_PRINTF_LIKE(3, 4);

/* Starts a server, opens its connections and listens on them. */
struct weir__redis_listener *fixture_listen(struct redis_server **server, struct weir__redis **r);

/* How many lines with this text the fixture's logger has got since fixture_log_clear(). */
unsigned fixture_logged(const char *text);
void fixture_log_clear(void);
weir_logger *fixture_logger(void);

/* Borrows a connection, sends a command (words separated by blanks), gives it back. Returns the code; text (may be NULL)
 * gets a string reply or the error's text, of 512 bytes. */
int fixture_do(struct weir__redis *r, const char *command, char *text);

/* Appends a command of words. */
int fixture_append(struct weir__redis_conn *conn, const char *command, weir_error *err);

int64_t fixture_now_ms(void);
int64_t fixture_cpu_us(void);  /* of this process */
long fixture_naps(void);       /* how often its threads have gone to sleep */
void fixture_pause_ms(int ms); /* between two looks at a condition with a deadline */

/* Repeats until the condition holds or 30 s are over. */
#define FIXTURE_UNTIL(condition)                                                                   \
    do {                                                                                           \
        int64_t until_ms_ = fixture_now_ms() + 30000;                                              \
        while (!(condition) && fixture_now_ms() < until_ms_) {                                     \
            fixture_pause_ms(5);                                                                   \
        }                                                                                          \
    } while (0)

#endif

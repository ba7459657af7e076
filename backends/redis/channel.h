/* SPDX-License-Identifier: MIT */
/*
 * The two connections of the listener. Invalidation messages in RESP2 go to a subscriber, and a
 * subscriber may send no other command: so one connection (`ear`) is subscribed to the invalidations and to the cancel
 * channel for good, and another (`eye`) reads keys with CLIENT TRACKING redirected to the first. They
 * are made and dropped together.
 *
 * Whether messages still come through is tried out now and then: a key of our own is read and then written, and
 * its message must arrive. A redirection that broke is otherwise silent.
 *
 * Where Redis refuses CLIENT TRACKING, `deaf` is set and the listener looks at intervals.
 */
#ifndef WEIR_REDIS_CHANNEL_H
#define WEIR_REDIS_CHANNEL_H

#include "poolconn.h"

#include "link.h"

struct weir__redis_channel {
    struct weir__redis *r;
    weir_logger *logger;
    struct weir__redis_conn *ear; /* NULL while there is no connection */
    struct weir__redis_conn *eye;
    bool deaf;
    bool deaf_logged;
    char cancel[256];    /* the channel's name */
    char path_key[256];  /* for trying it out */
    int64_t try_at_ms;   /* when that is due */
    int64_t heard_by_ms; /* when the message must have come; 0: none is expected */
};

/* A message: a changed key (NULL: everything changed), or a cancelled task's id. */
struct weir__redis_news {
    void (*changed)(void *arg, const char *key, size_t len);
    void (*cancelled)(void *arg, const char *id, size_t len);
    void *arg;
};

int weir__redis_channel_init(struct weir__redis_channel *ch, struct weir__redis *r,
                             const weir_clock *clock, weir_logger *logger, weir_error *err);

/* Makes the connections. Does not wait for the back-off: see weir__redis_retry_ms(). */
int weir__redis_channel_open(struct weir__redis_channel *ch, weir_error *err);

/* Drops them; both may be gone already. */
void weir__redis_channel_close(struct weir__redis_channel *ch);

/* Takes what has arrived, without waiting. Errors: the connections are lost. */
int weir__redis_channel_hear(struct weir__redis_channel *ch, const struct weir__redis_news *news,
                             weir_error *err);

/* Tries the path out when that is due. Errors: nothing came through, or a connection is lost. */
int weir__redis_channel_try(struct weir__redis_channel *ch, int64_t now_ms, weir_error *err);

/* When weir__redis_channel_try() has something to do next. */
int64_t weir__redis_channel_next_ms(const struct weir__redis_channel *ch);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Task ids whose cancellation was asked for over the channel, remembered for a minute: a publisher
 * names the id only, so nothing in Redis holds it. At most WEIR__REDIS_CANCELS, the oldest go first.
 * Any thread.
 */
#ifndef WEIR_REDIS_CANCELS_H
#define WEIR_REDIS_CANCELS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEIR__REDIS_CANCELS 4096
#define WEIR__REDIS_CANCEL_MS 60000
#define WEIR__REDIS_CANCEL_BUCKETS 256

struct weir__redis_cancel;

struct weir__redis_cancels {
    pthread_mutex_t lock;
    struct weir__redis_cancel *buckets[WEIR__REDIS_CANCEL_BUCKETS];
    struct weir__redis_cancel *oldest; /* in the order in which they came */
    struct weir__redis_cancel *newest;
    size_t count;
};

/* 0, or an errno. */
int weir__redis_cancels_init(struct weir__redis_cancels *c);
void weir__redis_cancels_release(struct weir__redis_cancels *c);

/* now_ms is weir__redis_now_ms(). A failure to remember is a cancellation lost, as on the channel itself. */
void weir__redis_cancels_add(struct weir__redis_cancels *c, const char *id, size_t len,
                             int64_t now_ms);
bool weir__redis_cancels_has(struct weir__redis_cancels *c, const char *id, int64_t now_ms);
void weir__redis_cancels_forget(struct weir__redis_cancels *c, const char *id);

#endif

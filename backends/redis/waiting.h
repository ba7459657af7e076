/* SPDX-License-Identifier: MIT */
/*
 * The inside of the listener, for listener.c (who waits, and why it returns) and drive.c (what the
 * driver does). Everything is under the lock but the eventfd and the count of interrupts.
 */
#ifndef WEIR_REDIS_WAITING_H
#define WEIR_REDIS_WAITING_H

#include "listener.h"

#include "cancels.h"
#include "channel.h"
#include "watch.h"

#include <pthread.h>
#include <stdatomic.h>

struct weir__redis_listener {
    struct weir__redis *r;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct weir__redis_cancels cancels; /* has a lock of its own */
    struct weir__redis_channel channel; /* the driver's */
    struct weir__redis_watch watch;
    int wake_fd;
    atomic_uint_fast64_t interrupts;
    uint64_t interrupts_seen;
    uint64_t generation;
    uint64_t interrupt_gen;
    uint64_t lost_gen;
    uint64_t cancel_gen;
    bool driven;
    unsigned wanted; /* waiters who want to drive */
    unsigned waiters;
    uint64_t waits;
};

/* One call of wait(). */
struct weir__redis_call {
    struct weir__redis_listener *l;
    weir_wait *wait;
    int64_t end_ms;
    int64_t again_ms; /* when keys that rest are to be looked at */
    bool looked;      /* at every key of its interest, or found it armed */
    unsigned turns;
    unsigned losses; /* of connections */
};

/* The reasons that are newer than the call's generation. */
unsigned weir__redis_reasons(struct weir__redis_call *call);

/*
 * One turn of the driver: connects, or looks at what is not armed and then sleeps once, giving up the lock
 * meanwhile. A connection that was lost is made again in the next turn, once in a call. Errors: no connection.
 */
int weir__redis_drive(struct weir__redis_call *call, weir_error *err);

/* True if somebody interrupted since that was last looked at. */
bool weir__redis_interrupted(const struct weir__redis_listener *l);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Waiting without polling: what weir_backend's wait and interrupt are made of, and the memory of
 * cancellations that came over the cancel channel. doc/redis-connections.md has the mechanism.
 */
#ifndef WEIR_REDIS_LISTENER_H
#define WEIR_REDIS_LISTENER_H

#include "poolconn.h"

struct weir__redis_listener;

/* Connects to nothing before the first wait. Errors: WEIR_E_NOMEM. */
int weir__redis_listener_new(struct weir__redis_listener **listener, struct weir__redis *r,
                             const weir_clock *clock, weir_logger *logger, weir_error *err);

/* Nobody waits any more. NULL is allowed. */
void weir__redis_listener_free(struct weir__redis_listener *listener);

/* weir_backend.wait. Any thread, several at once. */
int weir__redis_listener_wait(struct weir__redis_listener *listener, weir_wait *wait,
                              weir_error *err);

/* weir_backend.interrupt. Any thread. */
void weir__redis_listener_interrupt(struct weir__redis_listener *listener);

/*
 * True if a cancellation of this task id came over the channel in the last minute, and was not
 * forgotten. It may have been meant for another run of the id, or one elsewhere: so forget the id when
 * it is taken and when it is finished.
 */
bool weir__redis_listener_cancelled(struct weir__redis_listener *listener, const char *id);
void weir__redis_listener_forget(struct weir__redis_listener *listener, const char *id);

#endif

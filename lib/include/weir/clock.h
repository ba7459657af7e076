/* SPDX-License-Identifier: MIT */
/*
 * Where time and randomness come from.
 *
 * Everything in weir takes them from a weir_clock, so that tests move time instead of sleeping and
 * get the same ids twice. Programs leave the pointer NULL and get the system's.
 *
 * Times are int64_t milliseconds throughout the library. A point in time is milliseconds since
 * 1970-01-01 UTC and has a name that ends in `_at_ms` (or `now_ms`); a length of time ends in
 * `_ms` alone.
 */
#ifndef WEIR_CLOCK_H
#define WEIR_CLOCK_H

#include <weir/api.h>

#include <stddef.h>
#include <stdint.h>

WEIR_BEGIN_DECLS

/*
 * A source of time and randomness. The functions are called from any thread at any time and must
 * not block. The struct and `ctx` stay the caller's and must outlive every object that was given
 * a pointer to them. Since 0.1.
 */
typedef struct weir_clock {
    /* Wall-clock time, milliseconds since 1970 UTC. May step. */
    int64_t (*wall_ms)(void *ctx);
    /* Milliseconds since the machine started, time asleep included. Never steps back. */
    int64_t (*boot_ms)(void *ctx);
    /* Fills buf with len random bytes; they must differ between processes. */
    void (*random)(void *ctx, void *buf, size_t len);
    /* Names this run of the machine: boot_ms values can be compared only under one id. At most 64
     * bytes; NULL means the system's own. */
    const char *boot_id;
    void *ctx;
} weir_clock;

/* Returns the system's clock and randomness, a static object. Any thread. Since 0.1. */
WEIR_API const weir_clock *weir_clock_system(void);

WEIR_END_DECLS

#endif

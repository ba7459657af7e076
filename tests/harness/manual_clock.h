/* SPDX-License-Identifier: MIT */
/*
 * A clock that stands still until a test moves it, with randomness that repeats. May be moved and
 * read by several threads. Give &clock->clock to what is tested.
 */
#ifndef MANUAL_CLOCK_H
#define MANUAL_CLOCK_H

#include <stdatomic.h>
#include <weir/clock.h>

struct manual_clock {
    weir_clock clock;
    atomic_int_fast64_t wall_ms;
    atomic_int_fast64_t boot_ms;
    atomic_uint_fast64_t drawn; /* random words given out */
    uint64_t seed;
};

/* Sets the wall clock, boot time at one hour, and the seed that all randomness follows from. */
void manual_clock_init(struct manual_clock *clock, int64_t wall_ms, uint64_t seed);

/* Lets time pass on both clocks. */
void manual_clock_advance(struct manual_clock *clock, int64_t ms);

/* Steps the wall clock alone, as when somebody sets it. */
void manual_clock_set_wall(struct manual_clock *clock, int64_t wall_ms);

#endif

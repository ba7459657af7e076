/* SPDX-License-Identifier: MIT */
/*
 * A clock that stands still until it is moved. Random word number n is made of seed and n, so that the same seed gives
 * the same ids. Any thread.
 */
#ifndef WEIR_TESTING_MOVING_CLOCK_H
#define WEIR_TESTING_MOVING_CLOCK_H

#include <weir/clock.h>

#include <stdatomic.h>
#include <stdbool.h>

struct weir__moving_clock {
    weir_clock clock;
    int64_t start_ms;
    atomic_llong now_ms;
    uint64_t seed;
    atomic_bool seeded; /* false: random numbers are the system's */
    atomic_uint_fast64_t drawn;
};

/* Its random numbers are the system's until weir__moving_clock_seed(). */
void weir__moving_clock_init(struct weir__moving_clock *moving, int64_t start_ms);
void weir__moving_clock_seed(struct weir__moving_clock *moving, uint64_t seed);
int64_t weir__moving_clock_now(const struct weir__moving_clock *moving);

/* Moves it on to a time; an earlier one changes nothing. */
void weir__moving_clock_to(struct weir__moving_clock *moving, int64_t now_ms);

#endif

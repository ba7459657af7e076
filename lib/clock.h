/* SPDX-License-Identifier: MIT */
/*
 * Shorthands for a weir_clock. Any thread, as far as the clock allows.
 */
#ifndef WEIR_LIB_CLOCK_H
#define WEIR_LIB_CLOCK_H

#include <weir/clock.h>

/* The clock itself, or the system's for NULL. */
const weir_clock *weir__clock_or_system(const weir_clock *clock);

/* Read a clock; NULL is the system's. */
int64_t weir__clock_wall_ms(const weir_clock *clock);
int64_t weir__clock_boot_ms(const weir_clock *clock);

/* Fill buf with len random bytes of the clock's; NULL is the system's. */
void weir__clock_random(const weir_clock *clock, void *buf, size_t len);

/* One step of the splitmix64 generator. */
uint64_t weir__mix(uint64_t *state);

/* A random number in [0, bound), every one equally likely; 0 when bound is 0. */
uint64_t weir__clock_random_below(const weir_clock *clock, uint64_t bound);

/*
 * The name of this run of the machine: the clock's, or the system's where it has none. "" on a
 * system that has no such name. The string is the clock's or static.
 */
const char *weir__clock_boot_id(const weir_clock *clock);

#endif

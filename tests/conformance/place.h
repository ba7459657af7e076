/* SPDX-License-Identifier: MIT */
/*
 * Where a case gets an empty store from: the one part of the suite that knows schemes. The URL on the command line
 * names a place; each case gets a store of its own in it. A new backend adds a row to the table in place.c.
 */
#ifndef CONFORMANCE_PLACE_H
#define CONFORMANCE_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Remembers the place; 0, or -1 when no row fits the URL (a message is printed). */
int place_set(const char *url);

/* Writes the URL of a store that nobody has used yet. */
void place_fresh(char *url, size_t size);

/* Removes what the store of that URL left behind. */
void place_drop(const char *url);

/* True when leases and locks end by the store's own clock, so that tests must let real time pass. */
bool place_keeps_time(void);

/* How much longer than asked for a lease may live there. */
int64_t place_lease_grain_ms(void);

/* Ends what the place had started. */
void place_leave(void);

#endif

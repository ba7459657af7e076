/* SPDX-License-Identifier: MIT */
/*
 * Ids of tasks: UUID version 7, sortable by the time they were made.
 */
#ifndef WEIR_LIB_ID_H
#define WEIR_LIB_ID_H

#include <weir/clock.h>

/* Bytes of an id's text with its NUL: 8-4-4-4-12 lower-case hexadecimal digits. */
#define WEIR__ID_SIZE 37

/*
 * Writes a new UUID v7. Within a process every id is greater than those that were returned
 * before it, however many are made in a millisecond and whatever the clock does; ids of different
 * processes differ by 62 random bits. Any thread, no lock. clock NULL is the system's.
 */
void weir__id_new(const weir_clock *clock, char id[WEIR__ID_SIZE]);

#endif

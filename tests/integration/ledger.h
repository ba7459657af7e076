/* SPDX-License-Identifier: MIT */
/*
 * The side log: what processes say that they did, one line each, written with one write() to a file that is opened
 * for appending, so that nothing of it is lost when they are killed:
 *
 *     WHAT ID PID MICROSECONDS
 *
 *   ack    a producer's enqueue call has returned success; "once" when the task has no retries
 *   start  a handler has begun        end   it is about to return success
 *   fail   it fails, as it was told   lost  it was cancelled (its lease was lost)
 *   broker a worker's broker failed (ID is "-")
 *
 * and what the broker lists, in the same form, so that the two can be held against each other.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include "crew.h"

#define LEDGER_ID_SIZE 40

struct ledger_entry {
    char what[8];
    char id[LEDGER_ID_SIZE];
    int pid;
    int64_t at_us;
    size_t line;
};

struct ledger {
    struct ledger_entry *entries; /* sorted by id, then by time */
    size_t count;
};

/* A task as the broker lists it. */
struct listed {
    char id[LEDGER_ID_SIZE];
    weir_state state;
    int64_t since_ms;
    int64_t lease_end_ms;
};

struct listing {
    struct listed *tasks; /* sorted by id */
    size_t count;
    int64_t at_us; /* when it was complete */
};

/* Opens a side log for writing; ends the program when it cannot. */
int ledger_open(const char *path);
void ledger_append(int fd, const char *what, const char *id);

/* The lines of one kind in a file so far (an unfinished one not counted). */
size_t ledger_count(const char *path, const char *what);
void ledger_read(struct ledger *ledger, const char *path);
void ledger_free(struct ledger *ledger);
/* The first entry of an id, NULL where there is none; those that follow with the same id are its others. */
const struct ledger_entry *ledger_find(const struct ledger *ledger, const char *id);

/* Lists the tasks of the scene's queues in one state; WEIR_STATE_NONE is all states. */
void listing_read(struct listing *listing, struct crew_scene *scene, weir_state state);
void listing_free(struct listing *listing);
const struct listed *listing_find(const struct listing *listing, const char *id);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The hub's eyes on other processes: the file beside the database, the watches, and looking into the
 * database. See wake.h.
 */
#ifndef WEIR_SQLITE_WATCH_H
#define WEIR_SQLITE_WATCH_H

#include "wake.h"

/* Opens the file to touch and what wakes a poller. */
int weir__watch_prepare(struct weir__hub *hub);
void weir__watch_end(struct weir__hub *hub);

/* Sets the watches, once. With the hub's lock held. */
void weir__watch_arm(struct weir__hub *hub);

/* Tells other processes that something of interest was committed. */
void weir__watch_touch(struct weir__hub *hub);

/* Wakes the poller. */
void weir__watch_poke(struct weir__hub *hub);

/* By the poller, without the lock: blocks until something happens or end_ms (monotonic). True: it is time to look. */
bool weir__watch_block(struct weir__hub *hub, int64_t end_ms);

/* By the poller, with the lock held: looks into the database and marks what has changed. False: nothing. */
bool weir__watch_look(struct weir__hub *hub);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Who goes for new work: one of those that wait for it, not all.
 *
 * Whoever puts tasks into a queue offers them on the board (board.h); of those that are woken, as many look and take as tasks were offered:
 * each claims one. The others know that somebody is on the way and put their own look off for a while (WEIR__NET_US), as that
 * one may die, be stopped or be full before it takes. When their time comes and a take has found the queue empty since, there is nothing to look for.
 *
 * So no offer is slept over: each who hears of it claims it, or looks later; and whoever cannot tell looks.
 */
#ifndef WEIR_SQLITE_HEED_H
#define WEIR_SQLITE_HEED_H

#include "wake.h"

/* How long a look is put off, at least; up to as much again is added, so that not all come at once. */
#define WEIR__NET_US 10000

/* All with the hub's lock held. */

/* Offers the tasks of a note, after its commit and before others are told. */
void weir__heed_offer(struct weir__hub *hub, const struct weir__note *note);

/* By the poller: whether what woke it is a reason to look now. */
bool weir__heed_news(struct weir__hub *hub);

/* By the poller: whether work that was found in a queue is for this process; if not, there will be another look. */
bool weir__heed_work(struct weir__hub *hub, const struct weir__hub_queue *queue);

/* By the poller, after a look. */
void weir__heed_done(struct weir__hub *hub);

#endif

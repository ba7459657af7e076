/* SPDX-License-Identifier: MIT */
/*
 * Upkeep looks before it works: a list that has no entries does not exist in Redis, so that one EXISTS for many queues tells
 * that none of them has anything to do. Only those that have something get their script.
 *
 * The looks are short trips, one after the other, so that other clients are served in between. Nothing in them depends on a
 * clock.
 */
#ifndef WEIR_REDIS_NONEMPTY_H
#define WEIR_REDIS_NONEMPTY_H

#include "backend.h"
#include "keys.h"

/* How many queues one trip of upkeep is for. */
#define WEIR__UPKEEP_QUEUES 32

/*
 * Sets found[i] for each queue that has an entry in one of the lists; `keys` ends with WEIR__KEY_NONE. found[0] to found[count - 1]
 * are set also when it fails, with a code.
 */
int weir__nonempty(struct weir__redis_backend *b, const char *const *names, size_t count,
                   const enum weir__key *keys, bool *found, weir_error *err);

#endif

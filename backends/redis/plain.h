/* SPDX-License-Identifier: MIT */
/*
 * New tasks as plain commands in one transaction, without a script: MULTI, HSET for each task, LPUSH of all ids, the
 * lane's memory, EXEC. It costs Redis about two thirds of what the script does.
 *
 * Only for what needs no look at the store: the first try of a call whose tasks are pending, for one queue, without
 * locks, and have ids that were made just now. Everything else, and every later try, is the script's, which finds in the lane
 * what the transaction did; where a full server lets no script write, the lane is only read (enqueue.c).
 *
 * A transaction that is late (its client gave up and asked again) must not be done any more. So its connection watches a
 * key, the fence, before it is sent; a later try writes that key before anything else, and Redis then drops the
 * transaction. A connection watches from its first transaction on, and again behind each.
 */
#ifndef WEIR_REDIS_PLAIN_H
#define WEIR_REDIS_PLAIN_H

#include "backend.h"

enum {
    WEIR__PLAIN_NOT_DONE = 1 /* certainly nothing was done: the script is to do it */
};

bool weir__plain_fits(struct weir__redis_backend *b, const weir_request_id *request,
                      const weir_enqueue_item *items, size_t count);

/* Sets the items' results. 0, an error's code, or WEIR__PLAIN_NOT_DONE without results. */
int weir__plain_enqueue(struct weir__redis_backend *b, const weir_request_id *request,
                        int64_t now_ms, weir_enqueue_item *items, size_t count, weir_error *err);

/* Before a later try: no earlier one is done from here on. */
int weir__plain_fence(struct weir__redis_backend *b, const weir_request_id *request,
                      weir_error *err);

#endif

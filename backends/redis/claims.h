/* SPDX-License-Identifier: MIT */
/*
 * Tasks that a script has made active under a token, on their way to the caller's sink. What cannot be read
 * is set aside in the quarantine; when the caller cannot take them, all go back.
 */
#ifndef WEIR_REDIS_CLAIMS_H
#define WEIR_REDIS_CLAIMS_H

#include "trip.h"

struct weir__claimed {
    const struct weir__queue *queue;
    const char *id;
    const char *message;
    size_t message_len;
    uint64_t token;
    bool started;
};

struct weir__claimed_list {
    struct weir__claimed *items;
    size_t count;
    size_t room;
};

/* Makes room for so many more. Returns 0 or WEIR_E_NOMEM. */
int weir__claimed_reserve(struct weir__claimed_list *list, size_t more, struct weir__space *space);

/*
 * Gives all to the sink. What the sink refuses makes the call fail: then everything of the list goes back to
 * the head of its queue, not counted, under the request's lane; or stays where it is when request is NULL.
 */
int weir__claimed_give(struct weir__redis_backend *b, const struct weir__claimed_list *list,
                       const weir_request_id *request, int64_t lease_ms, int64_t now_ms,
                       weir_claim_sink sink, void *arg, weir_error *err);

/* Sets a task aside that cannot be read. `where` is its token, or the key of the group or staged set that it is in. */
void weir__set_aside(struct weir__redis_backend *b, const struct weir__queue *queue, const char *id,
                     const char *where);

/* Puts all of the list back to the heads of their queues, as never started. Best effort. */
void weir__claimed_return(struct weir__redis_backend *b, const struct weir__claimed_list *list,
                          const weir_request_id *request, int64_t now_ms);

#endif

/* SPDX-License-Identifier: MIT */
/* Taking from several queues, as steps of a trip: a first one with the wants, a second for what is missing. */
#ifndef WEIR_REDIS_TAKE_H
#define WEIR_REDIS_TAKE_H

#include "claims.h"

struct weir__taking {
    weir_take *take;
    const weir_request_id *request;
    struct weir__queue *queues; /* one for each of take->queues */
    struct weir__step **steps;  /* of the trip under way; NULL: this queue is not asked */
    struct weir__claimed_list claims;
    bool again; /* the request had been served before */
};

/* Adds the first trip's steps. Returns 0 or WEIR_E_NOMEM. */
int weir__take_add(struct weir__taking *taking, struct weir__trip *trip, int64_t now_ms);
/* Adds the second trip's steps, if there is something to be had; trip->first stays NULL otherwise. */
int weir__take_add_more(struct weir__taking *taking, struct weir__trip *trip);
/* What take.lua gives: the tasks' ids and messages from the back, and behind them the rest. */
struct weir__taken {
    const redisReply *reply;
    size_t count;
    size_t started; /* of the first tasks */
    uint64_t token;
    bool again;  /* the request had been served before */
    size_t left; /* pending */
};

/* Returns 0 or WEIR_E_INTERNAL. */
int weir__taken_read(struct weir__taken *taken, const redisReply *reply, weir_error *err);
/* The i-th task, the oldest first. */
const char *weir__taken_id(const struct weir__taken *taken, size_t i);
const char *weir__taken_message(const struct weir__taken *taken, size_t i, size_t *len);

/* Reads the replies of the steps that were run into claims. */
int weir__take_read(struct weir__taking *taking, struct weir__trip *trip, weir_error *err);
/* Marks the first claims as started that the scripts could not know to be among the first. */
int weir__take_start(struct weir__taking *taking, struct weir__redis_backend *b, weir_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The names of keys. Those of one queue share the prefix "<prefix>{<queue>}:", whose braces keep them in
 * one slot of a cluster. What begins with "weir:" behind it is ours; the rest is asynq's.
 */
#ifndef WEIR_REDIS_KEYS_H
#define WEIR_REDIS_KEYS_H

#include "space.h"

#include <weir/broker.h>

/* Keys of a queue that scripts declare: name, and what stands behind the queue's prefix. */
#define WEIR__KEY_MAP(X)                                                                           \
    X(PREFIX, "")                                                                                  \
    X(PENDING, "pending")                                                                          \
    X(ACTIVE, "active")                                                                            \
    X(LEASE, "lease")                                                                              \
    X(SCHEDULED, "scheduled")                                                                      \
    X(RETRY, "retry")                                                                              \
    X(ARCHIVED, "archived")                                                                        \
    X(COMPLETED, "completed")                                                                      \
    X(GROUPS, "groups")                                                                            \
    X(SETS, "aggregation_sets")                                                                    \
    X(PAUSED, "paused")                                                                            \
    X(PROCESSED, "processed")                                                                      \
    X(FAILED, "failed")                                                                            \
    X(CANCEL, "weir:cancel")                                                                       \
    X(QUARANTINE, "weir:quarantine")                                                               \
    X(TICK, "weir:tick")                                                                           \
    X(PROCESSED_DAY, NULL) /* processed:<day> */                                                   \
    X(FAILED_DAY, NULL)    /* failed:<day> */                                                      \
    X(LANE, NULL)          /* weir:lane:<instance>:<lane><part> */

enum weir__key {
#define WEIR__KEY_ENUM(name, suffix) WEIR__KEY_##name,
    WEIR__KEY_MAP(WEIR__KEY_ENUM)
#undef WEIR__KEY_ENUM
    WEIR__KEY_COUNT,
    WEIR__KEY_NONE = WEIR__KEY_COUNT /* ends a script's list */
};

/* The keys of one queue, for one call. */
struct weir__queue {
    const char *name;
    const char *prefix; /* "asynq:{name}:" */
    size_t prefix_len;
    char day[11];     /* YYYY-MM-DD, for the counters */
    const char *lane; /* what stands behind "weir:lane:", or NULL */
};

/* Fills queue from a name and the time; prefix goes into the space. Returns 0 or WEIR_E_NOMEM. */
int weir__queue_init(struct weir__queue *queue, const char *prefix, const char *name,
                     int64_t now_ms, struct weir__space *space);

/* Sets the lane that a request's answer is remembered under; part tells apart the scripts of one request. */
int weir__queue_lane(struct weir__queue *queue, const weir_request_id *request, const char *part,
                     struct weir__space *space);

/* One key in the space, or NULL. */
char *weir__queue_key(const struct weir__queue *queue, enum weir__key key,
                      struct weir__space *space, size_t *len);

/* A time's UTC day. */
void weir__day(int64_t now_ms, char day[11]);

/* ms to whole seconds, rounded up or down (towards the past). */
int64_t weir__seconds_up(int64_t ms);
int64_t weir__seconds_down(int64_t ms);

#endif

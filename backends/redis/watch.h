/* SPDX-License-Identifier: MIT */
/*
 * The keys that wait() looks after: of each queue pending, paused, scheduled and retry; and where somebody waits for groups
 * the set of their names and each of them (groupwatch.h).
 *
 * Redis remembers for a connection with CLIENT TRACKING which keys it has read, and tells once when one
 * of them changes. So the same EXISTS looks at a key and arms it, at one moment: what was there
 * is in the reply, what comes later is a message. A key is `armed` from just before its EXISTS is sent until its message
 * comes. Marking it before the reply matters: a message may overtake the reply, which comes on another
 * connection. A message that was older than the EXISTS only makes us look once more.
 *
 * What a look or a message means becomes a generation number in work_gen, due_gen or group_gen of the queue.
 * All functions are called with the listener's lock.
 */
#ifndef WEIR_REDIS_WATCH_H
#define WEIR_REDIS_WATCH_H

#include "groupwatch.h"

enum weir__redis_key {
    WEIR__REDIS_PENDING,
    WEIR__REDIS_PAUSED,
    WEIR__REDIS_SCHEDULED,
    WEIR__REDIS_RETRY,
    WEIR__REDIS_GROUPS, /* read with SMEMBERS */
    WEIR__REDIS_KEYS,
    WEIR__REDIS_GROUP_KEYS = WEIR__REDIS_KEYS /* of a look: some of the groups */
};

struct weir__redis_watched {
    char *key[WEIR__REDIS_KEYS];
    bool armed[WEIR__REDIS_KEYS];
    bool paused;         /* as last looked at; holds while its key is armed */
    uint64_t work_gen;   /* the generation in which there came work */
    uint64_t due_gen;    /* the same for scheduled and retry */
    uint64_t group_gen;  /* the same for groups */
    int64_t told_at_ms;  /* the last message about pending */
    int64_t due_at_ms;   /* do not look at scheduled and retry again before */
    int64_t group_at_ms; /* nor at groups before */
    uint64_t used;       /* counts waits: the last one that named the queue */
    struct weir__redis_groupwatch groups;
    char *group_head; /* what the keys of groups begin with */
    char name[];
};

/* A key, or some groups, whose look was sent. */
struct weir__redis_look {
    struct weir__redis_watched *queue;
    enum weir__redis_key key;
};

struct weir__redis_watch {
    const char *prefix;
    struct weir__redis_watched **queues; /* sorted by name */
    size_t count;
    size_t cap;
    struct weir__redis_look *looks; /* of the present round */
    size_t look_count;
    size_t look_cap;
    uint64_t *generation; /* the listener's */
};

void weir__redis_watch_init(struct weir__redis_watch *w, const char *prefix, uint64_t *generation);
void weir__redis_watch_release(struct weir__redis_watch *w);

/* Makes sure that the queues of a wait are in the set, as used by the wait of this number. Errors: WEIR_E_NOMEM. */
int weir__redis_watch_add(struct weir__redis_watch *w, const weir_wait *wait, uint64_t number,
                          weir_error *err);

/* Drops queues that no wait from `number` on has named; only while nobody else waits. */
void weir__redis_watch_prune(struct weir__redis_watch *w, uint64_t number);

/* Nothing is armed any more: a connection was lost. */
void weir__redis_watch_disarm(struct weir__redis_watch *w);

/* Notes what must be looked at for this wait in `looks`; returns how many. Until *again_ms (never later than it was)
 * some keys can rest. Errors: WEIR_E_NOMEM (negative). */
int weir__redis_watch_plan(struct weir__redis_watch *w, const weir_wait *wait, int64_t now_ms,
                           int64_t *again_ms, weir_error *err);

/* Until when nothing need be looked at for this wait: 0 when there is something now, else the end of a rest, or
 * INT64_MAX. */
int64_t weir__redis_watch_rests_until(const struct weir__redis_watch *w, const weir_wait *wait);

/* What a look found: its reply. Errors: WEIR_E_NOMEM. */
int weir__redis_watch_saw(struct weir__redis_watch *w, const struct weir__redis_look *look,
                          const redisReply *reply, int64_t now_ms, weir_error *err);

/* A key changed. True if it was one of ours. */
bool weir__redis_watch_changed(struct weir__redis_watch *w, const char *key, size_t len,
                               int64_t now_ms);

/* WEIR_WAKE_WORK, _DUE and _GROUP, as far as they came after the wait's generation. */
unsigned weir__redis_watch_reasons(const struct weir__redis_watch *w, const weir_wait *wait);

#endif

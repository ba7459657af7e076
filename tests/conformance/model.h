/* SPDX-License-Identifier: MIT */
/*
 * A store as small as it can be, in memory and in order of what the contract says: what the random walk of
 * test_model.c compares the real one with. Times are chosen so that a lease, a lock, a retention or an age never ends in
 * the very millisecond in which it is looked at: the clock stands on even milliseconds, those end on odd ones.
 */
#ifndef CONFORMANCE_MODEL_H
#define CONFORMANCE_MODEL_H

#include "calls.h"

#define MODEL_QUEUES 3
#define MODEL_IDS 24 /* of each queue */
#define MODEL_KEYS 3 /* of each queue */
#define MODEL_UNKNOWN (-1)

struct mtask {
    weir_state state; /* NONE: there is no task of this id */
    int retried;
    bool has_error;
    int64_t due;   /* scheduled, retry */
    int64_t since; /* archived, completed; pending: or MODEL_UNKNOWN */
    int64_t until; /* completed: end of its retention */
    int64_t rank;  /* pending: its place */
    int64_t lease; /* active: end by the boot clock */
    bool started;
    int cancelled;           /* or MODEL_UNKNOWN */
    const weir_claim *claim; /* the present one */
    int key;                 /* its lock, or -1 */
    bool grouped;
};

struct mlock {
    struct mtask *holder; /* NULL: free */
    int64_t until;
};

struct mqueue {
    bool exists;
    bool paused;
    int64_t day; /* of the two that follow */
    int64_t processed_today, failed_today;
    int64_t processed, failed;
    struct mtask tasks[MODEL_IDS];
    struct mlock locks[MODEL_KEYS];
};

struct model {
    struct mqueue queues[MODEL_QUEUES];
    int64_t head, tail; /* ranks given out */
    int64_t now, boot;
};

/* Names of the store's side; ids in a static buffer of eight. */
extern const char *const model_queue_names[MODEL_QUEUES];
const char *model_id(int id);
/* The task a name stands for; NULL when the model never used it. */
struct mtask *model_find(struct model *model, int queue, const char *id);

/* What the wrappers would return, and the model's own change. */
int model_enqueue(struct model *model, int queue, int id, const struct mtask *as, int64_t ttl);
/* The next task of a queue, or -1. */
int model_next(const struct model *model, int queue);
size_t model_count(const struct model *model, int queue, weir_state state);
void model_take(struct model *model, struct mtask *task, const weir_claim *claim, int64_t lease_ms);
int model_finish(struct model *model, int queue, struct mtask *task, const weir_finish *finish);
void model_to_pending(struct model *model, struct mtask *task);
void model_to_archive(struct model *model, struct mtask *task);
void model_delete(struct mqueue *queue, struct mtask *task);
void model_remove(struct mqueue *queue);
bool model_holds(const struct mtask *task, const weir_claim *claim);

/* Compares the store with the model; false, with a text, at the first difference. */
bool model_agrees(struct model *model, char *why, size_t size);

#endif

/* SPDX-License-Identifier: MIT */
/* The model's transitions: doc/states.md, line by line. */
#include <config.h>

#include "model.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

const char *const model_queue_names[MODEL_QUEUES] = {"alpha", "beta", "gamma"};

const char *
model_id(int id)
{
    static char names[8][16];
    static int next;

    next = (next + 1) % 8;
    snprintf(names[next], sizeof(names[next]), "id%d", id);
    return names[next];
}

struct mtask *
model_find(struct model *model, int queue, const char *id)
{
    for (int i = 0; i < MODEL_IDS; i++) {
        if (strcmp(model_id(i), id) == 0)
            return &model->queues[queue].tasks[i];
    }
    return NULL;
}

static void
release(struct mqueue *queue, struct mtask *task)
{
    if (task->key >= 0 && queue->locks[task->key].holder == task)
        queue->locks[task->key].holder = NULL;
}

static void
count(struct model *model, struct mqueue *queue, bool failed)
{
    int64_t day = model->now / DAY_MS;

    if (queue->day != day)
        queue->processed_today = queue->failed_today = 0;
    queue->day = day;
    queue->processed++;
    queue->processed_today++;
    queue->failed += failed;
    queue->failed_today += failed;
}

int
model_enqueue(struct model *model, int q, int id, const struct mtask *as, int64_t ttl)
{
    struct mqueue *queue = &model->queues[q];
    struct mtask *task = &queue->tasks[id];
    struct mlock *lock = as->key >= 0 ? &queue->locks[as->key] : NULL;

    if (task->state != WEIR_STATE_NONE)
        return WEIR_E_CONFLICT;
    if (lock != NULL && lock->holder != NULL && lock->until > model->now)
        return WEIR_E_DUPLICATE;
    *task = *as;
    if (lock != NULL)
        *lock = (struct mlock){task, model->now + ttl};
    if (task->state == WEIR_STATE_PENDING)
        model_to_pending(model, task);
    queue->exists = true;
    return 0;
}

void
model_to_pending(struct model *model, struct mtask *task)
{
    task->state = WEIR_STATE_PENDING;
    task->rank = ++model->tail;
    task->since = model->now;
    task->claim = NULL;
}

void
model_to_archive(struct model *model, struct mtask *task)
{
    task->state = WEIR_STATE_ARCHIVED;
    task->since = model->now;
    task->claim = NULL;
}

void
model_delete(struct mqueue *queue, struct mtask *task)
{
    release(queue, task);
    *task = (struct mtask){.key = -1};
}

void
model_remove(struct mqueue *queue)
{
    *queue = (struct mqueue){0};
    for (int i = 0; i < MODEL_IDS; i++)
        queue->tasks[i].key = -1;
}

int
model_next(const struct model *model, int q)
{
    const struct mqueue *queue = &model->queues[q];
    int best = -1;

    if (queue->paused)
        return -1;
    for (int i = 0; i < MODEL_IDS; i++) {
        if (queue->tasks[i].state == WEIR_STATE_PENDING &&
            (best < 0 || queue->tasks[i].rank < queue->tasks[best].rank))
            best = i;
    }
    return best;
}

size_t
model_count(const struct model *model, int queue, weir_state state)
{
    size_t number = 0;

    for (int i = 0; i < MODEL_IDS; i++)
        number += model->queues[queue].tasks[i].state == state;
    return number;
}

void
model_take(struct model *model, struct mtask *task, const weir_claim *claim, int64_t lease_ms)
{
    task->state = WEIR_STATE_ACTIVE;
    task->claim = claim;
    task->started = claim->started;
    task->lease = model->boot + lease_ms;
}

bool
model_holds(const struct mtask *task, const weir_claim *claim)
{
    return task->state == WEIR_STATE_ACTIVE && task->claim == claim;
}

static void
requeue(struct model *model, struct mtask *task)
{
    task->state = WEIR_STATE_PENDING;
    task->rank = --model->head;
    task->since = MODEL_UNKNOWN;
    task->claim = NULL;
}

static void
retry(struct model *model, struct mqueue *queue, struct mtask *task, const weir_finish *finish)
{
    task->state = WEIR_STATE_RETRY;
    task->due = finish->at_ms;
    task->claim = NULL;
    task->has_error = task->has_error || finish->error != NULL;
    task->retried += finish->counted;
    if (finish->counted)
        count(model, queue, true);
}

static void
complete(struct model *model, struct mqueue *queue, struct mtask *task, int64_t until)
{
    release(queue, task);
    task->key = -1;
    task->state = WEIR_STATE_COMPLETED;
    task->since = model->now;
    task->until = until;
    task->claim = NULL;
    count(model, queue, false);
}

int
model_finish(struct model *model, int q, struct mtask *task, const weir_finish *finish)
{
    struct mqueue *queue = &model->queues[q];

    if (!model_holds(task, finish->claim))
        return WEIR_E_STALE;
    task->cancelled = 0;
    if (finish->kind == WEIR_FINISH_REQUEUE)
        requeue(model, task);
    if (finish->kind == WEIR_FINISH_RETRY)
        retry(model, queue, task, finish);
    if (finish->kind == WEIR_FINISH_COMPLETE)
        complete(model, queue, task, finish->at_ms);
    if (finish->kind == WEIR_FINISH_ARCHIVE) {
        task->has_error = task->has_error || finish->error != NULL;
        model_to_archive(model, task);
        count(model, queue, true);
    }
    if (finish->kind == WEIR_FINISH_DONE) {
        model_delete(queue, task);
        count(model, queue, false);
    }
    return 0;
}

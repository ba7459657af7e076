/* SPDX-License-Identifier: MIT */
/* Uniqueness: one lock for each key of a queue, until its task is gone or its time is over. */
#include "memo.h"

#include <stdlib.h>
#include <string.h>

struct lock **
memo_find_lock(struct memo *memo, const struct queue *queue, const char *key)
{
    struct lock **at = &memo->locks;

    while (*at && ((*at)->queue != queue || strcmp((*at)->key, key) != 0))
        at = &(*at)->next;
    return at;
}

void
memo_drop_lock(struct lock **at)
{
    struct lock *lock = *at;

    *at = lock->next;
    free(lock->key);
    free(lock->id);
    free(lock);
}

void
memo_unlock(struct memo *memo, const struct task *task)
{
    struct lock **at;

    if (!task->info->unique_key)
        return;
    at = memo_find_lock(memo, task->queue, task->info->unique_key);
    if (*at && strcmp((*at)->id, task->info->id) == 0)
        memo_drop_lock(at);
}

int
memo_take_lock(struct memo *memo, struct queue *queue, const weir_enqueue_item *item,
               int64_t now_ms)
{
    struct lock **at = memo_find_lock(memo, queue, item->task->unique_key);
    struct lock *lock;

    if (*at)
        memo_drop_lock(at); /* its time is over */
    lock = calloc(1, sizeof *lock);
    if (!lock)
        return WEIR_E_NOMEM;
    lock->queue = queue;
    lock->until_ms = now_ms + item->unique_ttl_ms;
    lock->key = strdup(item->task->unique_key);
    lock->id = strdup(item->task->id);
    lock->next = memo->locks;
    memo->locks = lock;
    if (lock->key && lock->id)
        return 0;
    memo_drop_lock(&memo->locks);
    return WEIR_E_NOMEM;
}

/* SPDX-License-Identifier: MIT */
/* Enqueueing: each task of a batch is taken or refused by itself. */
#include "memo.h"

#include <stdlib.h>

static int
refusal(struct memo *memo, const weir_enqueue_item *item, int64_t now_ms)
{
    struct queue *queue = memo_find_queue(memo, item->task->queue);
    struct lock *lock;

    if (!queue)
        return 0;
    if (memo_find_task(memo, item->task->queue, item->task->id))
        return WEIR_E_CONFLICT;
    if (item->unique_ttl_ms <= 0)
        return 0;
    lock = *memo_find_lock(memo, queue, item->task->unique_key);
    return lock && lock->until_ms > now_ms ? WEIR_E_DUPLICATE : 0;
}

static int
put(struct memo *memo, const weir_enqueue_item *item, int64_t now_ms)
{
    struct queue *queue = memo_make_queue(memo, item->task->queue);
    struct task *task = queue ? calloc(1, sizeof *task) : NULL;
    int rc = task ? 0 : WEIR_E_NOMEM;

    if (rc == 0 && item->unique_ttl_ms > 0)
        rc = memo_take_lock(memo, queue, item, now_ms);
    if (rc == 0)
        task->info = weir_task_info_copy(item->task);
    if (rc < 0 || !task->info) {
        free(task);
        return WEIR_E_NOMEM;
    }
    task->queue = queue;
    task->info->enqueued_at_ms = now_ms;
    task->place = task->info->next_process_at_ms;
    if (task->info->state != WEIR_STATE_SCHEDULED)
        task->place = ++memo->tail;
    if (task->info->state == WEIR_STATE_PENDING)
        task->info->pending_since_ms = now_ms;
    if (task->info->state == WEIR_STATE_AGGREGATING)
        task->info->state_since_ms = now_ms;
    memo_put_in_place(memo, task);
    return 0;
}

int
memo_enqueue(void *self, const weir_request_id *request, int64_t now_ms, weir_enqueue_item *items,
             size_t item_count, weir_error *err)
{
    struct memo *memo = self;
    bool short_of_memory = false;

    (void)request;
    pthread_mutex_lock(&memo->lock);
    for (size_t i = 0; i < item_count; i++) {
        items[i].result = refusal(memo, &items[i], now_ms);
        if (items[i].result == 0)
            items[i].result = put(memo, &items[i], now_ms);
        short_of_memory = short_of_memory || items[i].result == WEIR_E_NOMEM;
    }
    memo_touch(memo);
    pthread_mutex_unlock(&memo->lock);
    return short_of_memory ? memo_no_memory(err) : 0;
}

/* SPDX-License-Identifier: MIT */
/* Bringing due tasks forward, recovering what lost its lease, removing what has expired. */
#include "memo.h"

#include <string.h>

static bool
is_among(const struct task *task, const char *const *queues, size_t queue_count)
{
    for (size_t i = 0; i < queue_count; i++) {
        if (strcmp(queues[i], task->queue->name) == 0)
            return true;
    }
    return false;
}

static struct task *
first_waiting(struct memo *memo, const char *const *queues, size_t queue_count)
{
    struct task *task = memo->tasks;

    while (task &&
           ((task->info->state != WEIR_STATE_SCHEDULED && task->info->state != WEIR_STATE_RETRY) ||
            !is_among(task, queues, queue_count)))
        task = task->next;
    return task;
}

static void
bring_forward(struct memo *memo, struct task *task, int64_t now_ms)
{
    bool grouped = task->info->group && task->info->state == WEIR_STATE_SCHEDULED;

    memo_enter(memo, task, grouped ? WEIR_STATE_AGGREGATING : WEIR_STATE_PENDING, ++memo->tail);
    task->info->pending_since_ms = now_ms;
    task->info->state_since_ms = grouped ? now_ms : 0;
    task->info->next_process_at_ms = 0;
}

int
memo_forward(void *self, int64_t now_ms, weir_forward *forward, weir_error *err)
{
    struct memo *memo = self;
    struct task *task;

    (void)err;
    pthread_mutex_lock(&memo->lock);
    for (;;) {
        task = first_waiting(memo, forward->queues, forward->queue_count);
        if (!task || task->place > now_ms || forward->moved == forward->max)
            break;
        bring_forward(memo, task, now_ms);
        forward->moved++;
    }
    forward->next_due_at_ms = task ? task->place : WEIR_NEVER;
    if (forward->moved > 0)
        memo_touch(memo);
    pthread_mutex_unlock(&memo->lock);
    return 0;
}

int
memo_recover(void *self, const weir_request_id *request, int64_t now_ms, weir_recover *recover,
             weir_error *err)
{
    struct memo *memo = self;
    size_t found = 0;
    int rc = 0;

    (void)request;
    (void)now_ms;
    pthread_mutex_lock(&memo->lock);
    for (struct task *task = memo->tasks; task && found < recover->max && rc == 0;
         task = task->next) {
        if (task->info->state != WEIR_STATE_ACTIVE || task->lease_end_ms >= memo_boot_ms(memo) ||
            !is_among(task, recover->queues, recover->queue_count))
            continue;
        rc = memo_claim(memo, task, task->started, recover->lease_ms, recover->sink,
                        recover->sink_arg);
        found++;
    }
    pthread_mutex_unlock(&memo->lock);
    return rc < 0 ? weir_error_set(err, rc, NULL) : 0;
}

static void
remove_task(struct memo *memo, struct task *task)
{
    memo_unlock(memo, task);
    memo_take_out(memo, task);
    memo_free_task(task);
}

static int64_t
count_archived(const struct memo *memo, const struct queue *queue)
{
    int64_t archived = 0;

    for (const struct task *task = memo->tasks; task; task = task->next)
        archived += task->queue == queue && task->info->state == WEIR_STATE_ARCHIVED;
    return archived;
}

/* When the time of a completed or archived task is over; WEIR_NEVER for others. */
static int64_t
end_of(const struct task *task, const weir_expire *expire)
{
    int64_t age_ms = task->info->archive_for_ms > 0 ? task->info->archive_for_ms
                                                    : expire->archive_age_ms;

    if (task->info->state == WEIR_STATE_COMPLETED)
        return task->place;
    if (task->info->state != WEIR_STATE_ARCHIVED || age_ms < 0 || age_ms > WEIR_NEVER - task->place)
        return WEIR_NEVER;
    return task->place + age_ms;
}

/* What ends first, of tasks in a state or in any. */
static struct task *
first_to_end(const struct memo *memo, const struct queue *queue, const weir_expire *expire,
             weir_state state)
{
    struct task *first = NULL;

    for (struct task *task = memo->tasks; task; task = task->next) {
        if (task->queue == queue && (state == WEIR_STATE_NONE || task->info->state == state) &&
            (!first || end_of(task, expire) < end_of(first, expire)))
            first = task;
    }
    return first;
}

/* The next task of a queue to go, or NULL. */
static struct task *
next_over(const struct memo *memo, const struct queue *queue, const weir_expire *expire,
          int64_t now_ms)
{
    struct task *task = first_to_end(memo, queue, expire, WEIR_STATE_NONE);

    if (task && end_of(task, expire) <= now_ms)
        return task;
    if (expire->archive_max >= 0 && count_archived(memo, queue) > expire->archive_max)
        return first_to_end(memo, queue, expire, WEIR_STATE_ARCHIVED);
    return NULL;
}

int
memo_expire(void *self, int64_t now_ms, weir_expire *expire, weir_error *err)
{
    struct memo *memo = self;

    (void)err;
    pthread_mutex_lock(&memo->lock);
    for (size_t i = 0; i < expire->queue_count; i++) {
        struct queue *queue = memo_find_queue(memo, expire->queues[i]);
        struct task *task;

        while (queue && expire->removed < expire->max &&
               (task = next_over(memo, queue, expire, now_ms))) {
            remove_task(memo, task);
            expire->removed++;
        }
    }
    pthread_mutex_unlock(&memo->lock);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* Queues and tasks: finding them, putting them in their place, taking them out. */
#include "memo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
memo_no_memory(weir_error *err)
{
    return weir_error_set(err, WEIR_E_NOMEM, NULL);
}

void
memo_touch(struct memo *memo)
{
    memo->generation++;
    pthread_cond_broadcast(&memo->changed);
}

int64_t
memo_boot_ms(const struct memo *memo)
{
    return memo->clock->boot_ms(memo->clock->ctx);
}

struct queue *
memo_find_queue(struct memo *memo, const char *name)
{
    struct queue *queue = memo->queues;

    while (queue && strcmp(queue->name, name) != 0)
        queue = queue->next;
    return queue;
}

struct queue *
memo_make_queue(struct memo *memo, const char *name)
{
    struct queue *queue = memo_find_queue(memo, name);
    struct queue **at = &memo->queues;

    if (queue)
        return queue;
    queue = calloc(1, sizeof *queue);
    if (!queue)
        return NULL;
    snprintf(queue->name, sizeof queue->name, "%s", name);
    while (*at && strcmp((*at)->name, name) < 0)
        at = &(*at)->next;
    queue->next = *at;
    return *at = queue;
}

struct task *
memo_find_task(struct memo *memo, const char *queue, const char *id)
{
    struct task *task = memo->tasks;

    while (task && (strcmp(task->info->id, id) != 0 || strcmp(task->queue->name, queue) != 0))
        task = task->next;
    return task;
}

void
memo_put_in_place(struct memo *memo, struct task *task)
{
    struct task **at = &memo->tasks;

    while (*at && (*at)->place <= task->place)
        at = &(*at)->next;
    task->next = *at;
    *at = task;
}

void
memo_take_out(struct memo *memo, struct task *task)
{
    struct task **at = &memo->tasks;

    while (*at != task)
        at = &(*at)->next;
    *at = task->next;
}

void
memo_free_task(struct task *task)
{
    weir_task_info_free(task->info);
    free(task);
}

void
memo_enter(struct memo *memo, struct task *task, weir_state state, int64_t place)
{
    memo_take_out(memo, task);
    task->info->state = state;
    task->place = place;
    task->token = 0;
    memo_put_in_place(memo, task);
}

/* Replaces the texts that an outcome changes. */
int
memo_rewrite(struct task *task, const weir_task_info *changed)
{
    weir_task_info *copy = weir_task_info_copy(changed);

    if (!copy)
        return WEIR_E_NOMEM;
    weir_task_info_free(task->info);
    task->info = copy;
    return 0;
}

void
memo_count(struct queue *queue, int64_t now_ms, int processed, int failed)
{
    int64_t day = now_ms / DAY_MS;
    size_t i = (size_t)(day % DAYS);

    if (queue->day[i] != day) {
        queue->day[i] = day;
        queue->day_processed[i] = queue->day_failed[i] = 0;
    }
    queue->processed += processed;
    queue->failed += failed;
    queue->day_processed[i] += processed;
    queue->day_failed[i] += failed;
}

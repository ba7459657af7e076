/* SPDX-License-Identifier: MIT */
/* Lists and counts for the inspector. */
#include "memo.h"

#include <stdlib.h>
#include <string.h>

static int
no_queue(const char *name, weir_error *err)
{
    return weir_error_set(err, WEIR_E_NO_QUEUE, "queue \"%s\" not found", name);
}

int
memo_queues(void *self, weir_name_sink sink, void *arg, weir_error *err)
{
    struct memo *memo = self;
    int rc = 0;

    pthread_mutex_lock(&memo->lock);
    for (const struct queue *queue = memo->queues; queue && rc == 0; queue = queue->next)
        rc = sink(arg, queue->name);
    pthread_mutex_unlock(&memo->lock);
    return rc < 0 ? weir_error_set(err, rc, NULL) : 0;
}

static size_t *
counter_of(weir_queue_info *info, weir_state state)
{
    size_t *const counters[] = {
        [WEIR_STATE_SCHEDULED] = &info->scheduled,    [WEIR_STATE_PENDING] = &info->pending,
        [WEIR_STATE_ACTIVE] = &info->active,          [WEIR_STATE_RETRY] = &info->retry,
        [WEIR_STATE_ARCHIVED] = &info->archived,      [WEIR_STATE_COMPLETED] = &info->completed,
        [WEIR_STATE_AGGREGATING] = &info->aggregating};

    return counters[state];
}

/* True for the first task of its group. */
static bool
opens_group(const struct memo *memo, const struct task *task)
{
    const struct task *first = memo->tasks;

    if (task->info->state != WEIR_STATE_AGGREGATING)
        return false;
    while (first->queue != task->queue || first->info->state != WEIR_STATE_AGGREGATING ||
           strcmp(first->info->group, task->info->group) != 0)
        first = first->next;
    return first == task;
}

static void
add_task(weir_queue_info *info, const struct task *task, int64_t now_ms)
{
    int64_t age_ms = now_ms - task->info->pending_since_ms;

    ++*counter_of(info, task->info->state);
    info->size++;
    if (task->info->state == WEIR_STATE_PENDING && age_ms > info->latency_ms)
        info->latency_ms = age_ms;
}

int
memo_queue(void *self, const char *name, int64_t now_ms, weir_queue_info *info, weir_error *err)
{
    struct memo *memo = self;
    struct queue *queue;

    pthread_mutex_lock(&memo->lock);
    queue = memo_find_queue(memo, name);
    for (const struct task *task = memo->tasks; task && queue; task = task->next) {
        if (task->queue != queue)
            continue;
        add_task(info, task, now_ms);
        info->groups += opens_group(memo, task);
    }
    if (queue) {
        size_t today = (size_t)(now_ms / DAY_MS % DAYS);
        bool fresh = queue->day[today] == now_ms / DAY_MS;

        info->memory_bytes = -1;
        info->processed_total = queue->processed;
        info->failed_total = queue->failed;
        info->processed_today = fresh ? queue->day_processed[today] : 0;
        info->failed_today = fresh ? queue->day_failed[today] : 0;
    }
    pthread_mutex_unlock(&memo->lock);
    return queue ? 0 : no_queue(name, err);
}

/* Days since 1970 of YYYY-MM-DD: years begin in March, so that the odd day comes last. */
static int64_t
day_of(const char *date)
{
    int year = atoi(date), month = atoi(date + 5), day = atoi(date + 8);

    year -= month <= 2;
    month = (month + 9) % 12;
    return INT64_C(365) * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day -
           719469;
}

int
memo_history(void *self, const char *name, weir_day *days, size_t day_count, weir_error *err)
{
    struct memo *memo = self;
    struct queue *queue;

    pthread_mutex_lock(&memo->lock);
    queue = memo_find_queue(memo, name);
    for (size_t i = 0; i < day_count && queue; i++) {
        int64_t day = day_of(days[i].date);
        size_t at = (size_t)(day % DAYS);

        days[i].processed = queue->day[at] == day ? queue->day_processed[at] : 0;
        days[i].failed = queue->day[at] == day ? queue->day_failed[at] : 0;
    }
    pthread_mutex_unlock(&memo->lock);
    return queue ? 0 : no_queue(name, err);
}

static int
show(const struct memo *memo, const struct task *task, weir_task_sink sink, void *arg)
{
    weir_task_info shown = *task->info;

    if (shown.state != WEIR_STATE_PENDING)
        shown.pending_since_ms = 0;
    if (shown.state == WEIR_STATE_ACTIVE) {
        int64_t left_ms = task->lease_end_ms - memo_boot_ms(memo);

        shown.is_orphaned = left_ms < 0;
        shown.lease_expires_at_ms = memo->clock->wall_ms(memo->clock->ctx) + left_ms;
    }
    return sink(arg, &shown);
}

int
memo_tasks(void *self, const char *name, weir_state state, const char *group, size_t offset,
           size_t limit, weir_task_sink sink, void *arg, weir_error *err)
{
    struct memo *memo = self;
    struct queue *queue;
    int rc = 0;

    pthread_mutex_lock(&memo->lock);
    queue = memo_find_queue(memo, name);
    for (const struct task *task = memo->tasks; task && queue && limit > 0 && rc == 0;
         task = task->next) {
        if (task->queue != queue || task->info->state != state ||
            (group && (!task->info->group || strcmp(task->info->group, group) != 0)))
            continue;
        if (offset > 0) {
            offset--;
            continue;
        }
        limit--;
        rc = show(memo, task, sink, arg);
    }
    pthread_mutex_unlock(&memo->lock);
    if (!queue)
        return no_queue(name, err);
    return rc < 0 ? weir_error_set(err, rc, NULL) : 0;
}

int
memo_task(void *self, const char *queue, const char *id, weir_task_sink sink, void *arg,
          weir_error *err)
{
    struct memo *memo = self;
    const struct task *task;
    bool known;
    int rc = 0;

    pthread_mutex_lock(&memo->lock);
    known = memo_find_queue(memo, queue) != NULL;
    task = memo_find_task(memo, queue, id);
    if (task)
        rc = show(memo, task, sink, arg);
    pthread_mutex_unlock(&memo->lock);
    if (!known)
        return no_queue(queue, err);
    if (!task)
        return weir_error_set(err, WEIR_E_NO_TASK, "task \"%s\" not found", id);
    return rc < 0 ? weir_error_set(err, rc, NULL) : 0;
}

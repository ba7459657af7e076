/* SPDX-License-Identifier: MIT */
/* Outcomes, claims and leases. A finish counts only with the token of the claim. */
#include "memo.h"

#include <string.h>

static struct task *
find_claimed(struct memo *memo, const weir_claim *claim)
{
    struct task *task = memo_find_task(memo, claim->task->queue, claim->task->id);

    return task && task->info->state == WEIR_STATE_ACTIVE && task->token == claim->token ? task
                                                                                         : NULL;
}

static int
finish_kept(struct memo *memo, struct task *task, const weir_finish *finish, int64_t now_ms)
{
    weir_task_info changed = *task->info;
    bool archive = finish->kind == WEIR_FINISH_ARCHIVE;
    bool retry = finish->kind == WEIR_FINISH_RETRY;

    if (finish->error && finish->kind != WEIR_FINISH_COMPLETE) {
        changed.last_error = finish->error;
        changed.last_failed_at_ms = now_ms;
    }
    changed.retried += retry && finish->counted;
    changed.state_since_ms = now_ms;
    changed.next_process_at_ms = retry ? finish->at_ms : 0;
    if (finish->kind == WEIR_FINISH_COMPLETE) {
        changed.result = finish->result;
        changed.result_len = finish->result_len;
    }
    if (memo_rewrite(task, &changed) < 0)
        return WEIR_E_NOMEM;
    memo_enter(memo, task,
               archive ? WEIR_STATE_ARCHIVED
               : retry ? WEIR_STATE_RETRY
                       : WEIR_STATE_COMPLETED,
               archive ? now_ms : finish->at_ms);
    if (!archive && !retry)
        memo_unlock(memo, task);
    memo_count(task->queue, now_ms, !retry || finish->counted,
               archive || (retry && finish->counted));
    return 0;
}

static int
finish_one(struct memo *memo, const weir_finish *finish, int64_t now_ms)
{
    struct task *task = find_claimed(memo, finish->claim);

    if (!task)
        return WEIR_E_STALE;
    if (finish->kind == WEIR_FINISH_REQUEUE) {
        memo_enter(memo, task, WEIR_STATE_PENDING, memo->head--);
        task->info->pending_since_ms = now_ms;
        task->started = false;
        return 0;
    }
    if (!task->started)
        return WEIR_E_STATE;
    if (finish->kind != WEIR_FINISH_DONE)
        return finish_kept(memo, task, finish, now_ms);
    memo_unlock(memo, task);
    memo_count(task->queue, now_ms, 1, 0);
    memo_take_out(memo, task);
    memo_free_task(task);
    return 0;
}

/* Those that go back to the head go last one first, so that they keep their order. */
static void
finish_all(struct memo *memo, weir_consume *work, int64_t now_ms)
{
    for (size_t i = 0; i < work->finish_count; i++) {
        if (work->finishes[i].kind != WEIR_FINISH_REQUEUE)
            work->finishes[i].outcome = finish_one(memo, &work->finishes[i], now_ms);
    }
    for (size_t i = work->finish_count; i > 0; i--) {
        if (work->finishes[i - 1].kind == WEIR_FINISH_REQUEUE)
            work->finishes[i - 1].outcome = finish_one(memo, &work->finishes[i - 1], now_ms);
    }
}

int
memo_claim(struct memo *memo, struct task *task, bool started, int64_t lease_ms,
           weir_claim_sink sink, void *arg)
{
    uint64_t token = ++memo->token;
    weir_task_info shown = *task->info;
    int rc;

    shown.state = WEIR_STATE_ACTIVE;
    rc = sink(arg, &shown, token, 0, started);
    if (rc < 0)
        return rc;
    task->info->state = WEIR_STATE_ACTIVE;
    task->token = token;
    task->started = started;
    task->lease_end_ms = memo_boot_ms(memo) + lease_ms;
    return 0;
}

/* Takes up to `want` more of a queue; *taken counts those of the whole call. */
static int
take_some(struct memo *memo, const weir_take *take, const char *name, size_t want, size_t *taken)
{
    struct queue *queue = memo_find_queue(memo, name);
    int rc = 0;

    for (struct task *task = memo->tasks; task && want > 0 && rc == 0; task = task->next) {
        if (task->queue != queue || task->info->state != WEIR_STATE_PENDING)
            continue;
        rc = memo_claim(memo, task, *taken < take->start, take->lease_ms, take->sink,
                        take->sink_arg);
        if (rc == 0) {
            ++*taken;
            want--;
        }
    }
    return rc;
}

static size_t
count_pending(const struct memo *memo, const char *name)
{
    size_t pending = 0;

    for (const struct task *task = memo->tasks; task; task = task->next)
        pending += task->info->state == WEIR_STATE_PENDING && strcmp(task->queue->name, name) == 0;
    return pending;
}

static int
take_all(struct memo *memo, const weir_take *take)
{
    size_t taken = 0;
    int rc = 0;

    for (size_t i = 0; i < take->queue_count && rc == 0; i++)
        rc = take_some(memo, take, take->queues[i].name, take->queues[i].want, &taken);
    for (size_t i = 0; i < take->queue_count && rc == 0; i++)
        rc = take_some(memo, take, take->queues[i].name, take->max - taken, &taken);
    for (size_t i = 0; i < take->queue_count; i++)
        take->queues[i].left = count_pending(memo, take->queues[i].name);
    return rc;
}

int
memo_consume(void *self, const weir_request_id *request, int64_t now_ms, weir_consume *work,
             weir_error *err)
{
    struct memo *memo = self;
    int rc = 0;

    (void)request;
    pthread_mutex_lock(&memo->lock);
    finish_all(memo, work, now_ms);
    for (size_t i = 0; i < work->start_count; i++) {
        struct task *task = find_claimed(memo, work->starts[i].claim);

        work->starts[i].result = task ? 0 : WEIR_E_STALE;
        if (task)
            task->started = true;
    }
    if (work->take)
        rc = take_all(memo, work->take);
    if (work->finish_count > 0)
        memo_touch(memo);
    pthread_mutex_unlock(&memo->lock);
    return rc < 0 ? weir_error_set(err, rc, NULL) : 0;
}

int
memo_extend(void *self, int64_t now_ms, int64_t lease_ms, weir_extend_item *items,
            size_t item_count, weir_error *err)
{
    struct memo *memo = self;

    (void)now_ms;
    (void)err;
    pthread_mutex_lock(&memo->lock);
    for (size_t i = 0; i < item_count; i++) {
        struct task *task = find_claimed(memo, items[i].claim);

        items[i].result = task ? 0 : WEIR_E_STALE;
        items[i].cancelled = false;
        if (task)
            task->lease_end_ms = memo_boot_ms(memo) + lease_ms;
    }
    pthread_mutex_unlock(&memo->lock);
    return 0;
}

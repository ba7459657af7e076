/* SPDX-License-Identifier: MIT */
/*
 * An example of a backend, built out of weir's tree: "memo:" keeps tasks in this process's memory. It has what every
 * backend must have and no capability beyond SURE_REPLIES, so that the core refuses the rest and the conformance suite
 * skips it by name.
 *
 * One lock guards everything; tasks stand in a list in the order of their `place`, and everything is found by looking
 * through it. A generation number that grows with each change makes wait() miss nothing.
 */
#include "memo.h"

#include <stdlib.h>

static int
memo_open(void **self, const weir_backend_open *how, weir_error *err)
{
    struct memo *memo = calloc(1, sizeof *memo);

    if (!memo)
        return memo_no_memory(err);
    pthread_mutex_init(&memo->lock, NULL);
    pthread_cond_init(&memo->changed, NULL);
    memo->clock = how->clock;
    memo->generation = 1;
    *self = memo;
    return 0;
}

static void
memo_close(void *self)
{
    struct memo *memo = self;

    for (struct task *task = memo->tasks, *next; task; task = next) {
        next = task->next;
        memo_free_task(task);
    }
    while (memo->locks)
        memo_drop_lock(&memo->locks);
    for (struct queue *queue = memo->queues, *next; queue; queue = next) {
        next = queue->next;
        free(queue);
    }
    for (struct server *server = memo->servers, *next; server; server = next) {
        next = server->next;
        memo_free_server(server);
    }
    pthread_cond_destroy(&memo->changed);
    pthread_mutex_destroy(&memo->lock);
    free(memo);
}

static unsigned
memo_capabilities(void *self)
{
    (void)self;
    return WEIR_CAP_SURE_REPLIES;
}

static int
memo_ping(void *self, weir_error *err)
{
    (void)self;
    (void)err;
    return 0;
}

static const char *const schemes[] = {"memo", NULL};

WEIR_BACKEND_EXPORT const weir_backend weir_backend_entry = {
    .abi = WEIR_BROKER_ABI,
    .name = "memo",
    .schemes = schemes,
    .open = memo_open,
    .close = memo_close,
    .capabilities = memo_capabilities,
    .ping = memo_ping,
    .enqueue = memo_enqueue,
    .consume = memo_consume,
    .extend = memo_extend,
    .wait = memo_wait,
    .interrupt = memo_interrupt,
    .forward = memo_forward,
    .recover = memo_recover,
    .expire = memo_expire,
    .beat = memo_beat,
    .leave = memo_leave,
    .servers = memo_servers,
    .queues = memo_queues,
    .queue = memo_queue,
    .history = memo_history,
    .tasks = memo_tasks,
    .task = memo_task,
};

/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "null.h"

#include <pthread.h>

static struct null {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t pending;
    uint64_t generation;
    uint64_t interrupted; /* by generation */
    uint64_t token;
} null = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static int
null_open(void **self, const weir_backend_open *how, weir_error *err)
{
    (void)how;
    (void)err;
    null.pending = 0;
    null.generation = 1;
    *self = &null;
    return 0;
}

static void
null_close(void *self)
{
    (void)self;
}

static unsigned
null_capabilities(void *self)
{
    (void)self;
    return WEIR_CAP_SURE_REPLIES | WEIR_CAP_PUSH;
}

static int
null_ping(void *self, weir_error *err)
{
    (void)self;
    (void)err;
    return 0;
}

static int
null_enqueue(void *self, const weir_request_id *request, int64_t now_ms, weir_enqueue_item *items,
             size_t count, weir_error *err)
{
    (void)self;
    (void)request;
    (void)now_ms;
    (void)err;
    for (size_t i = 0; i < count; i++) {
        items[i].result = 0;
    }
    pthread_mutex_lock(&null.lock);
    null.pending += count;
    null.generation++;
    pthread_cond_broadcast(&null.changed);
    pthread_mutex_unlock(&null.lock);
    return 0;
}

/* Always the same task, under a token of its own. */
static void
give(weir_take *take)
{
    static const weir_task_info task = {
        .id = "01a20000-0000-7000-8000-000000000000",
        .type = "bench",
        .queue = "cycle",
        .payload = "0123456789012345678901234567890123456789012345678901234567890123",
        .payload_len = 64,
        .state = WEIR_STATE_ACTIVE,
        .max_retry = 25,
    };

    for (size_t i = 0; i < take->max && null.pending > 0; i++) {
        if (take->sink(take->sink_arg, &task, ++null.token, 0, i < take->start) != 0) {
            return;
        }
        null.pending--;
    }
    for (size_t i = 0; i < take->queue_count; i++) {
        take->queues[i].left = null.pending;
    }
}

static int
null_consume(void *self, const weir_request_id *request, int64_t now_ms, weir_consume *work,
             weir_error *err)
{
    (void)self;
    (void)request;
    (void)now_ms;
    (void)err;
    for (size_t i = 0; i < work->finish_count; i++) {
        work->finishes[i].outcome = 0;
    }
    for (size_t i = 0; i < work->start_count; i++) {
        work->starts[i].result = 0;
    }
    if (work->take != NULL) {
        pthread_mutex_lock(&null.lock);
        give(work->take);
        pthread_mutex_unlock(&null.lock);
    }
    return 0;
}

static int
null_extend(void *self, int64_t now_ms, int64_t lease_ms, weir_extend_item *items, size_t count,
            weir_error *err)
{
    (void)self;
    (void)now_ms;
    (void)lease_ms;
    (void)err;
    for (size_t i = 0; i < count; i++) {
        items[i].result = 0;
    }
    return 0;
}

/* Without the time limit: whoever waits is interrupted in the end. */
static int
null_wait(void *self, weir_wait *wait, weir_error *err)
{
    (void)self;
    (void)err;
    pthread_mutex_lock(&null.lock);
    while (wait->generation != 0 && wait->generation == null.generation) {
        pthread_cond_wait(&null.changed, &null.lock);
    }
    wait->reasons = wait->generation == 0                 ? WEIR_WAKE_TIMEOUT
                    : null.interrupted > wait->generation ? WEIR_WAKE_INTERRUPT
                                                          : WEIR_WAKE_WORK;
    wait->generation = null.generation;
    pthread_mutex_unlock(&null.lock);
    return 0;
}

static void
null_interrupt(void *self)
{
    (void)self;
    pthread_mutex_lock(&null.lock);
    null.interrupted = ++null.generation;
    pthread_cond_broadcast(&null.changed);
    pthread_mutex_unlock(&null.lock);
}

static int
null_forward(void *self, int64_t now_ms, weir_forward *forward, weir_error *err)
{
    (void)self;
    (void)now_ms;
    (void)err;
    forward->moved = 0;
    forward->next_due_at_ms = WEIR_NEVER;
    return 0;
}

static int
null_recover(void *self, const weir_request_id *request, int64_t now_ms, weir_recover *recover,
             weir_error *err)
{
    (void)self;
    (void)request;
    (void)now_ms;
    (void)recover;
    (void)err;
    return 0;
}

static int
null_expire(void *self, int64_t now_ms, weir_expire *expire, weir_error *err)
{
    (void)self;
    (void)now_ms;
    (void)err;
    expire->removed = 0;
    return 0;
}

static int
null_beat(void *self, int64_t now_ms, const weir_server_info *server, int64_t ttl_ms,
          weir_error *err)
{
    (void)self;
    (void)now_ms;
    (void)server;
    (void)ttl_ms;
    (void)err;
    return 0;
}

static int
null_leave(void *self, const weir_server_info *server, weir_error *err)
{
    (void)self;
    (void)server;
    (void)err;
    return 0;
}

static int
null_servers(void *self, int64_t now_ms, weir_server_sink sink, void *arg, weir_error *err)
{
    (void)self;
    (void)now_ms;
    (void)sink;
    (void)arg;
    (void)err;
    return 0;
}

static int
null_queues(void *self, weir_name_sink sink, void *arg, weir_error *err)
{
    (void)self;
    (void)sink;
    (void)arg;
    (void)err;
    return 0;
}

static int
null_queue(void *self, const char *queue, int64_t now_ms, weir_queue_info *info, weir_error *err)
{
    (void)self;
    (void)now_ms;
    (void)info;
    return weir_error_set(err, WEIR_E_NO_QUEUE, "no queue \"%s\"", queue);
}

static int
null_history(void *self, const char *queue, weir_day *days, size_t count, weir_error *err)
{
    (void)self;
    (void)days;
    (void)count;
    return weir_error_set(err, WEIR_E_NO_QUEUE, "no queue \"%s\"", queue);
}

static int
null_tasks(void *self, const char *queue, weir_state state, const char *group, size_t offset,
           size_t limit, weir_task_sink sink, void *arg, weir_error *err)
{
    (void)self;
    (void)state;
    (void)group;
    (void)offset;
    (void)limit;
    (void)sink;
    (void)arg;
    return weir_error_set(err, WEIR_E_NO_QUEUE, "no queue \"%s\"", queue);
}

static int
null_task(void *self, const char *queue, const char *id, weir_task_sink sink, void *arg,
          weir_error *err)
{
    (void)self;
    (void)id;
    (void)sink;
    (void)arg;
    return weir_error_set(err, WEIR_E_NO_QUEUE, "no queue \"%s\"", queue);
}

static const char *const schemes[] = {"null", NULL};

const weir_backend null_backend = {
    .abi = WEIR_BROKER_ABI,
    .name = "null",
    .schemes = schemes,
    .open = null_open,
    .close = null_close,
    .capabilities = null_capabilities,
    .ping = null_ping,
    .enqueue = null_enqueue,
    .consume = null_consume,
    .extend = null_extend,
    .wait = null_wait,
    .interrupt = null_interrupt,
    .forward = null_forward,
    .recover = null_recover,
    .expire = null_expire,
    .beat = null_beat,
    .leave = null_leave,
    .servers = null_servers,
    .queues = null_queues,
    .queue = null_queue,
    .history = null_history,
    .tasks = null_tasks,
    .task = null_task,
};

/* SPDX-License-Identifier: MIT */
/*
 * An example of a backend, built out of weir's tree: "memo:" keeps tasks in this process's memory. It has what every
 * backend must have and no capability beyond SURE_REPLIES, so that the core refuses the rest and the conformance suite
 * skips it by name.
 *
 * One lock guards everything; tasks stand in a list in the order of their `place`, and everything is found by looking
 * through it. A generation number that grows with each change makes wait() miss nothing.
 */
#include <weir/broker.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define DAYS 90

struct queue {
    struct queue *next;
    int64_t processed, failed;
    int64_t day[DAYS], day_processed[DAYS], day_failed[DAYS]; /* by day % DAYS */
    char name[WEIR_NAME_MAX + 1];
};

struct task {
    struct task *next;
    weir_task_info *info; /* what was enqueued, and what an outcome made of it */
    struct queue *queue;
    int64_t place; /* pending, active: order; else its time */
    uint64_t token;
    int64_t lease_end_ms; /* boot clock */
    bool started;
};

struct lock {
    struct lock *next;
    struct queue *queue;
    int64_t until_ms;
    char *key, *id;
};

struct server {
    struct server *next;
    int64_t until_ms;
    weir_server_info info; /* a copy, down to the last text */
};

struct memo {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const weir_clock *clock;
    struct queue *queues; /* by name */
    struct task *tasks;   /* by place */
    struct lock *locks;
    struct server *servers;
    int64_t head, tail; /* places before the first and behind the last */
    uint64_t token, generation, interrupted;
};

/* ---- small things ---- */

static int
no_memory(weir_error *err)
{
    return weir_error_set(err, WEIR_E_NOMEM, NULL);
}

static void
touch(struct memo *memo)
{
    memo->generation++;
    pthread_cond_broadcast(&memo->changed);
}

static int64_t
boot_ms(const struct memo *memo)
{
    return memo->clock->boot_ms(memo->clock->ctx);
}

static struct queue *
find_queue(struct memo *memo, const char *name)
{
    struct queue *queue = memo->queues;

    while (queue && strcmp(queue->name, name) != 0)
        queue = queue->next;
    return queue;
}

static struct queue *
make_queue(struct memo *memo, const char *name)
{
    struct queue *queue = find_queue(memo, name);
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

static struct task *
find_task(struct memo *memo, const char *queue, const char *id)
{
    struct task *task = memo->tasks;

    while (task && (strcmp(task->info->id, id) != 0 || strcmp(task->queue->name, queue) != 0))
        task = task->next;
    return task;
}

static void
put_in_place(struct memo *memo, struct task *task)
{
    struct task **at = &memo->tasks;

    while (*at && (*at)->place <= task->place)
        at = &(*at)->next;
    task->next = *at;
    *at = task;
}

static void
take_out(struct memo *memo, struct task *task)
{
    struct task **at = &memo->tasks;

    while (*at != task)
        at = &(*at)->next;
    *at = task->next;
}

static void
free_task(struct task *task)
{
    weir_task_info_free(task->info);
    free(task);
}

static void
enter(struct memo *memo, struct task *task, weir_state state, int64_t place)
{
    take_out(memo, task);
    task->info->state = state;
    task->place = place;
    task->token = 0;
    put_in_place(memo, task);
}

/* Replaces the texts that an outcome changes. */
static int
rewrite(struct task *task, const weir_task_info *changed)
{
    weir_task_info *copy = weir_task_info_copy(changed);

    if (!copy)
        return WEIR_E_NOMEM;
    weir_task_info_free(task->info);
    task->info = copy;
    return 0;
}

static void
count(struct queue *queue, int64_t now_ms, int processed, int failed)
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

/* ---- uniqueness ---- */

static struct lock **
find_lock(struct memo *memo, const struct queue *queue, const char *key)
{
    struct lock **at = &memo->locks;

    while (*at && ((*at)->queue != queue || strcmp((*at)->key, key) != 0))
        at = &(*at)->next;
    return at;
}

static void
drop_lock(struct lock **at)
{
    struct lock *lock = *at;

    *at = lock->next;
    free(lock->key);
    free(lock->id);
    free(lock);
}

static void
unlock(struct memo *memo, const struct task *task)
{
    struct lock **at;

    if (!task->info->unique_key)
        return;
    at = find_lock(memo, task->queue, task->info->unique_key);
    if (*at && strcmp((*at)->id, task->info->id) == 0)
        drop_lock(at);
}

static int
take_lock(struct memo *memo, struct queue *queue, const weir_enqueue_item *item, int64_t now_ms)
{
    struct lock **at = find_lock(memo, queue, item->task->unique_key);
    struct lock *lock;

    if (*at)
        drop_lock(at); /* its time is over */
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
    drop_lock(&memo->locks);
    return WEIR_E_NOMEM;
}

/* ---- copies of servers ---- */

static void
free_server(struct server *server)
{
    weir_server_info *info = &server->info;

    for (size_t i = 0; info->queues && i < info->queue_count; i++)
        free((char *)info->queues[i].name);
    for (size_t i = 0; info->workers && i < info->worker_count; i++) {
        free((char *)info->workers[i].task_id);
        free((char *)info->workers[i].task_type);
        free((char *)info->workers[i].queue);
        free((void *)info->workers[i].payload);
    }
    free((void *)info->queues);
    free((void *)info->workers);
    free((char *)info->id);
    free((char *)info->host);
    free((char *)info->status);
    free(server);
}

/* All or nothing: *well becomes false when memory runs out. */
static char *
copy_bytes(const void *from, size_t len, bool *well)
{
    char *copy = from ? malloc(len + 1) : NULL;

    if (copy) {
        memcpy(copy, from, len);
        copy[len] = '\0';
    }
    *well = *well && (copy || !from);
    return copy;
}

static char *
copy_text(const char *from, bool *well)
{
    return copy_bytes(from, from ? strlen(from) : 0, well);
}

static bool
copy_lists(weir_server_info *info, const weir_server_info *from)
{
    weir_queue_weight *queues = calloc(from->queue_count + 1, sizeof *queues);
    weir_worker_info *workers = calloc(from->worker_count + 1, sizeof *workers);
    bool well = queues && workers;

    info->queues = queues;
    info->workers = workers;
    for (size_t i = 0; queues && i < from->queue_count; i++) {
        queues[i].name = copy_text(from->queues[i].name, &well);
        queues[i].weight = from->queues[i].weight;
    }
    for (size_t i = 0; workers && i < from->worker_count; i++) {
        workers[i] = from->workers[i];
        workers[i].task_id = copy_text(from->workers[i].task_id, &well);
        workers[i].task_type = copy_text(from->workers[i].task_type, &well);
        workers[i].queue = copy_text(from->workers[i].queue, &well);
        workers[i].payload =
            copy_bytes(from->workers[i].payload, from->workers[i].payload_len, &well);
    }
    return well;
}

static struct server *
copy_server(const weir_server_info *from)
{
    struct server *server = calloc(1, sizeof *server);
    bool well = true;

    if (!server)
        return NULL;
    server->info = *from;
    server->info.id = copy_text(from->id, &well);
    server->info.host = copy_text(from->host, &well);
    server->info.status = copy_text(from->status, &well);
    if (copy_lists(&server->info, from) && well)
        return server;
    free_server(server);
    return NULL;
}

/* ---- opening ---- */

static int
memo_open(void **self, const weir_backend_open *how, weir_error *err)
{
    struct memo *memo = calloc(1, sizeof *memo);

    if (!memo)
        return no_memory(err);
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
        free_task(task);
    }
    while (memo->locks)
        drop_lock(&memo->locks);
    for (struct queue *queue = memo->queues, *next; queue; queue = next) {
        next = queue->next;
        free(queue);
    }
    for (struct server *server = memo->servers, *next; server; server = next) {
        next = server->next;
        free_server(server);
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

/* ---- producing ---- */

static int
refusal(struct memo *memo, const weir_enqueue_item *item, int64_t now_ms)
{
    struct queue *queue = find_queue(memo, item->task->queue);
    struct lock *lock;

    if (!queue)
        return 0;
    if (find_task(memo, item->task->queue, item->task->id))
        return WEIR_E_CONFLICT;
    if (item->unique_ttl_ms <= 0)
        return 0;
    lock = *find_lock(memo, queue, item->task->unique_key);
    return lock && lock->until_ms > now_ms ? WEIR_E_DUPLICATE : 0;
}

static int
put(struct memo *memo, const weir_enqueue_item *item, int64_t now_ms)
{
    struct queue *queue = make_queue(memo, item->task->queue);
    struct task *task = queue ? calloc(1, sizeof *task) : NULL;
    int rc = task ? 0 : WEIR_E_NOMEM;

    if (rc == 0 && item->unique_ttl_ms > 0)
        rc = take_lock(memo, queue, item, now_ms);
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
    put_in_place(memo, task);
    return 0;
}

static int
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
    touch(memo);
    pthread_mutex_unlock(&memo->lock);
    return short_of_memory ? no_memory(err) : 0;
}

/* ---- consuming ---- */

static struct task *
find_claimed(struct memo *memo, const weir_claim *claim)
{
    struct task *task = find_task(memo, claim->task->queue, claim->task->id);

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
    if (rewrite(task, &changed) < 0)
        return WEIR_E_NOMEM;
    enter(memo, task,
          archive ? WEIR_STATE_ARCHIVED
          : retry ? WEIR_STATE_RETRY
                  : WEIR_STATE_COMPLETED,
          archive ? now_ms : finish->at_ms);
    if (!archive && !retry)
        unlock(memo, task);
    count(task->queue, now_ms, !retry || finish->counted, archive || (retry && finish->counted));
    return 0;
}

static int
finish_one(struct memo *memo, const weir_finish *finish, int64_t now_ms)
{
    struct task *task = find_claimed(memo, finish->claim);

    if (!task)
        return WEIR_E_STALE;
    if (finish->kind == WEIR_FINISH_REQUEUE) {
        enter(memo, task, WEIR_STATE_PENDING, memo->head--);
        task->info->pending_since_ms = now_ms;
        task->started = false;
        return 0;
    }
    if (!task->started)
        return WEIR_E_STATE;
    if (finish->kind != WEIR_FINISH_DONE)
        return finish_kept(memo, task, finish, now_ms);
    unlock(memo, task);
    count(task->queue, now_ms, 1, 0);
    take_out(memo, task);
    free_task(task);
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

static int
claim(struct memo *memo, struct task *task, bool started, int64_t lease_ms, weir_claim_sink sink,
      void *arg)
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
    task->lease_end_ms = boot_ms(memo) + lease_ms;
    return 0;
}

/* Takes up to `want` more of a queue; *taken counts those of the whole call. */
static int
take_some(struct memo *memo, const weir_take *take, const char *name, size_t want, size_t *taken)
{
    struct queue *queue = find_queue(memo, name);
    int rc = 0;

    for (struct task *task = memo->tasks; task && want > 0 && rc == 0; task = task->next) {
        if (task->queue != queue || task->info->state != WEIR_STATE_PENDING)
            continue;
        rc = claim(memo, task, *taken < take->start, take->lease_ms, take->sink, take->sink_arg);
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

static int
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
        touch(memo);
    pthread_mutex_unlock(&memo->lock);
    return rc < 0 ? weir_error_set(err, rc, NULL) : 0;
}

static int
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
            task->lease_end_ms = boot_ms(memo) + lease_ms;
    }
    pthread_mutex_unlock(&memo->lock);
    return 0;
}

/* ---- waiting ---- */

static int
memo_wait(void *self, weir_wait *wait, weir_error *err)
{
    struct memo *memo = self;
    struct timespec until;
    int over = 0;

    (void)err;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += wait->timeout_ms / 1000;
    until.tv_nsec += wait->timeout_ms % 1000 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&memo->lock);
    while (wait->generation == memo->generation && over == 0) {
        over = wait->timeout_ms < 0 ? pthread_cond_wait(&memo->changed, &memo->lock)
                                    : pthread_cond_timedwait(&memo->changed, &memo->lock, &until);
    }
    if (wait->generation == 0 || over != 0)
        wait->reasons = WEIR_WAKE_TIMEOUT;
    else
        wait->reasons = wait->interest |
                        (wait->generation < memo->interrupted ? WEIR_WAKE_INTERRUPT : 0);
    if (wait->reasons == 0)
        wait->reasons = WEIR_WAKE_TIMEOUT;
    wait->generation = memo->generation;
    pthread_mutex_unlock(&memo->lock);
    return 0;
}

static void
memo_interrupt(void *self)
{
    struct memo *memo = self;

    pthread_mutex_lock(&memo->lock);
    touch(memo);
    memo->interrupted = memo->generation;
    pthread_mutex_unlock(&memo->lock);
}

/* ---- upkeep ---- */

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

    enter(memo, task, grouped ? WEIR_STATE_AGGREGATING : WEIR_STATE_PENDING, ++memo->tail);
    task->info->pending_since_ms = now_ms;
    task->info->state_since_ms = grouped ? now_ms : 0;
    task->info->next_process_at_ms = 0;
}

static int
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
        touch(memo);
    pthread_mutex_unlock(&memo->lock);
    return 0;
}

static int
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
        if (task->info->state != WEIR_STATE_ACTIVE || task->lease_end_ms >= boot_ms(memo) ||
            !is_among(task, recover->queues, recover->queue_count))
            continue;
        rc = claim(memo, task, task->started, recover->lease_ms, recover->sink, recover->sink_arg);
        found++;
    }
    pthread_mutex_unlock(&memo->lock);
    return rc < 0 ? weir_error_set(err, rc, NULL) : 0;
}

static void
remove_task(struct memo *memo, struct task *task)
{
    unlock(memo, task);
    take_out(memo, task);
    free_task(task);
}

static int64_t
count_archived(const struct memo *memo, const struct queue *queue)
{
    int64_t archived = 0;

    for (const struct task *task = memo->tasks; task; task = task->next)
        archived += task->queue == queue && task->info->state == WEIR_STATE_ARCHIVED;
    return archived;
}

static bool
is_over(const struct memo *memo, const struct task *task, const weir_expire *expire, int64_t now_ms)
{
    if (task->info->state == WEIR_STATE_COMPLETED)
        return task->place <= now_ms;
    if (task->info->state != WEIR_STATE_ARCHIVED)
        return false;
    return (expire->archive_age_ms >= 0 && task->place <= now_ms - expire->archive_age_ms) ||
           (expire->archive_max >= 0 && count_archived(memo, task->queue) > expire->archive_max);
}

static int
memo_expire(void *self, int64_t now_ms, weir_expire *expire, weir_error *err)
{
    struct memo *memo = self;

    (void)err;
    pthread_mutex_lock(&memo->lock);
    for (struct task *task = memo->tasks, *next; task && expire->removed < expire->max;
         task = next) {
        next = task->next;
        if (!is_among(task, expire->queues, expire->queue_count) ||
            !is_over(memo, task, expire, now_ms))
            continue;
        remove_task(memo, task);
        expire->removed++;
    }
    pthread_mutex_unlock(&memo->lock);
    return 0;
}

/* ---- presence ---- */

static int
memo_leave(void *self, const weir_server_info *info, weir_error *err)
{
    struct memo *memo = self;

    (void)err;
    pthread_mutex_lock(&memo->lock);
    for (struct server **at = &memo->servers; *at;) {
        struct server *server = *at;

        if (strcmp(server->info.id, info->id) != 0) {
            at = &server->next;
            continue;
        }
        *at = server->next;
        free_server(server);
    }
    pthread_mutex_unlock(&memo->lock);
    return 0;
}

static int
memo_beat(void *self, int64_t now_ms, const weir_server_info *info, int64_t ttl_ms, weir_error *err)
{
    struct memo *memo = self;
    struct server *server = copy_server(info);
    struct server **at = &memo->servers;

    if (!server)
        return no_memory(err);
    memo_leave(self, info, NULL);
    server->until_ms = now_ms + ttl_ms;
    pthread_mutex_lock(&memo->lock);
    while (*at && strcmp((*at)->info.id, info->id) < 0)
        at = &(*at)->next;
    server->next = *at;
    *at = server;
    pthread_mutex_unlock(&memo->lock);
    return 0;
}

static int
memo_servers(void *self, int64_t now_ms, weir_server_sink sink, void *arg, weir_error *err)
{
    struct memo *memo = self;
    int rc = 0;

    pthread_mutex_lock(&memo->lock);
    for (const struct server *server = memo->servers; server && rc == 0; server = server->next) {
        if (server->until_ms > now_ms)
            rc = sink(arg, &server->info);
    }
    pthread_mutex_unlock(&memo->lock);
    return rc < 0 ? weir_error_set(err, rc, NULL) : 0;
}

/* ---- looking ---- */

static int
no_queue(const char *name, weir_error *err)
{
    return weir_error_set(err, WEIR_E_NO_QUEUE, "queue \"%s\" not found", name);
}

static int
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

static int
memo_queue(void *self, const char *name, int64_t now_ms, weir_queue_info *info, weir_error *err)
{
    struct memo *memo = self;
    struct queue *queue;

    pthread_mutex_lock(&memo->lock);
    queue = find_queue(memo, name);
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

static int
memo_history(void *self, const char *name, weir_day *days, size_t day_count, weir_error *err)
{
    struct memo *memo = self;
    struct queue *queue;

    pthread_mutex_lock(&memo->lock);
    queue = find_queue(memo, name);
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
        int64_t left_ms = task->lease_end_ms - boot_ms(memo);

        shown.is_orphaned = left_ms < 0;
        shown.lease_expires_at_ms = memo->clock->wall_ms(memo->clock->ctx) + left_ms;
    }
    return sink(arg, &shown);
}

static int
memo_tasks(void *self, const char *name, weir_state state, const char *group, size_t offset,
           size_t limit, weir_task_sink sink, void *arg, weir_error *err)
{
    struct memo *memo = self;
    struct queue *queue;
    int rc = 0;

    pthread_mutex_lock(&memo->lock);
    queue = find_queue(memo, name);
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

static int
memo_task(void *self, const char *queue, const char *id, weir_task_sink sink, void *arg,
          weir_error *err)
{
    struct memo *memo = self;
    const struct task *task;
    bool known;
    int rc = 0;

    pthread_mutex_lock(&memo->lock);
    known = find_queue(memo, queue) != NULL;
    task = find_task(memo, queue, id);
    if (task)
        rc = show(memo, task, sink, arg);
    pthread_mutex_unlock(&memo->lock);
    if (!known)
        return no_queue(queue, err);
    if (!task)
        return weir_error_set(err, WEIR_E_NO_TASK, "task \"%s\" not found", id);
    return rc < 0 ? weir_error_set(err, rc, NULL) : 0;
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

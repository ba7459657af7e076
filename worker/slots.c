/* SPDX-License-Identifier: MIT */
/*
 * The life of a slot:
 *
 *   idle --call--> called --(its thread)--> at work, with one job after the other --rest--> idle
 *
 * A thread that finds nothing more to do, or that is one too many, rests: only such threads sleep. When the server is to
 * have fewer slots, idle ones are parked; parked ones are the first to be used again. Slots are never given back before the
 * end: handlers that nobody waits for may sit in any of them.
 */
#include <config.h>

#include "runtime.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    JOBS_BEYOND = 1024 /* claims that wait for a worker, or for the commit of their outcome */
};

static void
free_slot(struct weir__slot *slot)
{
    weir__context_release(&slot->context);
    sem_destroy(&slot->ready);
    free(slot);
}

static struct weir__slot *
new_slot(weir_server *server)
{
    struct weir__slot *slot = calloc(1, sizeof(*slot));

    if (slot == NULL) {
        return NULL;
    }
    slot->server = server;
    atomic_init(&slot->stopping, false);
    atomic_init(&slot->decided, false);
    if (sem_init(&slot->ready, 0, 0) != 0) {
        free(slot);
        return NULL;
    }
    if (weir__context_init(&slot->context, server->logger) != 0) {
        sem_destroy(&slot->ready);
        free(slot);
        return NULL;
    }
    slot->context.show = weir__slot_show;
    slot->context.show_arg = slot;
    return slot;
}

/* Makes room for `count` slots, and for the jobs of so many, in all lists that have one place for each. */
static int
make_room(weir_server *server, size_t count)
{
    size_t room = count + JOBS_BEYOND;
    struct weir__slot **slots = calloc(count, sizeof(struct weir__slot *));
    struct weir__job **jobs = calloc(room, sizeof(struct weir__job *));
    struct weir__beat_lists lists = {0};

    if (slots == NULL || jobs == NULL || weir__beat_lists_init(&lists, room) != 0) {
        free(slots);
        free(jobs);
        return WEIR_E_NOMEM;
    }
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->slot_count; i++) {
        slots[i] = server->slots[i];
    }
    for (size_t i = 0; i < server->job_count; i++) {
        jobs[i] = server->jobs[i];
    }
    free(server->slots);
    free(server->jobs);
    weir__beat_lists_release(&server->next_lists);
    server->slots = slots;
    server->jobs = jobs;
    server->job_room = room;
    server->next_lists = lists;
    pthread_mutex_unlock(&server->lock);
    return 0;
}

static int
start_thread(weir_server *server, struct weir__slot *slot, weir_error *err)
{
    char name[32];

    snprintf(name, sizeof(name), "weir-%zu", server->worker_threads);
    atomic_fetch_add(&server->refs, 1);
    int code = weir__thread_start(&slot->thread, name, weir__worker_main, slot, err);
    if (code != 0) {
        atomic_fetch_sub(&server->refs, 1);
        return code;
    }
    server->worker_threads++;
    return 0;
}

int
weir__slots_start_next(weir_server *server, weir_error *err)
{
    return start_thread(server, server->slots[server->worker_threads], err);
}

static void
publish(weir_server *server, struct weir__slot *slot)
{
    pthread_mutex_lock(&server->lock);
    server->slots[server->slot_count++] = slot;
    slot->next = server->parked;
    server->parked = slot;
    server->parked_count++;
    pthread_mutex_unlock(&server->lock);
}

/* Its thread comes first: once a slot is published, the mover may use it at any time. */
static int
add_slot(weir_server *server, bool started, weir_error *err)
{
    struct weir__slot *slot = new_slot(server);

    if (slot == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    int code = started ? start_thread(server, slot, err) : 0;
    if (code != 0) {
        free_slot(slot);
        return code;
    }
    publish(server, slot);
    return 0;
}

int
weir__slots_add(weir_server *server, size_t count, weir_error *err)
{
    bool started = server->worker_threads > 0;
    int code = make_room(server, server->slot_count + count);

    if (code != 0) {
        return weir_error_set(err, code, NULL);
    }
    for (size_t i = 0; i < count && code == 0; i++) {
        code = add_slot(server, started, err);
    }
    return code;
}

int
weir__slots_init(weir_server *server)
{
    return weir__slots_add(server, (size_t)server->settings.concurrency, NULL);
}

void
weir__slots_release(weir_server *server)
{
    for (size_t i = 0; i < server->slot_count; i++) {
        free_slot(server->slots[i]);
    }
    for (size_t i = 0; i < server->job_count; i++) {
        weir__job_free(server->jobs[i]);
    }
    for (struct weir__job *job; (job = weir__jobs_shift(&server->move.spare)) != NULL;) {
        free(job);
    }
    free(server->slots);
    free(server->jobs);
}

/* Moves the first slot of a list to the front of another. */
static void
shift(struct weir__slot **from, size_t *from_count, struct weir__slot **to, size_t *to_count)
{
    struct weir__slot *slot = *from;

    *from = slot->next;
    slot->next = *to;
    *to = slot;
    (*from_count)--;
    (*to_count)++;
}

void
weir__slots_fit(weir_server *server)
{
    size_t wanted = (size_t)atomic_load(&server->concurrency);

    while (server->slot_count - server->parked_count > wanted && server->idle != NULL) {
        shift(&server->idle, &server->idle_count, &server->parked, &server->parked_count);
    }
    while (server->slot_count - server->parked_count < wanted && server->parked != NULL) {
        shift(&server->parked, &server->parked_count, &server->idle, &server->idle_count);
    }
}

bool
weir__slots_too_many(const weir_server *server)
{
    return server->slot_count - server->parked_count > (size_t)atomic_load(&server->concurrency);
}

void
weir__slot_rest(struct weir__slot *slot)
{
    weir_server *server = slot->server;

    slot->next = server->idle;
    server->idle = slot;
    server->idle_count++;
    weir__slots_fit(server);
}

/*
 * Tasks that take long get all the workers that there are for them at once. Where the ring has a depth they are short, and a
 * worker that has been called calls the next when it has come and there is still something to do: mostly there is not.
 */
struct weir__slot *
weir__slots_call(weir_server *server)
{
    struct weir__slot *called = NULL;
    bool one_by_one = server->ring.depth_16ths >= 16;

    while (server->idle != NULL && server->called_count < server->ring.ready.count &&
           !(one_by_one && server->called_count > 0)) {
        struct weir__slot *slot = server->idle;
        server->idle = slot->next;
        server->idle_count--;
        server->called_count++;
        slot->called = true;
        slot->next = called;
        called = slot;
    }
    return called;
}

void
weir__slots_wake(struct weir__slot *called)
{
    while (called != NULL) {
        struct weir__slot *next = called->next;
        sem_post(&called->ready);
        called = next;
    }
}

/* When the attempt must end, boot clock; not before it begins, however long its deadline is over. */
static int64_t
end_on_boot_clock(const struct weir__slot *slot, int64_t end_ms)
{
    if (end_ms == 0) {
        return WEIR_NEVER;
    }
    return slot->boot_ms + (end_ms > slot->now_ms ? end_ms - slot->now_ms : 0);
}

/* When the attempt must end, wall clock, 0 for never. */
static int64_t
attempt_end(const weir_task_info *task, int64_t now_ms)
{
    int64_t end_ms = task->deadline_ms;

    if (task->timeout_ms > 0 && task->timeout_ms < WEIR_NEVER - now_ms &&
        (end_ms <= 0 || now_ms + task->timeout_ms < end_ms)) {
        end_ms = now_ms + task->timeout_ms;
    }
    return end_ms > 0 ? end_ms : 0;
}

/* The watch knows of all ends but those that are earlier than any that it looked at. */
static void
tell_watch(struct weir__slot *slot)
{
    weir_server *server = slot->server;
    int64_t end_ms = slot->job->lease_end_boot_ms;

    end_ms = slot->end_boot_ms < end_ms ? slot->end_boot_ms : end_ms;
    if (end_ms < server->watch_at_boot_ms) {
        server->watch_at_boot_ms = end_ms;
        weir__keeper_call(&server->watch, WEIR__WATCH_DEADLINES, end_ms);
    }
}

void
weir__slot_begin(struct weir__slot *slot, struct weir__job *job)
{
    int64_t end_ms = attempt_end(job->claim.task, slot->now_ms);

    atomic_fetch_add(&slot->server->running, 1);
    job->hold = WEIR__HOLD_CLAIMED;
    job->slot = slot;
    slot->job = job;
    slot->overdue = slot->stuck = false;
    atomic_store(&slot->stopping, false);
    atomic_store(&slot->decided, false);
    slot->started_at_ms = slot->now_ms;
    slot->end_boot_ms = end_on_boot_clock(slot, end_ms);
    weir__context_begin(&slot->context, end_ms);
    if (job->cancelled != WEIR_CANCEL_NONE) {
        weir__context_cancel_as(&slot->context, job->cancelled);
    }
    tell_watch(slot);
}

void
weir__slot_return(struct weir__slot *slot)
{
    weir_server *server = slot->server;
    struct weir__job *job = slot->job;

    slot->job = NULL;
    job->slot = NULL;
    if (slot->stuck) {
        slot->stuck = false;
        atomic_fetch_sub(&server->stuck, 1);
    }
    atomic_fetch_sub(&server->running, 1);
    if (server->phase == WEIR__STOPPING) {
        pthread_cond_broadcast(&server->changed);
    }
    if (weir__job_leave(server, job)) {
        weir__job_free(job);
    }
}

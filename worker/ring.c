/* SPDX-License-Identifier: MIT */
/*
 * The ring: claims beyond those that workers run, so that a worker that has ended a task finds the next one here and does
 * not wait for the broker.
 *
 * How many is measured, not guessed: `depth` is the number of tasks that end while one call is under way (their rate times
 * the time of a call, both means). As many are ready, and as many more are taken but not started: the next call starts
 * them, and the one after that brings their outcomes. So the ring holds the work of about two calls, whatever that is in
 * milliseconds, and nothing when tasks take long. It grows by what idle workers are given beside. A broker that can start
 * tasks as it takes them spares the separate start: then both parts are ready, and nothing is ahead.
 *
 * A task on its last attempt is started for a free worker only: should the server die, no attempt is counted that was not
 * made. What waits longer than foreseen, because handlers are slower than before, goes back where others can take it.
 */
#include <config.h>

#include "runtime.h"

#include <string.h>

enum {
    PATIENCE_US = 25000,
    PATIENCE_CALLS = 4,
    WAITING_BYTES = 8 * 1024 * 1024 /* payloads of what waits, about */
};

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t
depth_of(const struct weir__ring *ring)
{
    size_t depth = (ring->depth_16ths + 12) / 16;

    return least(depth, WEIR__TAKE_MAX);
}

/* How many tasks may wait for workers that are not free. What is started must not be more than 256. */
static size_t
waiting_room(const struct weir__ring *ring, bool started)
{
    return started ? least(2 * depth_of(ring), WEIR__TAKE_MAX) : 2 * depth_of(ring);
}

/* Workers that have nothing to do, whether they know it or not. */
static size_t
free_workers(const weir_server *server)
{
    return server->idle_count + server->called_count;
}

struct weir__job *
weir__ring_next(weir_server *server, int64_t boot_ms)
{
    struct weir__job *job;

    while ((job = weir__jobs_shift(&server->ring.ready)) != NULL) {
        if (!job->lost && boot_ms < job->lease_end_boot_ms) {
            return job;
        }
        weir__job_give_back(server, job);
    }
    return NULL;
}

static bool
is_last_attempt(const weir_task_info *task)
{
    return task->retried >= task->max_retry;
}

bool
weir__ring_is_low(const weir_server *server)
{
    const struct weir__ring *ring = &server->ring;

    return ring->ready.count < free_workers(server) || 2 * ring->ready.count <= depth_of(ring);
}

size_t
weir__ring_startable(const weir_server *server, size_t most)
{
    const struct weir__ring *ring = &server->ring;
    size_t workers = free_workers(server);
    size_t place = ring->ready.count;
    size_t count = 0;

    for (const struct weir__job *job = ring->ahead.first; job != NULL && count < most;
         job = job->next, place++) {
        if (place >= workers + (is_last_attempt(job->claim.task) ? 0 : depth_of(ring))) {
            break;
        }
        count++;
    }
    return count;
}

size_t
weir__ring_room(const weir_server *server)
{
    const struct weir__ring *ring = &server->ring;
    size_t target = free_workers(server) + waiting_room(ring, ring->starts_soon);
    size_t waiting = ring->ready.count + ring->ahead.count;
    size_t room = target > waiting ? target - waiting : 0;
    size_t left = server->job_room - server->job_count;

    return least(least(room, left), WEIR__TAKE_MAX);
}

size_t
weir__ring_unserved(const weir_server *server, size_t want)
{
    size_t workers = free_workers(server);
    size_t served = server->ring.ready.count + server->ring.ahead.count;

    return least(workers > served ? workers - served : 0, want);
}

/* Not before others that were taken earlier. */
size_t
weir__ring_served_soon(const weir_server *server, size_t want)
{
    const struct weir__ring *ring = &server->ring;
    size_t target = free_workers(server) + waiting_room(ring, true);
    size_t unserved = weir__ring_unserved(server, want);
    size_t served = ring->ready.count + unserved;

    if (ring->ahead.first != NULL || target <= served) {
        return 0;
    }
    return least(target - served, want - unserved);
}

void
weir__ring_give_back(weir_server *server)
{
    struct weir__ring *ring = &server->ring;
    struct weir__job *job;

    while ((job = weir__jobs_shift(&ring->ready)) != NULL ||
           (job = weir__jobs_shift(&ring->ahead)) != NULL) {
        weir__job_give_back(server, job);
    }
}

static bool
is_served(const struct weir__queue_set *queues, const char *name)
{
    for (size_t i = 0; i < queues->count; i++) {
        if (strcmp(queues->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void
keep_served(weir_server *server, struct weir__jobs *jobs, const struct weir__queue_set *queues)
{
    struct weir__jobs all = *jobs;
    struct weir__job *job;

    *jobs = (struct weir__jobs){0};
    while ((job = weir__jobs_shift(&all)) != NULL) {
        if (is_served(queues, job->claim.task->queue)) {
            weir__jobs_append(jobs, job);
        } else {
            weir__job_give_back(server, job);
        }
    }
}

void
weir__ring_keep_queues(weir_server *server, const struct weir__queue_set *queues)
{
    keep_served(server, &server->ring.ready, queues);
    keep_served(server, &server->ring.ahead, queues);
}

/* Nobody waits while a worker is free: it is only not awake yet. */
int64_t
weir__ring_patience_us(const weir_server *server)
{
    const struct weir__ring *ring = &server->ring;
    const struct weir__job *oldest = ring->ready.first != NULL ? ring->ready.first
                                                               : ring->ahead.first;

    if (oldest == NULL || free_workers(server) > 0) {
        return WEIR_NEVER;
    }
    return oldest->taken_us + PATIENCE_US + PATIENCE_CALLS * ring->call_us;
}

void
weir__ring_review(weir_server *server, int64_t now_us)
{
    if (now_us < weir__ring_patience_us(server)) {
        return;
    }
    server->ring.depth_16ths = 0;
    weir__ring_give_back(server);
}

/* Large tasks make calls long, long calls the ring deep, and a deep ring calls longer: this ends it. */
static void
bound_memory(struct weir__ring *ring)
{
    size_t most = WAITING_BYTES / 2 / (ring->task_bytes + 1);

    if (ring->depth_16ths > 16 * most) {
        ring->depth_16ths = (unsigned)(16 * most);
    }
}

/* Grown is believed at once, shrunk by and by. */
void
weir__ring_note_take(weir_server *server, const weir__claims *claims)
{
    struct weir__ring *ring = &server->ring;
    size_t bytes = 0;

    if (claims->count == 0) {
        return;
    }
    for (size_t i = 0; i < claims->count; i++) {
        bytes += claims->items[i].task->payload_len;
    }
    bytes /= claims->count;
    ring->task_bytes = bytes > ring->task_bytes ? bytes : (3 * ring->task_bytes + bytes) / 4;
    bound_memory(ring);
}

/* Workers that found nothing to do would have done more: nobody knows how much, so twice as much is tried. */
void
weir__ring_note_load(weir_server *server, size_t outcomes, int64_t now_us)
{
    struct weir__ring *ring = &server->ring;
    int64_t since_us = now_us - ring->loaded_us;
    int64_t call_us = ring->call_us < since_us ? ring->call_us : since_us;

    if (outcomes == 0 || since_us <= 0) {
        return;
    }
    int64_t ended = (ring->starved ? 32 : 16) * (int64_t)outcomes * call_us / since_us;
    ended = ended < 16 * WEIR__TAKE_MAX ? ended : 16 * WEIR__TAKE_MAX;
    ring->loaded_us = now_us;
    ring->depth_16ths = (unsigned)((ring->depth_16ths + ended + 1) / 2);
    bound_memory(ring);
}

void
weir__ring_note_call(weir_server *server, int64_t took_us)
{
    struct weir__ring *ring = &server->ring;

    ring->starved = server->idle_count > 0 && ring->ready.count == 0;
    ring->call_us = ring->call_us == 0 ? took_us : (3 * ring->call_us + took_us) / 4;
}

/* SPDX-License-Identifier: MIT */
/*
 * The backend's table. On Redis our data is asynq's (doc/redis-layout.md): Go programs work on the same
 * queues. Every transition is a Lua script (lua/), sent by a trip (trip.h) on a connection of the pool (conn.h).
 */
#include <config.h>

#include "redis.h"

#include "backend.h"
#include "listener.h"
#include "lost.h"
#include "trip.h"

#include <stdlib.h>

#define TOKENS ((1u << 20) - 1)

unsigned
weir__token(struct weir__redis_backend *b)
{
    return atomic_fetch_add(&b->next_token, 1) % TOKENS + 1;
}

static void
close_redis(void *self)
{
    struct weir__redis_backend *b = self;

    weir__redis_listener_free(b->listener);
    weir__redis_close(b->conns);
    weir__lost_free(b->lost);
    free(b);
}

static int
ping(void *self, weir_error *err)
{
    struct weir__trip trip;
    int rc;

    weir__trip_init(&trip, self);
    weir__trip_command(&trip, "PING");
    rc = weir__trip_run(&trip, err);
    weir__trip_release(&trip);
    return rc;
}

static int
open_parts(struct weir__redis_backend *b, const weir_backend_open *how, weir_error *err)
{
    unsigned seed = 0;
    int rc = weir__redis_open(&b->conns, how, err);

    if (rc < 0)
        return rc;
    atomic_init(&b->plain_used, false);
    atomic_init(&b->plain_refused, false);
    b->clock = how->clock;
    b->logger = how->logger;
    b->prefix = weir__redis_options(b->conns)->prefix;
    how->clock->random(how->clock->ctx, &seed, sizeof seed);
    atomic_init(&b->next_token, seed);
    weir__digests_init(&b->digests);
    b->lost = weir__lost_new();
    if (!b->lost)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    rc = weir__redis_listener_new(&b->listener, b->conns, how->clock, how->logger, err);
    return rc < 0 ? rc : ping(b, err);
}

static int
open_redis(void **self, const weir_backend_open *how, weir_error *err)
{
    struct weir__redis_backend *b = calloc(1, sizeof *b);
    int rc;

    if (!b)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    rc = open_parts(b, how, err);
    if (rc < 0) {
        close_redis(b);
        return rc;
    }
    *self = b;
    return 0;
}

static unsigned
capabilities(void *self)
{
    (void)self;
    return WEIR_CAP_PERSISTENT | WEIR_CAP_SHARED | WEIR_CAP_PUSH | WEIR_CAP_GROUPS |
           WEIR_CAP_STEER | WEIR_CAP_LEADER | WEIR_CAP_PERIODIC | WEIR_CAP_SHOW;
}

static int
wait_redis(void *self, weir_wait *wait, weir_error *err)
{
    return weir__redis_listener_wait(((struct weir__redis_backend *)self)->listener, wait, err);
}

static void
interrupt_redis(void *self)
{
    weir__redis_listener_interrupt(((struct weir__redis_backend *)self)->listener);
}

static const char *const schemes[] = {"redis",          "redis+unix",      "rediss",
                                      "redis+sentinel", "rediss+sentinel", NULL};

const weir_backend weir__redis_backend = {
    .abi = WEIR_BROKER_ABI,
    .name = "redis",
    .schemes = schemes,
    .open = open_redis,
    .close = close_redis,
    .capabilities = capabilities,
    .ping = ping,
    .enqueue = weir__redis_enqueue,
    .consume = weir__redis_consume,
    .extend = weir__redis_extend,
    .wait = wait_redis,
    .interrupt = interrupt_redis,
    .forward = weir__redis_forward,
    .recover = weir__redis_recover,
    .expire = weir__redis_expire,
    .beat = weir__redis_beat,
    .leave = weir__redis_leave,
    .servers = weir__redis_servers,
    .queues = weir__redis_queues,
    .queue = weir__redis_queue,
    .history = weir__redis_history,
    .tasks = weir__redis_tasks,
    .task = weir__redis_task,
    .steer = weir__redis_steer,
    .steer_all = weir__redis_steer_all,
    .amend = weir__redis_amend,
    .show = weir__redis_show,
    .pause = weir__redis_pause,
    .remove_queue = weir__redis_remove_queue,
    .cancel = weir__redis_cancel,
    .groups = weir__redis_groups,
    .group_stage = weir__redis_group_stage,
    .group_commit = weir__redis_group_commit,
    .group_reclaim = weir__redis_group_reclaim,
    .lead = weir__redis_lead,
    .resign = weir__redis_resign,
    .tick = weir__redis_tick,
    .last_tick = weir__redis_last_tick,
    .scheduler_beat = weir__redis_scheduler_beat,
    .scheduler_entries = weir__redis_scheduler_entries,
    .scheduler_history = weir__redis_scheduler_history,
};

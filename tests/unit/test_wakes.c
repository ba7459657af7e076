/* SPDX-License-Identifier: MIT */
/* Threads of a server that sleep are woken by whoever makes true what they sleep for. */
#include <config.h>

#include "fake.h"
#include "harness.h"
#include "manual_clock.h"
#include "runtime.h"

#include <stdlib.h>
#include <weir/task.h>

enum {
    PATIENCE_MS = 5000
};

/* A thread that sleeps on a condition, under a lock, until it has been woken. */
struct sleeper {
    pthread_mutex_t *lock;
    pthread_cond_t *cond;
    pthread_t thread;
    bool asleep;
    bool woken;
};

static struct manual_clock now;
static weir_broker *broker;
static weir_mux *mux;
static weir_server *server;
static struct weir__job *settled; /* while a heartbeat looks at it */

static void
setup(void)
{
    const weir_server_options options = {.concurrency = 2, .lease_ms = 3000, .heartbeat_ms = 1000};

    manual_clock_init(&now, 0, 1);
    fake_reset(WEIR_CAP_SURE_REPLIES);
    broker = fake_open(&now.clock);
    mux = weir_mux_new();
    CU_ASSERT_EQUAL_FATAL(weir_server_new(&server, broker, mux, &options, NULL), 0);
    server->phase = WEIR__RUNNING;
}

static void
teardown(void)
{
    server->phase = WEIR__NEW;
    weir_server_free(server);
    weir_mux_free(mux);
    weir_broker_close(broker);
}

static void *
sleep_once(void *arg)
{
    struct sleeper *sleeper = arg;
    int64_t until_ms = weir__mono_ms() + PATIENCE_MS;

    pthread_mutex_lock(sleeper->lock);
    sleeper->asleep = true;
    weir__cond_wait_until(sleeper->cond, sleeper->lock, until_ms);
    sleeper->woken = weir__mono_ms() < until_ms;
    pthread_mutex_unlock(sleeper->lock);
    return NULL;
}

/* Returns when it sleeps, so that it is woken after those that went to sleep before. */
static void
lay_to_sleep(struct sleeper *sleeper, pthread_mutex_t *lock, pthread_cond_t *cond)
{
    bool asleep = false;

    *sleeper = (struct sleeper){.lock = lock, .cond = cond};
    CU_ASSERT_EQUAL_FATAL(pthread_create(&sleeper->thread, NULL, sleep_once, sleeper), 0);
    while (!asleep) {
        pthread_mutex_lock(lock);
        asleep = sleeper->asleep;
        pthread_mutex_unlock(lock);
    }
}

static bool
was_woken(struct sleeper *sleeper)
{
    pthread_join(sleeper->thread, NULL);
    return sleeper->woken;
}

/* A task waits behind long ones, and then the server has a worker more. */
static void
a_worker_more_comes_for_what_is_ready(void)
{
    struct weir__job job = {0};
    struct weir__slot *busy, *added;
    int posted = 0;

    CU_ASSERT_EQUAL(weir_server_set_concurrency(server, 1, NULL), 0);
    weir__slots_fit(server);
    CU_ASSERT_EQUAL_FATAL(server->idle_count, 1);
    busy = server->idle;
    server->idle = NULL;
    server->idle_count = 0;
    weir__jobs_append(&server->ring.ready, &job);

    added = server->parked;
    CU_ASSERT_EQUAL(weir_server_set_concurrency(server, 2, NULL), 0);
    CU_ASSERT_TRUE(added->called);
    CU_ASSERT_EQUAL(sem_getvalue(&added->ready, &posted), 0);
    CU_ASSERT_EQUAL(posted, 1);
    CU_ASSERT_FALSE(busy->called);
    CU_ASSERT_EQUAL(server->called_count, 1);
    weir__jobs_shift(&server->ring.ready);
}

static struct weir__job *
hold_one(void)
{
    const weir_task_info names = {.id = "a", .type = "t", .queue = "q"};
    weir_claim claim = {.task = weir_task_info_copy(&names), .token = 1};
    struct weir__job *job = calloc(1, sizeof(*job));

    CU_ASSERT_FATAL(job != NULL && claim.task != NULL);
    weir__job_hold(server, job, &claim, WEIR_NEVER);
    return job;
}

static void
settle(void)
{
    pthread_mutex_lock(&server->lock);
    CU_ASSERT_FALSE(weir__job_settle(server, settled));
    pthread_mutex_unlock(&server->lock);
}

/* There was no place for one claim more, as the heartbeat still looked at those that were settled. */
static void
the_mover_is_told_of_places_that_a_heartbeat_gives_back(void)
{
    struct sleeper mover;

    settled = hold_one();
    server->job_room = 1;
    server->more = server->mover_waits = true;
    fake.on_beat = settle;
    lay_to_sleep(&mover, &server->lock, &server->mover_wake);
    weir__heartbeat_duty(server);
    CU_ASSERT_EQUAL(server->job_count, 0);
    CU_ASSERT_TRUE(was_woken(&mover));
}

/* One of them waits before it tries to commit once more: whoever waits for the next look is woken all the same. */
static void
whoever_waits_to_look_at_groups_is_woken_beside_one_that_commits(void)
{
    struct weir__aggregator *aggregator = &server->aggregator;
    struct sleeper commits, looks;

    aggregator->look_at_ms = WEIR_NEVER;
    lay_to_sleep(&commits, &aggregator->lock, &aggregator->wake);
    lay_to_sleep(&looks, &aggregator->lock, &aggregator->wake);
    weir__aggregator_call(server);
    CU_ASSERT_TRUE(was_woken(&looks));
    CU_ASSERT_TRUE(was_woken(&commits));
}

/* A stop waits for handlers that were not given up; this one's outcome cannot be committed, as the broker does not answer. */
static void
a_stop_is_told_of_a_handler_that_is_given_up(void)
{
    struct weir__slot *slot = server->slots[0];
    struct sleeper stop;

    slot->job = hold_one();
    slot->job->slot = slot;
    slot->job->hold = WEIR__HOLD_CLAIMED;
    slot->end_boot_ms = weir__broker_boot_ms(broker);
    manual_clock_advance(&now, server->settings.cancel_grace_ms);
    server->phase = WEIR__STOPPING;
    lay_to_sleep(&stop, &server->lock, &server->changed);
    weir__deadlines_duty(server);
    CU_ASSERT_TRUE(slot->stuck);
    CU_ASSERT_TRUE(was_woken(&stop));
    slot->job = NULL;
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_worker_more_comes_for_what_is_ready),
    HARNESS_TEST(the_mover_is_told_of_places_that_a_heartbeat_gives_back),
    HARNESS_TEST(whoever_waits_to_look_at_groups_is_woken_beside_one_that_commits),
    HARNESS_TEST(a_stop_is_told_of_a_handler_that_is_given_up),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(wakes, tests, setup, teardown);

/* SPDX-License-Identifier: MIT */
/* The pool: a task that goes back, or was given up, before its thread came to it is not run as well. */
#include <config.h>

#include "fake.h"
#include "harness.h"
#include "runtime.h"

#include <sched.h>
#include <stdlib.h>

static weir_broker *broker;
static weir_mux *mux;
static weir_server *server;
static int calls;

static weir_outcome
count_call(weir_context *ctx, const weir_task_info *task, void *arg)
{
    (void)ctx;
    (void)task;
    (void)arg;
    calls++;
    return WEIR_DONE;
}

static void
setup(void)
{
    weir_server_options options = {.concurrency = 1};

    calls = 0;
    fake_reset(WEIR_CAP_SURE_REPLIES);
    broker = fake_open(NULL);
    mux = weir_mux_new();
    CU_ASSERT_EQUAL(weir_mux_handle(mux, "t", count_call, NULL, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(weir_server_new(&server, broker, mux, &options, NULL), 0);
}

static void
teardown(void)
{
    server->phase = WEIR__STOPPED;
    weir_server_free(server);
    weir_mux_free(mux);
    weir_broker_close(broker);
}

static bool
rests(void)
{
    pthread_mutex_lock(&server->lock);
    bool idle = server->idle_count == 1;
    pthread_mutex_unlock(&server->lock);
    return idle;
}

/* Has a task wait for the server's slot, whose thread has not been scheduled yet. */
static struct weir__slot *
hand_over(weir_cancel_mode cancelled)
{
    weir_task_info info = {.id = "a", .type = "t", .queue = "q", .state = WEIR_STATE_ACTIVE};
    weir_claim claim = {.task = weir_task_info_copy(&info), .token = 1, .started = true};
    struct weir__job *job = calloc(1, sizeof(*job));

    CU_ASSERT_PTR_NOT_NULL_FATAL(job);
    pthread_mutex_lock(&server->lock);
    weir__slots_fit(server);
    weir__job_hold(server, job, &claim, WEIR_NEVER);
    job->cancelled = cancelled;
    weir__jobs_append(&server->ring.ready, job);
    struct weir__slot *slot = weir__slots_call(server);
    pthread_mutex_unlock(&server->lock);
    CU_ASSERT_PTR_NOT_NULL_FATAL(slot);
    return slot;
}

/* Lets the thread come to it, and ends it. */
static void
run_thread(struct weir__slot *slot)
{
    pthread_t thread;

    weir__slots_wake(slot);
    atomic_fetch_add(&server->refs, 1);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, weir__worker_main, slot), 0);
    while (!rests()) {
        sched_yield();
    }
    pthread_mutex_lock(&server->lock);
    server->workers_end = true;
    pthread_mutex_unlock(&server->lock);
    sem_post(&slot->ready);
    pthread_join(thread, NULL);
    server->workers_end = false;
}

static weir_finish_kind
outcome(void)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(server->outcomes.first);
    CU_ASSERT_EQUAL(server->outcomes.count, 1);
    CU_ASSERT_EQUAL(server->outcomes.first->hold, WEIR__HOLD_QUEUED);
    return server->outcomes.first->finish.kind;
}

static void
a_task_that_was_handed_over_is_run(void)
{
    run_thread(hand_over(WEIR_CANCEL_NONE));
    CU_ASSERT_EQUAL(calls, 1);
    CU_ASSERT_EQUAL(outcome(), WEIR_FINISH_DONE);
}

static void
a_task_that_went_back_before_a_worker_came_to_it_is_not_run(void)
{
    struct weir__slot *slot = hand_over(WEIR_CANCEL_NONE);

    pthread_mutex_lock(&server->lock);
    weir__ring_give_back(server);
    pthread_mutex_unlock(&server->lock);
    run_thread(slot);
    CU_ASSERT_EQUAL(calls, 0);
    CU_ASSERT_EQUAL(outcome(), WEIR_FINISH_REQUEUE);
}

static void
a_task_whose_lease_ended_before_a_worker_came_to_it_goes_back(void)
{
    struct weir__slot *slot = hand_over(WEIR_CANCEL_NONE);

    server->ring.ready.first->lease_end_boot_ms = 0;
    run_thread(slot);
    CU_ASSERT_EQUAL(calls, 0);
    CU_ASSERT_EQUAL(outcome(), WEIR_FINISH_REQUEUE);
}

static void
a_task_that_was_cancelled_before_a_worker_came_to_it_has_failed(void)
{
    run_thread(hand_over(WEIR_CANCEL_ARCHIVE));
    CU_ASSERT_EQUAL(calls, 0);
    CU_ASSERT_EQUAL(outcome(), WEIR_FINISH_ARCHIVE);
    CU_ASSERT_STRING_EQUAL(server->outcomes.first->finish.error, "context canceled");
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_task_that_was_handed_over_is_run),
    HARNESS_TEST(a_task_that_went_back_before_a_worker_came_to_it_is_not_run),
    HARNESS_TEST(a_task_whose_lease_ended_before_a_worker_came_to_it_goes_back),
    HARNESS_TEST(a_task_that_was_cancelled_before_a_worker_came_to_it_has_failed),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(pool, tests, setup, teardown);

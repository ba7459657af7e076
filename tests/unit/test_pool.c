/* SPDX-License-Identifier: MIT */
/* The pool: a task that goes back, or was given up, before its thread came to it is not run as well. */
#include <config.h>

#include "fake.h"
#include "harness.h"
#include "runtime.h"

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

/* Hands a task to the server's slot, whose thread has not been scheduled yet. */
static struct weir__slot *
hand_over(void)
{
    weir_task_info info = {.id = "a", .type = "t", .queue = "q", .state = WEIR_STATE_ACTIVE};
    weir_claim claim = {.task = weir_task_info_copy(&info), .token = 1, .started = true};

    pthread_mutex_lock(&server->lock);
    weir__slots_fit(server);
    struct weir__slot *slot = weir__slot_take(server, &claim, 0, 0, WEIR_NEVER);
    pthread_mutex_unlock(&server->lock);
    return slot;
}

/* Lets the thread come to it, and ends it. */
static void
run_thread(struct weir__slot *slot)
{
    pthread_t thread;

    sem_post(&slot->ready);
    sem_post(&slot->ready);
    atomic_fetch_add(&server->refs, 1);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, weir__worker_main, slot), 0);
    pthread_join(thread, NULL);
}

static void
a_task_that_was_handed_over_is_run(void)
{
    struct weir__slot *slot = hand_over();

    run_thread(slot);
    CU_ASSERT_EQUAL(calls, 1);
    CU_ASSERT_EQUAL(slot->finish.kind, WEIR_FINISH_DONE);
}

static void
a_task_that_went_back_before_it_began_is_not_run(void)
{
    struct weir__slot *slot = hand_over();

    pthread_mutex_lock(&server->lock);
    atomic_store(&slot->stopping, true);
    atomic_store(&slot->decided, true);
    weir__outcome_give_back(&slot->claim, &slot->finish);
    weir__slot_resolve(slot);
    pthread_mutex_unlock(&server->lock);
    run_thread(slot);
    CU_ASSERT_EQUAL(calls, 0);
    CU_ASSERT_EQUAL(slot->finish.kind, WEIR_FINISH_REQUEUE);
}

static void
a_stop_keeps_a_task_from_beginning_and_it_goes_back(void)
{
    struct weir__slot *slot = hand_over();

    atomic_store(&slot->stopping, true);
    run_thread(slot);
    CU_ASSERT_EQUAL(calls, 0);
    CU_ASSERT_EQUAL(slot->hold, WEIR__HOLD_QUEUED);
    CU_ASSERT_EQUAL(slot->finish.kind, WEIR_FINISH_REQUEUE);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_task_that_was_handed_over_is_run),
    HARNESS_TEST(a_task_that_went_back_before_it_began_is_not_run),
    HARNESS_TEST(a_stop_keeps_a_task_from_beginning_and_it_goes_back),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(pool, tests, setup, teardown);

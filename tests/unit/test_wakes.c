/* SPDX-License-Identifier: MIT */
/* Threads of a server that sleep are woken by whoever makes true what they sleep for. */
#include <config.h>

#include "fake.h"
#include "harness.h"
#include "manual_clock.h"
#include "runtime.h"

static struct manual_clock now;
static weir_broker *broker;
static weir_mux *mux;
static weir_server *server;

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

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_worker_more_comes_for_what_is_ready),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(wakes, tests, setup, teardown);

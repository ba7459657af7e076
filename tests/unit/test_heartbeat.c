/* SPDX-License-Identifier: MIT */
/* The heartbeat: what it tells recovery about the time that others had to renew their leases, and what goes along. */
#include <config.h>

#include "fake.h"
#include "harness.h"
#include "manual_clock.h"
#include "runtime.h"

enum {
    HEARTBEAT_MS = 1000
};

static struct manual_clock now;
static weir_broker *broker;
static weir_mux *mux;
static weir_server *server;

static void
setup(void)
{
    weir_server_options options = {
        .concurrency = 1, .lease_ms = 3000, .heartbeat_ms = HEARTBEAT_MS};

    manual_clock_init(&now, 0, 1);
    fake_reset(WEIR_CAP_SURE_REPLIES);
    broker = fake_open(&now.clock);
    mux = weir_mux_new();
    CU_ASSERT_EQUAL_FATAL(weir_server_new(&server, broker, mux, &options, NULL), 0);
    server->beat.beat_at_ms = weir__broker_boot_ms(broker);
    server->beat.clock_gap_ms = weir__broker_now_ms(broker) - server->beat.beat_at_ms;
}

static void
teardown(void)
{
    weir_server_free(server);
    weir_mux_free(mux);
    weir_broker_close(broker);
}

static void
take_long(void)
{
    manual_clock_advance(&now, HEARTBEAT_MS + 1);
}

static void
recovery_goes_on_after_a_heartbeat(void)
{
    weir__heartbeat_duty(server);
    weir__recover_duty(server);
    CU_ASSERT_EQUAL(fake.calls, 1);
}

static void
recovery_waits_after_a_heartbeat_that_took_long(void)
{
    fake.on_beat = take_long;
    weir__heartbeat_duty(server);
    int64_t again_ms = weir__recover_duty(server);
    CU_ASSERT_EQUAL(fake.calls, 0);
    CU_ASSERT_EQUAL(again_ms, weir__broker_boot_ms(broker) + HEARTBEAT_MS);
    manual_clock_advance(&now, HEARTBEAT_MS);
    weir__recover_duty(server);
    CU_ASSERT_EQUAL(fake.calls, 1);
}

static void
upkeep_that_is_due_soon_goes_along_with_a_heartbeat(void)
{
    struct weir__duty *duties = server->keeper.duties;
    int64_t now_ms = weir__broker_boot_ms(broker);

    duties[WEIR__DUTY_FORWARD].at_ms = now_ms + 1;
    duties[WEIR__DUTY_RECOVER].at_ms = now_ms + HEARTBEAT_MS / 2;
    duties[WEIR__DUTY_JANITOR].at_ms = now_ms + HEARTBEAT_MS / 2 + 1;
    weir__heartbeat_duty(server);
    CU_ASSERT_EQUAL(duties[WEIR__DUTY_FORWARD].at_ms, now_ms + 1);
    CU_ASSERT_EQUAL(duties[WEIR__DUTY_RECOVER].at_ms, now_ms);
    CU_ASSERT_EQUAL(duties[WEIR__DUTY_JANITOR].at_ms, now_ms + HEARTBEAT_MS / 2 + 1);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(recovery_goes_on_after_a_heartbeat),
    HARNESS_TEST(recovery_waits_after_a_heartbeat_that_took_long),
    HARNESS_TEST(upkeep_that_is_due_soon_goes_along_with_a_heartbeat),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(heartbeat, tests, setup, teardown);

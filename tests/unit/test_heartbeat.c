/* SPDX-License-Identifier: MIT */
/*
 * The heartbeat: what it tells recovery about the time that others had to renew their leases, what goes along, and when it
 * warns of clocks. And how often forwarding looks at what does not move.
 */
#include <config.h>

#include "fake.h"
#include "harness.h"
#include "manual_clock.h"
#include "runtime.h"

#include <string.h>

enum {
    HEARTBEAT_MS = 1000
};

static struct manual_clock now;
static weir_broker *broker;
static weir_mux *mux;
static weir_server *server;
static weir_logger *logger;
static int warnings; /* of clocks */

static void
count_warnings(const weir_log_record *record, void *arg)
{
    (void)arg;
    warnings += strstr(record->message, "the clock stepped") != NULL;
}

static void
setup(void)
{
    weir_server_options options = {
        .concurrency = 1, .lease_ms = 3000, .heartbeat_ms = HEARTBEAT_MS};

    const weir_log_options log = {.fn = count_warnings};

    warnings = 0;
    CU_ASSERT_EQUAL_FATAL(weir_logger_new(&logger, &log, NULL), 0);
    options.logger = logger;
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
    weir_logger_free(logger);
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

static void
a_heartbeat_that_is_late_for_no_known_reason_is_told(void)
{
    manual_clock_advance(&now, 2 * HEARTBEAT_MS);
    weir__heartbeat_duty(server);
    CU_ASSERT_EQUAL(warnings, 1);
}

/* Another duty's call has waited for a broker that did not answer; its outage was logged. */
static void
one_that_an_outage_kept_waiting_is_not(void)
{
    const weir_error err = {.code = WEIR_E_UNAVAILABLE, .text = "away"};

    manual_clock_advance(&now, 2 * HEARTBEAT_MS);
    weir__outage_failed(server, WEIR__PARTY_FORWARD, "forward", &err);
    weir__heartbeat_duty(server);
    CU_ASSERT_EQUAL(warnings, 0);
    manual_clock_advance(&now, 2 * HEARTBEAT_MS);
    weir__outage_over(server, WEIR__PARTY_FORWARD);
    weir__heartbeat_duty(server);
    CU_ASSERT_EQUAL(warnings, 0);
    weir__recover_duty(server);
    CU_ASSERT_EQUAL(fake.calls, 0);
    manual_clock_advance(&now, 3 * HEARTBEAT_MS);
    weir__heartbeat_duty(server);
    CU_ASSERT_EQUAL(warnings, 1);
}

static void
a_step_of_the_clock_is_told_during_an_outage_too(void)
{
    const weir_error err = {.code = WEIR_E_UNAVAILABLE, .text = "away"};

    weir__outage_failed(server, WEIR__PARTY_FORWARD, "forward", &err);
    manual_clock_set_wall(&now, 3600000);
    weir__heartbeat_duty(server);
    CU_ASSERT_EQUAL(warnings, 1);
}

static void
what_is_due_and_does_not_move_is_looked_at_less_and_less_often(void)
{
    int64_t begin_ms = weir__broker_boot_ms(broker), now_ms = begin_ms;

    fake.stuck = true;
    manual_clock_set_wall(&now, 1000);
    while (now_ms < begin_ms + 10000) {
        int64_t at_ms = weir__forward_duty(server);
        CU_ASSERT_TRUE(at_ms > now_ms);
        CU_ASSERT_TRUE(at_ms <= now_ms + 128);
        manual_clock_advance(&now, at_ms - now_ms);
        now_ms = at_ms;
    }
    CU_ASSERT_TRUE(fake.forwards <= 8 + 10000 / 128);
    fake.stuck = false;
    weir__forward_duty(server);
    fake.stuck = true;
    CU_ASSERT_EQUAL(weir__forward_duty(server), now_ms + 1);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(recovery_goes_on_after_a_heartbeat),
    HARNESS_TEST(recovery_waits_after_a_heartbeat_that_took_long),
    HARNESS_TEST(upkeep_that_is_due_soon_goes_along_with_a_heartbeat),
    HARNESS_TEST(a_heartbeat_that_is_late_for_no_known_reason_is_told),
    HARNESS_TEST(one_that_an_outage_kept_waiting_is_not),
    HARNESS_TEST(a_step_of_the_clock_is_told_during_an_outage_too),
    HARNESS_TEST(what_is_due_and_does_not_move_is_looked_at_less_and_less_often),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(heartbeat, tests, setup, teardown);

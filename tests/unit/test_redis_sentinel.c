/* SPDX-License-Identifier: MIT */
/* A master, a replica and three sentinels of our own. */
#include <config.h>

#include "harness.h"
#include "redis_fixture.h"

#include "listener.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENTINELS 3
#define ALL (WEIR_WAKE_WORK | WEIR_WAKE_DUE | WEIR_WAKE_CANCEL)

static struct redis_server *master;
static struct redis_server *replica;
static struct redis_server *sentinels[SENTINELS];
static struct weir__redis *redis;

static bool
sentinels_know_all(void)
{
    bool all = true;

    for (int i = 0; i < SENTINELS; i++) {
        all = all && redis_server_replies(sentinels[i], "INFO sentinel", "slaves=1,sentinels=3");
    }
    return all;
}

/*
 * They get to know each other sooner; an old one that cannot do this is only slower. When the master is down they ask a
 * replica once per second how it is, and choose none that has not answered for five of their pings.
 */
static void
hurry(struct redis_server *sentinel)
{
    static const char *const periods[] = {"INFO-PERIOD 200", "PUBLISH-PERIOD 200",
                                          "PING-PERIOD 300", "ASK-PERIOD 100",
                                          "SLAVE-RECONF-TIMEOUT 1000"};
    char line[64];
    char text[256];

    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++) {
        snprintf(line, sizeof line, "SENTINEL DEBUG %s", periods[i]);
        redis_server_say(sentinel, line, text, sizeof text);
    }
}

/* A master that stands still for a moment on a busy machine is not to lose its place in each of the tests. */
static void
expect_death(void)
{
    char text[256];

    for (int i = 0; i < SENTINELS; i++) {
        CU_ASSERT_TRUE(redis_server_say(sentinels[i], "SENTINEL SET m down-after-milliseconds 400",
                                        text, sizeof text));
        CU_ASSERT_STRING_EQUAL(text, "OK");
    }
}

static void
setup(void)
{
    char line[64];
    char monitor[64];

    master = redis_server_start(NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(master);
    snprintf(line, sizeof line, "replicaof 127.0.0.1 %d", redis_server_port(master));
    const char *options[] = {line, "repl-diskless-sync-delay 0", NULL};
    replica = redis_server_start(options);
    CU_ASSERT_PTR_NOT_NULL_FATAL(replica);
    snprintf(monitor, sizeof monitor, "sentinel monitor m 127.0.0.1 %d 2",
             redis_server_port(master));
    const char *lines[] = {monitor, "sentinel down-after-milliseconds m 30000",
                           "sentinel failover-timeout m 3000", NULL};
    for (int i = 0; i < SENTINELS; i++) {
        sentinels[i] = redis_sentinel_start(lines);
        CU_ASSERT_PTR_NOT_NULL_FATAL(sentinels[i]);
        hurry(sentinels[i]);
    }
    FIXTURE_UNTIL(redis_server_replies(replica, "INFO replication", "master_link_status:up"));
    FIXTURE_UNTIL(sentinels_know_all());
    redis = fixture_open("redis+sentinel://127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d/m?timeout=2s",
                         redis_server_port(sentinels[0]), redis_server_port(sentinels[1]),
                         redis_server_port(sentinels[2]));
}

static void
teardown(void)
{
    weir__redis_close(redis);
    redis = NULL;
    for (int i = 0; i < SENTINELS; i++) {
        redis_server_free(sentinels[i]);
        sentinels[i] = NULL;
    }
    redis_server_free(replica);
    redis_server_free(master);
    replica = NULL;
    master = NULL;
}

static void
the_master_is_found_through_any_sentinel(void)
{
    char text[512];

    CU_ASSERT_EQUAL(fixture_do(redis, "SET a 1", text), 0);
    CU_ASSERT_TRUE(redis_server_replies(master, "GET a", "1"));
    redis_server_kill(sentinels[0]);
    redis_server_kill(sentinels[1]);
    weir__redis_close(redis);
    redis = fixture_open("redis+sentinel://127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d/m",
                         redis_server_port(sentinels[0]), redis_server_port(sentinels[1]),
                         redis_server_port(sentinels[2]));
    CU_ASSERT_EQUAL(fixture_do(redis, "GET a", text), 0);
    CU_ASSERT_STRING_EQUAL(text, "1");
    redis_server_kill(sentinels[2]);
    CU_ASSERT_EQUAL(fixture_do(redis, "GET a", text), 0);
}

static void
an_unknown_master_is_said(void)
{
    char text[512];

    weir__redis_close(redis);
    redis = fixture_open("redis+sentinel://127.0.0.1:%d/nobody", redis_server_port(sentinels[0]));
    CU_ASSERT_EQUAL(fixture_do(redis, "GET a", text), WEIR_E_UNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "nobody"));
    weir__redis_close(redis);
    for (int i = 0; i < SENTINELS; i++) {
        redis_server_kill(sentinels[i]);
    }
    redis = fixture_open("redis+sentinel://127.0.0.1:%d/m", redis_server_port(sentinels[0]));
    CU_ASSERT_EQUAL(fixture_do(redis, "GET a", text), WEIR_E_UNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "no sentinel"));
}

static void
a_failover_is_followed_when_the_master_dies(void)
{
    struct weir__redis_listener *listener = NULL;
    static const char *const queues[] = {"q"};
    weir_wait wait = {.queues = queues, .queue_count = 1, .interest = ALL, .timeout_ms = -1};
    int rc = 0;

    CU_ASSERT_EQUAL(
        weir__redis_listener_new(&listener, redis, weir_clock_system(), fixture_logger(), NULL), 0);
    CU_ASSERT_EQUAL(weir__redis_listener_wait(listener, &wait, NULL), 0);
    CU_ASSERT_EQUAL(fixture_do(redis, "SET a 1", NULL), 0);
    FIXTURE_UNTIL(redis_server_replies(replica, "GET a", "1"));
    expect_death();
    redis_server_kill(master);
    FIXTURE_UNTIL((rc = fixture_do(redis, "SET a 2", NULL)) == 0);
    CU_ASSERT_EQUAL(rc, 0);
    CU_ASSERT_TRUE(redis_server_replies(replica, "GET a", "2"));
    FIXTURE_UNTIL((rc = weir__redis_listener_wait(listener, &wait, NULL)) == 0);
    CU_ASSERT_EQUAL(wait.reasons, ALL);
    CU_ASSERT_EQUAL(fixture_do(redis, "LPUSH asynq:{q}:pending x", NULL), 0);
    CU_ASSERT_EQUAL(weir__redis_listener_wait(listener, &wait, NULL), 0);
    CU_ASSERT_EQUAL(wait.reasons & WEIR_WAKE_WORK, WEIR_WAKE_WORK);
    CU_ASSERT_EQUAL(fixture_logged("redis cannot be used"), 1);
    CU_ASSERT_EQUAL(fixture_logged("redis can be used again"), 1);
    weir__redis_listener_free(listener);
}

/* The old master lives and becomes a replica: nothing must be written there. */
static void
a_failover_by_command_is_followed(void)
{
    char text[512];
    int rc = 0;

    CU_ASSERT_EQUAL(fixture_do(redis, "SET a 1", NULL), 0);
    redis_server_say(sentinels[0], "SENTINEL FAILOVER m", text, sizeof text);
    FIXTURE_UNTIL(redis_server_replies(replica, "INFO replication", "role:master"));
    FIXTURE_UNTIL((rc = fixture_do(redis, "SET a 2", NULL)) == 0 &&
                  redis_server_replies(replica, "GET a", "2"));
    CU_ASSERT_EQUAL(rc, 0);
    CU_ASSERT_TRUE(redis_server_replies(replica, "GET a", "2"));
}

/* Nobody kills our connections, and only the answer READONLY tells. */
static void
a_master_that_was_degraded_is_left(void)
{
    char text[512];
    char line[64];
    int rc = 0;

    CU_ASSERT_EQUAL(fixture_do(redis, "SET a 1", NULL), 0);
    snprintf(line, sizeof line, "REPLICAOF 127.0.0.1 %d", redis_server_port(replica));
    redis_server_say(master, line, text, sizeof text);
    CU_ASSERT_EQUAL(fixture_do(redis, "SET a 2", NULL), WEIR_E_UNAVAILABLE);
    CU_ASSERT_EQUAL(fixture_do(redis, "GET a", text), WEIR_E_UNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "it is not"));
    redis_server_say(master, "REPLICAOF NO ONE", text, sizeof text);
    FIXTURE_UNTIL((rc = fixture_do(redis, "SET a 3", NULL)) == 0);
    CU_ASSERT_EQUAL(rc, 0);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(the_master_is_found_through_any_sentinel),
    HARNESS_TEST(an_unknown_master_is_said),
    HARNESS_TEST(a_failover_is_followed_when_the_master_dies),
    HARNESS_TEST(a_failover_by_command_is_followed),
    HARNESS_TEST(a_master_that_was_degraded_is_left),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(redis_sentinel, tests, setup, teardown);

/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "harness.h"
#include "redis_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8

static struct redis_server *server;
static struct weir__redis *redis;

static void
setup(void)
{
    server = redis_server_start(NULL);
    if (server == NULL) {
        CU_FAIL_FATAL("no server");
    }
    redis = fixture_open("%s?timeout=2s", redis_server_unix_url(server));
}

static void
teardown(void)
{
    weir__redis_close(redis);
    redis_server_free(server);
    redis = NULL;
    server = NULL;
}

/* ---- threads that count ---- */

struct load {
    pthread_t threads[THREADS];
    atomic_bool ends;
    atomic_long done;
    atomic_long unknown;
    atomic_long unavailable;
    atomic_long other;
};

static void *
load_main(void *arg)
{
    struct load *load = arg;

    while (!atomic_load(&load->ends)) {
        int rc = fixture_do(redis, "INCR n", NULL);
        atomic_fetch_add(rc == 0                    ? &load->done
                         : rc == WEIR_E_UNKNOWN     ? &load->unknown
                         : rc == WEIR_E_UNAVAILABLE ? &load->unavailable
                                                    : &load->other,
                         1);
    }
    return NULL;
}

static void
load_begin(struct load *load)
{
    memset(load, 0, sizeof *load);
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&load->threads[i], NULL, load_main, load);
    }
}

static void
load_end(struct load *load)
{
    atomic_store(&load->ends, true);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(load->threads[i], NULL);
    }
}

static long
counted(void)
{
    char text[64] = "0";

    redis_server_say(server, "GET n", text, sizeof text);
    return strtol(text, NULL, 10);
}

/* What was acknowledged was done once; what is unknown was done once or not at all. */
static void
check_counts(struct load *load)
{
    long done = atomic_load(&load->done);
    long n = counted();

    CU_ASSERT(n >= done);
    CU_ASSERT(n <= done + atomic_load(&load->unknown));
    CU_ASSERT_EQUAL(atomic_load(&load->other), 0);
}

static void
work_goes_on_when_all_connections_are_killed_again_and_again(void)
{
    struct load load;
    char text[128];

    load_begin(&load);
    for (int i = 0; i < 20; i++) {
        long before = atomic_load(&load.done);
        FIXTURE_UNTIL(atomic_load(&load.done) > before + 50);
        redis_server_say(server, "CLIENT KILL TYPE normal SKIPME yes", text, sizeof text);
    }
    load_end(&load);
    check_counts(&load);
}

static void
work_goes_on_after_a_pause(void)
{
    struct load load;
    char text[128];
    long before;

    load_begin(&load);
    FIXTURE_UNTIL(atomic_load(&load.done) > 100);
    redis_server_say(server, "CLIENT PAUSE 300 ALL", text, sizeof text);
    before = atomic_load(&load.done);
    FIXTURE_UNTIL(atomic_load(&load.done) > before + 100);
    load_end(&load);
    check_counts(&load);
    CU_ASSERT_EQUAL(atomic_load(&load.unknown), 0);
}

static void
an_absent_server_costs_next_to_nothing_and_is_logged_once(void)
{
    struct load load;
    int64_t cpu_us;
    long before;

    CU_ASSERT_EQUAL(fixture_do(redis, "PING", NULL), 0);
    redis_server_kill(server);
    load_begin(&load);
    FIXTURE_UNTIL(atomic_load(&load.unavailable) > 0);
    cpu_us = fixture_cpu_us();
    fixture_pause_ms(3000);
    CU_ASSERT(fixture_cpu_us() - cpu_us < 60000);
    CU_ASSERT_EQUAL(fixture_logged("redis cannot be used"), 1);
    CU_ASSERT_EQUAL(fixture_logged("redis can be used again"), 0);
    CU_ASSERT_TRUE(redis_server_restart(server));
    before = atomic_load(&load.done);
    FIXTURE_UNTIL(atomic_load(&load.done) > before + 100);
    load_end(&load);
    CU_ASSERT_EQUAL(fixture_logged("redis cannot be used"), 1);
    CU_ASSERT_EQUAL(fixture_logged("redis can be used again"), 1);
    CU_ASSERT_EQUAL(atomic_load(&load.other), 0);
}

/* Opening a broker ends with it, and who opened it tells. */
static void
the_first_failure_of_all_is_told_by_its_error_alone(void)
{
    char text[512];

    weir__redis_close(redis);
    redis = fixture_open("redis://127.0.0.1:1");
    fixture_log_clear();
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), WEIR_E_UNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Redis at 127.0.0.1:1 "));
    CU_ASSERT_EQUAL(fixture_logged("redis cannot be used"), 0);
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", NULL), WEIR_E_UNAVAILABLE);
    CU_ASSERT_EQUAL(fixture_logged("redis cannot be used broker=127.0.0.1:1 "), 1);
}

static void
connections_are_shared_up_to_the_limit(void)
{
    struct load load;
    char text[4096] = "";
    const char *at;

    weir__redis_close(redis);
    redis = fixture_open("%s?max_connections=2", redis_server_unix_url(server));
    load_begin(&load);
    FIXTURE_UNTIL(atomic_load(&load.done) > 500);
    redis_server_say(server, "INFO clients", text, sizeof text);
    load_end(&load);
    at = strstr(text, "connected_clients:");
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    CU_ASSERT(strtol(at + strlen("connected_clients:"), NULL, 10) <= 3);
    check_counts(&load);
}

static void
who_waits_too_long_for_a_connection_is_told(void)
{
    struct weir__redis_conn *conn = NULL;
    char text[512];
    int rc = 0;

    weir__redis_close(redis);
    redis = fixture_open("%s?max_connections=1&timeout=50ms&connect_timeout=5s",
                         redis_server_unix_url(server));
    CU_ASSERT_EQUAL_FATAL(weir__redis_acquire(redis, &conn, NULL), 0);
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), WEIR_E_BUSY);
    weir__redis_release(redis, conn);
    /* A reply may need longer than 50 ms, the connection may not. */
    FIXTURE_UNTIL((rc = fixture_do(redis, "PING", text)) == 0 || rc == WEIR_E_BUSY);
    CU_ASSERT_EQUAL(rc, 0);
}

static void
replies_left_unread_do_not_reach_the_next_borrower(void)
{
    struct weir__redis_conn *conn = NULL;
    char text[512];

    CU_ASSERT_EQUAL_FATAL(weir__redis_acquire(redis, &conn, NULL), 0);
    fixture_append(conn, "ECHO a", NULL);
    fixture_append(conn, "ECHO b", NULL);
    redisReply *reply = NULL;
    CU_ASSERT_EQUAL(weir__redis_reply(conn, &reply, NULL), 0);
    freeReplyObject(reply);
    weir__redis_release(redis, conn);
    CU_ASSERT_EQUAL(fixture_do(redis, "ECHO c", text), 0);
    CU_ASSERT_STRING_EQUAL(text, "c");
}

static int
write_and_wait(char *text)
{
    struct weir__redis_conn *conn = NULL;
    weir_error err = {0};
    const char *argv[] = {"SET", "a", "1"};
    int rc = weir__redis_acquire(redis, &conn, &err);

    if (rc == 0) {
        rc = weir__redis_command(conn, NULL, 3, argv, NULL, &err);
    }
    if (rc == 0) {
        rc = weir__redis_wait_replicas(conn, &err);
    }
    weir__redis_release(redis, conn);
    snprintf(text, 512, "%s", err.text);
    return rc;
}

static void
writes_wait_for_the_replicas_that_were_asked_for(void)
{
    struct redis_server *replica;
    char text[512];
    char line[64];
    int rc = 0;

    weir__redis_close(redis);
    redis = fixture_open("%s?wait_replicas=1&timeout=200ms&connect_timeout=5s",
                         redis_server_unix_url(server));
    CU_ASSERT_EQUAL(write_and_wait(text), WEIR_E_UNKNOWN);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "0 of 1 replicas"));
    snprintf(line, sizeof line, "replicaof 127.0.0.1 %d", redis_server_port(server));
    const char *options[] = {line, NULL};
    replica = redis_server_start(options);
    CU_ASSERT_PTR_NOT_NULL_FATAL(replica);
    FIXTURE_UNTIL(redis_server_replies(replica, "INFO replication", "master_link_status:up"));
    FIXTURE_UNTIL((rc = write_and_wait(text)) == 0);
    CU_ASSERT_EQUAL(rc, 0);
    redis_server_free(replica);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(work_goes_on_when_all_connections_are_killed_again_and_again),
    HARNESS_TEST(work_goes_on_after_a_pause),
    HARNESS_TEST(an_absent_server_costs_next_to_nothing_and_is_logged_once),
    HARNESS_TEST(the_first_failure_of_all_is_told_by_its_error_alone),
    HARNESS_TEST(connections_are_shared_up_to_the_limit),
    HARNESS_TEST(who_waits_too_long_for_a_connection_is_told),
    HARNESS_TEST(replies_left_unread_do_not_reach_the_next_borrower),
    HARNESS_TEST(writes_wait_for_the_replicas_that_were_asked_for),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(redis_pool, tests, setup, teardown);

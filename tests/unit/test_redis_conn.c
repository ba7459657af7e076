/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "harness.h"
#include "link.h"
#include "redis_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct redis_server *server;
static struct weir__redis *redis;

static void
serve(const char *const *options)
{
    server = redis_server_start(options);
    if (server == NULL) {
        CU_FAIL_FATAL("no server");
    }
}

static void
teardown(void)
{
    weir__redis_close(redis);
    redis_server_free(server);
    redis = NULL;
    server = NULL;
}

static bool
say(const char *line)
{
    char text[256] = "";

    return redis_server_say(server, line, text, sizeof text) && text[0] != '-';
}

/* ---- getting there ---- */

static void
commands_go_over_tcp_and_unix_sockets(void)
{
    char text[512];

    serve(NULL);
    redis = fixture_open("%s", redis_server_tcp_url(server));
    CU_ASSERT_EQUAL(fixture_do(redis, "SET a 1", text), 0);
    weir__redis_close(redis);
    redis = fixture_open("%s", redis_server_unix_url(server));
    CU_ASSERT_EQUAL(fixture_do(redis, "GET a", text), 0);
    CU_ASSERT_STRING_EQUAL(text, "1");
}

static void
a_password_is_sent_and_never_shown(void)
{
    static const char *const options[] = {"requirepass s3cret", NULL};
    char text[512];

    serve(options);
    redis = fixture_open("redis+unix://:s3cret@%s", redis_server_socket(server));
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), 0);
    weir__redis_close(redis);
    redis = fixture_open("redis+unix://:wr0ng@%s", redis_server_socket(server));
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), WEIR_E_AUTH);
    CU_ASSERT_PTR_NULL(strstr(text, "wr0ng"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, redis_server_socket(server)));
    weir__redis_close(redis);
    redis = fixture_open("%s", redis_server_unix_url(server));
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), WEIR_E_AUTH);
}

static void
an_account_is_used_and_what_it_may_not_do_is_said(void)
{
    char text[512];

    serve(NULL);
    CU_ASSERT_TRUE(say("ACL SETUSER ann on >pw ~* &* +@all -flushall"));
    redis = fixture_open("redis+unix://ann:pw@%s", redis_server_socket(server));
    CU_ASSERT_EQUAL(fixture_do(redis, "ACL WHOAMI", text), 0);
    CU_ASSERT_STRING_EQUAL(text, "ann");
    CU_ASSERT_EQUAL(fixture_do(redis, "FLUSHALL", text), WEIR_E_AUTH);
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), 0);
}

static void
an_unneeded_password_is_not_accepted_silently(void)
{
    char text[512];

    serve(NULL);
    redis = fixture_open("redis+unix://:hush@%s", redis_server_socket(server));
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), WEIR_E_AUTH);
    CU_ASSERT_PTR_NULL(strstr(text, "hush"));
}

static void
a_server_without_auth_does_not_echo_the_password(void)
{
    static const char *const options[] = {"rename-command AUTH \"\"", NULL};
    char text[512];

    serve(options);
    redis = fixture_open("redis+unix://:hush@%s", redis_server_socket(server));
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), WEIR_E_UNSUPPORTED);
    CU_ASSERT_PTR_NULL(strstr(text, "hush"));
    CU_ASSERT_EQUAL(fixture_logged("hush"), 0);
}

static void
the_database_and_the_name_are_set(void)
{
    char text[512];

    serve(NULL);
    redis = fixture_open("%s?db=3&name=tester", redis_server_unix_url(server));
    CU_ASSERT_EQUAL(fixture_do(redis, "CLIENT INFO", text), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "name=tester"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "db=3"));
    weir__redis_close(redis);
    redis = fixture_open("%s?db=99", redis_server_unix_url(server));
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), WEIR_E_URL);
}

static void
a_refused_connection_names_the_place(void)
{
    char text[512];
    char place[32];

    serve(NULL);
    redis = fixture_open("%s", redis_server_tcp_url(server));
    snprintf(place, sizeof place, "127.0.0.1:%d", redis_server_port(server));
    redis_server_kill(server);
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), WEIR_E_UNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, place));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "refused"));
}

static void
a_server_that_accepts_and_says_nothing_times_out(void)
{
    char text[512];
    int64_t start_ms = fixture_now_ms();

    serve(NULL);
    redis_server_freeze(server, true);
    redis = fixture_open("%s?connect_timeout=100ms", redis_server_tcp_url(server));
    start_ms = fixture_now_ms();
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), WEIR_E_UNAVAILABLE);
    CU_ASSERT(fixture_now_ms() - start_ms < 2000);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "timed out"));
    redis_server_freeze(server, false);
    FIXTURE_UNTIL(fixture_do(redis, "PING", text) == 0);
    CU_ASSERT_STRING_EQUAL(text, "PONG");
}

/* ---- lost replies ---- */

static void
a_reply_that_does_not_come_in_time_is_unknown(void)
{
    char text[512];

    serve(NULL);
    redis = fixture_open("%s?timeout=100ms&connect_timeout=5s", redis_server_unix_url(server));
    FIXTURE_UNTIL(fixture_do(redis, "PING", text) == 0);
    redis_server_freeze(server, true);
    CU_ASSERT_EQUAL(fixture_do(redis, "SET a 1", text), WEIR_E_UNKNOWN);
    redis_server_freeze(server, false);
    FIXTURE_UNTIL(fixture_do(redis, "PING", text) == 0);
    CU_ASSERT_STRING_EQUAL(text, "PONG");
}

static void
a_connection_closed_while_idle_is_not_used(void)
{
    char text[512];

    serve(NULL);
    redis = fixture_open("%s", redis_server_unix_url(server));
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), 0);
    CU_ASSERT_TRUE(say("CLIENT KILL TYPE normal"));
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), 0);
}

static int
reply_code(struct weir__redis_conn *conn)
{
    redisReply *reply = NULL;
    int rc = weir__redis_reply(conn, &reply, NULL);

    if (rc == 0) {
        rc = weir__redis_reply_error(conn, reply, NULL);
    }
    freeReplyObject(reply);
    return rc;
}

static void
a_command_appended_to_a_dead_connection_was_not_done(void)
{
    struct weir__redis_conn *conn = NULL;

    serve(NULL);
    redis = fixture_open("%s", redis_server_unix_url(server));
    CU_ASSERT_EQUAL_FATAL(weir__redis_acquire(redis, &conn, NULL), 0);
    redis_server_kill(server);
    CU_ASSERT_EQUAL(fixture_append(conn, "SET a 1", NULL), 0);
    CU_ASSERT_EQUAL(reply_code(conn), WEIR_E_UNAVAILABLE);
    CU_ASSERT_FALSE(weir__redis_conn_alive(conn));
    CU_ASSERT_EQUAL(fixture_append(conn, "SET a 1", NULL), WEIR_E_UNAVAILABLE);
    weir__redis_release(redis, conn);
}

static void
of_a_pipeline_the_replies_after_the_loss_are_unknown(void)
{
    struct weir__redis_conn *conn = NULL;

    serve(NULL);
    redis = fixture_open("%s", redis_server_unix_url(server));
    CU_ASSERT_EQUAL_FATAL(weir__redis_acquire(redis, &conn, NULL), 0);
    fixture_append(conn, "INCR n", NULL);
    fixture_append(conn, "INCR n", NULL);
    fixture_append(conn, "QUIT", NULL);
    fixture_append(conn, "INCR n", NULL);
    fixture_append(conn, "INCR n", NULL);
    CU_ASSERT_EQUAL(reply_code(conn), 0);
    CU_ASSERT_EQUAL(reply_code(conn), 0);
    CU_ASSERT_EQUAL(reply_code(conn), 0);
    CU_ASSERT_EQUAL(reply_code(conn), WEIR_E_UNKNOWN);
    CU_ASSERT_EQUAL(reply_code(conn), WEIR_E_UNKNOWN);
    CU_ASSERT_EQUAL(reply_code(conn), WEIR_E_INTERNAL);
    weir__redis_release(redis, conn);
    CU_ASSERT_TRUE(redis_server_replies(server, "GET n", "2"));
}

/* The server reads nothing, so the socket's buffer takes the first command and a part of the second. */
static void
a_command_that_did_not_go_out_as_a_whole_was_not_done(void)
{
    const size_t size = 16 << 20;
    struct weir__redis_conn *conn = NULL;
    char *big = malloc(size);
    const char *argv[] = {"SET", "big", big};
    size_t lens[] = {3, 3, size};

    serve(NULL);
    memset(big, 'x', size);
    redis = fixture_open("%s?timeout=100ms&connect_timeout=5s", redis_server_unix_url(server));
    CU_ASSERT_EQUAL_FATAL(weir__redis_acquire(redis, &conn, NULL), 0);
    redis_server_freeze(server, true);
    fixture_append(conn, "SET small 1", NULL);
    CU_ASSERT_EQUAL(weir__redis_append(conn, 3, argv, lens, NULL), 0);
    CU_ASSERT_EQUAL(reply_code(conn), WEIR_E_UNKNOWN);
    CU_ASSERT_EQUAL(reply_code(conn), WEIR_E_UNAVAILABLE);
    weir__redis_release(redis, conn);
    redis_server_freeze(server, false);
    FIXTURE_UNTIL(redis_server_replies(server, "GET small", "1"));
    CU_ASSERT_TRUE(redis_server_replies(server, "EXISTS small", "1"));
    CU_ASSERT_TRUE(redis_server_replies(server, "EXISTS big", "0"));
    free(big);
}

/* A producer whose replies are all as expected never parses one. */
static void
replies_that_are_passed_over_do_not_pile_up(void)
{
    struct weir__redis_conn *conn = NULL;
    const char *ping = "PING";
    size_t passed = 0, largest = 0;

    serve(NULL);
    redis = fixture_open("%s", redis_server_unix_url(server));
    CU_ASSERT_EQUAL_FATAL(weir__redis_acquire(redis, &conn, NULL), 0);
    for (int i = 0; i < 2000; i++) {
        CU_ASSERT_EQUAL_FATAL(weir__redis_append(conn, 1, &ping, NULL, NULL), 0);
        passed += weir__redis_pass(conn, "+PONG\r\n", 1);
        largest = conn->ctx->reader->len > largest ? conn->ctx->reader->len : largest;
    }
    CU_ASSERT_EQUAL(passed, 2000);
    CU_ASSERT_TRUE(largest < 2048);
    weir__redis_release(redis, conn);
}

static void
large_commands_and_replies_pass(void)
{
    const size_t size = 10 << 20;
    struct weir__redis_conn *conn = NULL;
    redisReply *reply = NULL;
    char *big = malloc(size);
    const char *argv[] = {"ECHO", big};
    size_t lens[] = {4, size};

    serve(NULL);
    memset(big, 'x', size);
    big[17] = '\0';
    redis = fixture_open("%s", redis_server_tcp_url(server));
    CU_ASSERT_EQUAL_FATAL(weir__redis_acquire(redis, &conn, NULL), 0);
    CU_ASSERT_EQUAL(weir__redis_command(conn, &reply, 2, argv, lens, NULL), 0);
    CU_ASSERT_EQUAL(reply->len, size);
    CU_ASSERT_EQUAL(memcmp(reply->str, big, size), 0);
    freeReplyObject(reply);
    weir__redis_release(redis, conn);
    free(big);
}

/* ---- states of the server ---- */

static void
maxclients_is_said(void)
{
    static const char *const options[] = {"maxclients 1", NULL};
    struct weir__redis_conn *conn = NULL;
    char text[512];

    serve(options);
    redis = fixture_open("%s", redis_server_unix_url(server));
    CU_ASSERT_EQUAL_FATAL(weir__redis_acquire(redis, &conn, NULL), 0);
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), WEIR_E_UNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "maxclients"));
    CU_ASSERT_EQUAL(fixture_logged("maxclients"), 1);
    weir__redis_release(redis, conn);
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), 0);
}

static void
a_full_server_is_said_once(void)
{
    char text[512];

    serve(NULL);
    redis = fixture_open("%s", redis_server_unix_url(server));
    CU_ASSERT_TRUE(say("CONFIG SET maxmemory 1"));
    for (int i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(fixture_do(redis, "SET a 1", text), WEIR_E_FULL);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "maxmemory"));
    CU_ASSERT_EQUAL(fixture_do(redis, "EVAL redis.call('set','a',1) 0", text), WEIR_E_FULL);
    CU_ASSERT_TRUE(say("CONFIG SET maxmemory 0"));
    CU_ASSERT_EQUAL(fixture_do(redis, "MULTI", text), 0);
    CU_ASSERT_EQUAL(fixture_do(redis, "SET a 1", text), 0);
    CU_ASSERT_TRUE(say("CONFIG SET maxmemory 1"));
    CU_ASSERT_EQUAL(fixture_do(redis, "EXEC", text), WEIR_E_FULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "EXECABORT"));
    CU_ASSERT_EQUAL(fixture_logged("redis refuses commands broker=/"), 1);
    CU_ASSERT_TRUE(say("CONFIG SET maxmemory 0"));
    FIXTURE_UNTIL(fixture_do(redis, "SET a 1", text) != 0 ||
                  fixture_logged("redis takes commands again") == 1);
    CU_ASSERT_EQUAL(fixture_logged("redis takes commands again"), 1);
}

static void
a_replica_is_read_only(void)
{
    struct redis_server *replica;
    char text[512];
    char line[64];

    serve(NULL);
    snprintf(line, sizeof line, "replicaof 127.0.0.1 %d", redis_server_port(server));
    const char *options[] = {line, NULL};
    replica = redis_server_start(options);
    CU_ASSERT_PTR_NOT_NULL_FATAL(replica);
    redis = fixture_open("%s", redis_server_unix_url(replica));
    CU_ASSERT_EQUAL(fixture_do(redis, "SET a 1", text), WEIR_E_READONLY);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "replica"));
    redis_server_say(replica, "CONFIG SET replica-serve-stale-data no", text, sizeof text);
    redis_server_kill(server);
    FIXTURE_UNTIL(fixture_do(redis, "GET a", text) == WEIR_E_UNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "lost its master"));
    redis_server_free(replica);
}

static void *
say_long_script(void *arg)
{
    char text[512];

    (void)arg;
    redis_server_say(server, "EVAL \"while true do end\" 0", text, sizeof text);
    return NULL;
}

static void
a_busy_server_is_said(void)
{
    static const char *const options[] = {"busy-reply-threshold 50", NULL};
    pthread_t thread;
    char text[512] = "";
    int rc = 0;

    serve(options);
    redis = fixture_open("%s", redis_server_unix_url(server));
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), 0);
    pthread_create(&thread, NULL, say_long_script, NULL);
    FIXTURE_UNTIL((rc = fixture_do(redis, "GET a", text)) == WEIR_E_BUSY);
    CU_ASSERT_EQUAL(rc, WEIR_E_BUSY);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "script"));
    CU_ASSERT_TRUE(say("SCRIPT KILL"));
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(fixture_do(redis, "GET a", text), 0);
}

/* A folder stands where the dump should go. */
static void
a_server_that_cannot_save_is_said(void)
{
    static const char *const options[] = {"dbfilename taken", "save 3600 1", NULL};
    char text[512] = "";

    serve(options);
    redis = fixture_open("%s", redis_server_unix_url(server));
    snprintf(text, sizeof text, "%s/taken", redis_server_folder(server));
    CU_ASSERT_EQUAL(mkdir(text, 0700), 0);
    CU_ASSERT_TRUE(say("BGSAVE"));
    FIXTURE_UNTIL(fixture_do(redis, "SET a 1", text) == WEIR_E_IO);
    CU_ASSERT_EQUAL(fixture_do(redis, "SET a 1", text), WEIR_E_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "cannot save"));
}

static void *
say_reload(void *arg)
{
    char text[512];

    (void)arg;
    redis_server_say(server, "DEBUG RELOAD NOSAVE", text, sizeof text);
    return NULL;
}

static void
a_loading_server_is_said_and_waited_for(void)
{
    static const char *const options[] = {"enable-debug-command yes", NULL};
    pthread_t thread;
    char text[512] = "";
    int rc = 0;

    serve(options);
    redis = fixture_open("%s", redis_server_unix_url(server));
    CU_ASSERT_TRUE(say("DEBUG POPULATE 20000"));
    CU_ASSERT_TRUE(say("SAVE"));
    CU_ASSERT_TRUE(say("CONFIG SET key-load-delay 100"));
    CU_ASSERT_TRUE(say("CONFIG SET loading-process-events-interval-bytes 1024"));
    pthread_create(&thread, NULL, say_reload, NULL);
    FIXTURE_UNTIL((rc = fixture_do(redis, "GET a", text)) == WEIR_E_UNAVAILABLE);
    CU_ASSERT_EQUAL(rc, WEIR_E_UNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "loading"));
    FIXTURE_UNTIL(fixture_do(redis, "GET a", text) == 0);
    CU_ASSERT_EQUAL(fixture_do(redis, "GET a", text), 0);
    pthread_join(thread, NULL);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(commands_go_over_tcp_and_unix_sockets),
    HARNESS_TEST(a_password_is_sent_and_never_shown),
    HARNESS_TEST(an_account_is_used_and_what_it_may_not_do_is_said),
    HARNESS_TEST(an_unneeded_password_is_not_accepted_silently),
    HARNESS_TEST(a_server_without_auth_does_not_echo_the_password),
    HARNESS_TEST(the_database_and_the_name_are_set),
    HARNESS_TEST(a_refused_connection_names_the_place),
    HARNESS_TEST(a_server_that_accepts_and_says_nothing_times_out),
    HARNESS_TEST(a_reply_that_does_not_come_in_time_is_unknown),
    HARNESS_TEST(a_connection_closed_while_idle_is_not_used),
    HARNESS_TEST(a_command_appended_to_a_dead_connection_was_not_done),
    HARNESS_TEST(of_a_pipeline_the_replies_after_the_loss_are_unknown),
    HARNESS_TEST(a_command_that_did_not_go_out_as_a_whole_was_not_done),
    HARNESS_TEST(replies_that_are_passed_over_do_not_pile_up),
    HARNESS_TEST(large_commands_and_replies_pass),
    HARNESS_TEST(maxclients_is_said),
    HARNESS_TEST(a_full_server_is_said_once),
    HARNESS_TEST(a_replica_is_read_only),
    HARNESS_TEST(a_busy_server_is_said),
    HARNESS_TEST(a_server_that_cannot_save_is_said),
    HARNESS_TEST(a_loading_server_is_said_and_waited_for),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(redis_conn, tests, NULL, teardown);

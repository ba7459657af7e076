/* SPDX-License-Identifier: MIT */
/* A server that speaks TLS, with certificates made for the test by the openssl command. */
#include <config.h>

#include "harness.h"
#include "redis_fixture.h"

#ifdef WEIR_HAVE_HIREDIS_SSL

#include "listener.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct redis_server *server;
static struct weir__redis *redis;
static char folder[64];
static int port;

/* Makes a CA or a certificate signed by one; every word is ours. */
static bool
openssl(const char *format, const char *a, const char *b)
{
    char command[1024];
    int n = snprintf(command, sizeof command, "cd %s && { ", folder);

    n += snprintf(command + n, sizeof command - (size_t)n,
                  "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout %s.key ",
                  a);
    if (b == NULL) {
        n += snprintf(command + n, sizeof command - (size_t)n, "-x509 -out %s.crt -days 2 ", a);
        n += snprintf(command + n, sizeof command - (size_t)n, "-subj /CN=%s", a);
    } else {
        n += snprintf(command + n, sizeof command - (size_t)n,
                      "-out %s.csr -subj /CN=%s -addext subjectAltName=%s && ", a, a, format);
        n += snprintf(command + n, sizeof command - (size_t)n,
                      "openssl x509 -req -in %s.csr -out %s.crt -CA %s.crt -CAkey %s.key ", a, a, b,
                      b);
        n += snprintf(command + n, sizeof command - (size_t)n,
                      "-CAcreateserial -copy_extensions copy -days 2");
    }
    snprintf(command + n, sizeof command - (size_t)n, "; } > /dev/null 2>&1");
    return system(command) == 0;
}

static void
serve(const char *certificate)
{
    char lines[5][128];
    const char *options[6] = {NULL};

    port = redis_server_free_port();
    snprintf(lines[0], sizeof lines[0], "tls-port %d", port);
    snprintf(lines[1], sizeof lines[1], "tls-cert-file %s/%s.crt", folder, certificate);
    snprintf(lines[2], sizeof lines[2], "tls-key-file %s/%s.key", folder, certificate);
    snprintf(lines[3], sizeof lines[3], "tls-ca-cert-file %s/ca.crt", folder);
    snprintf(lines[4], sizeof lines[4], "tls-auth-clients yes");
    for (int i = 0; i < 5; i++) {
        options[i] = lines[i];
    }
    server = redis_server_start(options);
    if (server == NULL) {
        CU_FAIL_FATAL("no server with TLS");
    }
}

static void
setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/weir-tls.XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    CU_ASSERT_TRUE_FATAL(openssl(NULL, "ca", NULL));
    CU_ASSERT_TRUE_FATAL(openssl(NULL, "other", NULL));
    CU_ASSERT_TRUE_FATAL(openssl("IP:127.0.0.1,DNS:localhost", "server", "ca"));
    CU_ASSERT_TRUE_FATAL(openssl("DNS:weir.test", "elsewhere", "ca"));
    CU_ASSERT_TRUE_FATAL(openssl("DNS:client", "client", "ca"));
}

static void
teardown(void)
{
    char command[128];

    weir__redis_close(redis);
    redis_server_free(server);
    redis = NULL;
    server = NULL;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    CU_ASSERT_EQUAL(system(command), 0);
}

/* A URL with a client certificate; more are parameters that start with '&'. */
static void
use(const char *host, const char *ca, const char *more)
{
    weir__redis_close(redis);
    redis = fixture_open("rediss://%s:%d?timeout=3s&tls_ca=%s/%s.crt&tls_cert=%s/client.crt&"
                         "tls_key=%s/client.key%s",
                         host, port, folder, ca, folder, folder, more);
}

static void
commands_pass_with_certificates_on_both_sides(void)
{
    char text[512];

    serve("server");
    use("127.0.0.1", "ca", "");
    CU_ASSERT_EQUAL(fixture_do(redis, "SET a 1", text), 0);
    CU_ASSERT_EQUAL(fixture_do(redis, "GET a", text), 0);
    CU_ASSERT_STRING_EQUAL(text, "1");
    use("localhost", "ca", "");
    CU_ASSERT_EQUAL(fixture_do(redis, "GET a", text), 0);
}

static void
a_client_without_a_certificate_is_refused(void)
{
    char text[512];

    serve("server");
    redis = fixture_open("rediss://127.0.0.1:%d?tls_ca=%s/ca.crt", port, folder);
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), WEIR_E_UNAVAILABLE);
    /* The server says so after the handshake; when it has gone by the time we write, its words are lost. */
    CU_ASSERT_TRUE(strstr(text, "certificate") != NULL || strstr(text, "reset") != NULL ||
                   strstr(text, "Broken pipe") != NULL);
}

static void
a_certificate_of_another_ca_is_refused(void)
{
    char text[512];

    serve("server");
    use("127.0.0.1", "other", "");
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), WEIR_E_AUTH);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "certificate"));
    weir__redis_close(redis);
    redis = fixture_open("rediss://127.0.0.1:%d", port);
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), WEIR_E_AUTH);
}

static void
a_certificate_of_another_name_is_refused(void)
{
    char text[512];

    serve("elsewhere");
    use("127.0.0.1", "ca", "");
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), WEIR_E_AUTH);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "mismatch"));
    use("localhost", "ca", "");
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), WEIR_E_AUTH);
    use("127.0.0.1", "ca", "&tls_name=weir.test");
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), 0);
}

static void
a_server_without_tls_is_no_server(void)
{
    char text[512];

    serve("server");
    port = redis_server_port(server);
    use("127.0.0.1", "ca", "&connect_timeout=300ms");
    CU_ASSERT_EQUAL(fixture_do(redis, "PING", text), WEIR_E_UNAVAILABLE);
}

static void
unusable_files_are_named(void)
{
    weir_error err = {0};

    CU_ASSERT_EQUAL(fixture_try_open(&redis, &err, "rediss://h?tls_ca=/nowhere/ca"), WEIR_E_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/nowhere/ca"));
    weir_error_clear(&err);
    CU_ASSERT_EQUAL(fixture_try_open(&redis, &err,
                                     "rediss://h?tls_ca=%s/ca.crt&tls_cert=%s/client.crt&"
                                     "tls_key=%s/other.key",
                                     folder, folder, folder),
                    WEIR_E_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "other.key"));
}

static void
large_commands_and_pipelines_pass(void)
{
    const size_t size = 5 << 20;
    struct weir__redis_conn *conn = NULL;
    char *big = malloc(size);
    const char *argv[] = {"ECHO", big};
    size_t lens[] = {4, size};

    serve("server");
    memset(big, 'x', size);
    use("127.0.0.1", "ca", "");
    CU_ASSERT_EQUAL_FATAL(weir__redis_acquire(redis, &conn, NULL), 0);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(weir__redis_append(conn, 2, argv, lens, NULL), 0);
    }
    for (int i = 0; i < 3; i++) {
        redisReply *reply = NULL;
        CU_ASSERT_EQUAL_FATAL(weir__redis_reply(conn, &reply, NULL), 0);
        CU_ASSERT_EQUAL(reply->len, size);
        freeReplyObject(reply);
    }
    weir__redis_release(redis, conn);
    free(big);
}

/* OpenSSL would raise SIGPIPE here. */
static void
a_connection_that_was_closed_raises_no_signal(void)
{
    struct weir__redis_conn *conn = NULL;

    serve("server");
    use("127.0.0.1", "ca", "");
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL_FATAL(weir__redis_acquire(redis, &conn, NULL), 0);
        redis_server_kill(server);
        for (int k = 0; k < 3; k++) {
            redisReply *reply = NULL;
            fixture_append(conn, "PING", NULL);
            CU_ASSERT(weir__redis_reply(conn, &reply, NULL) != 0);
        }
        weir__redis_release(redis, conn);
        CU_ASSERT_TRUE(redis_server_restart(server));
        FIXTURE_UNTIL(fixture_do(redis, "PING", NULL) == 0);
    }
}

static void
a_listener_hears_over_tls(void)
{
    struct weir__redis_listener *listener = NULL;
    static const char *const queues[] = {"q"};
    weir_wait wait = {
        .queues = queues, .queue_count = 1, .interest = WEIR_WAKE_WORK, .timeout_ms = 5000};
    char text[128];

    serve("server");
    use("127.0.0.1", "ca", "");
    CU_ASSERT_EQUAL_FATAL(
        weir__redis_listener_new(&listener, redis, weir_clock_system(), fixture_logger(), NULL), 0);
    CU_ASSERT_EQUAL(weir__redis_listener_wait(listener, &wait, NULL), 0);
    for (int i = 0; i < 20; i++) {
        redis_server_say(server, "LPUSH asynq:{q}:pending x", text, sizeof text);
        CU_ASSERT_EQUAL(weir__redis_listener_wait(listener, &wait, NULL), 0);
        CU_ASSERT_EQUAL(wait.reasons, WEIR_WAKE_WORK);
    }
    weir__redis_listener_free(listener);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(commands_pass_with_certificates_on_both_sides),
    HARNESS_TEST(a_client_without_a_certificate_is_refused),
    HARNESS_TEST(a_certificate_of_another_ca_is_refused),
    HARNESS_TEST(a_certificate_of_another_name_is_refused),
    HARNESS_TEST(a_server_without_tls_is_no_server),
    HARNESS_TEST(unusable_files_are_named),
    HARNESS_TEST(large_commands_and_pipelines_pass),
    HARNESS_TEST(a_connection_that_was_closed_raises_no_signal),
    HARNESS_TEST(a_listener_hears_over_tls),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(redis_tls, tests, setup, teardown);

#else

static void
everything_about_tls(void)
{
    HARNESS_SKIP("hiredis has no TLS");
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(everything_about_tls),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(redis_tls, tests, NULL, NULL);

#endif

/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "harness.h"
#include "redis_fixture.h"

#include "options.h"

#include <stdio.h>
#include <string.h>

static void
every_part_of_a_url_is_used(void)
{
    struct weir__redis *r = fixture_open(
        "redis://ann:s%%40crt@example.org:7000/5?prefix=p:&timeout=250ms&connect_timeout=2s&"
        "max_connections=3&wait_replicas=2&name=me");
    const struct weir__redis_options *o = weir__redis_options(r);

    CU_ASSERT_EQUAL(o->kind, WEIR__REDIS_HOST);
    CU_ASSERT_STRING_EQUAL(o->hosts[0].name, "example.org");
    CU_ASSERT_EQUAL(o->hosts[0].port, 7000);
    CU_ASSERT_EQUAL(o->db, 5);
    CU_ASSERT_STRING_EQUAL(o->user, "ann");
    CU_ASSERT_STRING_EQUAL(o->password, "s@crt");
    CU_ASSERT_STRING_EQUAL(o->prefix, "p:");
    CU_ASSERT_STRING_EQUAL(o->name, "me");
    CU_ASSERT_EQUAL(o->timeout_ms, 250);
    CU_ASSERT_EQUAL(o->connect_timeout_ms, 2000);
    CU_ASSERT_EQUAL(o->max_connections, 3);
    CU_ASSERT_EQUAL(o->wait_replicas, 2);
    weir__redis_close(r);
}

static void
what_is_absent_has_a_default(void)
{
    struct weir__redis *r = fixture_open("redis://localhost");
    const struct weir__redis_options *o = weir__redis_options(r);

    CU_ASSERT_EQUAL(o->hosts[0].port, 6379);
    CU_ASSERT_EQUAL(o->db, 0);
    CU_ASSERT_PTR_NULL(o->password);
    CU_ASSERT_STRING_EQUAL(o->prefix, "asynq:");
    CU_ASSERT_EQUAL(o->timeout_ms, 5000);
    CU_ASSERT_EQUAL(o->connect_timeout_ms, 5000);
    weir__redis_close(r);
}

static void
sentinels_have_a_master_and_ports(void)
{
    struct weir__redis *r =
        fixture_open("redis+sentinel://:pw@a,b:7001/mymaster/2?sentinel_password=x");
    const struct weir__redis_options *o = weir__redis_options(r);

    CU_ASSERT_EQUAL(o->kind, WEIR__REDIS_SENTINEL);
    CU_ASSERT_EQUAL(o->host_count, 2);
    CU_ASSERT_EQUAL(o->hosts[0].port, 26379);
    CU_ASSERT_EQUAL(o->hosts[1].port, 7001);
    CU_ASSERT_STRING_EQUAL(o->master, "mymaster");
    CU_ASSERT_EQUAL(o->db, 2);
    CU_ASSERT_STRING_EQUAL(o->sentinel_password, "x");
    weir__redis_close(r);
}

static const struct {
    const char *url;
    int code;
    const char *part; /* of the message */
} refused[] = {
    {"redis://h?colour=red", WEIR_E_URL, "colour"},
    {"redis://h?timeout=5", WEIR_E_URL, "timeout"},
    {"redis://h?timeout=0s", WEIR_E_URL, "timeout"},
    {"redis://h?timeout=99999999999s", WEIR_E_URL, "timeout"},
    {"redis://h?max_connections=0", WEIR_E_URL, "max_connections"},
    {"redis://h?wait_replicas=-1", WEIR_E_URL, "wait_replicas"},
    {"redis://h/x", WEIR_E_URL, "number"},
    {"redis://h/-1", WEIR_E_URL, "number"},
    {"redis://a,b/1", WEIR_E_URL, "one host"},
    {"redis://h?prefix={x}", WEIR_E_URL, "prefix"},
    {"redis://h?name=a%20b", WEIR_E_URL, "name"},
    {"redis://h?tls_ca=/x", WEIR_E_URL, "rediss"},
    {"redis://h?sentinel_password=x", WEIR_E_URL, "sentinel"},
    {"redis://user@h", WEIR_E_URL, "no password"},
    {"redis+unix://h/path", WEIR_E_URL, "no host"},
    {"redis:///tmp/x.sock", WEIR_E_URL, "redis+unix:///PATH"},
    {"redis+unix:///", WEIR_E_URL, "socket"},
    {"redis+sentinel://a,b", WEIR_E_URL, "master"},
    {"redis+cluster://a,b", WEIR_E_UNSUPPORTED, "not supported"},
    {"rediss://h?tls_cert=/x", WEIR_E_URL, "together"},
};

static void
wrong_urls_are_refused_by_name(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct weir__redis *r = NULL;
        weir_error err = {0};
        int rc = fixture_try_open(&r, &err, "%s", refused[i].url);
        CU_ASSERT_EQUAL(rc, refused[i].code);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, refused[i].part));
        if (rc != refused[i].code || strstr(err.text, refused[i].part) == NULL) {
            fprintf(stderr, "%s: %d %s\n", refused[i].url, rc, err.text);
        }
        weir__redis_close(r);
    }
}

#ifndef WEIR_HAVE_HIREDIS_SSL
static void
tls_is_refused_where_hiredis_has_none(void)
{
    struct weir__redis *r = NULL;
    weir_error err = {0};

    CU_ASSERT_EQUAL(fixture_try_open(&r, &err, "rediss://h"), WEIR_E_UNSUPPORTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "hiredis has no TLS"));
}
#endif

static const CU_TestInfo tests[] = {
    HARNESS_TEST(every_part_of_a_url_is_used),
    HARNESS_TEST(what_is_absent_has_a_default),
    HARNESS_TEST(sentinels_have_a_master_and_ports),
    HARNESS_TEST(wrong_urls_are_refused_by_name),
#ifndef WEIR_HAVE_HIREDIS_SSL
    HARNESS_TEST(tls_is_refused_where_hiredis_has_none),
#endif
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(redis_options, tests, NULL, NULL);

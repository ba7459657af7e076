/* SPDX-License-Identifier: MIT */
/*
 * Each allocation of an operation fails once. It then says that memory ran out, or gets along without, and
 * leaves nothing behind (which the address sanitizer's build checks).
 */
#include <config.h>

#include "calls.h"
#include "fake.h"
#include "harness.h"
#include "nomem.h"

#include <stdlib.h>
#include <string.h>
#include <weir/client.h>
#include <weir/config.h>
#include <weir/inspector.h>

enum {
    MOST = 5000 /* allocations that any of these needs */
};

static weir_broker *broker;
static weir_client *client;
static weir_error error;

static void
setup(void)
{
    fake_reset(0);
    broker = fake_open(NULL);
    CU_ASSERT_EQUAL_FATAL(weir_client_new(&client, broker, NULL), 0);
}

static void
teardown(void)
{
    weir_client_free(client);
    weir_broker_close(broker);
    fake_reset(0);
}

/* jansson calls a string for which it has no memory a syntax error; nothing tells the two apart. */
static bool
expected(int rc)
{
    return rc == 0 || rc == WEIR_E_NOMEM || (rc == WEIR_E_CONFIG && strstr(error.text, "near '\""));
}

/* Runs an operation with its first, second, ... allocation failing, until none fails any more. */
static void
exhaust(int (*operation)(void))
{
    for (size_t n = 1; n < MOST; n++) {
        int rc;
        bool failed;

        weir_error_clear(&error);
        nomem_fail_at(n);
        rc = operation();
        failed = nomem_end();
        CU_ASSERT(expected(rc));
        CU_ASSERT_EQUAL(error.code, rc);
        CU_ASSERT(failed || rc == 0);
        if (!failed)
            return;
    }
    CU_FAIL("never done");
}

static int
parse_config(void)
{
    static const char text[] =
        "{\"broker\": \"sqlite:x\", \"queues\": {\"a\": 1, \"b\": 2}, \"lease\": \"10s\","
        " \"retry\": \"fixed:1s\", \"type_retries\": {\"a\": \"asynq\"},"
        " \"log\": {\"level\": \"info\"},"
        " \"modules\": [\"m\", {\"path\": \"n\", \"options\": {\"k\": [1, 2.5, null]}}],"
        " \"handlers\": {\"x\": {\"exec\": \"cat\"}, \"y\": {\"exec\": [\"a\", \"b\"]}}}";
    weir_config *config;
    int rc = weir_config_parse(&config, text, sizeof text - 1, "weir.json", &error);

    CU_ASSERT_EQUAL(!config, rc < 0);
    weir_config_free(config);
    return rc;
}

static int
open_broker(void)
{
    weir_broker *other;
    int rc = weir_broker_open(&other, "fake://user:secret@host:1,other/path?a=b&c=d", NULL, &error);

    CU_ASSERT_EQUAL(!other, rc < 0);
    weir_broker_close(other);
    return rc;
}

static int
enqueue_unique(void)
{
    weir_task task = {.type = "t", .unique_ms = 1000, .payload = "abc", .payload_len = 3};

    return weir_enqueue(client, &task, NULL, &error);
}

static int
enqueue_batch(void)
{
    weir_task tasks[2] = {{.type = "t", .unique_ms = 1000}, {.type = "u", .unique_ms = 1000}};
    weir_receipt receipts[2];
    int rc = weir_enqueue_many(client, tasks, 2, receipts, &error);

    CU_ASSERT(rc == 0 || receipts[0].code < 0 || receipts[1].code < 0);
    return rc;
}

static int
make_client(void)
{
    weir_client *other;
    int rc = weir_client_new(&other, broker, &error);

    weir_client_free(other);
    return rc;
}

static int
inspect(void)
{
    static const char *const names[] = {"a", "b", NULL};
    weir_server_list *servers = NULL;
    weir_queue_list *queues = NULL;
    weir_task_list *tasks = NULL;
    weir_inspector *inspector;
    int rc = weir_inspector_new(&inspector, broker, &error);

    fake.queue_names = names;
    if (rc == 0)
        rc = weir_inspect_queues(inspector, &queues, &error);
    if (rc == 0)
        rc = weir_inspect_servers(inspector, &servers, &error);
    if (rc == 0)
        rc = weir_inspect_tasks(inspector, "q", WEIR_STATE_PENDING, NULL, 1, 40, &tasks, &error);
    weir_task_list_free(tasks);
    weir_server_list_free(servers);
    weir_queue_list_free(queues);
    weir_inspector_free(inspector);
    return rc;
}

static int
parse_queues(void)
{
    weir_queue_weight *queues = NULL;
    size_t count;
    int rc = weir_queues_parse(&queues, &count, "a=1,b", &error);

    free(queues);
    return rc;
}

static void
reading_a_configuration_survives_it(void)
{
    exhaust(parse_config);
}

static void
opening_a_broker_survives_it(void)
{
    exhaust(open_broker);
}

static void
enqueueing_survives_it(void)
{
    exhaust(enqueue_unique);
    exhaust(enqueue_batch);
    exhaust(make_client);
}

static void
looking_at_queues_survives_it(void)
{
    exhaust(inspect);
    exhaust(parse_queues);
}

static void
a_claim_that_cannot_be_kept_is_refused_to_the_backend(void)
{
    static const struct fake_answer answers[] = {{.claims = 3}};
    weir_take_queue queue = {.name = "q", .want = 3};
    weir__want want = {.queues = &queue, .queue_count = 1, .max = 3, .lease_ms = 1000};
    weir_claim room[3];
    weir__claims claims = {.items = room};

    fake_script(answers, 1);
    nomem_fail_at(2);
    CU_ASSERT_EQUAL(weir__consume(broker, NULL, 0, NULL, 0, &want, &claims, NULL), 0);
    CU_ASSERT_TRUE(nomem_end());
    CU_ASSERT_EQUAL(fake.sink_rc, WEIR_E_NOMEM);
    CU_ASSERT_EQUAL(claims.count, 1);
    weir__claim_release(&claims.items[0]);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(reading_a_configuration_survives_it),
    HARNESS_TEST(opening_a_broker_survives_it),
    HARNESS_TEST(enqueueing_survives_it),
    HARNESS_TEST(looking_at_queues_survives_it),
    HARNESS_TEST(a_claim_that_cannot_be_kept_is_refused_to_the_backend),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(nomem, tests, setup, teardown);

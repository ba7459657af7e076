/* SPDX-License-Identifier: MIT */
/* Lists of the inspector: complete, owned by the caller, with the broker's refusals passed on. */
#include <config.h>

#include "fake.h"
#include "harness.h"
#include "manual_clock.h"

#include <string.h>
#include <weir/inspector.h>

static struct manual_clock manual;
static weir_inspector *inspector;
static weir_error error;

static void
setup(void)
{
    weir_broker *broker;

    fake_reset(0);
    manual_clock_init(&manual, INT64_C(1709251200000), 1); /* 2024-03-01 */
    broker = fake_open(&manual.clock);
    CU_ASSERT_EQUAL_FATAL(weir_inspector_new(&inspector, broker, NULL), 0);
    weir_broker_close(broker);
    weir_error_clear(&error);
}

static void
teardown(void)
{
    weir_inspector_free(inspector);
    CU_ASSERT_EQUAL(fake.closed, 1);
    fake_reset(0);
}

static void
a_queue_that_vanished_between_two_looks_is_left_out(void)
{
    static const char *const names[] = {"a", "gone", "z", NULL};
    weir_queue_list *list;

    fake.queue_names = names;
    CU_ASSERT_EQUAL_FATAL(weir_inspect_queues(inspector, &list, &error), 0);
    CU_ASSERT_EQUAL_FATAL(list->count, 2);
    CU_ASSERT_STRING_EQUAL(list->items[0].name, "a");
    CU_ASSERT_STRING_EQUAL(list->items[1].name, "z");
    CU_ASSERT_EQUAL(list->items[1].pending, 5);
    CU_ASSERT_EQUAL(list->items[1].taken_at_ms, INT64_C(1709251200000));
    weir_queue_list_free(list);
}

static void
a_queue_asked_for_by_name_must_be_there(void)
{
    weir_queue_list *list;

    CU_ASSERT_EQUAL(weir_inspect_queue(inspector, "gone", &list, &error), WEIR_E_NO_QUEUE);
    CU_ASSERT_STRING_EQUAL(error.text, "no queue \"gone\"");
    CU_ASSERT_EQUAL(weir_inspect_queue(inspector, NULL, &list, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL_FATAL(weir_inspect_queue(inspector, "a", &list, NULL), 0);
    CU_ASSERT_EQUAL(list->count, 1);
    weir_queue_list_free(list);
}

static void
no_queues_are_an_empty_list(void)
{
    weir_queue_list *list;

    CU_ASSERT_EQUAL_FATAL(weir_inspect_queues(inspector, &list, NULL), 0);
    CU_ASSERT_EQUAL(list->count, 0);
    weir_queue_list_free(list);
    weir_queue_list_free(NULL);
}

static void
history_counts_days_back_from_today(void)
{
    weir_day days[3];

    CU_ASSERT_EQUAL(weir_inspect_history(inspector, "q", days, 3, NULL), 0);
    CU_ASSERT_STRING_EQUAL(days[0].date, "2024-03-01");
    CU_ASSERT_STRING_EQUAL(days[1].date, "2024-02-29");
    CU_ASSERT_EQUAL(days[1].processed, 0);
    CU_ASSERT_EQUAL(days[2].processed, 1);
    CU_ASSERT_EQUAL(weir_inspect_history(inspector, "q", days, 0, NULL), WEIR_E_INVALID);
}

static void
pages_count_from_one(void)
{
    weir_task_list *list;

    CU_ASSERT_EQUAL_FATAL(
        weir_inspect_tasks(inspector, "q", WEIR_STATE_RETRY, NULL, 3, 20, &list, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(list->count, 20);
    CU_ASSERT_EQUAL(list->items[0]->retried, 40);
    CU_ASSERT_EQUAL(list->items[19]->retried, 59);
    CU_ASSERT_TRUE(list->more);
    weir_task_list_free(list);
    CU_ASSERT_EQUAL(weir_inspect_tasks(inspector, "q", WEIR_STATE_RETRY, NULL, 0, 20, &list, NULL),
                    WEIR_E_INVALID);
    CU_ASSERT_EQUAL(
        weir_inspect_tasks(inspector, "q", WEIR_STATE_RETRY, "group", 1, 20, &list, NULL),
        WEIR_E_INVALID);
}

static void
a_task_that_is_not_there_is_the_broker_s_refusal(void)
{
    weir_task_list *list;

    CU_ASSERT_EQUAL(weir_inspect_task(inspector, "q", "7", &list, &error), WEIR_E_NO_TASK);
    CU_ASSERT_STRING_EQUAL(error.text, "no task \"7\" in queue \"q\"");
    weir_task_list_free(NULL);
}

static void
servers_come_with_their_queues_and_workers(void)
{
    const weir_server_info *server;
    weir_server_list *list;

    CU_ASSERT_EQUAL_FATAL(weir_inspect_servers(inspector, &list, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(list->count, 1);
    server = list->items[0];
    CU_ASSERT_STRING_EQUAL(server->id, "s");
    CU_ASSERT_EQUAL(server->queue_count, 2);
    CU_ASSERT_STRING_EQUAL(server->queues[1].name, "low");
    CU_ASSERT_EQUAL(server->queues[0].weight, 3);
    CU_ASSERT_EQUAL(server->worker_count, 1);
    CU_ASSERT_EQUAL(memcmp(server->workers[0].payload, "p", 1), 0);
    weir_server_list_free(list);
    weir_server_list_free(NULL);
}

static void
what_is_missing_is_refused(void)
{
    weir_queue_list *list;
    weir_inspector *none;

    CU_ASSERT_EQUAL(weir_inspector_new(&none, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_inspect_queues(NULL, &list, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_inspect_queues(inspector, NULL, NULL), WEIR_E_INVALID);
    weir_inspector_free(NULL);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_queue_that_vanished_between_two_looks_is_left_out),
    HARNESS_TEST(a_queue_asked_for_by_name_must_be_there),
    HARNESS_TEST(no_queues_are_an_empty_list),
    HARNESS_TEST(history_counts_days_back_from_today),
    HARNESS_TEST(pages_count_from_one),
    HARNESS_TEST(a_task_that_is_not_there_is_the_broker_s_refusal),
    HARNESS_TEST(servers_come_with_their_queues_and_workers),
    HARNESS_TEST(what_is_missing_is_refused),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(inspector, tests, setup, teardown);

/* SPDX-License-Identifier: MIT */
/* The same through the public doors: what a client puts in, a claim and an inspector show. */
#include <config.h>

#include "kit.h"

#include <weir/client.h>
#include <weir/inspector.h>

static weir_client *client;
static weir_inspector *inspector;

static void
setup(void)
{
    kit_setup();
    OK(weir_client_new(&client, store, NULL));
    OK(weir_inspector_new(&inspector, store, NULL));
}

static void
teardown(void)
{
    weir_inspector_free(inspector);
    weir_client_free(client);
    kit_teardown();
}

#define ENQUEUE(receipt, ...) weir_enqueue(client, &(weir_task){__VA_ARGS__}, receipt, NULL)

static void
what_a_client_leaves_out_gets_the_defaults(void)
{
    weir_receipt receipt;
    const weir_claim *claim;

    OK(ENQUEUE(&receipt, .type = "t"));
    IS(receipt.code, 0);
    IS(receipt.state, WEIR_STATE_PENDING);
    IS(strlen(receipt.id), 36);
    claim = take(WEIR_DEFAULT_QUEUE);
    MUST(claim != NULL);
    SAME(claim->task->id, receipt.id);
    IS(claim->task->max_retry, WEIR_DEFAULT_MAX_RETRY);
    IS(claim->task->timeout_ms, WEIR_DEFAULT_TIMEOUT_MS);
    IS(claim->task->retention_ms, 0);
    IS(claim->task->payload == NULL, true);
}

static void
a_client_s_named_zeros_are_kept(void)
{
    const weir_claim *claim;

    OK(ENQUEUE(NULL, .type = "t", .max_retry = WEIR_NO_RETRY, .timeout_ms = WEIR_NO_TIMEOUT));
    claim = take(WEIR_DEFAULT_QUEUE);
    MUST(claim != NULL);
    IS(claim->task->max_retry, 0);
    IS(claim->task->timeout_ms, 0);
}

static void
each_task_of_many_has_its_own_receipt(void)
{
    static const weir_task tasks[] = {
        {.type = "t", .queue = "alpha", .id = "a"},
        {.type = "t", .queue = "alpha", .id = "a"},
        {.type = "", .queue = "alpha", .id = "b"},
        {.type = "t", .queue = "alpha", .id = "c", .process_in_ms = 500},
    };
    weir_receipt receipts[4];
    weir_error err = {0};

    IS(weir_enqueue_many(client, tasks, 4, receipts, &err), WEIR_E_CONFLICT);
    IS(receipts[0].code, 0);
    IS(receipts[1].code, WEIR_E_CONFLICT);
    IS(receipts[2].code, WEIR_E_INVALID);
    IS(receipts[3].code, 0);
    IS(receipts[3].state, WEIR_STATE_SCHEDULED);
    IS(receipts[3].process_at_ms, START_MS + 500);
    IDS("alpha", PENDING, "a");
    IDS("alpha", SCHEDULED, "c");
}

static void
a_task_with_a_group_waits_in_it(void)
{
    static const weir_task task = {.type = "t", .queue = "alpha", .id = "d", .group = "g"};
    weir_receipt receipt;

    NEED(GROUPS);
    OK(weir_enqueue(client, &task, &receipt, NULL));
    IS(receipt.state, WEIR_STATE_AGGREGATING);
    IDS("alpha", AGGREGATING, "d");
}

static void
a_unique_task_holds_its_lock_while_it_waits_in_its_group(void)
{
    const weir_task task = {
        .type = "t", .queue = "alpha", .id = "d", .group = "g", .unique_ms = HOUR};
    weir_task again = task;

    NEED(GROUPS);
    OK(weir_enqueue(client, &task, NULL, NULL));
    again.id = "e";
    IS(weir_enqueue(client, &again, NULL, NULL), WEIR_E_DUPLICATE);
    again.group = NULL;
    IS(weir_enqueue(client, &again, NULL, NULL), WEIR_E_DUPLICATE);
    IDS("alpha", AGGREGATING, "d");
    OK(steer(WEIR_VERB_DELETE, "alpha", "d"));
    OK(weir_enqueue(client, &again, NULL, NULL));
}

static void
a_scheduled_task_with_a_group_joins_it_when_it_is_due(void)
{
    const weir_task task = {
        .type = "t", .queue = "alpha", .id = "d", .group = "g", .process_in_ms = MINUTE};
    weir_receipt receipt;

    NEED(GROUPS);
    OK(weir_enqueue(client, &task, &receipt, NULL));
    IS(receipt.state, WEIR_STATE_SCHEDULED);
    IS(receipt.process_at_ms, START_MS + MINUTE);
    manual_clock_advance(&now, MINUTE);
    IS(forward("alpha", 10, NULL), 1);
    IDS("alpha", AGGREGATING, "d");
    SAME(look("alpha", "d")->group, "g");
}

static void
a_batch_may_mix_every_kind_of_task(void)
{
    const weir_task tasks[] = {
        {.type = "t", .queue = "alpha", .id = "1"},
        {.type = "t", .queue = "alpha", .id = "2", .process_in_ms = MINUTE},
        {.type = "t", .queue = "beta", .id = "3", .unique_ms = HOUR},
        {.type = "t", .queue = "beta", .id = "4", .unique_ms = HOUR},
        {.type = "t", .queue = "alpha", .id = "5", .group = "g"},
        {.type = "t", .queue = "alpha", .id = "6", .group = "g", .unique_ms = HOUR},
        {.type = "t", .queue = "alpha", .id = "7", .group = "h", .unique_ms = HOUR},
        {.type = "t", .queue = "alpha", .id = "1", .group = "g"},
        {.type = "", .queue = "alpha", .id = "8"},
    };
    static const int codes[] = {
        0, 0, 0, WEIR_E_DUPLICATE, 0, 0, WEIR_E_DUPLICATE, WEIR_E_CONFLICT, WEIR_E_INVALID};
    weir_receipt receipts[9];

    NEED(GROUPS);
    IS(weir_enqueue_many(client, tasks, 9, receipts, NULL), WEIR_E_DUPLICATE);
    for (size_t i = 0; i < 9; i++)
        IS(receipts[i].code, codes[i]);
    IDS("alpha", PENDING, "1");
    IDS("alpha", SCHEDULED, "2");
    IDS("beta", PENDING, "3");
    IDS("alpha", AGGREGATING, "5 6");
}

static void
a_unique_task_is_refused_for_the_same_type_payload_and_queue_only(void)
{
#define UNIQUE(...) ENQUEUE(NULL, .unique_ms = HOUR, __VA_ARGS__)
    OK(UNIQUE(.type = "t", .queue = "alpha", .payload = "p", .payload_len = 1));
    IS(UNIQUE(.type = "t", .queue = "alpha", .payload = "p", .payload_len = 1), WEIR_E_DUPLICATE);
    OK(UNIQUE(.type = "u", .queue = "alpha", .payload = "p", .payload_len = 1));
    OK(UNIQUE(.type = "t", .queue = "alpha", .payload = "q", .payload_len = 1));
    OK(UNIQUE(.type = "t", .queue = "beta", .payload = "p", .payload_len = 1));
    OK(UNIQUE(.type = "t", .queue = "alpha"));
    OK(UNIQUE(.type = "t", .queue = "alpha", .payload = "", .payload_len = 0));
    IS(UNIQUE(.type = "t", .queue = "alpha"), WEIR_E_DUPLICATE);
}

static void
a_scheduled_unique_task_holds_its_lock_until_its_time_and_longer(void)
{
    OK(ENQUEUE(NULL, .type = "t", .unique_ms = 1000, .process_in_ms = 1000));
    pass(1500);
    IS(ENQUEUE(NULL, .type = "t", .unique_ms = 1000), WEIR_E_DUPLICATE);
    pass(501);
    OK(ENQUEUE(NULL, .type = "t", .unique_ms = 1000));
}

static void
an_inspector_shows_queues_and_pages(void)
{
    weir_queue_list *queues = NULL;
    weir_task_list *tasks = NULL;

    put_all("beta", "a b c");
    put_all("alpha", "x");
    OK(weir_inspect_queues(inspector, &queues, NULL));
    MUST(queues != NULL && queues->count == 2);
    SAME(queues->items[0].name, "alpha");
    SAME(queues->items[1].name, "beta");
    IS(queues->items[1].pending, 3);
    IS(queues->items[1].taken_at_ms, START_MS);
    weir_queue_list_free(queues);
    OK(weir_inspect_tasks(inspector, "beta", WEIR_STATE_PENDING, NULL, 2, 2, &tasks, NULL));
    MUST(tasks != NULL && tasks->count == 1);
    SAME(tasks->items[0]->id, "c");
    weir_task_list_free(tasks);
    IS(weir_inspect_task(inspector, "beta", "none", &tasks, NULL), WEIR_E_NO_TASK);
}

static void
an_inspector_shows_the_days_with_today_first(void)
{
    weir_day days[2];

    bring_to("alpha", "a", WEIR_STATE_COMPLETED);
    manual_clock_advance(&now, DAY);
    bring_to("alpha", "b", WEIR_STATE_ARCHIVED);
    OK(weir_inspect_history(inspector, "alpha", days, 2, NULL));
    SAME(days[0].date, "2025-06-16");
    IS(days[0].failed, 1);
    SAME(days[1].date, "2025-06-15");
    IS(days[1].processed, 1);
    IS(days[1].failed, 0);
}

static const CU_TestInfo cases[] = {
    CASE(what_a_client_leaves_out_gets_the_defaults),
    CASE(a_client_s_named_zeros_are_kept),
    CASE(each_task_of_many_has_its_own_receipt),
    CASE(a_task_with_a_group_waits_in_it),
    CASE(a_unique_task_holds_its_lock_while_it_waits_in_its_group),
    CASE(a_scheduled_task_with_a_group_joins_it_when_it_is_due),
    CASE(a_batch_may_mix_every_kind_of_task),
    CASE(a_unique_task_is_refused_for_the_same_type_payload_and_queue_only),
    CASE(a_scheduled_unique_task_holds_its_lock_until_its_time_and_longer),
    CASE(an_inspector_shows_queues_and_pages),
    CASE(an_inspector_shows_the_days_with_today_first),
    CASES_END,
};

HARNESS_SUITE(client, cases, setup, teardown);

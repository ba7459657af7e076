/* SPDX-License-Identifier: MIT */
/* Putting tasks into queues: states, order, refusals, and that what comes out is what went in. */
#include <config.h>

#include "kit.h"

#include <stdio.h>
#include <stdlib.h>

static void
a_new_task_is_pending(void)
{
    OK(PUT(.queue = "alpha", .id = "a"));
    IS(state_of("alpha", "a"), WEIR_STATE_PENDING);
    IS(look("alpha", "a")->pending_since_ms, START_MS);
    IS(look("alpha", "a")->next_process_at_ms, 0);
}

static void
a_task_for_later_is_scheduled(void)
{
    OK(PUT(.queue = "alpha", .id = "a", .next_process_at_ms = START_MS + 1234));
    IS(state_of("alpha", "a"), WEIR_STATE_SCHEDULED);
    IS(look("alpha", "a")->next_process_at_ms, START_MS + 1234);
    IS(take("alpha") == NULL, true);
}

static void
a_task_in_a_group_is_aggregating(void)
{
    OK(PUT(.queue = "alpha", .id = "a", .group = "g"));
    IS(state_of("alpha", "a"), WEIR_STATE_AGGREGATING);
    SAME(look("alpha", "a")->group, "g");
    IS(take("alpha") == NULL, true);
}

static void
a_task_for_later_with_a_group_is_scheduled(void)
{
    OK(PUT(.queue = "alpha", .id = "a", .group = "g", .next_process_at_ms = START_MS + 1));
    IS(state_of("alpha", "a"), WEIR_STATE_SCHEDULED);
}

static void
tasks_of_one_queue_are_taken_in_the_order_of_their_items(void)
{
    static const char *const names[] = {"d", "a", "c", "b"};
    weir_task_info tasks[4];
    weir_enqueue_item items[4] = {{0}};

    for (int i = 0; i < 4; i++) {
        tasks[i] = with_defaults(&(weir_task_info){.queue = "alpha", .id = names[i]});
        items[i].task = &tasks[i];
    }
    OK(weir__enqueue(store, items, 4, NULL));
    IDS("alpha", PENDING, "d a c b");
    SAME(take("alpha")->task->id, "d");
    SAME(take("alpha")->task->id, "a");
}

static void
tasks_with_new_ids_are_put_like_all_others(void)
{
    static const char *const names[] = {"d", "a", "c", "b"};
    weir_task_info tasks[4];
    weir_enqueue_item items[4] = {{0}};

    for (int i = 0; i < 4; i++) {
        tasks[i] = with_defaults(
            &(weir_task_info){.queue = "alpha", .id = names[i], .payload = "p", .payload_len = 1});
        items[i] = (weir_enqueue_item){.task = &tasks[i], .result = 1, .fresh = true};
    }
    OK(weir__enqueue(store, items, 4, NULL));
    IDS("alpha", PENDING, "d a c b");
    IS(look("alpha", "a")->payload_len, 1);
    IS(look("alpha", "a")->pending_since_ms, START_MS);
    IS(PUT(.queue = "alpha", .id = "c"), WEIR_E_CONFLICT);
    SAME(take("alpha")->task->id, "d");
    OK(FINISH(take("alpha"), DONE));
    IDS("alpha", PENDING, "c b");
}

static void
a_queue_comes_into_being_with_its_first_task(void)
{
    weir_queue_info info;

    IS(weir__queue(store, "alpha", &info, NULL), WEIR_E_NO_QUEUE);
    OK(PUT(.queue = "alpha", .id = "a"));
    IS(queue_info("alpha").size, 1);
}

static void
an_id_that_exists_is_refused_in_any_state(void)
{
    for (weir_state state = WEIR_STATE_SCHEDULED; state <= WEIR_STATE_COMPLETED; state++) {
        const char *queue = weir_state_name(state);

        bring_to(queue, "a", state);
        IS(PUT(.queue = queue, .id = "a", .payload = "new", .payload_len = 3), WEIR_E_CONFLICT);
        IS(state_of(queue, "a"), state);
        IS(look(queue, "a")->payload == NULL, true);
        IS(queue_info(queue).size, 1);
    }
}

static void
the_same_id_in_another_queue_is_another_task(void)
{
    OK(PUT(.queue = "alpha", .id = "a"));
    OK(PUT(.queue = "beta", .id = "a"));
    IS(queue_info("alpha").pending, 1);
    IS(queue_info("beta").pending, 1);
    OK(FINISH(take("alpha"), DONE));
    IS(state_of("beta", "a"), WEIR_STATE_PENDING);
}

static void
an_id_is_free_again_when_its_task_is_gone(void)
{
    OK(PUT(.queue = "alpha", .id = "a"));
    OK(FINISH(take("alpha"), DONE));
    OK(PUT(.queue = "alpha", .id = "a"));
}

static void
each_task_of_a_batch_has_its_own_result(void)
{
    static const int64_t later = START_MS + 1000;
    weir_task_info tasks[] = {{.queue = "alpha", .id = "a"},
                              {.queue = "alpha", .id = "there"},
                              {.queue = "beta", .id = "b", .next_process_at_ms = later},
                              {.queue = "alpha", .id = "a"},
                              {.queue = "alpha", .id = "locked", .unique_key = "k"},
                              {.queue = "alpha", .id = "g", .group = "g"}};
    static const int wanted[] = {0, WEIR_E_CONFLICT, 0, WEIR_E_CONFLICT, WEIR_E_DUPLICATE, 0};
    weir_enqueue_item items[6] = {{0}};

    OK(PUT(.queue = "alpha", .id = "there"));
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "holder", .unique_key = "k"));
    for (int i = 0; i < 6; i++) {
        tasks[i] = with_defaults(&tasks[i]);
        items[i] = (weir_enqueue_item){
            .task = &tasks[i], .unique_ttl_ms = tasks[i].unique_key ? HOUR : 0, .result = 1};
    }
    OK(weir__enqueue(store, items, 6, NULL));
    for (int i = 0; i < 6; i++)
        IS(items[i].result, wanted[i]);
    IDS("alpha", PENDING, "there holder a");
    IDS("alpha", AGGREGATING, "g");
    IDS("beta", SCHEDULED, "b");
}

static void
an_absent_payload_differs_from_an_empty_one(void)
{
    OK(PUT(.queue = "alpha", .id = "none"));
    OK(PUT(.queue = "alpha", .id = "empty", .payload = "", .payload_len = 0));
    IS(look("alpha", "none")->payload == NULL, true);
    IS(look("alpha", "empty")->payload != NULL, true);
    IS(look("alpha", "empty")->payload_len, 0);
    IS(take("alpha")->task->payload == NULL, true);
    IS(take("alpha")->task->payload != NULL, true);
}

static void
a_payload_may_have_any_bytes(void)
{
    unsigned char bytes[256];
    const weir_claim *claim;

    for (int i = 0; i < 256; i++)
        bytes[i] = (unsigned char)(255 - i);
    OK(PUT(.queue = "alpha", .id = "a", .payload = bytes, .payload_len = sizeof(bytes)));
    claim = take("alpha");
    MUST(claim != NULL);
    IS(claim->task->payload_len, 256);
    OK(memcmp(claim->task->payload, bytes, 256));
}

static void
a_payload_of_a_megabyte_comes_out_as_it_went_in(void)
{
    size_t len = 1024 * 1024 + 3;
    unsigned char *bytes = malloc(len);
    const weir_claim *claim;

    for (size_t i = 0; i < len; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 251);
    OK(PUT(.queue = "alpha", .id = "a", .payload = bytes, .payload_len = len));
    claim = take("alpha");
    if (YES(claim != NULL) && IS(claim->task->payload_len, len))
        OK(memcmp(claim->task->payload, bytes, len));
    free(bytes);
}

static void
headers_keep_their_text(void)
{
    static const weir_header headers[] = {{"z", "last letter"}, {"a", ""}, {"ü", "≠"}};
    const weir_task_info *task;

    OK(PUT(.queue = "alpha", .id = "a", .headers = headers, .header_count = 3));
    task = look("alpha", "a");
    MUST(task != NULL && task->header_count == 3);
    SAME(weir_task_info_header(task, "z"), "last letter");
    SAME(weir_task_info_header(task, "a"), "");
    SAME(weir_task_info_header(task, "ü"), "≠");
}

static void
names_may_be_as_long_as_the_limit_and_not_ascii(void)
{
    char queue[WEIR_NAME_MAX + 1];
    char id[WEIR_ID_MAX + 1];
    const weir_claim *claim;

    memset(queue, 'q', WEIR_NAME_MAX);
    memset(id, 'i', WEIR_ID_MAX);
    memcpy(queue, "höhe", 5);
    memcpy(id, "日本", 6);
    queue[WEIR_NAME_MAX] = id[WEIR_ID_MAX] = '\0';
    OK(PUT(.queue = queue, .id = id, .type = "тип"));
    claim = take(queue);
    MUST(claim != NULL);
    SAME(claim->task->id, id);
    SAME(claim->task->queue, queue);
    SAME(claim->task->type, "тип");
    OK(FINISH(claim, DONE));
}

#define LONG_BATCH (2 * WEIR_BATCH_MAX + 7)

static void
longer_batches_are_cut_up_above_the_table(void)
{
    static weir_task_info tasks[LONG_BATCH];
    static weir_enqueue_item items[LONG_BATCH];
    static char names[LONG_BATCH][16];

    for (int i = 0; i < LONG_BATCH; i++) {
        snprintf(names[i], sizeof(names[i]), "%d", i);
        tasks[i] = with_defaults(&(weir_task_info){.queue = "alpha", .id = names[i]});
        items[i] = (weir_enqueue_item){.task = &tasks[i], .result = 1};
    }
    OK(weir__enqueue(store, items, LONG_BATCH, NULL));
    for (int i = 0; i < LONG_BATCH; i++)
        MUST(items[i].result == 0);
    IS(queue_info("alpha").pending, LONG_BATCH);
    SAME(ids("alpha", WEIR_STATE_PENDING, NULL, WEIR_BATCH_MAX - 1, 2), "999 1000");
}

static const CU_TestInfo cases[] = {
    CASE(a_new_task_is_pending),
    CASE(a_task_for_later_is_scheduled),
    CASE(a_task_in_a_group_is_aggregating),
    CASE(a_task_for_later_with_a_group_is_scheduled),
    CASE(tasks_of_one_queue_are_taken_in_the_order_of_their_items),
    CASE(tasks_with_new_ids_are_put_like_all_others),
    CASE(a_queue_comes_into_being_with_its_first_task),
    CASE(an_id_that_exists_is_refused_in_any_state),
    CASE(the_same_id_in_another_queue_is_another_task),
    CASE(an_id_is_free_again_when_its_task_is_gone),
    CASE(each_task_of_a_batch_has_its_own_result),
    CASE(an_absent_payload_differs_from_an_empty_one),
    CASE(a_payload_may_have_any_bytes),
    CASE(a_payload_of_a_megabyte_comes_out_as_it_went_in),
    CASE(headers_keep_their_text),
    CASE(names_may_be_as_long_as_the_limit_and_not_ascii),
    CASE(longer_batches_are_cut_up_above_the_table),
    CASES_END,
};

CASES(enqueue);

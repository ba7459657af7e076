/* SPDX-License-Identifier: MIT */
/* What tests collect: which tasks there are, and what is said of one that is not there. */
#include <config.h>

#include "harness.h"
#include "testbed.h"

#include <string.h>

static bool
has_no_headers(const weir_task_info *task, void *arg)
{
    size_t n;

    /* It may ask for more. */
    CU_ASSERT_EQUAL(weir_testing_count(testing, NULL, &n, NULL), 0);
    return task->header_count == *(size_t *)arg;
}

static void
each_criterion_finds_its_task_and_refuses_others(void)
{
    static const weir_header header = {"tenant", "acme"}, any = {"tenant", NULL},
                             other = {"tenant", "else"};
    size_t one = 1, two = 2;
    const weir_match fits[] = {
        {.type = "mail"},
        {.queue = "low"},
        {.id = "m1"},
        {.state = WEIR_STATE_SCHEDULED},
        {.text = "{\"user\":7,\"tags\":[\"a\",{\"b\":1}]}"},
        {.payload = "{\"user\":7,\"tags\":[\"a\",{\"b\":1}]}", .payload_len = 31},
        {.contains = "\"user\":7"},
        {.json = "{\"user\":7.0}"},
        {.json = "{\"tags\":[\"a\",{}]}"},
        {.header = &header},
        {.header = &any},
        {.process_at_ms = WEIR_TESTING_START_MS + MINUTE},
        {.process_in_ms = MINUTE},
        {.where = has_no_headers, .arg = &one},
    };
    const weir_match wrong[] = {
        {.type = "mai"},
        {.queue = "default"},
        {.id = "m2"},
        {.group = "g"},
        {.state = WEIR_STATE_PENDING},
        {.text = "{"},
        {.payload = "{", .payload_len = 1},
        {.contains = "\"user\":8"},
        {.json = "{\"user\":8}"},
        {.json = "{\"tags\":[\"a\"]}"},
        {.json = "[]"},
        {.json = "{\"none\":null}"},
        {.header = &other},
        {.process_at_ms = WEIR_TESTING_START_MS},
        {.process_in_ms = MINUTE + 1},
        {.error = ""},
        {.where = has_no_headers, .arg = &two},
    };

    CU_ASSERT_EQUAL(enqueue((weir_task){.type = "mail",
                                        .queue = "low",
                                        .id = "m1",
                                        .process_in_ms = MINUTE,
                                        .headers = &header,
                                        .header_count = 1,
                                        .payload = "{\"user\":7,\"tags\":[\"a\",{\"b\":1}]}",
                                        .payload_len = 31}),
                    0);
    for (size_t i = 0; i < sizeof(fits) / sizeof(fits[0]); i++) {
        CU_ASSERT_EQUAL(expect(fits[i]), 0);
        CU_ASSERT_EQUAL(err.code, 0);
        CU_ASSERT_EQUAL(weir_testing_expect_none(testing, &fits[i], NULL), WEIR_E_MISMATCH);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CU_ASSERT_EQUAL(expect(wrong[i]), WEIR_E_MISMATCH);
        CU_ASSERT_EQUAL(weir_testing_expect_none(testing, &wrong[i], NULL), 0);
    }
}

static void
a_mismatch_names_the_closest_task_and_what_is_different(void)
{
    CU_ASSERT_EQUAL(expect((weir_match){.type = "mail"}), WEIR_E_MISMATCH);
    CU_ASSERT_STRING_EQUAL(err.text, "no task with type \"mail\"; there are no tasks");
    enqueue((weir_task){.type = "done", .id = "far"});
    enqueue((weir_task){
        .type = "mail", .id = "near", .payload = "{\"user\":\"ada\"}", .payload_len = 14});
    CU_ASSERT_EQUAL(expect((weir_match){.type = "mail", .json = "{\"user\":\"bob\"}"}),
                    WEIR_E_MISMATCH);
    CU_ASSERT_STRING_EQUAL(
        err.text, "no task with type \"mail\" and json {\"user\":\"bob\"}; the closest of 2: "
                  "\"mail\" near in default, pending: json is {\"user\":\"ada\"}");
}

static void
a_wrong_number_names_what_there_is(void)
{
    const weir_match match = {.type = "mail"};

    enqueue((weir_task){.type = "mail", .id = "a"});
    enqueue((weir_task){.type = "mail", .id = "b"});
    CU_ASSERT_EQUAL(weir_testing_expect_count(testing, &match, 2, NULL), 0);
    weir_error_clear(&err);
    CU_ASSERT_EQUAL(weir_testing_expect_none(testing, &match, &err), WEIR_E_MISMATCH);
    CU_ASSERT_STRING_EQUAL(err.text,
                           "2 instead of 0 tasks with type \"mail\": \"mail\" a in default, "
                           "pending; \"mail\" b in default, pending");
    CU_ASSERT_EQUAL(weir_testing_expect_count(testing, &match, 3, NULL), WEIR_E_MISMATCH);
}

static void
lists_have_every_queue_and_state_and_more_than_a_page(void)
{
    weir_task_list *list;

    for (int i = 0; i < 1200; i++) {
        enqueue((weir_task){.type = "many", .queue = i % 2 != 0 ? "odd" : "even"});
    }
    size_t grouped = enqueue((weir_task){.type = "part", .group = "g"}) == 0 ? 1 : 0;
    enqueue((weir_task){.type = "later", .process_in_ms = 5});
    CU_ASSERT_EQUAL(count((weir_match){0}), 1201 + grouped);
    CU_ASSERT_EQUAL(count((weir_match){.queue = "odd"}), 600);
    CU_ASSERT_EQUAL(count((weir_match){.group = "g", .state = WEIR_STATE_AGGREGATING}), grouped);
    CU_ASSERT_EQUAL_FATAL(weir_testing_list(testing, NULL, &list, NULL), 0);
    CU_ASSERT_EQUAL(list->count, 1201 + grouped);
    CU_ASSERT_STRING_EQUAL(list->items[0]->queue, "default");
    CU_ASSERT_EQUAL(list->items[0]->state, WEIR_STATE_SCHEDULED);
    weir_task_list_free(list);
}

static void
a_cleared_store_is_empty_and_its_locks_are_free(void)
{
    const weir_task task = {.type = "once", .unique_ms = HOUR};

    CU_ASSERT_EQUAL(enqueue(task), 0);
    CU_ASSERT_EQUAL(enqueue(task), WEIR_E_DUPLICATE);
    CU_ASSERT_EQUAL(weir_testing_clear(testing, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){0}), 0);
    CU_ASSERT_EQUAL(enqueue(task), 0);
}

static void
a_match_that_is_none_is_refused(void)
{
    CU_ASSERT_EQUAL(expect((weir_match){.json = "{nonsense"}), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(expect((weir_match){.reserved = {0, 1}}), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(expect((weir_match){.header = &(weir_header){0}}), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_testing_list(testing, NULL, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_testing_count(testing, NULL, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_testing_expect(NULL, NULL, NULL), WEIR_E_INVALID);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(each_criterion_finds_its_task_and_refuses_others),
    HARNESS_TEST(a_mismatch_names_the_closest_task_and_what_is_different),
    HARNESS_TEST(a_wrong_number_names_what_there_is),
    HARNESS_TEST(lists_have_every_queue_and_state_and_more_than_a_page),
    HARNESS_TEST(a_cleared_store_is_empty_and_its_locks_are_free),
    HARNESS_TEST(a_match_that_is_none_is_refused),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(testing_collect, tests, testbed_open, testbed_close);

/* SPDX-License-Identifier: MIT */
/* Copies of tasks, and the words for states. */
#include <config.h>

#include "harness.h"

#include <stdint.h>
#include <string.h>
#include <weir/task.h>

static void
a_copy_has_everything_and_shares_nothing(void)
{
    weir_header headers[] = {{"trace", "abc"}, {"tenant", ""}};
    char payload[] = "\0\1payload";
    char id[] = "id";
    weir_task_info info = {.id = id,
                           .type = "type",
                           .queue = "queue",
                           .payload = payload,
                           .payload_len = sizeof payload - 1,
                           .state = WEIR_STATE_RETRY,
                           .max_retry = 3,
                           .retried = 2,
                           .last_error = "error",
                           .deadline_ms = 12,
                           .unique_key = "key",
                           .group = "group",
                           .headers = headers,
                           .header_count = 2,
                           .result = "result",
                           .result_len = 6};
    weir_task_info *copy = weir_task_info_copy(&info);

    id[0] = payload[1] = '!';
    headers[0].value = "other";
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    CU_ASSERT_STRING_EQUAL(copy->id, "id");
    CU_ASSERT_STRING_EQUAL(copy->type, "type");
    CU_ASSERT_STRING_EQUAL(copy->queue, "queue");
    CU_ASSERT_STRING_EQUAL(copy->last_error, "error");
    CU_ASSERT_STRING_EQUAL(copy->unique_key, "key");
    CU_ASSERT_STRING_EQUAL(copy->group, "group");
    CU_ASSERT_EQUAL(copy->payload_len, 9);
    CU_ASSERT_EQUAL(memcmp(copy->payload, "\0\1payload", 9), 0);
    CU_ASSERT_EQUAL(memcmp(copy->result, "result", 7), 0);
    CU_ASSERT_EQUAL(copy->state, WEIR_STATE_RETRY);
    CU_ASSERT_EQUAL(copy->retried, 2);
    CU_ASSERT_EQUAL(copy->deadline_ms, 12);
    CU_ASSERT_STRING_EQUAL(weir_task_info_header(copy, "trace"), "abc");
    CU_ASSERT_STRING_EQUAL(weir_task_info_header(copy, "tenant"), "");
    CU_ASSERT_PTR_NULL(weir_task_info_header(copy, "TRACE"));
    weir_task_info_free(copy);
}

static void
an_absent_payload_stays_absent_and_an_empty_one_empty(void)
{
    weir_task_info info = {.id = "1", .type = "t", .queue = "q"};
    weir_task_info *absent = weir_task_info_copy(&info);
    weir_task_info *empty;

    info.payload = "";
    empty = weir_task_info_copy(&info);
    CU_ASSERT_PTR_NULL(absent->payload);
    CU_ASSERT_PTR_NULL(absent->result);
    CU_ASSERT_PTR_NULL(absent->group);
    CU_ASSERT_PTR_NULL(absent->headers);
    CU_ASSERT_PTR_NOT_NULL(empty->payload);
    CU_ASSERT_EQUAL(empty->payload_len, 0);
    weir_task_info_free(absent);
    weir_task_info_free(empty);
    weir_task_info_free(NULL);
}

static void
a_copied_payload_is_aligned_for_any_type_and_ends_with_a_nul(void)
{
    for (size_t n = 0; n < 40; n++) {
        weir_header header = {"n", "v"};
        weir_task_info info = {.id = "1",
                               .type = "t",
                               .queue = "q",
                               .payload = "0123456789012345678901234567890123456789",
                               .payload_len = n,
                               .headers = &header,
                               .header_count = n % 2};
        weir_task_info *copy = weir_task_info_copy(&info);

        CU_ASSERT_EQUAL((uintptr_t)copy->payload % _Alignof(max_align_t), 0);
        CU_ASSERT_EQUAL(((const char *)copy->payload)[n], '\0');
        CU_ASSERT_STRING_EQUAL(copy->queue, "q");
        weir_task_info_free(copy);
    }
}

static void
states_have_asynq_s_words_in_both_directions(void)
{
    for (int state = WEIR_STATE_SCHEDULED; state <= WEIR_STATE_COMPLETED; state++)
        CU_ASSERT_EQUAL(weir_state_parse(weir_state_name((weir_state)state)), (weir_state)state);
    CU_ASSERT_STRING_EQUAL(weir_state_name(WEIR_STATE_AGGREGATING), "aggregating");
    CU_ASSERT_STRING_EQUAL(weir_state_name((weir_state)99), "none");
    CU_ASSERT_EQUAL(weir_state_parse("none"), WEIR_STATE_NONE);
    CU_ASSERT_EQUAL(weir_state_parse("Pending"), WEIR_STATE_NONE);
    CU_ASSERT_EQUAL(weir_state_parse(NULL), WEIR_STATE_NONE);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_copy_has_everything_and_shares_nothing),
    HARNESS_TEST(an_absent_payload_stays_absent_and_an_empty_one_empty),
    HARNESS_TEST(a_copied_payload_is_aligned_for_any_type_and_ends_with_a_nul),
    HARNESS_TEST(states_have_asynq_s_words_in_both_directions),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(task, tests, NULL, NULL);

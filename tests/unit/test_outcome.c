/* SPDX-License-Identifier: MIT */
/* From how an attempt ended to what the broker is told. */
#include <config.h>

#include "harness.h"

#include "outcome.h"

#include <string.h>

#define NOW INT64_C(1700000000000)

static weir_task_info task;
static weir_claim claim;
static struct weir__rules rules;
static weir_finish finish;
static int told;
static char told_text[64];

static void
setup(void)
{
    task = (weir_task_info){.id = "1", .type = "email:deliver", .queue = "default", .max_retry = 3};
    claim = (weir_claim){.task = &task, .token = 7};
    rules = (struct weir__rules){
        .retry = {.kind = WEIR_RETRY_KIND_FIXED, .base_ms = 1000},
    };
    told = 0;
}

static void
decide(weir_outcome outcome, const char *error, int cancelled)
{
    struct weir__ending ending = {.outcome = outcome,
                                  .error = error,
                                  .cancelled = cancelled,
                                  .snooze_ms = 5000,
                                  .result = "ok",
                                  .result_len = 2};

    weir__outcome_decide(&rules, &claim, &ending, NOW, &finish);
    CU_ASSERT_PTR_EQUAL(finish.claim, &claim);
}

static void
on_error(const weir_task_info *info, weir_outcome outcome, const char *error, void *arg)
{
    (void)info;
    (void)arg;
    told = 100 + (int)outcome;
    strncpy(told_text, error, sizeof(told_text) - 1);
}

static bool
never_a_failure(const weir_task_info *info, const char *error, void *arg)
{
    (void)info;
    (void)error;
    (void)arg;
    return false;
}

static int64_t
own_delay(int retried, const char *error, const weir_task_info *info, void *arg)
{
    (void)error;
    (void)info;
    return arg != NULL ? 77 + retried : -1;
}

static void
success_deletes_a_task_without_retention(void)
{
    decide(WEIR_DONE, NULL, 0);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_DONE);
}

static void
success_keeps_a_task_and_its_result_for_its_retention(void)
{
    task.retention_ms = 60000;
    decide(WEIR_DONE, NULL, 0);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_COMPLETE);
    CU_ASSERT_EQUAL(finish.at_ms, NOW + 60000);
    CU_ASSERT_EQUAL(finish.result_len, 2);
}

static void
a_failure_is_tried_again_after_the_policy_s_delay(void)
{
    decide(WEIR_RETRY, "broken", 0);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_RETRY);
    CU_ASSERT_EQUAL(finish.at_ms, NOW + 1000);
    CU_ASSERT_TRUE(finish.counted);
    CU_ASSERT_STRING_EQUAL(finish.error, "broken");
    CU_ASSERT_PTR_NULL(finish.result);
}

static void
an_unknown_outcome_is_a_failure(void)
{
    decide((weir_outcome)99, NULL, 0);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_RETRY);
    decide((weir_outcome)-1, NULL, 0);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_RETRY);
}

static void
the_last_failure_archives(void)
{
    task.retried = 2;
    decide(WEIR_RETRY, "broken", 0);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_RETRY);
    task.retried = 3;
    decide(WEIR_RETRY, "broken", 0);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_ARCHIVE);
    CU_ASSERT_STRING_EQUAL(finish.error, "broken");
}

static void
what_is_no_failure_uses_up_nothing(void)
{
    rules.is_failure = never_a_failure;
    task.retried = 3;
    decide(WEIR_RETRY, "busy", 0);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_RETRY);
    CU_ASSERT_FALSE(finish.counted);
    CU_ASSERT_STRING_EQUAL(finish.error, "busy");
}

static void
skip_retry_archives_at_once(void)
{
    decide(WEIR_SKIP_RETRY, NULL, 0);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_ARCHIVE);
    CU_ASSERT_STRING_EQUAL(finish.error, "skip retry for the task");
    decide(WEIR_SKIP_RETRY, "malformed", 0);
    CU_ASSERT_STRING_EQUAL(finish.error, "malformed");
}

static void
revoke_deletes_also_with_a_retention(void)
{
    task.retention_ms = 60000;
    decide(WEIR_REVOKE, NULL, 0);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_DONE);
}

static void
snooze_waits_uncounted_and_keeps_the_error(void)
{
    task.retried = 3;
    decide(WEIR_SNOOZE, "text", 0);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_RETRY);
    CU_ASSERT_EQUAL(finish.at_ms, NOW + 5000);
    CU_ASSERT_FALSE(finish.counted);
    CU_ASSERT_PTR_NULL(finish.error);
}

static void
what_would_come_back_after_its_deadline_is_archived(void)
{
    task.deadline_ms = NOW + 1001;
    decide(WEIR_RETRY, "broken", 0);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_RETRY);
    task.deadline_ms = NOW + 1000;
    decide(WEIR_RETRY, "broken", 0);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_ARCHIVE);
    CU_ASSERT_STRING_EQUAL(finish.error, "broken");
    task.deadline_ms = NOW - 1000;
    rules.is_failure = never_a_failure;
    decide(WEIR_RETRY, "broken", 0);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_ARCHIVE);
}

static void
a_failure_without_text_says_why_it_was_cancelled(void)
{
    decide(WEIR_RETRY, NULL, WEIR_E_CANCELED);
    CU_ASSERT_STRING_EQUAL(finish.error, "context canceled");
    decide(WEIR_RETRY, NULL, WEIR_E_DEADLINE);
    CU_ASSERT_STRING_EQUAL(finish.error, "context deadline exceeded");
    decide(WEIR_RETRY, "own text", WEIR_E_DEADLINE);
    CU_ASSERT_STRING_EQUAL(finish.error, "own text");
    decide(WEIR_RETRY, NULL, 0);
    CU_ASSERT_STRING_EQUAL(finish.error, "the handler gave no reason");
}

static void
end_cancelled(weir_outcome outcome, weir_cancel_mode mode, const char *error)
{
    struct weir__ending ending = {
        .outcome = outcome, .error = error, .cancelled = WEIR_E_CANCELED, .cancel_mode = mode};

    weir__outcome_decide(&rules, &claim, &ending, NOW, &finish);
}

static void
a_task_cancelled_without_retry_is_not_tried_again(void)
{
    end_cancelled(WEIR_RETRY, WEIR_CANCEL_RETRY, NULL);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_RETRY);
    end_cancelled(WEIR_RETRY, WEIR_CANCEL_ARCHIVE, NULL);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_ARCHIVE);
    CU_ASSERT_STRING_EQUAL(finish.error, "context canceled");
    end_cancelled(WEIR_SNOOZE, WEIR_CANCEL_ARCHIVE, "half done");
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_ARCHIVE);
    CU_ASSERT_STRING_EQUAL(finish.error, "half done");
    end_cancelled(WEIR_RETRY, WEIR_CANCEL_REVOKE, NULL);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_DONE);
}

static void
a_task_done_in_spite_of_its_cancellation_is_done(void)
{
    end_cancelled(WEIR_DONE, WEIR_CANCEL_ARCHIVE, NULL);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_DONE);
    end_cancelled(WEIR_SKIP_RETRY, WEIR_CANCEL_REVOKE, "hopeless");
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_ARCHIVE);
    CU_ASSERT_STRING_EQUAL(finish.error, "hopeless");
}

static void
a_type_s_own_policy_wins_over_the_server_s(void)
{
    struct weir__type_retry types[] = {
        {.pattern = {(char *)"email:", 6},
         .policy = {.kind = WEIR_RETRY_KIND_FIXED, .base_ms = 20}},
        {.pattern = {(char *)"email:deliver", 13},
         .policy = {.kind = WEIR_RETRY_KIND_FIXED, .base_ms = 30}},
    };

    rules.types = types;
    rules.type_count = 2;
    decide(WEIR_RETRY, "x", 0);
    CU_ASSERT_EQUAL(finish.at_ms, NOW + 30);
    task.type = "email:other";
    decide(WEIR_RETRY, "x", 0);
    CU_ASSERT_EQUAL(finish.at_ms, NOW + 20);
    task.type = "sms";
    decide(WEIR_RETRY, "x", 0);
    CU_ASSERT_EQUAL(finish.at_ms, NOW + 1000);
}

static void
the_application_s_delay_wins_unless_it_is_negative(void)
{
    rules.retry_delay = own_delay;
    rules.retry_delay_arg = &rules;
    decide(WEIR_RETRY, "x", 0);
    CU_ASSERT_EQUAL(finish.at_ms, NOW + 77);
    rules.retry_delay_arg = NULL;
    decide(WEIR_RETRY, "x", 0);
    CU_ASSERT_EQUAL(finish.at_ms, NOW + 1000);
}

static void
on_error_hears_of_failures_only(void)
{
    rules.on_error = on_error;
    decide(WEIR_DONE, NULL, 0);
    decide(WEIR_SNOOZE, NULL, 0);
    CU_ASSERT_EQUAL(told, 0);
    decide(WEIR_RETRY, "broken", 0);
    CU_ASSERT_EQUAL(told, 100 + WEIR_RETRY);
    CU_ASSERT_STRING_EQUAL(told_text, "broken");
    decide(WEIR_SKIP_RETRY, NULL, 0);
    CU_ASSERT_EQUAL(told, 100 + WEIR_SKIP_RETRY);
    decide(WEIR_REVOKE, NULL, 0);
    CU_ASSERT_EQUAL(told, 100 + WEIR_REVOKE);
}

static void
what_is_given_back_counts_as_nothing(void)
{
    weir__outcome_give_back(&claim, &finish);
    CU_ASSERT_EQUAL(finish.kind, WEIR_FINISH_REQUEUE);
    CU_ASSERT_FALSE(finish.counted);
    CU_ASSERT_PTR_NULL(finish.error);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(success_deletes_a_task_without_retention),
    HARNESS_TEST(success_keeps_a_task_and_its_result_for_its_retention),
    HARNESS_TEST(a_failure_is_tried_again_after_the_policy_s_delay),
    HARNESS_TEST(an_unknown_outcome_is_a_failure),
    HARNESS_TEST(the_last_failure_archives),
    HARNESS_TEST(what_is_no_failure_uses_up_nothing),
    HARNESS_TEST(skip_retry_archives_at_once),
    HARNESS_TEST(revoke_deletes_also_with_a_retention),
    HARNESS_TEST(snooze_waits_uncounted_and_keeps_the_error),
    HARNESS_TEST(what_would_come_back_after_its_deadline_is_archived),
    HARNESS_TEST(a_failure_without_text_says_why_it_was_cancelled),
    HARNESS_TEST(a_task_cancelled_without_retry_is_not_tried_again),
    HARNESS_TEST(a_task_done_in_spite_of_its_cancellation_is_done),
    HARNESS_TEST(a_type_s_own_policy_wins_over_the_server_s),
    HARNESS_TEST(the_application_s_delay_wins_unless_it_is_negative),
    HARNESS_TEST(on_error_hears_of_failures_only),
    HARNESS_TEST(what_is_given_back_counts_as_nothing),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(outcome, tests, setup, NULL);

/* SPDX-License-Identifier: MIT */
/* What the client makes of each option: default, limits, refusal; and how batches fare. */
#include <config.h>

#include "fake.h"
#include "harness.h"
#include "manual_clock.h"
#include "md5.h"
#include "prepare.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <weir/client.h>

#define NOW INT64_C(1700000000000)
#define AT_MAX INT64_C(253402300799999)
#define LENGTH_MAX INT64_C(3155760000000)

#define SCRIPT(...)                                                                                \
    static const struct fake_answer answers[] = {__VA_ARGS__};                                     \
    fake_script(answers, sizeof answers / sizeof answers[0])

static struct manual_clock manual;
static weir_client *client;
static weir_receipt receipt;
static weir_error error;

static void
open_client(unsigned capabilities)
{
    weir_broker *broker;

    fake_reset(capabilities);
    broker = fake_open(&manual.clock);
    CU_ASSERT_EQUAL_FATAL(weir_client_new(&client, broker, NULL), 0);
    weir_broker_close(broker);
}

static void
setup(void)
{
    manual_clock_init(&manual, NOW, 1);
    open_client(0);
    weir_error_clear(&error);
    memset(&receipt, 0x55, sizeof receipt);
}

static void
teardown(void)
{
    weir_client_free(client);
    fake_reset(0);
}

static int
enqueue(weir_task task)
{
    if (!task.type)
        task.type = "t";
    weir_error_clear(&error);
    return weir_enqueue(client, &task, &receipt, &error);
}

/* The task that was enqueued last. */
static const weir_task_info *
last(void)
{
    CU_ASSERT_FATAL(fake.task_count > 0);
    return fake.tasks[fake.task_count - 1];
}

#define ACCEPTED(...) CU_ASSERT_EQUAL(enqueue((weir_task){__VA_ARGS__}), 0)

/* Refused before the broker was asked, with exactly this text. */
#define REFUSED(reason, ...)                                                                       \
    do {                                                                                           \
        size_t calls = fake.calls;                                                                 \
                                                                                                   \
        CU_ASSERT_EQUAL(enqueue((weir_task){__VA_ARGS__}), WEIR_E_INVALID);                        \
        CU_ASSERT_STRING_EQUAL(error.text, reason);                                                \
        CU_ASSERT_EQUAL(receipt.code, WEIR_E_INVALID);                                             \
        CU_ASSERT_EQUAL(fake.calls, calls);                                                        \
    } while (0)

#define TOO_BIG(reason, ...)                                                                       \
    do {                                                                                           \
        CU_ASSERT_EQUAL(enqueue((weir_task){__VA_ARGS__}), WEIR_E_TOO_BIG);                        \
        CU_ASSERT_STRING_EQUAL(error.text, reason);                                                \
    } while (0)

static char *
repeat(char c, size_t count)
{
    char *text = calloc(1, count + 1);

    memset(text, c, count);
    return text;
}

static void
an_id_is_fresh_when_the_client_made_it(void)
{
    ACCEPTED(0);
    CU_ASSERT_TRUE(fake.fresh[0]);
    ACCEPTED(.id = receipt.id);
    CU_ASSERT_FALSE(fake.fresh[1]);
}

static void
a_task_with_a_type_only_gets_the_defaults(void)
{
    ACCEPTED(0);
    CU_ASSERT_STRING_EQUAL(last()->type, "t");
    CU_ASSERT_STRING_EQUAL(last()->queue, "default");
    CU_ASSERT_EQUAL(last()->state, WEIR_STATE_PENDING);
    CU_ASSERT_EQUAL(last()->pending_since_ms, NOW);
    CU_ASSERT_EQUAL(last()->enqueued_at_ms, NOW);
    CU_ASSERT_EQUAL(last()->max_retry, 25);
    CU_ASSERT_EQUAL(last()->timeout_ms, 30 * 60 * 1000);
    CU_ASSERT_EQUAL(last()->deadline_ms, 0);
    CU_ASSERT_EQUAL(last()->retention_ms, 0);
    CU_ASSERT_EQUAL(fake.ttls_ms[0], 0);
    CU_ASSERT_PTR_NULL(last()->payload);
    CU_ASSERT_PTR_NULL(last()->unique_key);
    CU_ASSERT_PTR_NULL(last()->group);
    CU_ASSERT_EQUAL(strlen(last()->id), 36);
    CU_ASSERT_EQUAL(last()->id[14], '7');
    CU_ASSERT_EQUAL(receipt.code, 0);
    CU_ASSERT_EQUAL(receipt.state, WEIR_STATE_PENDING);
    CU_ASSERT_EQUAL(receipt.process_at_ms, 0);
    CU_ASSERT_STRING_EQUAL(receipt.id, last()->id);
}

static void
a_type_is_required_utf_8_and_at_most_255_bytes(void)
{
    char *longest = repeat('x', 255);
    char *longer = repeat('x', 256);

    REFUSED("type: must not be empty", .type = "");
    REFUSED("type: must not be blank", .type = " \t");
    REFUSED("type: not UTF-8 at byte 3", .type = "ab\xff");
    ACCEPTED(.type = longest);
    TOO_BIG("type: longer than 255 bytes (256)", .type = longer);
    CU_ASSERT_EQUAL(weir_enqueue(client, &(weir_task){0}, NULL, NULL), WEIR_E_INVALID);
    free(longest);
    free(longer);
}

static void
queue_names_have_no_braces_blanks_or_control_characters(void)
{
    ACCEPTED(.queue = "low.\xc3\xa9:1");
    CU_ASSERT_STRING_EQUAL(last()->queue, "low.\xc3\xa9:1");
    REFUSED("queue: must not be empty", .queue = "");
    REFUSED("queue: must not be blank", .queue = " ");
    REFUSED("queue: \"a b\" has a blank at byte 2, which queue names must not have",
            .queue = "a b");
    REFUSED("queue: \"{a\" has a brace at byte 1, which queue names must not have", .queue = "{a");
    REFUSED("queue: \"a}\" has a brace at byte 2, which queue names must not have", .queue = "a}");
    REFUSED("queue: \"a\177\" has a control character at byte 2, which queue names must not have",
            .queue = "a\177");
    REFUSED("queue: not UTF-8 at byte 1", .queue = "\xc3");
}

static void
ids_and_groups_are_names(void)
{
    char *longer = repeat('x', 256);

    ACCEPTED(.id = "my id");
    CU_ASSERT_STRING_EQUAL(last()->id, "my id");
    CU_ASSERT_STRING_EQUAL(receipt.id, "my id");
    REFUSED("id: must not be empty", .id = "");
    REFUSED("id: not UTF-8 at byte 2", .id = "a\xe2\x82");
    TOO_BIG("id: longer than 255 bytes (256)", .id = longer);
    CU_ASSERT_STRING_EQUAL(receipt.id, "");
    REFUSED("group: must not be empty", .group = "");
    REFUSED("group: must not be blank", .group = "\t");
    free(longer);
}

static void
a_payload_that_is_absent_differs_from_an_empty_one(void)
{
    ACCEPTED(.payload = "");
    CU_ASSERT_PTR_NOT_NULL(last()->payload);
    ACCEPTED(.payload = "a\0b", .payload_len = 3);
    CU_ASSERT_EQUAL(memcmp(last()->payload, "a\0b", 3), 0);
    REFUSED("payload: NULL, but payload_len is 3", .payload_len = 3);
    TOO_BIG("payload: 268435457 bytes are more than 268435456", .payload = "",
            .payload_len = WEIR_PAYLOAD_MAX + (size_t)1);
}

static void
a_time_to_come_makes_a_task_scheduled(void)
{
    ACCEPTED(.process_at_ms = NOW + 1);
    CU_ASSERT_EQUAL(last()->state, WEIR_STATE_SCHEDULED);
    CU_ASSERT_EQUAL(last()->next_process_at_ms, NOW + 1);
    CU_ASSERT_EQUAL(last()->pending_since_ms, 0);
    CU_ASSERT_EQUAL(receipt.state, WEIR_STATE_SCHEDULED);
    CU_ASSERT_EQUAL(receipt.process_at_ms, NOW + 1);
    ACCEPTED(.process_in_ms = 5000);
    CU_ASSERT_EQUAL(last()->next_process_at_ms, NOW + 5000);
    ACCEPTED(.process_at_ms = NOW);
    CU_ASSERT_EQUAL(last()->state, WEIR_STATE_PENDING);
    CU_ASSERT_EQUAL(last()->next_process_at_ms, 0);
    ACCEPTED(.process_at_ms = AT_MAX);
    ACCEPTED(.process_in_ms = LENGTH_MAX);
    REFUSED("process_in_ms: only without process_at_ms, both are given", .process_at_ms = 1,
            .process_in_ms = 1);
    REFUSED("process_at_ms: must be from 0 to 253402300799999, not 253402300800000",
            .process_at_ms = AT_MAX + 1);
    REFUSED("process_in_ms: must be from 0 to 3155760000000, not -1", .process_in_ms = -1);
}

static void
retries_are_25_or_as_many_as_asked_for_or_none(void)
{
    ACCEPTED(.max_retry = 1);
    CU_ASSERT_EQUAL(last()->max_retry, 1);
    ACCEPTED(.max_retry = INT_MAX);
    CU_ASSERT_EQUAL(last()->max_retry, INT_MAX);
    ACCEPTED(.max_retry = WEIR_NO_RETRY);
    CU_ASSERT_EQUAL(last()->max_retry, 0);
    REFUSED("max_retry: must be -1 (WEIR_NO_RETRY) or more, not -2", .max_retry = -2);
}

static void
the_default_timeout_is_for_tasks_without_timeout_and_deadline(void)
{
    ACCEPTED(.deadline_ms = NOW + 1);
    CU_ASSERT_EQUAL(last()->timeout_ms, 0);
    CU_ASSERT_EQUAL(last()->deadline_ms, NOW + 1);
    ACCEPTED(.deadline_ms = NOW + 1, .timeout_ms = 7);
    CU_ASSERT_EQUAL(last()->timeout_ms, 7);
    ACCEPTED(.timeout_ms = WEIR_NO_TIMEOUT);
    CU_ASSERT_EQUAL(last()->timeout_ms, 0);
    ACCEPTED(.timeout_ms = LENGTH_MAX);
    REFUSED("timeout_ms: must be from -1 to 3155760000000, not -2", .timeout_ms = -2);
    REFUSED("deadline_ms: must be from 0 to 253402300799999, not -1", .deadline_ms = -1);
}

static void
the_time_in_the_archive_is_the_archive_s_age_unless_asked_for(void)
{
    ACCEPTED(.type = "t");
    CU_ASSERT_EQUAL(last()->archive_for_ms, 0);
    ACCEPTED(.archive_for_ms = 1);
    CU_ASSERT_EQUAL(last()->archive_for_ms, 1);
    REFUSED("archive_for_ms: must be from 0 to 3155760000000, not -1", .archive_for_ms = -1);
}

static void
retention_is_none_unless_asked_for(void)
{
    ACCEPTED(.retention_ms = 1);
    CU_ASSERT_EQUAL(last()->retention_ms, 1);
    ACCEPTED(.retention_ms = WEIR_NO_RETENTION);
    CU_ASSERT_EQUAL(last()->retention_ms, 0);
    REFUSED("retention_ms: must be from -1 to 3155760000000, not -2", .retention_ms = -2);
}

static void
a_unique_key_is_the_type_and_the_md5_of_the_payload(void)
{
    ACCEPTED(.type = "email:deliver", .unique_ms = 1000, .payload = "abc", .payload_len = 3);
    CU_ASSERT_STRING_EQUAL(last()->unique_key,
                           "unique:email:deliver:900150983cd24fb0d6963f7d28e17f72");
    CU_ASSERT_EQUAL(fake.ttls_ms[0], 1000);
    ACCEPTED(.unique_ms = 1000, .payload = "");
    CU_ASSERT_STRING_EQUAL(last()->unique_key, "unique:t:d41d8cd98f00b204e9800998ecf8427e");
    ACCEPTED(.unique_ms = 1000);
    CU_ASSERT_STRING_EQUAL(last()->unique_key, "unique:t:");
    REFUSED("unique_ms: must be at least 1000 (one second), not 999", .unique_ms = 999);
    REFUSED("unique_ms: must be from 0 to 3155760000000, not -1", .unique_ms = -1);
}

static void
the_lock_of_a_scheduled_task_lasts_from_its_time(void)
{
    ACCEPTED(.unique_ms = 1000, .process_in_ms = 5000);
    CU_ASSERT_EQUAL(fake.ttls_ms[0], 6000);
}

static void
md5_is_right_at_the_edges_of_its_blocks(void)
{
    static const struct {
        size_t len;
        const char *digest;
    } known[] = {
        {55, "ef1772b6dff9a122358552954ad0df65"},  {56, "3b0c8ac703f828b04c6c197006d17218"},
        {63, "b06521f39153d618550606be297466d5"},  {64, "014842d480b571495a4a0363793f7367"},
        {65, "c743a45e0d2e6a95cb859adae0248435"},  {119, "8a7bd0732ed6a28ce75f6dabc90e1613"},
        {120, "5f61c0ccad4cac44c75ff505e1f1e537"}, {1000, "cabe45dcc9ae5b66ba86600cca6b8ba8"},
    };
    char digest[WEIR__MD5_TEXT_SIZE];
    char *text = repeat('a', 1000);

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        weir__md5_text(text, known[i].len, digest);
        CU_ASSERT_STRING_EQUAL(digest, known[i].digest);
    }
    free(text);
}

static void
headers_are_names_and_utf_8_values_each_once(void)
{
    static weir_header many[WEIR_HEADER_MAX + 1];
    static char names[WEIR_HEADER_MAX + 1][8];

    for (size_t i = 0; i < WEIR_HEADER_MAX + 1; i++) {
        many[i] = (weir_header){names[i], ""};
        names[i][0] = (char)('a' + i % 26);
        names[i][1] = (char)('a' + i / 26);
    }
    ACCEPTED(.headers = many, .header_count = WEIR_HEADER_MAX);
    CU_ASSERT_EQUAL(last()->header_count, WEIR_HEADER_MAX);
    TOO_BIG("headers: 257 are more than 256", .headers = many, .header_count = 257);
    REFUSED("headers: NULL, but header_count is 1", .header_count = 1);
    REFUSED("headers[0].name: must not be empty", .headers = (weir_header[]){{NULL, "v"}},
            .header_count = 1);
    REFUSED("headers[1].value: must not be NULL",
            .headers = (weir_header[]){{"a", ""}, {"b", NULL}}, .header_count = 2);
    REFUSED("headers[0].value: not UTF-8 at byte 1", .headers = (weir_header[]){{"a", "\x80"}},
            .header_count = 1);
    REFUSED("headers[1].name: \"a\" is given twice",
            .headers = (weir_header[]){{"a", "1"}, {"a", "2"}}, .header_count = 2);
}

static void
a_group_needs_a_broker_with_groups(void)
{
    CU_ASSERT_EQUAL(enqueue((weir_task){.group = "g"}), WEIR_E_UNSUPPORTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "group: not supported"));
    CU_ASSERT_EQUAL(fake.calls, 0);
}

static void
a_group_waits_for_its_time_first(void)
{
    weir_task task = {.type = "t", .group = "g"};
    struct weir__arena arena = {0};
    struct weir__prepared prepared;

    CU_ASSERT_EQUAL(weir__prepare(&prepared, &task, &manual.clock, NOW, &arena, NULL), 0);
    CU_ASSERT_EQUAL(prepared.info.state, WEIR_STATE_AGGREGATING);
    CU_ASSERT_EQUAL(prepared.info.state_since_ms, NOW);
    CU_ASSERT_STRING_EQUAL(prepared.info.group, "g");
    task.process_in_ms = 1;
    CU_ASSERT_EQUAL(weir__prepare(&prepared, &task, &manual.clock, NOW, &arena, NULL), 0);
    CU_ASSERT_EQUAL(prepared.info.state, WEIR_STATE_SCHEDULED);
    CU_ASSERT_STRING_EQUAL(prepared.info.group, "g");
    weir__arena_release(&arena);
}

static void
what_is_in_reserve_must_be_zero(void)
{
    REFUSED("reserved: must be zero", .reserved = {0, 0, 0, 0, 0, 0, 0, 1});
}

static void
the_broker_s_refusals_name_the_task(void)
{
    SCRIPT({.results = {WEIR_E_CONFLICT}}, {.results = {WEIR_E_DUPLICATE}},
           {.rc = WEIR_E_FULL, .text = "disk full"});
    CU_ASSERT_EQUAL(enqueue((weir_task){.id = "7"}), WEIR_E_CONFLICT);
    CU_ASSERT_STRING_EQUAL(error.text, "task ID \"7\" is taken in queue \"default\"");
    CU_ASSERT_EQUAL(receipt.state, WEIR_STATE_NONE);
    CU_ASSERT_STRING_EQUAL(receipt.id, "7");
    CU_ASSERT_EQUAL(enqueue((weir_task){.unique_ms = 1000}), WEIR_E_DUPLICATE);
    CU_ASSERT_EQUAL(enqueue((weir_task){0}), WEIR_E_FULL);
    CU_ASSERT_STRING_EQUAL(error.text, "disk full");
}

static void
in_a_batch_each_task_fares_by_itself(void)
{
    weir_task tasks[4] = {{.type = "a"}, {.type = ""}, {.type = "c"}, {.type = "d", .id = "4"}};
    weir_receipt receipts[4];

    SCRIPT({.results = {0, WEIR_E_CONFLICT, 0}});
    CU_ASSERT_EQUAL(weir_enqueue_many(client, tasks, 4, receipts, &error), WEIR_E_INVALID);
    CU_ASSERT_STRING_EQUAL(error.text, "task 1: type: must not be empty");
    CU_ASSERT_EQUAL(receipts[0].code, 0);
    CU_ASSERT_EQUAL(receipts[0].state, WEIR_STATE_PENDING);
    CU_ASSERT_EQUAL(receipts[1].code, WEIR_E_INVALID);
    CU_ASSERT_EQUAL(receipts[2].code, WEIR_E_CONFLICT);
    CU_ASSERT_EQUAL(receipts[3].code, 0);
    CU_ASSERT_STRING_EQUAL(receipts[3].id, "4");
    CU_ASSERT_EQUAL(fake.sizes[0], 3);
}

static void
a_batch_goes_in_chunks_and_keeps_its_order(void)
{
    size_t count = WEIR_BATCH_MAX + 3;
    weir_task *tasks = calloc(count, sizeof *tasks);

    for (size_t i = 0; i < count; i++)
        tasks[i] = (weir_task){.type = "t", .max_retry = (int)i + 1};
    CU_ASSERT_EQUAL(weir_enqueue_many(client, tasks, count, NULL, NULL), 0);
    CU_ASSERT_EQUAL(fake.calls, 2);
    CU_ASSERT_EQUAL(fake.sizes[0], WEIR_BATCH_MAX);
    CU_ASSERT_EQUAL(fake.sizes[1], 3);
    for (size_t i = 0; i < count; i++)
        CU_ASSERT_EQUAL(fake.tasks[i]->max_retry, (int)i + 1);
    for (size_t i = 1; i < count; i++)
        CU_ASSERT_TRUE(strcmp(fake.tasks[i - 1]->id, fake.tasks[i]->id) < 0);
    free(tasks);
}

static void
large_payloads_make_smaller_chunks(void)
{
    size_t len = 5 * 1024 * 1024;
    char *payload = repeat('x', len);
    weir_task tasks[3];

    for (size_t i = 0; i < 3; i++)
        tasks[i] = (weir_task){.type = "t", .payload = payload, .payload_len = len};
    CU_ASSERT_EQUAL(weir_enqueue_many(client, tasks, 3, NULL, NULL), 0);
    CU_ASSERT_EQUAL(fake.calls, 3);
    free(payload);
}

static void
after_a_failed_call_the_rest_is_not_sent_and_says_so(void)
{
    size_t count = 2 * WEIR_BATCH_MAX + 1;
    weir_task *tasks = calloc(count, sizeof *tasks);
    weir_receipt *receipts = calloc(count, sizeof *receipts);

    SCRIPT({0}, {.rc = WEIR_E_UNKNOWN, .text = "lost"}, {.rc = WEIR_E_UNKNOWN},
           {.rc = WEIR_E_UNKNOWN}, {.rc = WEIR_E_UNKNOWN, .text = "lost"});
    for (size_t i = 0; i < count; i++)
        tasks[i].type = "t";
    CU_ASSERT_EQUAL(weir_enqueue_many(client, tasks, count, receipts, &error), WEIR_E_UNKNOWN);
    CU_ASSERT_STRING_EQUAL(error.text, "task 1000: lost");
    CU_ASSERT_EQUAL(receipts[WEIR_BATCH_MAX - 1].code, 0);
    CU_ASSERT_EQUAL(receipts[WEIR_BATCH_MAX].code, WEIR_E_UNKNOWN);
    CU_ASSERT_EQUAL(receipts[count - 1].code, WEIR_E_UNAVAILABLE);
    free(receipts);
    free(tasks);
}

static void
nothing_to_enqueue_is_no_error_and_nothing_at_all_is_one(void)
{
    weir_client *none;

    CU_ASSERT_EQUAL(weir_enqueue_many(client, NULL, 0, NULL, NULL), 0);
    CU_ASSERT_EQUAL(weir_enqueue_many(client, NULL, 1, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_enqueue(client, NULL, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_enqueue(NULL, &(weir_task){.type = "t"}, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_client_new(&none, NULL, NULL), WEIR_E_INVALID);
    weir_client_free(NULL);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_task_with_a_type_only_gets_the_defaults),
    HARNESS_TEST(an_id_is_fresh_when_the_client_made_it),
    HARNESS_TEST(a_type_is_required_utf_8_and_at_most_255_bytes),
    HARNESS_TEST(queue_names_have_no_braces_blanks_or_control_characters),
    HARNESS_TEST(ids_and_groups_are_names),
    HARNESS_TEST(a_payload_that_is_absent_differs_from_an_empty_one),
    HARNESS_TEST(a_time_to_come_makes_a_task_scheduled),
    HARNESS_TEST(retries_are_25_or_as_many_as_asked_for_or_none),
    HARNESS_TEST(the_default_timeout_is_for_tasks_without_timeout_and_deadline),
    HARNESS_TEST(the_time_in_the_archive_is_the_archive_s_age_unless_asked_for),
    HARNESS_TEST(retention_is_none_unless_asked_for),
    HARNESS_TEST(a_unique_key_is_the_type_and_the_md5_of_the_payload),
    HARNESS_TEST(the_lock_of_a_scheduled_task_lasts_from_its_time),
    HARNESS_TEST(md5_is_right_at_the_edges_of_its_blocks),
    HARNESS_TEST(headers_are_names_and_utf_8_values_each_once),
    HARNESS_TEST(a_group_needs_a_broker_with_groups),
    HARNESS_TEST(a_group_waits_for_its_time_first),
    HARNESS_TEST(what_is_in_reserve_must_be_zero),
    HARNESS_TEST(the_broker_s_refusals_name_the_task),
    HARNESS_TEST(in_a_batch_each_task_fares_by_itself),
    HARNESS_TEST(a_batch_goes_in_chunks_and_keeps_its_order),
    HARNESS_TEST(large_payloads_make_smaller_chunks),
    HARNESS_TEST(after_a_failed_call_the_rest_is_not_sent_and_says_so),
    HARNESS_TEST(nothing_to_enqueue_is_no_error_and_nothing_at_all_is_one),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(client, tests, setup, teardown);

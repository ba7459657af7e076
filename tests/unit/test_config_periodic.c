/* SPDX-License-Identifier: MIT */
/* The configuration file's periodic tasks: every key, and what is refused, with its place. */
#include <config.h>

#include "harness.h"

#include <stdio.h>
#include <string.h>
#include <weir/config.h>

static weir_config *config;
static weir_error error;

static void
teardown(void)
{
    weir_config_free(config);
    config = NULL;
}

static int
parse(const char *text)
{
    teardown();
    weir_error_clear(&error);
    return weir_config_parse(&config, text, strlen(text), "weir.json", &error);
}

static void
every_key_of_an_entry_is_read(void)
{
    const weir_periodic *entry;

    CU_ASSERT_EQUAL_FATAL(
        parse(
            "{\"periodic\": [{\"id\": \"e\", \"spec\": \"@every 30s\", \"missed\": \"all\","
            "\"type\": \"t\", \"payload\": {\"b\": [1, 2.5], \"a\": null}, \"queue\": \"low\","
            "\"group\": \"g\", \"in\": \"1s\", \"timeout\": \"0\", \"deadline\": \"100\","
            "\"retention\": \"1h\", \"archive_for\": \"30d\", \"unique\": \"2s\", \"max_retry\": 0,"
            "\"headers\": {\"k\": \"v\"}}]}"),
        0);
    CU_ASSERT_EQUAL_FATAL(config->server.periodic_count, 1);
    entry = &config->server.periodic[0];
    CU_ASSERT_STRING_EQUAL(entry->id, "e");
    CU_ASSERT_STRING_EQUAL(entry->spec, "@every 30s");
    CU_ASSERT_EQUAL(entry->missed, WEIR_MISSED_ALL);
    CU_ASSERT_STRING_EQUAL(entry->task.type, "t");
    CU_ASSERT_STRING_EQUAL(entry->task.payload, "{\"b\":[1,2.5],\"a\":null}");
    CU_ASSERT_EQUAL(entry->task.payload_len, 22);
    CU_ASSERT_STRING_EQUAL(entry->task.queue, "low");
    CU_ASSERT_STRING_EQUAL(entry->task.group, "g");
    CU_ASSERT_EQUAL(entry->task.process_in_ms, 1000);
    CU_ASSERT_EQUAL(entry->task.timeout_ms, WEIR_NO_TIMEOUT);
    CU_ASSERT_EQUAL(entry->task.deadline_ms, 100000);
    CU_ASSERT_EQUAL(entry->task.retention_ms, 3600000);
    CU_ASSERT_EQUAL(entry->task.archive_for_ms, INT64_C(30) * 86400000);
    CU_ASSERT_EQUAL(entry->task.unique_ms, 2000);
    CU_ASSERT_EQUAL(entry->task.max_retry, WEIR_NO_RETRY);
    CU_ASSERT_EQUAL_FATAL(entry->task.header_count, 1);
    CU_ASSERT_STRING_EQUAL(entry->task.headers[0].name, "k");
    CU_ASSERT_STRING_EQUAL(entry->task.headers[0].value, "v");
}

static void
payloads_are_text_json_base64_or_none(void)
{
    static const struct {
        const char *json;
        const char *payload;
        size_t len;
    } rows[] = {
        {"\"payload\": \"a\\u00e9\"", "a\xC3\xA9", 3},
        {"\"payload\": \"\"", "", 0},
        {"\"payload\": 17", "17", 2},
        {"\"payload\": [true]", "[true]", 6},
        {"\"payload\": null", NULL, 0},
        {"\"payload_base64\": \"AAEC\"", "\0\1\2", 3},
        {"\"payload_base64\": \"/+8=\"", "\xFF\xEF", 2},
        {"\"payload_base64\": \"QQ==\"", "A", 1},
        {"\"payload_base64\": \"\"", "", 0},
    };
    char text[200];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const weir_task *task;

        snprintf(text, sizeof text, "{\"periodic\": [{\"spec\": \"@daily\", \"type\": \"t\", %s}]}",
                 rows[i].json);
        CU_ASSERT_EQUAL_FATAL(parse(text), 0);
        task = &config->server.periodic[0].task;
        CU_ASSERT_EQUAL(task->payload == NULL, rows[i].payload == NULL);
        CU_ASSERT_EQUAL_FATAL(task->payload_len, rows[i].len);
        CU_ASSERT_TRUE(rows[i].len == 0 ||
                       memcmp(task->payload, rows[i].payload, rows[i].len) == 0);
    }
}

static void
what_is_wrong_is_told_with_its_place(void)
{
    static const struct {
        const char *entries;
        const char *message;
    } rows[] = {
        {"{}", "1:14: periodic: must be an array of periodic tasks, not an object"},
        {"[1]", "1:15: periodic task: must be an object, not a number"},
        {"[{\"type\": \"t\"}]", "1:15: the periodic task has no \"spec\""},
        {"[{\"spec\": \"@daily\"}]", "1:15: the periodic task has no \"type\""},
        {"[{\"spce\": \"@daily\"}]", "1:16: unknown key \"spce\""},
        {"[{\"missed\": \"some\"}]", "1:26: missed: must be \"skip\", \"once\" or \"all\""},
        {"[{\"max_retry\": -1}]", "1:29: max_retry: must be from 0 to 2147483647, not -1"},
        {"[{\"payload_base64\": \"A\"}]", "1:34: payload_base64: is not base64"},
        {"[{\"payload_base64\": \"A=B=\"}]", "1:34: payload_base64: is not base64"},
        {"[{\"payload\": 1, \"payload_base64\": \"\"}]",
         "1:30: payload and payload_base64 exclude each other"},
        {"[{\"headers\": {\"a\": 1}}]", "1:33: a: must be text, not a number"},
        {"[{\"spec\": \"@daily\", \"type\": \"t\", \"queue\": \"a b\"}]",
         "1:15: periodic task: queue"},
        {"[{\"spec\": \"* * *\", \"type\": \"t\"}]", "1:15: periodic task: cron spec \"* * *\": 5"},
        {"[{\"spec\": \"TZ=No/Where 0 0 * * *\", \"type\": \"t\"}]", "no time zone \"No/Where\""},
        {"[{\"spec\": \"@daily\", \"type\": \"t\"}, {\"type\": \"t\", \"spec\": \"@daily\"}]",
         "1:48: the periodic task is there twice"},
    };
    char text[300];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(text, sizeof text, "{\"periodic\": %s}", rows[i].entries);
        CU_ASSERT_EQUAL(parse(text), WEIR_E_CONFIG);
        if (strstr(error.text, rows[i].message) == NULL)
            printf("\n  %s\n  %s", error.text, rows[i].message);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.text, rows[i].message));
    }
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(every_key_of_an_entry_is_read),
    HARNESS_TEST(payloads_are_text_json_base64_or_none),
    HARNESS_TEST(what_is_wrong_is_told_with_its_place),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(config_periodic, tests, NULL, teardown);

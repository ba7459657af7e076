/* SPDX-License-Identifier: MIT */
/* The configuration file: each key, each kind of error with its place, and queues as text. */
#include <config.h>

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir/config.h>

static weir_config *config;
static weir_error error;

static void
setup(void)
{
    config = NULL;
    weir_error_clear(&error);
}

static void
teardown(void)
{
    weir_config_free(config);
    config = NULL;
}

static int
parse(const char *text)
{
    weir_config_free(config);
    weir_error_clear(&error);
    return weir_config_parse(&config, text, strlen(text), "weir.json", &error);
}

#define READ(text) CU_ASSERT_EQUAL_FATAL(parse(text), 0)

#define WRONG(json, message)                                                                       \
    do {                                                                                           \
        CU_ASSERT_EQUAL(parse(json), WEIR_E_CONFIG);                                               \
        CU_ASSERT_EQUAL(error.code, WEIR_E_CONFIG);                                                \
        CU_ASSERT_STRING_EQUAL(error.text, "weir.json:" message);                                  \
        CU_ASSERT_PTR_NULL(config);                                                                \
    } while (0)

static void
an_empty_object_is_all_defaults(void)
{
    weir_config zero;

    memset(&zero, 0, sizeof zero);
    READ("{}");
    CU_ASSERT_EQUAL(memcmp(config, &zero, sizeof zero), 0);
    weir_config_free(NULL);
}

static void
text_and_flags_and_numbers_are_read(void)
{
    READ("{\"broker\": \"sqlite:tasks.db\", \"strict_priority\": true, \"exit_when_stuck\": true,"
         "\"concurrency\": 20, \"archive_max\": 500}");
    CU_ASSERT_STRING_EQUAL(config->broker, "sqlite:tasks.db");
    CU_ASSERT_TRUE(config->server.strict_priority);
    CU_ASSERT_EQUAL(config->server.exit_when_stuck, 1);
    CU_ASSERT_EQUAL(config->server.concurrency, 20);
    CU_ASSERT_EQUAL(config->server.archive_max, 500);
    READ("{\"strict_priority\": false, \"archive_max\": \"all\"}");
    CU_ASSERT_FALSE(config->server.strict_priority);
    CU_ASSERT_EQUAL(config->server.exit_when_stuck, 0);
    READ("{\"exit_when_stuck\": false, \"archive_max\": \"all\"}");
    CU_ASSERT_EQUAL(config->server.exit_when_stuck, -1);
    CU_ASSERT_EQUAL(config->server.archive_max, -1);
}

static void
lengths_of_time_are_read_into_milliseconds(void)
{
    READ("{\"shutdown_timeout\": \"1m\", \"lease\": \"30s\", \"heartbeat\": \"5s\","
         " \"cancel_grace\": \"1.5s\", \"recover\": \"250ms\", \"janitor\": \"1h\","
         " \"archive_age\": \"90d\"}");
    CU_ASSERT_EQUAL(config->server.shutdown_timeout_ms, 60000);
    CU_ASSERT_EQUAL(config->server.lease_ms, 30000);
    CU_ASSERT_EQUAL(config->server.heartbeat_ms, 5000);
    CU_ASSERT_EQUAL(config->server.cancel_grace_ms, 1500);
    CU_ASSERT_EQUAL(config->server.recover_ms, 250);
    CU_ASSERT_EQUAL(config->server.janitor_ms, 3600000);
    CU_ASSERT_EQUAL(config->server.archive_age_ms, INT64_C(7776000000));
    READ("{\"shutdown_timeout\": \"0\", \"archive_age\": \"forever\", \"lease\": \"300ms\"}");
    CU_ASSERT_EQUAL(config->server.shutdown_timeout_ms, -1);
    CU_ASSERT_EQUAL(config->server.archive_age_ms, -1);
    CU_ASSERT_EQUAL(config->server.lease_ms, 300);
}

static void
queues_are_read_in_their_order(void)
{
    READ("{\"queues\": {\"critical\": 6, \"default\": 3, \"low\": 1000000}}");
    CU_ASSERT_EQUAL_FATAL(config->server.queue_count, 3);
    CU_ASSERT_STRING_EQUAL(config->server.queues[0].name, "critical");
    CU_ASSERT_EQUAL(config->server.queues[0].weight, 6);
    CU_ASSERT_STRING_EQUAL(config->server.queues[2].name, "low");
    CU_ASSERT_EQUAL(config->server.queues[2].weight, 1000000);
}

static void
retry_policies_are_read_for_all_types_and_for_some(void)
{
    READ("{\"retry\": \"fixed:10s\", \"type_retries\": {\"email:\": \"linear:1s\"}}");
    CU_ASSERT_EQUAL(config->server.retry.kind, WEIR_RETRY_KIND_FIXED);
    CU_ASSERT_EQUAL(config->server.retry.base_ms, 10000);
    CU_ASSERT_EQUAL_FATAL(config->server.type_retry_count, 1);
    CU_ASSERT_STRING_EQUAL(config->server.type_retries[0].pattern, "email:");
    CU_ASSERT_EQUAL(config->server.type_retries[0].policy.kind, WEIR_RETRY_KIND_LINEAR);
}

static void
groups_have_a_policy_and_types_have_theirs(void)
{
    READ("{\"groups\": {\"grace\": \"5s\", \"max_delay\": \"1m\", \"max_size\": 9,"
         " \"timeout\": \"3s\", \"types\": {\"mail:\": {\"max_size\": 1000}}}}");
    CU_ASSERT_EQUAL(config->server.group.grace_ms, 5000);
    CU_ASSERT_EQUAL(config->server.group.max_delay_ms, 60000);
    CU_ASSERT_EQUAL(config->server.group.max_size, 9);
    CU_ASSERT_EQUAL(config->server.group_timeout_ms, 3000);
    CU_ASSERT_EQUAL_FATAL(config->server.type_group_count, 1);
    CU_ASSERT_STRING_EQUAL(config->server.type_groups[0].pattern, "mail:");
    CU_ASSERT_EQUAL(config->server.type_groups[0].policy.max_size, 1000);
    CU_ASSERT_EQUAL(config->server.type_groups[0].policy.grace_ms, 0);
}

static void
the_log_is_an_object_of_its_own(void)
{
    READ("{\"log\": {\"level\": \"debug\", \"format\": \"json\"}}");
    CU_ASSERT_EQUAL(config->log_level, WEIR_LOG_DEBUG);
    CU_ASSERT_EQUAL(config->log_format, WEIR_LOG_JSON);
}

static void
modules_are_paths_or_objects_with_options(void)
{
    READ("{\"modules\": [\"a.so\", {\"path\": \"b.so\", \"options\": {\"x\": [1, \"\\u00e9\"]}}]}");
    CU_ASSERT_EQUAL_FATAL(config->module_count, 2);
    CU_ASSERT_STRING_EQUAL(config->modules[0].path, "a.so");
    CU_ASSERT_PTR_NULL(config->modules[0].options);
    CU_ASSERT_STRING_EQUAL(config->modules[1].path, "b.so");
    CU_ASSERT_STRING_EQUAL(config->modules[1].options, "{\"x\":[1,\"\xc3\xa9\"]}");
}

static void
handlers_are_commands_for_the_shell_or_lists_of_words(void)
{
    READ("{\"handlers\": {\"a:\": {\"exec\": \"cat >f\"}, \"b\": {\"exec\": [\"/bin/x\", \"\"]}}}");
    CU_ASSERT_EQUAL_FATAL(config->exec_count, 2);
    CU_ASSERT_STRING_EQUAL(config->execs[0].pattern, "a:");
    CU_ASSERT_STRING_EQUAL(config->execs[0].command, "cat >f");
    CU_ASSERT_PTR_NULL(config->execs[0].argv);
    CU_ASSERT_PTR_NULL(config->execs[1].command);
    CU_ASSERT_STRING_EQUAL(config->execs[1].argv[0], "/bin/x");
    CU_ASSERT_STRING_EQUAL(config->execs[1].argv[1], "");
    CU_ASSERT_PTR_NULL(config->execs[1].argv[2]);
}

static void
unknown_keys_are_named_with_line_column_and_a_suggestion(void)
{
    WRONG("{\n  \"broker\": \"x:\",\n    \"concurency\": 1}",
          "3:5: unknown key \"concurency\" (did you mean \"concurrency\"?)");
    WRONG("{\"colour\": 1}", "1:2: unknown key \"colour\"");
    WRONG("{\"log\":\n{\"levle\": 1}}", "2:2: unknown key \"levle\" (did you mean \"level\"?)");
    WRONG("{\"handlers\": {\"a\": {\"exc\": 1}}}",
          "1:21: unknown key \"exc\" (did you mean \"exec\"?)");
    WRONG("{\"modules\": [\"a\", {\"file\": 1}]}", "1:20: unknown key \"file\"");
}

static void
columns_count_characters(void)
{
    WRONG("{\"broker\": \"\xc3\xa9\xe2\x82\xac\\\"{[\", \"x\": 1}", "1:22: unknown key \"x\"");
    WRONG("{\"type_retries\": {\"\\u00e9\\\\\": \"asynq\"}, \"x\":1}", "1:41: unknown key \"x\"");
}

static void
values_of_a_wrong_type_are_pointed_at(void)
{
    WRONG("[]", "1:1: must be an object, not an array");
    WRONG("{\"broker\": 1}", "1:12: broker: must be text, not a number");
    WRONG("{\"broker\": \"\"}", "1:12: broker: must not be empty");
    WRONG("{\"strict_priority\": 1}", "1:21: strict_priority: must be true or false, not a number");
    WRONG("{\"concurrency\": \"4\"}", "1:17: concurrency: must be a number, not text");
    WRONG("{\"concurrency\": 1.5}", "1:17: concurrency: must be a whole number");
    WRONG("{\"lease\": null}", "1:11: lease: must be text, such as \"10s\", not null");
    WRONG("{\"queues\": []}",
          "1:12: queues: must be an object of queues and weights, not an array");
    WRONG("{\"retry\": {}}", "1:11: retry: must be text, not an object");
    WRONG("{\"type_retries\": 1}",
          "1:18: type_retries: must be an object of patterns and policies, not a number");
    WRONG("{\"log\": true}", "1:9: log: must be an object, not true");
    WRONG("{\"modules\": \"a\"}", "1:13: modules: must be an array of modules, not text");
    WRONG("{\"modules\": [1]}", "1:14: module: must be a path or an object, not a number");
    WRONG("{\"handlers\": 1}",
          "1:14: handlers: must be an object of patterns and handlers, not a number");
    WRONG("{\"handlers\": {\"a\": \"cat\"}}", "1:20: a: must be an object, not text");
    WRONG("{\"handlers\": {\"a\": {\"exec\": [\"x\",\n 1]}}}",
          "2:2: exec: must be text, not a number");
}

static void
values_out_of_range_are_pointed_at(void)
{
    WRONG("{\"concurrency\": 0}", "1:17: concurrency: must be from 1 to 65536, not 0");
    WRONG("{\"concurrency\": 65537}", "1:17: concurrency: must be from 1 to 65536, not 65537");
    WRONG("{\"archive_max\": 0}", "1:17: archive_max: must be from 1 to 1000000000, not 0");
    WRONG("{\"lease\": \"299ms\"}", "1:11: lease: must be from 300ms to 8760h");
    WRONG("{\"heartbeat\": \"0\"}", "1:15: heartbeat: must be from 10ms to 8760h");
    WRONG("{\"recover\": \"9ms\"}", "1:13: recover: must be from 10ms to 8760h");
    WRONG("{\"janitor\": \"9ms\"}", "1:13: janitor: must be from 10ms to 8760h");
    WRONG("{\"queues\": {\"a\": 0}}",
          "1:18: queue \"a\": weight must be a number from 1 to 1000000, not 0");
    WRONG("{\"queues\": {\"a\": \"x\"}}",
          "1:18: queue \"a\": weight must be a number from 1 to 1000000, not \"x\"");
    WRONG("{\"queues\": {\"a\": 99999999999}}",
          "1:18: queue \"a\": weight must be a number from 1 to 1000000, not 99999999999");
    WRONG("{\"queues\": {}}", "1:12: queues: must have at least one queue");
    WRONG("{\"queues\": {\"a b\": 1}}",
          "1:13: queue: \"a b\" has a blank at byte 2, which queue names must not have");
    WRONG("{\"type_retries\": {\"\": \"asynq\"}}", "1:19: pattern: must not be empty");
    WRONG("{\"handlers\": {\"a\": {}}}", "1:20: the handler of \"a\" has no \"exec\"");
    WRONG("{\"handlers\": {\"a\": {\"exec\": []}}}", "1:29: exec: must name a program");
    WRONG("{\"modules\": [{}]}", "1:14: the module has no \"path\"");
}

static void
a_length_of_time_is_text_with_a_unit(void)
{
    WRONG("{\"lease\": 10}", "1:11: lease: a length of time is text with a unit, such as \"10s\"");
    CU_ASSERT_EQUAL(parse("{\"lease\": \"10\"}"), WEIR_E_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "weir.json:1:11: lease: "));
    CU_ASSERT_EQUAL(parse("{\"log\": {\"level\": \"loud\"}}"), WEIR_E_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "weir.json:1:19: level: "));
    CU_ASSERT_EQUAL(parse("{\"retry\": \"often\"}"), WEIR_E_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "weir.json:1:11: retry: "));
}

static void
what_is_not_json_and_duplicate_keys_have_their_place(void)
{
    CU_ASSERT_EQUAL(parse("{\n\"a\" 1}"), WEIR_E_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "weir.json:2:5: "));
    CU_ASSERT_EQUAL(parse(""), WEIR_E_CONFIG);
    CU_ASSERT_EQUAL(parse("{\"broker\": \"a\xff\"}"), WEIR_E_CONFIG);
    CU_ASSERT_EQUAL(parse("{\"log\": {},\n \"log\": {}}"), WEIR_E_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "weir.json:2:"));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "duplicate"));
}

static void
a_file_is_read_and_a_missing_one_is_an_io_error(void)
{
    char path[] = "/tmp/weir-config-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs("{\"concurrency\": 3}\n", file);
    fclose(file);
    CU_ASSERT_EQUAL_FATAL(weir_config_load(&config, path, &error), 0);
    CU_ASSERT_EQUAL(config->server.concurrency, 3);
    weir_config_free(config);
    unlink(path);
    CU_ASSERT_EQUAL(weir_config_load(&config, path, &error), WEIR_E_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, path));
    CU_ASSERT_PTR_NULL(config);
    weir_error_clear(&error);
    CU_ASSERT_EQUAL(weir_config_load(&config, "/tmp", &error), WEIR_E_IO);
}

static void
relative_paths_begin_in_the_folder_of_the_file(void)
{
    char path[] = "/tmp/weir-config-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs("{\"broker\": \"sqlite:tasks.db\", \"modules\": [\"./a.so\", {\"path\": \"/b.so\"}],"
          " \"backends\": [\"x/c.so\"], \"handlers\": {\"d\": {\"exec\": [\"bin/d\", \"x/y\"]},"
          " \"e\": {\"exec\": [\"env\"]}, \"f\": {\"exec\": \"bin/f\"}}}",
          file);
    fclose(file);
    CU_ASSERT_EQUAL_FATAL(weir_config_load(&config, path, &error), 0);
    unlink(path);
    CU_ASSERT_STRING_EQUAL(config->folder, "/tmp");
    CU_ASSERT_STRING_EQUAL(config->broker, "sqlite:tasks.db");
    CU_ASSERT_STRING_EQUAL(config->modules[0].path, "/tmp/a.so");
    CU_ASSERT_STRING_EQUAL(config->modules[1].path, "/b.so");
    CU_ASSERT_STRING_EQUAL(config->backends[0], "/tmp/x/c.so");
    CU_ASSERT_STRING_EQUAL(config->execs[0].argv[0], "/tmp/bin/d");
    CU_ASSERT_STRING_EQUAL(config->execs[0].argv[1], "x/y");
    CU_ASSERT_STRING_EQUAL(config->execs[1].argv[0], "env");
    CU_ASSERT_STRING_EQUAL(config->execs[2].command, "bin/f");
    READ("{\"modules\": [\"./a.so\"]}");
    CU_ASSERT_STRING_EQUAL(config->modules[0].path, "./a.so");
    CU_ASSERT_PTR_NULL(config->folder);
}

#define PLACE(...)                                                                                 \
    weir_config_where(config, (const char *const[]){__VA_ARGS__, NULL}, place, sizeof place)

static void
the_place_of_a_setting_can_be_asked_for(void)
{
    char place[80];

    READ("{\"broker\": \"b:\",\n \"modules\": [\"a.so\", {\"path\": \"b.so\"}],\n"
         " \"handlers\": {\"a.b/\": {\"exec\": [\"x\"]}}, \"log\": {}}");
    CU_ASSERT_STRING_EQUAL(PLACE("broker"), "weir.json:1:12");
    CU_ASSERT_STRING_EQUAL(PLACE("modules"), "weir.json:2:13");
    CU_ASSERT_STRING_EQUAL(PLACE("modules", "0", "path"), "weir.json:2:14");
    CU_ASSERT_STRING_EQUAL(PLACE("modules", "1", "path"), "weir.json:2:31");
    CU_ASSERT_STRING_EQUAL(PLACE("modules", "2"), "weir.json:2:13");
    CU_ASSERT_STRING_EQUAL(PLACE("handlers", "a.b/", "exec"), "weir.json:3:32");
    CU_ASSERT_STRING_EQUAL(PLACE("log", "level"), "weir.json:3:48");
    CU_ASSERT_PTR_NULL(PLACE("lease"));
    CU_ASSERT_PTR_NULL(PLACE(NULL));
    CU_ASSERT_PTR_NULL(weir_config_where(NULL, NULL, place, sizeof place));
}

static void
queues_as_text_have_weight_one_unless_given(void)
{
    weir_queue_weight *queues;
    size_t count;

    CU_ASSERT_EQUAL_FATAL(weir_queues_parse(&queues, &count, " critical=6 ,default = 3,low", NULL),
                          0);
    CU_ASSERT_EQUAL_FATAL(count, 3);
    CU_ASSERT_STRING_EQUAL(queues[0].name, "critical");
    CU_ASSERT_EQUAL(queues[0].weight, 6);
    CU_ASSERT_STRING_EQUAL(queues[1].name, "default");
    CU_ASSERT_EQUAL(queues[1].weight, 3);
    CU_ASSERT_STRING_EQUAL(queues[2].name, "low");
    CU_ASSERT_EQUAL(queues[2].weight, 1);
    free(queues);
}

static void
queues_as_text_are_refused_with_the_reason(void)
{
    static const char *const wrong[][2] = {
        {"", "queue: must not be empty"},
        {"a,", "queue: must not be empty"},
        {"=1", "queue: must not be empty"},
        {"a=", "queue \"a\": weight must be a number from 1 to 1000000, not \"\""},
        {"a=0", "queue \"a\": weight must be a number from 1 to 1000000, not \"0\""},
        {"a=-1", "queue \"a\": weight must be a number from 1 to 1000000, not \"-1\""},
        {"a=1000001", "queue \"a\": weight must be a number from 1 to 1000000, not \"1000001\""},
        {"a=1x", "queue \"a\": weight must be a number from 1 to 1000000, not \"1x\""},
        {"a=1=2", "queue \"a\": weight must be a number from 1 to 1000000, not \"1=2\""},
        {"a,b,a=2", "queue \"a\" is given twice"},
        {"a b", "queue: \"a b\" has a blank at byte 2, which queue names must not have"},
    };
    weir_queue_weight *queues;
    size_t count;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        weir_error_clear(&error);
        CU_ASSERT_EQUAL(weir_queues_parse(&queues, &count, wrong[i][0], &error), WEIR_E_INVALID);
        CU_ASSERT_STRING_EQUAL(error.text, wrong[i][1]);
    }
    CU_ASSERT_EQUAL(weir_queues_parse(NULL, &count, "a", NULL), WEIR_E_INVALID);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(an_empty_object_is_all_defaults),
    HARNESS_TEST(text_and_flags_and_numbers_are_read),
    HARNESS_TEST(lengths_of_time_are_read_into_milliseconds),
    HARNESS_TEST(queues_are_read_in_their_order),
    HARNESS_TEST(retry_policies_are_read_for_all_types_and_for_some),
    HARNESS_TEST(groups_have_a_policy_and_types_have_theirs),
    HARNESS_TEST(the_log_is_an_object_of_its_own),
    HARNESS_TEST(modules_are_paths_or_objects_with_options),
    HARNESS_TEST(handlers_are_commands_for_the_shell_or_lists_of_words),
    HARNESS_TEST(unknown_keys_are_named_with_line_column_and_a_suggestion),
    HARNESS_TEST(columns_count_characters),
    HARNESS_TEST(values_of_a_wrong_type_are_pointed_at),
    HARNESS_TEST(values_out_of_range_are_pointed_at),
    HARNESS_TEST(a_length_of_time_is_text_with_a_unit),
    HARNESS_TEST(what_is_not_json_and_duplicate_keys_have_their_place),
    HARNESS_TEST(a_file_is_read_and_a_missing_one_is_an_io_error),
    HARNESS_TEST(relative_paths_begin_in_the_folder_of_the_file),
    HARNESS_TEST(the_place_of_a_setting_can_be_asked_for),
    HARNESS_TEST(queues_as_text_have_weight_one_unless_given),
    HARNESS_TEST(queues_as_text_are_refused_with_the_reason),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(config, tests, setup, teardown);

/* SPDX-License-Identifier: MIT */
/* Log lines in both formats, levels, and lines of many threads and processes in one file. */
#include <config.h>

#include "harness.h"
#include "manual_clock.h"
#include "utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weir/log.h>

#define TIME "2006-01-02T15:04:05.678Z"
#define FFFD WEIR__UTF8_REPLACEMENT

static struct manual_clock clock_;
static char captured[65536];
static int events;

static void
capture(const weir_log_record *record, void *arg)
{
    (void)arg;
    events++;
    CU_ASSERT_EQUAL(strlen(record->line), record->line_len);
    CU_ASSERT_TRUE(weir__utf8_valid(record->line, record->line_len));
    snprintf(captured, sizeof captured, "%s", record->line);
}

static void
setup(void)
{
    manual_clock_init(&clock_, INT64_C(1136214245678), 1);
    captured[0] = '\0';
    events = 0;
}

static weir_logger *
new_logger(weir_log_level level, weir_log_format format)
{
    weir_log_options options = {
        .level = level, .format = format, .fn = capture, .clock = &clock_.clock};
    weir_logger *logger = NULL;

    CU_ASSERT_EQUAL(weir_logger_new(&logger, &options, NULL), 0);
    return logger;
}

static const struct {
    const char *s;
    size_t len;
    const char *text;
    const char *json;
} strings[] = {
    {"plain", 5, "plain", "\"plain\""},
    {"", 0, "\"\"", "\"\""},
    {"two words", 9, "\"two words\"", "\"two words\""},
    {"a=b", 3, "\"a=b\"", "\"a=b\""},
    {"a\"b", 3, "\"a\\\"b\"", "\"a\\\"b\""},
    {"a\\b", 3, "\"a\\\\b\"", "\"a\\\\b\""},
    {"a\nb", 3, "\"a\\nb\"", "\"a\\nb\""},
    {"a\rb\tc", 5, "\"a\\rb\\tc\"", "\"a\\rb\\tc\""},
    {"a\0b", 3, "\"a\\u0000b\"", "\"a\\u0000b\""},
    {"\x1B[2J", 4, "\"\\u001b[2J\"", "\"\\u001b[2J\""},
    {"\x7F", 1, "\"\\u007f\"", "\"\\u007f\""},
    {"x\xC2\x9B"
     "2J",
     5, "x\\u009b2J", "\"x\\u009b2J\""},
    {"\xC3\xA9", 2, "\xC3\xA9", "\"\xC3\xA9\""},
    {"\xF0\x9F\x98\x80", 4, "\xF0\x9F\x98\x80", "\"\xF0\x9F\x98\x80\""},
    {"a\xFFz", 3, "a" FFFD "z", "\"a" FFFD "z\""},
    {"\xE2\x82", 2, FFFD, "\"" FFFD "\""},
    {"\xED\xA0\x80", 3, FFFD FFFD FFFD, "\"" FFFD FFFD FFFD "\""},
    {NULL, 0, "null", "null"},
};

static void
strings_are_escaped_in_both_formats(void)
{
    weir_logger *text = new_logger(WEIR_LOG_INFO, WEIR_LOG_TEXT);
    weir_logger *json = new_logger(WEIR_LOG_INFO, WEIR_LOG_JSON);

    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        char expected[256];
        snprintf(expected, sizeof expected, TIME " INFO  said k=%s\n", strings[i].text);
        weir_log(text, WEIR_LOG_INFO, "said", weir_log_bytes("k", strings[i].s, strings[i].len));
        CU_ASSERT_STRING_EQUAL(captured, expected);
        snprintf(expected, sizeof expected,
                 "{\"time\":\"" TIME "\",\"level\":\"info\",\"msg\":\"said\",\"k\":%s}\n",
                 strings[i].json);
        weir_log(json, WEIR_LOG_INFO, "said", weir_log_bytes("k", strings[i].s, strings[i].len));
        CU_ASSERT_STRING_EQUAL(captured, expected);
    }
    weir_logger_free(text);
    weir_logger_free(json);
}

static const struct {
    weir_log_field field;
    const char *text;
    const char *json;
} values[] = {
    {{"k", WEIR_LOG_INT, {{NULL, 0}}}, "k=0", "\"k\":0"},
    {{"k", WEIR_LOG_INT, .value.i64 = INT64_MIN},
     "k=-9223372036854775808",
     "\"k\":-9223372036854775808"},
    {{"k", WEIR_LOG_UINT, .value.u64 = UINT64_MAX},
     "k=18446744073709551615",
     "\"k\":18446744073709551615"},
    {{"k", WEIR_LOG_BOOL, .value.boolean = true}, "k=true", "\"k\":true"},
    {{"k", WEIR_LOG_BOOL, .value.boolean = false}, "k=false", "\"k\":false"},
    {{"k", WEIR_LOG_REAL, .value.real = 0.5}, "k=0.5", "\"k\":0.5"},
    {{"k", WEIR_LOG_REAL, .value.real = 0.1}, "k=0.1", "\"k\":0.1"},
    {{"k", WEIR_LOG_REAL, .value.real = 1.0 / 3},
     "k=0.33333333333333331",
     "\"k\":0.33333333333333331"},
    {{"k", WEIR_LOG_REAL, .value.real = -DBL_MAX},
     "k=-1.7976931348623157e+308",
     "\"k\":-1.7976931348623157e+308"},
    {{"k", WEIR_LOG_REAL, .value.real = INFINITY}, "k=inf", "\"k\":null"},
    {{"k", WEIR_LOG_REAL, .value.real = -INFINITY}, "k=-inf", "\"k\":null"},
    {{"k", WEIR_LOG_REAL, .value.real = NAN}, "k=nan", "\"k\":null"},
    {{"k", WEIR_LOG_MS, .value.i64 = 90000}, "k=1m30s", "\"k_ms\":90000"},
    {{"k", WEIR_LOG_MS, .value.i64 = -5}, "k=-5ms", "\"k_ms\":-5"},
};

static void
values_of_every_kind_are_written(void)
{
    weir_logger *text = new_logger(WEIR_LOG_INFO, WEIR_LOG_TEXT);
    weir_logger *json = new_logger(WEIR_LOG_INFO, WEIR_LOG_JSON);

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char expected[256];
        snprintf(expected, sizeof expected, TIME " ERROR m %s\n", values[i].text);
        weir_log_fields(text, WEIR_LOG_ERROR, "m", &values[i].field, 1);
        CU_ASSERT_STRING_EQUAL(captured, expected);
        snprintf(expected, sizeof expected,
                 "{\"time\":\"" TIME "\",\"level\":\"error\",\"msg\":\"m\",%s}\n", values[i].json);
        weir_log_fields(json, WEIR_LOG_ERROR, "m", &values[i].field, 1);
        CU_ASSERT_STRING_EQUAL(captured, expected);
    }
    weir_logger_free(text);
    weir_logger_free(json);
}

static void
the_makers_of_values_fit_the_macro(void)
{
    weir_logger *logger = new_logger(WEIR_LOG_DEBUG, WEIR_LOG_TEXT);

    weir_log(logger, WEIR_LOG_DEBUG, "none");
    CU_ASSERT_STRING_EQUAL(captured, TIME " DEBUG none\n");
    weir_log(logger, WEIR_LOG_WARN, "all", weir_log_str("s", "x"), weir_log_str("n", NULL),
             weir_log_bytes("y", "abc", 2), weir_log_int("i", -1), weir_log_uint("u", 1),
             weir_log_real("r", 1.5), weir_log_bool("b", true), weir_log_ms("d", 1500),
             weir_log_int("9", 9), weir_log_int("10", 10), weir_log_int("11", 11),
             weir_log_int("12", 12));
    CU_ASSERT_STRING_EQUAL(
        captured, TIME " WARN  all s=x n=null y=ab i=-1 u=1 r=1.5 b=true d=1.5s 9=9 10=10 11=11 "
                       "12=12\n");
    weir_logger_free(logger);
}

static void
a_message_or_key_cannot_break_its_line(void)
{
    weir_logger *logger = new_logger(WEIR_LOG_INFO, WEIR_LOG_TEXT);

    weir_log(logger, WEIR_LOG_INFO, "two\nlines \xFF", weir_log_int("k\ny", 1));
    CU_ASSERT_STRING_EQUAL(captured, TIME " INFO  two\\nlines " FFFD " k\\ny=1\n");
    weir_logger_free(logger);
}

static void
events_below_the_level_are_not_written(void)
{
    static const weir_log_level levels[] = {WEIR_LOG_DEBUG, WEIR_LOG_INFO, WEIR_LOG_WARN,
                                            WEIR_LOG_ERROR, WEIR_LOG_OFF};
    weir_logger *logger = new_logger(WEIR_LOG_DEFAULT, WEIR_LOG_TEXT);

    CU_ASSERT_FALSE(weir_logger_enabled(logger, WEIR_LOG_DEBUG));
    CU_ASSERT_TRUE(weir_logger_enabled(logger, WEIR_LOG_INFO));
    for (int i = 0; i < 5; i++) {
        weir_logger_set_level(logger, levels[i]);
        events = 0;
        for (int k = 0; k < 5; k++) {
            weir_log(logger, levels[k], "x", weir_log_int("k", k));
            weir_log(logger, levels[k], "x");
        }
        CU_ASSERT_EQUAL(events, 2 * (4 - i));
    }
    weir_log(logger, WEIR_LOG_DEFAULT, "x");
    weir_log(logger, (weir_log_level)99, "x");
    weir_log(logger, (weir_log_level)-1, "x");
    CU_ASSERT_EQUAL(events, 0);
    weir_logger_free(logger);
}

static int evaluated;

static int
evaluate(void)
{
    return ++evaluated;
}

static void
values_of_an_event_that_is_not_written_are_not_evaluated(void)
{
    weir_logger *logger = new_logger(WEIR_LOG_WARN, WEIR_LOG_TEXT);

    evaluated = 0;
    weir_log(logger, WEIR_LOG_INFO, "x", weir_log_int("n", evaluate()));
    CU_ASSERT_EQUAL(evaluated, 0);
    weir_log(logger, WEIR_LOG_WARN, "x", weir_log_int("n", evaluate()));
    CU_ASSERT_EQUAL(evaluated, 1);
    weir_logger_free(logger);
}

static void
a_null_logger_is_silent(void)
{
    weir_log((weir_logger *)NULL, WEIR_LOG_ERROR, "x", weir_log_int("n", 1));
    weir_log_fields(NULL, WEIR_LOG_ERROR, "x", NULL, 0);
    CU_ASSERT_FALSE(weir_logger_enabled(NULL, WEIR_LOG_ERROR));
    weir_logger_set_level(NULL, WEIR_LOG_DEBUG);
    weir_logger_free(NULL);
}

static void
levels_and_formats_have_words(void)
{
    static const char *const words[] = {"debug", "info", "warn", "error", "off"};
    weir_log_level level;
    weir_log_format format;
    weir_error err = {0};

    for (int i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(weir_log_level_parse(&level, words[i], NULL), 0);
        CU_ASSERT_EQUAL((int)level, i + 1);
        CU_ASSERT_STRING_EQUAL(weir_log_level_name(level), words[i]);
    }
    CU_ASSERT_STRING_EQUAL(weir_log_level_name(WEIR_LOG_DEFAULT), "default");
    CU_ASSERT_EQUAL(weir_log_level_parse(&level, "INFO", &err), WEIR_E_INVALID);
    CU_ASSERT_STRING_EQUAL(err.text,
                           "invalid log level \"INFO\": use debug, info, warn, error or off");
    CU_ASSERT_EQUAL(weir_log_format_parse(&format, "json", NULL), 0);
    CU_ASSERT_EQUAL(format, WEIR_LOG_JSON);
    CU_ASSERT_EQUAL(weir_log_format_parse(&format, "text", NULL), 0);
    CU_ASSERT_EQUAL(format, WEIR_LOG_TEXT);
    CU_ASSERT_EQUAL(weir_log_format_parse(&format, "xml", NULL), WEIR_E_INVALID);
}

static void
wrong_options_are_refused_by_name(void)
{
    weir_logger *logger = NULL;
    weir_error err = {0};
    weir_log_options options = {.level = (weir_log_level)6};

    CU_ASSERT_EQUAL(weir_logger_new(&logger, &options, &err), WEIR_E_INVALID);
    CU_ASSERT_PTR_NULL(logger);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "no level 6"));
    options = (weir_log_options){.format = (weir_log_format)2};
    CU_ASSERT_EQUAL(weir_logger_new(&logger, &options, NULL), WEIR_E_INVALID);
    options = (weir_log_options){.reserved = {0, 1}};
    CU_ASSERT_EQUAL(weir_logger_new(&logger, &options, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_logger_new(&logger, NULL, NULL), 0);
    weir_logger_free(logger);
}

static void
real_numbers_have_a_point_in_every_locale(void)
{
    weir_logger *logger = new_logger(WEIR_LOG_INFO, WEIR_LOG_JSON);

    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL) {
        weir_logger_free(logger);
        HARNESS_SKIP("the locale de_DE.UTF-8 is not installed");
    }
    weir_log(logger, WEIR_LOG_INFO, "m", weir_log_real("k", 1.5));
    setlocale(LC_NUMERIC, "C");
    CU_ASSERT_PTR_NOT_NULL(strstr(captured, "\"k\":1.5}"));
    weir_logger_free(logger);
}

static void
a_file_without_a_descriptor_takes_lines_too(void)
{
    char *data = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&data, &len);
    weir_log_options options = {.file = file, .clock = &clock_.clock};
    weir_logger *logger = NULL;

    CU_ASSERT_EQUAL_FATAL(weir_logger_new(&logger, &options, NULL), 0);
    weir_log(logger, WEIR_LOG_INFO, "one");
    CU_ASSERT_STRING_EQUAL(data, TIME " INFO  one\n");
    weir_logger_free(logger);
    fclose(file);
    free(data);
}

static void
a_line_that_cannot_be_written_is_lost_and_errno_kept(void)
{
    FILE *file = fopen("/dev/full", "w");
    weir_log_options options = {.file = file};
    weir_logger *logger = NULL;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL_FATAL(weir_logger_new(&logger, &options, NULL), 0);
    errno = EDOM;
    weir_log(logger, WEIR_LOG_INFO, "lost", weir_log_int("k", 1));
    CU_ASSERT_EQUAL(errno, EDOM);
    weir_logger_free(logger);
    fclose(file);
}

enum {
    WRITERS = 4,
    LINES = 2000
};

static void *
write_lines(void *arg)
{
    char long_value[300];

    memset(long_value, 'x', sizeof long_value);
    for (int i = 0; i < LINES; i++) {
        weir_log((weir_logger *)arg, WEIR_LOG_INFO, "line", weir_log_int("n", i),
                 weir_log_bytes("v", long_value, (size_t)(i % (int)sizeof long_value)));
    }
    return NULL;
}

static void
write_lines_in_threads(weir_logger *logger)
{
    pthread_t threads[WRITERS];

    for (int i = 0; i < WRITERS; i++) {
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, write_lines, logger), 0);
    }
    weir_logger_set_level(logger, WEIR_LOG_DEBUG);
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* Counts the lines of a file, each of which must be a whole JSON object of write_lines(). */
static int
count_whole_lines(FILE *file)
{
    char line[1024];
    int count = 0;

    rewind(file);
    while (fgets(line, sizeof line, file) != NULL) {
        size_t len = strlen(line);
        bool whole = strncmp(line, "{\"time\":\"", 9) == 0 && strcmp(line + len - 3, "\"}\n") == 0;
        CU_ASSERT_TRUE_FATAL(whole && strchr(line + 1, '{') == NULL);
        count++;
    }
    return count;
}

static void
lines_of_threads_and_processes_do_not_mix(void)
{
    FILE *file = tmpfile();
    weir_log_options options = {.format = WEIR_LOG_JSON, .file = file};
    weir_logger *logger = NULL;
    int status = 1;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL_FATAL(fcntl(fileno(file), F_SETFL, O_APPEND), 0);
    CU_ASSERT_EQUAL_FATAL(weir_logger_new(&logger, &options, NULL), 0);
    pid_t child = fork();
    if (child == 0) {
        write_lines(logger);
        _exit(0);
    }
    write_lines_in_threads(logger);
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_EQUAL(count_whole_lines(file), (WRITERS + 1) * LINES);
    weir_logger_free(logger);
    fclose(file);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(strings_are_escaped_in_both_formats),
    HARNESS_TEST(values_of_every_kind_are_written),
    HARNESS_TEST(the_makers_of_values_fit_the_macro),
    HARNESS_TEST(a_message_or_key_cannot_break_its_line),
    HARNESS_TEST(events_below_the_level_are_not_written),
    HARNESS_TEST(values_of_an_event_that_is_not_written_are_not_evaluated),
    HARNESS_TEST(a_null_logger_is_silent),
    HARNESS_TEST(levels_and_formats_have_words),
    HARNESS_TEST(wrong_options_are_refused_by_name),
    HARNESS_TEST(real_numbers_have_a_point_in_every_locale),
    HARNESS_TEST(a_file_without_a_descriptor_takes_lines_too),
    HARNESS_TEST(a_line_that_cannot_be_written_is_lost_and_errno_kept),
    HARNESS_TEST(lines_of_threads_and_processes_do_not_mix),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(log, tests, setup, NULL);

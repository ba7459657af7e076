/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "redis_fixture.h"

#include "url.h"
#include "waiting.h"

#include <CUnit/CUnit.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char log_lines[200][600];
static size_t log_count;
static weir_logger *logger;

static void
remember(const weir_log_record *record, void *arg)
{
    (void)arg;
    pthread_mutex_lock(&log_lock);
    if (log_count < sizeof log_lines / sizeof log_lines[0]) {
        snprintf(log_lines[log_count++], sizeof log_lines[0], "%s", record->line);
    }
    pthread_mutex_unlock(&log_lock);
}

weir_logger *
fixture_logger(void)
{
    weir_log_options options = {.level = WEIR_LOG_DEBUG, .fn = remember};

    if (logger == NULL) {
        weir_logger_new(&logger, &options, NULL);
    }
    return logger;
}

unsigned
fixture_logged(const char *text)
{
    unsigned n = 0;

    pthread_mutex_lock(&log_lock);
    for (size_t i = 0; i < log_count; i++) {
        n += strstr(log_lines[i], text) != NULL;
    }
    pthread_mutex_unlock(&log_lock);
    return n;
}

void
fixture_log_clear(void)
{
    pthread_mutex_lock(&log_lock);
    log_count = 0;
    pthread_mutex_unlock(&log_lock);
}

static int
open_text(struct weir__redis **r, const char *text, weir_error *err)
{
    struct weir__url url;
    int rc = weir__url_parse(&url, text, err);

    *r = NULL;
    if (rc != 0) {
        return rc;
    }
    weir_backend_open how = {
        .url = &url.parts, .clock = weir_clock_system(), .logger = fixture_logger()};
    rc = weir__redis_open(r, &how, err);
    weir__url_release(&url);
    return rc;
}

int
fixture_try_open(struct weir__redis **r, weir_error *err, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return open_text(r, text, err);
}

struct weir__redis *
fixture_open(const char *format, ...)
{
    struct weir__redis *r = NULL;
    weir_error err = {0};
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fixture_log_clear();
    if (open_text(&r, text, &err) != 0) {
        fprintf(stderr, "fixture_open: %s\n", err.text);
        CU_FAIL("a pool could not be opened");
    }
    return r;
}

struct weir__redis_listener *
fixture_listen(struct redis_server **server, struct weir__redis **r)
{
    struct weir__redis_listener *listener = NULL;

    *server = redis_server_start(NULL);
    if (*server == NULL) {
        CU_FAIL_FATAL("no server");
    }
    *r = fixture_open("%s", redis_server_unix_url(*server));
    CU_ASSERT_FATAL(
        weir__redis_listener_new(&listener, *r, weir_clock_system(), fixture_logger(), NULL) == 0);
    return listener;
}

static int
split(char *words, const char **argv, int max)
{
    char *rest = NULL;
    int argc = 0;

    for (char *w = strtok_r(words, " ", &rest); w != NULL && argc < max;
         w = strtok_r(NULL, " ", &rest)) {
        argv[argc++] = w;
    }
    return argc;
}

int
fixture_append(struct weir__redis_conn *conn, const char *command, weir_error *err)
{
    char words[512];
    const char *argv[32];

    snprintf(words, sizeof words, "%s", command);
    return weir__redis_append(conn, split(words, argv, 32), argv, NULL, err);
}

int
fixture_do(struct weir__redis *r, const char *command, char *text)
{
    struct weir__redis_conn *conn = NULL;
    redisReply *reply = NULL;
    weir_error err = {0};
    int rc = weir__redis_acquire(r, &conn, &err);

    if (rc == 0) {
        rc = fixture_append(conn, command, &err);
    }
    if (rc == 0) {
        rc = weir__redis_reply(conn, &reply, &err);
    }
    if (rc == 0) {
        rc = weir__redis_reply_error(conn, reply, &err);
    }
    if (text != NULL) {
        snprintf(text, 512, "%s", rc != 0 ? err.text : reply->str != NULL ? reply->str : "");
    }
    freeReplyObject(reply);
    weir__redis_release(r, conn);
    return rc;
}

int64_t
fixture_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
fixture_cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

long
fixture_naps(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nvcsw;
}

void
fixture_pause_ms(int ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The case's store, what frees what a case took, and the checks.
 */
#include <config.h>

#include "kit.h"
#include "keep.h"
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct manual_clock now;
weir_broker *store;

static char url[4096];

void
kit_setup(void)
{
    place_fresh(url, sizeof(url));
    manual_clock_init(&now, START_MS, 1);
    store = kit_open(url, &now);
    if (store == NULL) {
        fprintf(stderr, "conformance: the store cannot be opened, nothing can be tested\n");
        exit(1);
    }
}

void
kit_teardown(void)
{
    keep_free();
    weir_broker_close(store);
    store = NULL;
    place_drop(url);
}

const char *
kit_url(void)
{
    return url;
}

weir_broker *
kit_open(const char *at, const struct manual_clock *clock)
{
    weir_broker_options options = {.clock = &clock->clock};
    weir_broker *broker = NULL;
    weir_error err = {0};

    if (weir_broker_open(&broker, at, &options, &err) == 0)
        return broker;
    fprintf(stderr, "\n%s: %s\n", at, err.text);
    return NULL;
}

void
kit_reopen(void)
{
    weir_broker_close(store);
    store = kit_open(url, &now);
    if (store == NULL)
        exit(1);
}

int64_t
now_ms(void)
{
    return atomic_load(&now.wall_ms);
}

void
pass(int64_t ms)
{
    struct timespec rest = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    manual_clock_advance(&now, ms);
    if (!place_keeps_time())
        return;
    while (nanosleep(&rest, &rest) != 0)
        continue;
}

void
pass_lease(void)
{
    pass(LEASE_MS + 1 + place_lease_grain_ms());
}

/* From any thread, and in a child, where no test is under way: there a failure is only printed. */
static bool
report(bool ok, const char *message, const char *file, int line)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&mutex);
    if (CU_get_current_test() != NULL)
        CU_assertImplementation(ok, (unsigned)line, message, file, "", CU_FALSE);
    else if (!ok)
        fprintf(stderr, "%s:%d: %s\n", file, line, message);
    pthread_mutex_unlock(&mutex);
    return ok;
}

bool
check_is(int64_t found, int64_t wanted, const char *text, const char *file, int line)
{
    char message[512];

    snprintf(message, sizeof(message), "%s: found %" PRId64 ", not %" PRId64, text, found, wanted);
    return report(found == wanted, message, file, line);
}

bool
check_same(const char *found, const char *wanted, const char *text, const char *file, int line)
{
    char message[1024];
    bool same = found == wanted || (found != NULL && wanted != NULL && strcmp(found, wanted) == 0);

    snprintf(message, sizeof(message), "%s: found \"%.300s\", not \"%.300s\"", text,
             found ? found : "(null)", wanted ? wanted : "(null)");
    return report(same, message, file, line);
}

void
check_counted(const char *queue, int64_t processed, int64_t failed, const char *file, int line)
{
    weir_queue_info info = queue_info(queue);

    check_is(info.processed_total, processed, "processed in all", file, line);
    check_is(info.processed_today, processed, "processed today", file, line);
    check_is(info.failed_total, failed, "failed in all", file, line);
    check_is(info.failed_today, failed, "failed today", file, line);
}

static int64_t
read_ms(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
real_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

int64_t
cpu_ms(void)
{
    return read_ms(CLOCK_PROCESS_CPUTIME_ID);
}

bool
until(_Atomic int *flag)
{
    int64_t end = real_ms() + 10000;

    while (atomic_load(flag) == 0) {
        if (real_ms() > end)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return true;
}

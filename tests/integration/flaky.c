/* SPDX-License-Identifier: MIT */
/* The table is a copy of SQLite's with some functions replaced; instances are SQLite's own. */
#include <config.h>

#include "flaky.h"
#include "harness.h"
#include "registry.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

struct flaky flaky;

enum {
    HASTE_MS = 200
};

static const weir_backend *real;
static weir_backend table;
static atomic_llong forward_failed_ms;

static int64_t
mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
fail(weir_error *err)
{
    return weir_error_set(err, WEIR_E_UNAVAILABLE, "made to fail");
}

static int
flaky_open(void **self, const weir_backend_open *how, weir_error *err)
{
    weir_url url = *how->url;
    weir_backend_open real_how = *how;

    url.scheme = "sqlite";
    real_how.url = &url;
    return real->open(self, &real_how, err);
}

static void
set_finishes(weir_consume *work, int code)
{
    for (size_t i = 0; i < work->finish_count; i++) {
        work->finishes[i].outcome = code;
    }
}

static void
be_slow(void)
{
    int us = atomic_load(&flaky.slowness_us);

    if (us > 0) {
        nanosleep(&(struct timespec){.tv_nsec = us * 1000L}, NULL);
    }
}

static bool
is_listener(void)
{
    char name[16] = "";

    pthread_getname_np(pthread_self(), name, sizeof(name));
    return strcmp(name, "weir-listener") == 0;
}

static int
flaky_consume(void *self, const weir_request_id *request, int64_t now_ms, weir_consume *work,
              weir_error *err)
{
    atomic_fetch_add(&flaky.consumes, 1);
    atomic_fetch_add(&flaky.heard, work->take != NULL && is_listener());
    be_slow();
    if (atomic_load(&flaky.consume_fails) ||
        (atomic_load(&flaky.takes_fail) && work->take != NULL)) {
        set_finishes(work, WEIR_E_UNAVAILABLE);
        return fail(err);
    }
    if (atomic_load(&flaky.replies_lost) && work->finish_count > 0) {
        weir_consume finishes_only = *work;
        finishes_only.take = NULL;
        real->consume(self, request, now_ms, &finishes_only, err);
        set_finishes(work, WEIR_E_UNKNOWN);
        return fail(err);
    }
    weir_consume asked = *work;
    atomic_fetch_add(&flaky.starts, (int)work->start_count);
    if (atomic_load(&flaky.start_stale)) {
        asked.start_count = 0;
    }
    int code = real->consume(self, request, now_ms, &asked, err);
    for (size_t i = asked.start_count; i < work->start_count; i++) {
        work->starts[i].result = WEIR_E_STALE;
    }
    if (atomic_load(&flaky.finish_stale)) {
        set_finishes(work, WEIR_E_STALE);
    }
    return code;
}

static int
flaky_extend(void *self, int64_t now_ms, int64_t lease_ms, weir_extend_item *items, size_t count,
             weir_error *err)
{
    atomic_fetch_add(&flaky.extends, 1);
    if (atomic_load(&flaky.extend_fails)) {
        return fail(err);
    }
    int code = real->extend(self, now_ms, lease_ms, items, count, err);
    for (size_t i = 0; i < count; i++) {
        if (atomic_load(&flaky.extend_stale)) {
            items[i].result = WEIR_E_STALE;
        }
        if (atomic_load(&flaky.extend_cancels)) {
            items[i].cancelled = WEIR_CANCEL_RETRY;
        }
    }
    return code;
}

static int
flaky_wait(void *self, weir_wait *wait, weir_error *err)
{
    return atomic_load(&flaky.wait_fails) ? fail(err) : real->wait(self, wait, err);
}

static int
flaky_forward(void *self, int64_t now_ms, weir_forward *forward, weir_error *err)
{
    if (!atomic_load(&flaky.forward_fails)) {
        return real->forward(self, now_ms, forward, err);
    }
    atomic_store(&forward_failed_ms, mono_ms());
    atomic_fetch_add(&flaky.forward_failures, 1);
    return fail(err);
}

static int
flaky_recover(void *self, const weir_request_id *request, int64_t now_ms, weir_recover *recover,
              weir_error *err)
{
    atomic_fetch_add(&flaky.hasty, atomic_load(&flaky.forward_failures) > 0 &&
                                       mono_ms() < atomic_load(&forward_failed_ms) + HASTE_MS);
    atomic_fetch_add(&flaky.recovers, 1);
    return real->recover(self, request, now_ms, recover, err);
}

void
flaky_register(void)
{
    static const char *const schemes[] = {"flaky", NULL};
    static bool registered;

    if (registered) {
        return;
    }
    CU_ASSERT_EQUAL_FATAL(weir__registry_find(&real, "sqlite", NULL), 0);
    table = *real;
    table.name = "flaky";
    table.schemes = schemes;
    table.open = flaky_open;
    table.consume = flaky_consume;
    table.extend = flaky_extend;
    table.wait = flaky_wait;
    table.forward = flaky_forward;
    table.recover = flaky_recover;
    CU_ASSERT_EQUAL_FATAL(weir__registry_add(&table, NULL), 0);
    registered = true;
}

void
flaky_reset(void)
{
    atomic_store(&flaky.consume_fails, false);
    atomic_store(&flaky.takes_fail, false);
    atomic_store(&flaky.replies_lost, false);
    atomic_store(&flaky.extend_fails, false);
    atomic_store(&flaky.finish_stale, false);
    atomic_store(&flaky.extend_stale, false);
    atomic_store(&flaky.extend_cancels, false);
    atomic_store(&flaky.wait_fails, false);
    atomic_store(&flaky.forward_fails, false);
    atomic_store(&flaky.start_stale, false);
    atomic_store(&flaky.slowness_us, 0);
    atomic_store(&flaky.consumes, 0);
    atomic_store(&flaky.heard, 0);
    atomic_store(&flaky.starts, 0);
    atomic_store(&flaky.extends, 0);
    atomic_store(&flaky.recovers, 0);
    atomic_store(&flaky.forward_failures, 0);
    atomic_store(&flaky.hasty, 0);
}

/* SPDX-License-Identifier: MIT */
/*
 * latency, scheduled and idle: a worker in another process that has little to do. Tasks are sent one at a time, each 5 to
 * 30 ms after the last one arrived; due times of scheduled tasks are spread over three seconds.
 */
#include <config.h>

#include "apart.h"
#include "bench.h"
#include "load.h"
#include "meter.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    PAUSE_LEAST_US = 5000,
    PAUSE_SPREAD_US = 25000,
    DUE_FIRST_MS = 100,
    DUE_SPREAD_MS = 3000,
    DAY_MS = 86400000,
    SETTLE_US = 1000000
};

static int
pause_us(int64_t us, weir_error *err)
{
    struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    while (nanosleep(&time, &time) != 0 && errno == EINTR && bench_stopped(NULL) == 0) {}
    return bench_stopped(err);
}

static int64_t
chance(int64_t limit)
{
    return random() % limit;
}

static int
send_one(struct bench *bench, int64_t slot, int64_t process_at_ms, weir_error *err)
{
    struct load load = {
        .client = bench->place.client,
        .queue = bench->place.queues[0],
        .count = 1,
        .producers = 1,
        .batch = 1,
        .payload_len = (size_t)bench->options.payload,
        .stamp_value = slot,
        .process_at_ms = process_at_ms,
    };

    return load_run(&load, err);
}

/* The first run waits for the worker to be there, and for what it does once it is. The backlog is due in a day. */
static int
prepare(struct bench *bench, weir_error *err)
{
    if (bench->started) {
        return 0;
    }
    bench->started = true;
    int rc = load_fill(bench->place.client, bench->place.queues[0], (size_t)bench->options.backlog,
                       (size_t)bench->options.payload, -1, meter_wall_us() / 1000 + DAY_MS, err);
    if (rc == 0) {
        rc = send_one(bench, 0, 0, err);
    }
    if (rc == 0) {
        rc = apart_await(bench->apart, err);
    }
    return rc == 0 ? pause_us(SETTLE_US, err) : rc;
}

int
bench_latency(struct bench *bench, weir_error *err)
{
    size_t count = (size_t)bench->options.count, n = 0;
    const struct apart_slot *slots = bench->apart->board->slots;
    int64_t *call_ns = figures_array(count, sizeof *call_ns);
    int64_t *wait_ns = figures_array(count, sizeof *wait_ns);

    int rc = prepare(bench, err);
    for (; n < count && rc == 0; n++) {
        rc = pause_us(PAUSE_LEAST_US + chance(PAUSE_SPREAD_US), err);
        int64_t sent_ns = meter_now_ns();
        if (rc == 0) {
            rc = send_one(bench, (int64_t)n, 0, err);
        }
        call_ns[n] = meter_now_ns() - sent_ns;
        if (rc == 0) {
            rc = apart_await(bench->apart, err);
        }
        wait_ns[n] = slots[n].mono_ns - sent_ns;
    }
    if (rc == 0) {
        figures_add_spread(&bench->figures, "pickup", wait_ns, count);
        figures_add_spread(&bench->figures, "call", call_ns, count);
    }
    free(wait_ns);
    free(call_ns);
    return rc;
}

int
bench_scheduled(struct bench *bench, weir_error *err)
{
    size_t count = (size_t)bench->options.count, early = 0;
    const struct apart_slot *slots = bench->apart->board->slots;
    int64_t *due_ms = figures_array(count, sizeof *due_ms);
    int64_t *late_ns = figures_array(count, sizeof *late_ns);

    int rc = prepare(bench, err);
    for (size_t i = 0; i < count && rc == 0; i++) {
        due_ms[i] = meter_wall_us() / 1000 + DUE_FIRST_MS + chance(DUE_SPREAD_MS);
        rc = send_one(bench, (int64_t)i, due_ms[i], err);
    }
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = apart_await(bench->apart, err);
    }
    for (size_t i = 0; i < count && rc == 0; i++) {
        late_ns[i] = (slots[i].wall_us - due_ms[i] * 1000) * 1000;
        early += late_ns[i] < 0;
    }
    if (rc == 0) {
        figures_add_spread(&bench->figures, "late", late_ns, count);
        figures_add(&bench->figures, "early", (double)early);
    }
    free(late_ns);
    free(due_ms);
    return rc;
}

/* How often the threads of a process went to sleep of their own accord. */
static long
sleeps_of(pid_t pid)
{
    char path[320];
    const struct dirent *entry;
    long sleeps = 0;

    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *folder = opendir(path);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        sleeps += meter_status((pid_t)strtol(entry->d_name, NULL, 10), "voluntary_ctxt_switches:");
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return sleeps;
}

int
bench_idle(struct bench *bench, weir_error *err)
{
    double seconds = bench->options.seconds;
    pid_t worker = bench->apart->pid, server = bench->place.server;
    struct figures *figures = &bench->figures;
    int rc = prepare(bench, err);

    if (rc != 0) {
        return rc;
    }
    int64_t own_ns = meter_cpu_ns(worker), server_ns = server > 0 ? meter_cpu_ns(server) : -1;
    long sleeps = sleeps_of(worker);
    rc = pause_us((int64_t)bench->options.seconds * 1000000, err);
    if (rc != 0) {
        return rc;
    }
    figures_add(figures, "wakeups_per_s", (double)(sleeps_of(worker) - sleeps) / seconds);
    figures_add(figures, "own_cpu_us_per_s",
                (double)(meter_cpu_ns(worker) - own_ns) / 1e3 / seconds);
    if (server_ns >= 0) {
        figures_add(figures, "server_cpu_us_per_s",
                    (double)(meter_cpu_ns(server) - server_ns) / 1e3 / seconds);
    }
    figures_add(figures, "resident_mb", (double)meter_status(worker, "VmRSS:") / 1024);
    figures_add(figures, "peak_mb", (double)meter_status(worker, "VmHWM:") / 1024);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * enqueue, process and e2e. The clock of `process` runs from the first handler to the moment when the last outcome is in
 * the broker (with a backlog, when the last wanted handler began); that of `e2e` starts with the first enqueue call.
 */
#include <config.h>

#include "bench.h"
#include "load.h"
#include "meter.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LOOK_PAUSE_US = 200
};

static int
fill(struct bench *bench, size_t count, weir_error *err)
{
    return load_fill(bench->place.client, bench->place.queues[0], count,
                     (size_t)bench->options.payload, 0, 0, err);
}

static struct load
load_of(const struct bench *bench)
{
    const struct bench_options *options = &bench->options;

    return (struct load){
        .client = bench->place.client,
        .queue = bench->place.queues[0],
        .count = (size_t)options->count,
        .producers = (size_t)options->producers,
        .batch = (size_t)options->batch,
        .payload_len = (size_t)options->payload,
    };
}

int
bench_enqueue(struct bench *bench, weir_error *err)
{
    struct load load = load_of(bench);
    size_t calls = load_calls(&load);
    struct meter meter;

    int rc = fill(bench, (size_t)bench->options.backlog, err);
    if (rc != 0) {
        return rc;
    }
    load.call_ns = figures_array(calls, sizeof *load.call_ns);
    meter_start(&meter, bench->place.server);
    rc = load_run(&load, err);
    if (rc == 0) {
        meter_stop(&meter, meter_now_ns() - meter.start_ns, load.count, &bench->figures);
        figures_add_spread(&bench->figures, "call", load.call_ns, calls);
    }
    free(load.call_ns);
    return rc;
}

/* Waits until the outcomes of all handled tasks are in the broker. */
static int
await_empty(struct place *place, weir_error *err)
{
    const struct timespec pause = {.tv_nsec = LOOK_PAUSE_US * 1000};
    size_t left = 0;

    for (;;) {
        int rc = place_left(place, &left, err);
        if (rc == 0) {
            rc = bench_stopped(err);
        }
        if (rc != 0 || left == 0) {
            return rc;
        }
        nanosleep(&pause, NULL);
    }
}

int
bench_process(struct bench *bench, weir_error *err)
{
    const struct bench_options *options = &bench->options;
    struct server server = {.wanted = (size_t)options->count};
    struct meter meter;

    int rc = fill(bench, (size_t)options->count + (size_t)options->backlog, err);
    if (rc != 0) {
        return rc;
    }
    meter_start(&meter, bench->place.server);
    rc = server_start(&server, &bench->place, NULL, options->concurrency, err);
    if (rc == 0) {
        rc = server_await(&server, err);
    }
    int64_t end_ns = server.last_ns;
    if (rc == 0 && options->backlog == 0) {
        rc = await_empty(&bench->place, err);
        end_ns = meter_now_ns();
    }
    if (rc == 0) {
        meter_stop(&meter, end_ns - server.first_ns, server.wanted, &bench->figures);
    }
    server_end(&server);
    return rc;
}

static void
note_latency(void *arg, const weir_task_info *task, size_t nth)
{
    int64_t *latency_ns = arg;
    struct load_stamp sent;

    memcpy(&sent, task->payload, sizeof sent);
    latency_ns[nth] = meter_now_ns() - sent.value;
}

int
bench_e2e(struct bench *bench, weir_error *err)
{
    const struct bench_options *options = &bench->options;
    struct load load = load_of(bench);
    int64_t *latency_ns = figures_array(load.count, sizeof *latency_ns);
    struct server server = {.wanted = load.count, .each = note_latency, .arg = latency_ns};
    struct meter meter;

    load.timed = 1;
    int rc = server_start(&server, &bench->place, NULL, options->concurrency, err);
    if (rc != 0) {
        goto out;
    }
    meter_start(&meter, bench->place.server);
    rc = load_run(&load, err);
    double loaded_ns = (double)(meter_now_ns() - meter.start_ns);
    if (rc == 0) {
        rc = server_await(&server, err);
    }
    if (rc == 0) {
        rc = await_empty(&bench->place, err);
    }
    if (rc == 0) {
        meter_stop(&meter, meter_now_ns() - meter.start_ns, load.count, &bench->figures);
        figures_add(&bench->figures, "enqueued_per_s", (double)load.count * 1e9 / loaded_ns);
        figures_add_spread(&bench->figures, "wait", latency_ns, load.count);
    }
out:
    server_end(&server);
    free(latency_ns);
    return rc;
}

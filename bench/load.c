/* SPDX-License-Identifier: MIT */
/*
 * Each producer sends an even part of the tasks. All tasks of a call share one payload, as the library copies it.
 */
#include <config.h>

#include "load.h"

#include "bench.h"
#include "figures.h"
#include "meter.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILL_BATCH = 1000
};

struct producer {
    const struct load *load;
    size_t count; /* its part */
    int64_t *call_ns;
    pthread_t thread;
    int rc;
    weir_error err;
};

static size_t
part_of(const struct load *load, size_t producer)
{
    return load->count / load->producers + (producer < load->count % load->producers);
}

static size_t
calls_for(const struct load *load, size_t count)
{
    return (count + load->batch - 1) / load->batch;
}

size_t
load_calls(const struct load *load)
{
    size_t calls = 0;

    for (size_t i = 0; i < load->producers; i++) {
        calls += calls_for(load, part_of(load, i));
    }
    return calls;
}

static void *
produce(void *arg)
{
    struct producer *self = arg;
    const struct load *load = self->load;
    struct load_stamp *payload = figures_array(1, load->payload_len + sizeof *payload);
    weir_task *tasks = figures_array(load->batch, sizeof *tasks);

    for (size_t i = 0; i < load->batch; i++) {
        tasks[i].type = "bench";
        tasks[i].queue = load->queue;
        tasks[i].payload = payload;
        tasks[i].payload_len = load->payload_len;
        tasks[i].process_at_ms = load->process_at_ms;
    }
    memset(payload, 'x', load->payload_len);
    for (size_t sent = 0, call = 0; sent < self->count && self->rc == 0; call++) {
        size_t n = self->count - sent < load->batch ? self->count - sent : load->batch;
        int64_t start_ns = meter_now_ns();
        payload->value = load->timed ? start_ns : load->stamp_value;
        self->rc = load->batch == 1 ? weir_enqueue(load->client, tasks, NULL, &self->err)
                                    : weir_enqueue_many(load->client, tasks, n, NULL, &self->err);
        if (self->call_ns != NULL) {
            self->call_ns[call] = meter_now_ns() - start_ns;
        }
        if (self->rc == 0) {
            self->rc = bench_stopped(&self->err);
        }
        sent += n;
    }
    free(tasks);
    free(payload);
    return NULL;
}

int
load_run(const struct load *load, weir_error *err)
{
    struct producer *all = figures_array(load->producers, sizeof *all);
    int64_t *call_ns = load->call_ns;
    size_t started = 0;
    int rc = 0;

    for (size_t i = 0; i < load->producers; i++) {
        all[i].load = load;
        all[i].count = part_of(load, i);
        all[i].call_ns = call_ns;
        call_ns += call_ns != NULL ? calls_for(load, all[i].count) : 0;
    }
    /* The last part is this thread's own. */
    while (started + 1 < load->producers &&
           pthread_create(&all[started].thread, NULL, produce, &all[started]) == 0) {
        started++;
    }
    if (started + 1 < load->producers) {
        rc = weir_error_set(err, WEIR_E_NOMEM, "cannot start a thread");
    } else {
        produce(&all[load->producers - 1]);
    }
    for (size_t i = 0; i < started; i++) {
        pthread_join(all[i].thread, NULL);
    }
    for (size_t i = 0; i < load->producers && rc == 0; i++) {
        if (all[i].rc != 0) {
            rc = weir_error_set(err, all[i].rc, "%s", all[i].err.text);
        }
    }
    free(all);
    return rc;
}

int
load_fill(weir_client *client, const char *queue, size_t count, size_t payload_len,
          int64_t stamp_value, int64_t process_at_ms, weir_error *err)
{
    struct load load = {
        .client = client,
        .queue = queue,
        .count = count,
        .producers = 1,
        .batch = FILL_BATCH,
        .payload_len = payload_len,
        .stamp_value = stamp_value,
        .process_at_ms = process_at_ms,
    };

    return load_run(&load, err);
}

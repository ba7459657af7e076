/* SPDX-License-Identifier: MIT */
/*
 * fairness: ten queues with the weights 1 to 10, none of which runs empty. Looked at is which queues the first `count`
 * tasks came from: shares_off_pp is the distance, in percentage points, of the worst queue from its share.
 */
#include <config.h>

#include "bench.h"
#include "load.h"
#include "meter.h"
#include "server.h"

#include <math.h>
#include <string.h>

enum {
    WEIGHTS = 55, /* 1 + 2 + ... + 10 */
    SPARE = 2000  /* what a queue has more than its share */
};

static void
note_queue(void *arg, const weir_task_info *task, size_t nth)
{
    atomic_size_t *counts = arg;
    struct load_stamp stamp;

    (void)nth;
    memcpy(&stamp, task->payload, sizeof stamp);
    atomic_fetch_add(&counts[stamp.value], 1);
}

static double
worst_of(atomic_size_t *counts, size_t sum)
{
    double worst = 0;

    for (size_t i = 0; i < PLACE_QUEUES; i++) {
        double share = (double)atomic_load(&counts[i]) / (double)sum;
        worst = fmax(worst, fabs(share - (double)(i + 1) / WEIGHTS));
    }
    return 100 * worst;
}

int
bench_fairness(struct bench *bench, weir_error *err)
{
    const struct bench_options *options = &bench->options;
    struct place *place = &bench->place;
    atomic_size_t counts[PLACE_QUEUES] = {0};
    int weights[PLACE_QUEUES];
    struct server server = {.wanted = (size_t)options->count, .each = note_queue, .arg = counts};
    struct meter meter;
    int rc = 0;

    for (size_t i = 0; i < PLACE_QUEUES && rc == 0; i++) {
        weights[i] = (int)i + 1;
        rc = load_fill(place->client, place->queues[i],
                       server.wanted * (i + 1) * 11 / (WEIGHTS * 10) + SPARE,
                       (size_t)options->payload, (int64_t)i, 0, err);
    }
    if (rc != 0) {
        return rc;
    }
    meter_start(&meter, place->server);
    rc = server_start(&server, place, weights, options->concurrency, err);
    if (rc == 0) {
        rc = server_await(&server, err);
    }
    if (rc == 0) {
        meter_stop(&meter, server.last_ns - server.first_ns, server.wanted, &bench->figures);
        figures_add(&bench->figures, "shares_off_pp", worst_of(counts, server.wanted));
    }
    server_end(&server);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * Enqueues many tasks, by one thread or several.
 */
#ifndef WEIR_BENCH_LOAD_H
#define WEIR_BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>
#include <weir.h>

/* The first bytes of each payload. */
struct load_stamp {
    int64_t value; /* load.stamp_value, or the time of the call where load.timed */
};

struct load {
    weir_client *client;
    const char *queue;
    size_t count;
    size_t producers;
    size_t batch; /* tasks of a call; 1 is weir_enqueue() */
    size_t payload_len;
    int64_t stamp_value;
    int timed;
    int64_t process_at_ms; /* 0: at once */
    int64_t *call_ns;      /* NULL, or what each call took: room for load_calls() of them */
};

/* How many calls it takes. */
size_t load_calls(const struct load *load);

/* Returns when all tasks are acknowledged. */
int load_run(const struct load *load, weir_error *err);

/* The same with one thread and big batches, and without measuring: what is to be there before. */
int load_fill(weir_client *client, const char *queue, size_t count, size_t payload_len,
              int64_t stamp_value, int64_t process_at_ms, weir_error *err);

#endif

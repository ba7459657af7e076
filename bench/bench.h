/* SPDX-License-Identifier: MIT */
/*
 * weir-bench: measures a broker through the public API. A scenario is one row of a table (main.c) and one
 * function, which is called once for each run and adds its figures; the medians of all runs are printed.
 *
 *   rate.c    enqueue, process, e2e: tasks per second and what one costs
 *   order.c   fairness: the shares of weighted queues
 *   idle.c    latency, scheduled, idle: what a worker in another process does when there is little to do
 */
#ifndef WEIR_BENCH_H
#define WEIR_BENCH_H

#include "figures.h"
#include "place.h"

#include <stdbool.h>
#include <stdint.h>

struct apart;

/* The options; what was not given is 0 until the scenario's defaults are filled in. */
struct bench_options {
    const char *broker;
    int count;       /* tasks that are measured */
    int concurrency; /* handlers of the worker */
    int producers;   /* threads that enqueue */
    int batch;       /* tasks of one enqueue call */
    int payload;     /* bytes of a task's payload */
    int backlog;     /* tasks that are there before */
    int runs;
    int seconds; /* of idleness */
    int server_pid;
    bool json;
    bool help;
    bool version;
};

struct bench {
    struct bench_options options;
    struct place place;
    struct apart *apart; /* the worker in another process, where the scenario has one */
    struct figures figures;
    bool started; /* the first run has begun: what lasts for all runs is there */
};

typedef int (*bench_fn)(struct bench *bench, weir_error *err);

int bench_enqueue(struct bench *bench, weir_error *err);
int bench_process(struct bench *bench, weir_error *err);
int bench_e2e(struct bench *bench, weir_error *err);
int bench_fairness(struct bench *bench, weir_error *err);
int bench_latency(struct bench *bench, weir_error *err);
int bench_scheduled(struct bench *bench, weir_error *err);
int bench_idle(struct bench *bench, weir_error *err);

/* Waits for a semaphore; ends early with an error when the program was told to stop (SIGINT, SIGTERM), or when
 * `progress` stays the same for a minute. */
int bench_await(void *semaphore, size_t (*progress)(void *arg), void *arg, weir_error *err);

/* WEIR_E_CANCELED once the program was told to stop, else 0. */
int bench_stopped(weir_error *err);

#endif

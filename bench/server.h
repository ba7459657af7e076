/* SPDX-License-Identifier: MIT */
/*
 * A server with a handler that does nothing but count, in this process.
 */
#ifndef WEIR_BENCH_SERVER_H
#define WEIR_BENCH_SERVER_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <weir.h>

struct place;

/* Called for each of the first `wanted` tasks; `nth` counts from 0. Any worker thread. */
typedef void (*server_fn)(void *arg, const weir_task_info *task, size_t nth);

struct server {
    weir_mux *mux;
    weir_server *server;
    size_t wanted;
    server_fn each; /* NULL: nothing */
    void *arg;
    atomic_size_t handled;
    int64_t first_ns; /* when the first handler began */
    int64_t last_ns;  /* when handler number `wanted` did */
    sem_t done;       /* posted then */
};

/* Starts; weights may be NULL (1 for each queue of the place). */
int server_start(struct server *server, struct place *place, const int *weights, int concurrency,
                 weir_error *err);

/* Waits until `wanted` tasks were handled. */
int server_await(struct server *server, weir_error *err);

/* Stops and frees. */
void server_end(struct server *server);

#endif

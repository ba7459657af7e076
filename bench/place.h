/* SPDX-License-Identifier: MIT */
/*
 * Where a benchmark takes place: a broker, and queues that nobody else has. Their names are random; they must not be there
 * before, and are removed at the end.
 */
#ifndef WEIR_BENCH_PLACE_H
#define WEIR_BENCH_PLACE_H

#include <sys/types.h>
#include <weir.h>

enum {
    PLACE_QUEUES = 10,
    PLACE_NAME_SIZE = 64
};

struct place {
    const char *url;
    char queues[PLACE_QUEUES][PLACE_NAME_SIZE];
    size_t queue_count;
    weir_logger *logger;
    weir_broker *broker;
    weir_client *client;
    weir_inspector *inspector;
    pid_t server; /* the process behind the broker; 0: none, or unknown */
};

/* Names the queues. Opens nothing: a process may still be forked. */
void place_name(struct place *place, const char *url, size_t queue_count);

/* Opens a broker with a logger for warnings; both are closed with place_close(). */
int place_open_broker(struct place *place, weir_error *err);

/* Opens everything. server_pid is what was given by hand, or 0. Errors: those of the broker; WEIR_E_STATE when a
 * queue has tasks already. */
int place_open(struct place *place, pid_t server_pid, weir_error *err);

/* Removes the queues with all that is in them; waits for tasks that are still active. */
int place_clear(struct place *place, weir_error *err);

/* How many tasks of all queues are pending or active. */
int place_left(struct place *place, size_t *left, weir_error *err);

void place_close(struct place *place);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Gathers tasks and enqueues them together.
 */
#ifndef WEIR_CLI_BATCH_H
#define WEIR_CLI_BATCH_H

#include "tally.h"
#include "task_line.h"

#include <weir/client.h>

enum {
    BATCH_TASKS = 500
};

struct batch {
    weir_client *client;
    struct tally *tally;
    struct task_line *lines;
    weir_task *tasks;
    weir_receipt *receipts;
    size_t count;
    size_t bytes;
};

/* Starts an empty batch; ends with batch_release(). WEIR_E_NOMEM. */
int batch_init(struct batch *batch, weir_client *client, struct tally *tally, weir_error *err);

/* Takes a line over; the batch must not be full. */
void batch_add(struct batch *batch, const struct task_line *line);

bool batch_is_full(const struct batch *batch);

/*
 * Enqueues what was gathered and tells the tally of each task. Tasks that are refused by themselves (taken id, taken
 * lock) are no error; a broker that fails is.
 */
int batch_flush(struct batch *batch, weir_error *err);

void batch_release(struct batch *batch);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A batch ends with a number of tasks or of bytes, whichever comes first.
 */
#include <config.h>

#include "batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH_BYTES = 4 * 1024 * 1024
};

int
batch_init(struct batch *batch, weir_client *client, struct tally *tally, weir_error *err)
{
    *batch = (struct batch){.client = client, .tally = tally};
    batch->lines = calloc(BATCH_TASKS, sizeof *batch->lines);
    batch->tasks = calloc(BATCH_TASKS, sizeof *batch->tasks);
    batch->receipts = calloc(BATCH_TASKS, sizeof *batch->receipts);
    if (batch->lines == NULL || batch->tasks == NULL || batch->receipts == NULL) {
        batch_release(batch);
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    return 0;
}

void
batch_add(struct batch *batch, const struct task_line *line)
{
    batch->lines[batch->count] = *line;
    batch->tasks[batch->count] = line->task;
    batch->bytes += line->task.payload_len;
    batch->count++;
}

bool
batch_is_full(const struct batch *batch)
{
    return batch->count == BATCH_TASKS || batch->bytes >= BATCH_BYTES;
}

static bool
is_refusal(int code)
{
    return code == WEIR_E_CONFLICT || code == WEIR_E_DUPLICATE || code == WEIR_E_INVALID ||
           code == WEIR_E_TOO_BIG;
}

static void
empty(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        task_line_release(&batch->lines[i]);
    }
    batch->count = 0;
    batch->bytes = 0;
}

/* Returns the first code that means more than one task. */
static int
count_receipts(struct batch *batch)
{
    int failure = 0;

    for (size_t i = 0; i < batch->count; i++) {
        int code = batch->receipts[i].code;
        tally_receipt(batch->tally, batch->lines[i].number, &batch->tasks[i], &batch->receipts[i]);
        if (failure == 0 && code != 0 && !is_refusal(code)) {
            failure = code;
        }
    }
    fflush(stdout);
    return failure;
}

int
batch_flush(struct batch *batch, weir_error *err)
{
    weir_error why = {0};

    if (batch->count == 0) {
        return 0;
    }
    int rc = weir_enqueue_many(batch->client, batch->tasks, batch->count, batch->receipts, &why);
    int failure = count_receipts(batch);
    empty(batch);
    if (failure == 0) {
        return 0;
    }
    /* The text is about the first task that was not taken, which may have been refused by itself. */
    return weir_error_set(err, failure, "%s", rc == failure ? why.text : weir_strerror(failure));
}

void
batch_release(struct batch *batch)
{
    empty(batch);
    free(batch->lines);
    free(batch->tasks);
    free(batch->receipts);
    memset(batch, 0, sizeof *batch);
}

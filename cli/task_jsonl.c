/* SPDX-License-Identifier: MIT */
/*
 * Lines are checked one by one and enqueued in batches. A batch goes out when it is full, when the input pauses
 * (a pipe whose writer thinks), at the end, and before a bad line stops everything: what stands before that line is
 * enqueued, nothing behind it is.
 */
#include <config.h>

#include "task_jsonl.h"

#include "batch.h"
#include "command.h"
#include "lines.h"

#include <string.h>

struct import {
    const struct jsonl_options *options;
    struct lines lines;
    struct tally tally;
    struct batch batch;
};

static bool
is_blank(const char *text, size_t len)
{
    while (len > 0 && (*text == ' ' || *text == '\t' || *text == '\r')) {
        text++;
        len--;
    }
    return len == 0;
}

/* Returns 0, also for a bad line that is to be left out; COMMAND_FAILED for one that stops everything. */
static int
take_line(struct import *import, const char *text, size_t len)
{
    struct task_line line;
    weir_error why = {0};

    int rc = task_line_parse(&line, text, len, import->options->defaults, &why);
    line.number = import->lines.number;
    if (rc == 0) {
        rc = weir_client_check(import->batch.client, &line.task, &why);
    }
    if (rc == 0) {
        batch_add(&import->batch, &line);
        return 0;
    }
    tally_bad(&import->tally, line.number, &why);
    task_line_release(&line);
    return import->options->go_on ? 0 : COMMAND_FAILED;
}

static int
read_all(struct import *import, weir_error *err)
{
    char *text;
    size_t len;

    for (;;) {
        int rc = lines_next(&import->lines, &text, &len, err);
        if (rc != 0 || text == NULL) {
            return rc;
        }
        int taken = is_blank(text, len) ? 0 : take_line(import, text, len);
        if (taken != 0) {
            return taken;
        }
        if (batch_is_full(&import->batch) || lines_would_wait(&import->lines)) {
            rc = batch_flush(&import->batch, err);
            tally_progress(&import->tally);
        }
        if (rc != 0) {
            return rc;
        }
    }
}

static int
import_all(struct import *import, weir_error *err)
{
    int rc = read_all(import, err);

    import->tally.stopped = rc == COMMAND_FAILED;
    /* A file that cannot be read on, or a bad line: what came before it still counts. */
    int flushed = import->batch.count > 0 ? batch_flush(&import->batch, err) : 0;
    tally_print(&import->tally);
    if (rc < 0 || flushed < 0) {
        return rc < 0 ? rc : flushed;
    }
    return rc == 0 && tally_is_clean(&import->tally) ? 0 : COMMAND_FAILED;
}

int
task_jsonl(struct session *session, const struct jsonl_options *options, weir_error *err)
{
    struct import import = {.options = options};
    weir_client *client;

    int rc = session_client(session, &client, err);
    if (rc != 0) {
        return rc;
    }
    rc = lines_open(&import.lines, options->path, err);
    if (rc != 0) {
        return rc;
    }
    tally_init(&import.tally, session->json);
    rc = batch_init(&import.batch, client, &import.tally, err);
    if (rc == 0) {
        rc = import_all(&import, err);
        batch_release(&import.batch);
    }
    lines_close(&import.lines);
    return rc;
}

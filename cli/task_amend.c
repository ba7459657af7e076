/* SPDX-License-Identifier: MIT */
/*
 * weir task reschedule, update: changes to waiting tasks.
 */
#include <config.h>

#include "payload.h"
#include "task_fields.h"
#include "task_ids.h"

#include <stdlib.h>
#include <string.h>

struct reschedule_options {
    struct task_ids ids;
    weir_task times; /* what task_set_in() and task_set_at() fill */
};

static int
set_in(void *into, const char *value, weir_error *err)
{
    struct reschedule_options *options = into;

    return task_set_in(&options->times, value, err);
}

static int
set_at(void *into, const char *value, weir_error *err)
{
    struct reschedule_options *options = into;

    return task_set_at(&options->times, value, err);
}

static int
reschedule(weir_inspector *inspector, const char *queue, const char *id, void *arg, weir_error *err)
{
    return weir_reschedule_task(inspector, queue, id, *(const int64_t *)arg, err);
}

static int
task_reschedule(struct session *session, void *into, char **words, int count, weir_error *err)
{
    const struct reschedule_options *options = into;
    const weir_task *times = &options->times;
    weir_inspector *inspector;

    if ((times->process_in_ms != 0) == (times->process_at_ms != 0)) {
        return weir_error_set(err, WEIR_E_INVALID, "give one of --in and --at");
    }
    int rc = session_steer(session, &inspector, err);
    if (rc != 0) {
        return rc;
    }
    int64_t at_ms = times->process_at_ms != 0 ? times->process_at_ms
                                              : session_now_ms(session) + times->process_in_ms;
    return task_ids_each(session, &options->ids, words, count, "rescheduled", reschedule, &at_ms,
                         err);
}

struct update_options {
    struct task_ids ids;
    const char *payload;
    const char *payload_file;
};

struct payload {
    const char *data;
    size_t len;
};

static int
update(weir_inspector *inspector, const char *queue, const char *id, void *arg, weir_error *err)
{
    const struct payload *payload = arg;

    return weir_update_task(inspector, queue, id, payload->data, payload->len, err);
}

static int
task_update(struct session *session, void *into, char **words, int count, weir_error *err)
{
    const struct update_options *options = into;
    struct payload payload = {options->payload, 0};
    char *read = NULL;
    int rc = 0;

    if ((options->payload != NULL) == (options->payload_file != NULL)) {
        return weir_error_set(err, WEIR_E_INVALID, "give one of --payload and --payload-file");
    }
    if (options->payload != NULL) {
        payload.len = strlen(options->payload);
    } else {
        rc = payload_read(options->payload_file, &read, &payload.len, err);
        payload.data = read;
    }
    if (rc == 0) {
        rc = task_ids_each(session, &options->ids, words, count, "updated", update, &payload, err);
    }
    free(read);
    return rc;
}

static const struct option_row reschedule_rows[] = {
    TASK_IDS_ROWS,
    {"in", 0, OPTION_CALL, 0, "TIME", "not before so much time is over (10m)", set_in},
    {"at", 0, OPTION_CALL, 0, "WHEN", "not before that time (2006-01-02T15:04:05Z)", set_at},
};

static const struct option_row update_rows[] = {
    TASK_IDS_ROWS,
    {"payload", 'l', OPTION_TEXT, offsetof(struct update_options, payload), "TEXT",
     "the new payload", NULL},
    {"payload-file", 0, OPTION_TEXT, offsetof(struct update_options, payload_file), "FILE",
     "a file with the new payload; - is standard input", NULL},
};

const struct command command_task_reschedule = {
    .noun = "task",
    .verb = "reschedule",
    .words = "ID...",
    .max_words = -1,
    .summary = "Give scheduled and retry tasks another time",
    .details = "A time that is past means as soon as possible.",
    .rows = reschedule_rows,
    .row_count = sizeof reschedule_rows / sizeof reschedule_rows[0],
    .options_size = sizeof(struct reschedule_options),
    .run = task_reschedule,
};

const struct command command_task_update = {
    .noun = "task",
    .verb = "update",
    .words = "ID...",
    .max_words = -1,
    .summary = "Give pending, scheduled and retry tasks another payload",
    .details = "A uniqueness lock stays that of the old payload.",
    .rows = update_rows,
    .row_count = sizeof update_rows / sizeof update_rows[0],
    .options_size = sizeof(struct update_options),
    .run = task_update,
};

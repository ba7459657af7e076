/* SPDX-License-Identifier: MIT */
/*
 * weir task enqueue: one task from the command line. With --from-jsonl the same options are the defaults for the
 * lines of a file.
 */
#include <config.h>

#include "command.h"
#include "json_out.h"
#include "payload.h"
#include "task_fields.h"
#include "task_jsonl.h"

#include <stdlib.h>
#include <string.h>

struct enqueue_options {
    weir_task task; /* first: the setters of task_fields.h get a pointer to it */
    const char *payload;
    const char *payload_file;
    const char *jsonl;
    bool on_error_given;
    bool go_on;
    weir_header headers[WEIR_HEADER_MAX];
};

static int
set_header(void *into, const char *value, weir_error *err)
{
    struct enqueue_options *options = into;
    weir_task *task = &options->task;
    char *equals = strchr(value, '=');

    if (equals == NULL || equals == value) {
        return weir_error_set(err, WEIR_E_INVALID, "\"%.100s\" is not of the form NAME=VALUE",
                              value);
    }
    if (task->header_count == WEIR_HEADER_MAX) {
        return weir_error_set(err, WEIR_E_INVALID, "more than %d", WEIR_HEADER_MAX);
    }
    *equals = '\0';
    options->headers[task->header_count++] = (weir_header){value, equals + 1};
    task->headers = options->headers;
    return 0;
}

static int
set_on_error(void *into, const char *value, weir_error *err)
{
    struct enqueue_options *options = into;

    options->on_error_given = true;
    options->go_on = strcmp(value, "continue") == 0;
    if (!options->go_on && strcmp(value, "stop") != 0) {
        return weir_error_set(err, WEIR_E_INVALID, "\"%.100s\" is neither stop nor continue",
                              value);
    }
    return 0;
}

static int
print_receipt(const struct session *session, const weir_task *task, const weir_receipt *receipt,
              weir_error *err)
{
    if (!session->json) {
        puts(receipt->id);
        return 0;
    }
    json_t *object = json_object();
    json_object_set_new(object, "id", json_out_text(receipt->id));
    json_object_set_new(object, "queue",
                        json_out_text(task->queue != NULL ? task->queue : WEIR_DEFAULT_QUEUE));
    json_object_set_new(object, "type", json_out_text(task->type));
    json_object_set_new(object, "state", json_out_text(weir_state_name(receipt->state)));
    json_object_set_new(object, "next_process_at", json_out_time(receipt->process_at_ms));
    return json_out_print(object, err);
}

static int
enqueue_one(struct session *session, const weir_task *task, weir_error *err)
{
    weir_receipt receipt;
    weir_client *client;

    int rc = session_client(session, &client, err);
    if (rc == 0) {
        session_about(session, "id", task->id);
        rc = weir_enqueue(client, task, &receipt, err);
    }
    return rc != 0 ? rc : print_receipt(session, task, &receipt, err);
}

static int
check_options(const struct enqueue_options *options, weir_error *err)
{
    int sources = (options->payload != NULL) + (options->payload_file != NULL);

    if (sources + (options->jsonl != NULL) > 1) {
        return weir_error_set(err, WEIR_E_INVALID,
                              "--payload, --payload-file and --from-jsonl exclude each other");
    }
    if (options->task.process_at_ms != 0 && options->task.process_in_ms != 0) {
        return weir_error_set(err, WEIR_E_INVALID, "--in and --at exclude each other");
    }
    if (options->on_error_given && options->jsonl == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "--on-error is for --from-jsonl");
    }
    if (options->jsonl != NULL && options->task.id != NULL) {
        return weir_error_set(err, WEIR_E_INVALID,
                              "--id and --from-jsonl exclude each other: each line is a task with "
                              "an \"id\" of its own");
    }
    if (options->jsonl == NULL && options->task.type == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "--type is missing");
    }
    return 0;
}

static int
task_enqueue(struct session *session, void *into, char **words, int count, weir_error *err)
{
    struct enqueue_options *options = into;
    weir_task *task = &options->task;
    char *data = NULL;

    (void)words;
    (void)count;
    int rc = check_options(options, err);
    if (rc != 0) {
        return rc;
    }
    if (options->jsonl != NULL) {
        struct jsonl_options jsonl = {options->jsonl, options->go_on, task};
        return task_jsonl(session, &jsonl, err);
    }
    if (options->payload_file != NULL) {
        rc = payload_read(options->payload_file, &data, &task->payload_len, err);
        task->payload = data;
    } else if (options->payload != NULL) {
        task->payload = options->payload;
        task->payload_len = strlen(options->payload);
    }
    if (rc == 0) {
        rc = enqueue_one(session, task, err);
    }
    free(data);
    return rc;
}

#define FIELD(name) offsetof(struct enqueue_options, name)

static const struct option_row rows[] = {
    {"type", 't', OPTION_CALL, 0, "TYPE", "what kind of task it is (email:deliver)", task_set_type},
    {"payload", 'l', OPTION_TEXT, FIELD(payload), "TEXT", "the payload", NULL},
    {"payload-file", 0, OPTION_TEXT, FIELD(payload_file), "FILE",
     "a file with the payload; - is standard input", NULL},
    {"from-jsonl", 0, OPTION_TEXT, FIELD(jsonl), "FILE",
     "enqueue every line of a file; - is standard input", NULL},
    {"on-error", 0, OPTION_CALL, 0, "WHAT", "at a bad line: stop (the default) or continue",
     set_on_error},
    {"queue", 'q', OPTION_CALL, 0, "QUEUE", "the queue (default: default)", task_set_queue},
    {"id", 'i', OPTION_CALL, 0, "ID", "the task's id (default: a new one)", task_set_id},
    {"in", 0, OPTION_CALL, 0, "TIME", "not before so much time is over (10m)", task_set_in},
    {"at", 0, OPTION_CALL, 0, "WHEN", "not before that time (2006-01-02T15:04:05Z)", task_set_at},
    {"max-retry", 'r', OPTION_CALL, 0, "N", "how often to try again (default: 25)",
     task_set_max_retry},
    {"timeout", 0, OPTION_CALL, 0, "TIME",
     "of one attempt (default: 30m, none with --deadline; 0: none)", task_set_timeout},
    {"deadline", 0, OPTION_CALL, 0, "WHEN", "not after that time", task_set_deadline},
    {"retention", 0, OPTION_CALL, 0, "TIME",
     "keep it so long once it succeeded (default: not at all)", task_set_retention},
    {"archive-for", 0, OPTION_CALL, 0, "TIME",
     "keep it so long once it is archived (default: as the servers\nare told, 90 days)",
     task_set_archive_for},
    {"unique", 'u', OPTION_CALL, 0, "TIME",
     "refuse the same type and payload in this queue for so long,\nor until it succeeded",
     task_set_unique},
    {"group", 'g', OPTION_CALL, 0, "GROUP", "wait in this group to be aggregated", task_set_group},
    {"header", 'H', OPTION_CALL, 0, "NAME=VALUE", "text that travels with the task; repeatable",
     set_header},
    /* As the asynq command spells them. */
    {"type_name", 0, OPTION_CALL, 0, "TYPE", NULL, task_set_type},
    {"retry", 0, OPTION_CALL, 0, "N", NULL, task_set_max_retry},
    {"process_at", 0, OPTION_CALL, 0, "WHEN", NULL, task_set_at},
    {"process_in", 0, OPTION_CALL, 0, "TIME", NULL, task_set_in},
};

const struct command command_task_enqueue = {
    .noun = "task",
    .verb = "enqueue",
    .words = "",
    .summary = "Put a task into a queue and print its id, or all tasks of a JSONL file",
    .details =
        "With --from-jsonl the other options are defaults for what a line does not say. A line:\n"
        "  {\"type\":\"email:deliver\",\"payload\":{\"user_id\":42},\"queue\":\"low\",\"in\":\"10m\"}\n"
        "Keys: type, payload (a string is stored as its bytes, another value as compact JSON),\n"
        "payload_base64, queue, id, group, in, at, max_retry, timeout, deadline, retention,\n"
        "archive_for, unique, headers. Blank lines are skipped. With --on-error stop nothing behind\n"
        "a bad line is enqueued; what stands before it is.",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .options_size = sizeof(struct enqueue_options),
    .run = task_enqueue,
};

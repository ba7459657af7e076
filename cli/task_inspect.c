/* SPDX-License-Identifier: MIT */
/*
 * weir task inspect: one task by its id.
 */
#include <config.h>

#include "command.h"
#include "json_out.h"
#include "task_find.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

enum {
    SHOWN_MAX = 4096 /* bytes of a payload or result */
};

struct inspect_options {
    const char *queue;
    const char *id;
};

static void
print_line(const char *name, const char *value)
{
    printf("%-15s%s\n", name, value);
}

static void
print_bytes(const char *name, const void *data, size_t len)
{
    char size[TEXT_SIZE];

    if (data == NULL) {
        return;
    }
    char *shown = text_shown(data, len, SHOWN_MAX);
    printf("%-15s%s (%s)\n", name, shown != NULL ? shown : "?", text_bytes(size, (int64_t)len));
    free(shown);
}

static void
print_text(const char *name, const char *text)
{
    if (text == NULL) {
        return;
    }
    char *shown = text_shown(text, strlen(text), SHOWN_MAX);
    print_line(name, shown != NULL ? shown : "?");
    free(shown);
}

static void
print_times(const weir_task_info *task, int64_t now_ms)
{
    const struct {
        const char *name;
        int64_t at_ms;
    } times[] = {
        {"enqueued:", task->enqueued_at_ms},         {"pending since:", task->pending_since_ms},
        {"due:", task->next_process_at_ms},          {"state since:", task->state_since_ms},
        {"lease until:", task->lease_expires_at_ms}, {"deadline:", task->deadline_ms},
        {"last failed:", task->last_failed_at_ms},
    };
    char text[TEXT_SIZE];

    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (times[i].at_ms != 0) {
            print_line(times[i].name, text_time(text, times[i].at_ms, now_ms));
        }
    }
}

static void
print_task(const weir_task_info *task, int64_t now_ms)
{
    char text[TEXT_SIZE];

    print_text("id:", task->id);
    print_text("queue:", task->queue);
    print_text("type:", task->type);
    printf("%-15s%s%s\n", "state:", weir_state_name(task->state),
           task->is_orphaned ? " (orphaned: its lease has ended)" : "");
    printf("%-15s%d of %d\n", "retried:", task->retried, task->max_retry);
    print_times(task, now_ms);
    print_line("timeout:", text_limit(text, task->timeout_ms));
    print_line("retention:", text_limit(text, task->retention_ms));
    if (task->archive_for_ms > 0) {
        print_line("archive for:", text_limit(text, task->archive_for_ms));
    }
    print_text("group:", task->group);
    print_text("unique key:", task->unique_key);
    for (size_t i = 0; i < task->header_count; i++) {
        char *name = text_shown(task->headers[i].name, strlen(task->headers[i].name), SHOWN_MAX);
        char *value = text_shown(task->headers[i].value, strlen(task->headers[i].value), SHOWN_MAX);
        printf("%-15s%s: %s\n", "header:", name != NULL ? name : "?", value != NULL ? value : "?");
        free(name);
        free(value);
    }
    print_bytes("payload:", task->payload, task->payload_len);
    print_text("last error:", task->last_error);
    print_bytes("result:", task->result, task->result_len);
}

static int
show(struct session *session, const weir_task_list *list, weir_error *err)
{
    if (session->json) {
        return json_out_print(json_out_task(list->items[0]), err);
    }
    print_task(list->items[0], session_now_ms(session));
    return 0;
}

static int
task_inspect(struct session *session, void *into, char **words, int count, weir_error *err)
{
    const struct inspect_options *options = into;
    const char *id = options->id != NULL ? options->id : count > 0 ? words[0] : NULL;
    weir_inspector *inspector;
    weir_task_list *found;

    if (id == NULL || (options->id != NULL && count > 0)) {
        return weir_error_set(err, WEIR_E_INVALID, "give one task id");
    }
    int rc = session_inspector(session, &inspector, err);
    if (rc == 0) {
        session_about(session, "id", id);
        rc = task_find(inspector, options->queue, id, &found, err);
    }
    if (rc == 0) {
        rc = show(session, found, err);
        weir_task_list_free(found);
    }
    return rc;
}

static const struct option_row rows[] = {
    {"queue", 'q', OPTION_TEXT, offsetof(struct inspect_options, queue), "QUEUE",
     "the task's queue (default: look into all)", NULL},
    {"id", 'i', OPTION_TEXT, offsetof(struct inspect_options, id), "ID",
     "the task, instead of an argument", NULL},
};

const struct command command_task_inspect = {
    .noun = "task",
    .verb = "inspect",
    .words = "ID",
    .max_words = 1,
    .summary = "Show all there is to know of a task",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .options_size = sizeof(struct inspect_options),
    .run = task_inspect,
};

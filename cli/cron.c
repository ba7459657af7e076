/* SPDX-License-Identifier: MIT */
/*
 * weir cron: the periodic tasks, and what they enqueued.
 */
#include <config.h>

#include "command.h"
#include "json_out.h"
#include "table.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 200 /* bytes of a payload */

struct history_options {
    int page;
    int size;
};

/* ---- ls ---- */

static json_t *
entry_json(const weir_periodic_info *entry)
{
    json_t *object = json_object(), *options = json_array();

    for (size_t i = 0; i < entry->option_count; i++) {
        json_array_append_new(options, json_out_text(entry->options[i]));
    }
    json_object_set_new(object, "id", json_out_text(entry->id));
    json_object_set_new(object, "spec", json_out_text(entry->spec));
    json_object_set_new(object, "task_type", json_out_text(entry->type));
    json_out_bytes(object, "task_payload", entry->payload, entry->payload_len);
    json_object_set_new(object, "queue", json_out_text(entry->queue));
    json_object_set_new(object, "options", options);
    json_object_set_new(object, "next", json_out_time(entry->next_at_ms));
    json_object_set_new(object, "prev", json_out_time(entry->prev_at_ms));
    return object;
}

static int
print_entries_json(const weir_periodic_list *list, weir_error *err)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++) {
        json_array_append_new(array, entry_json(list->items[i]));
    }
    return json_out_print(array, err);
}

static char *
options_text(const weir_periodic_info *entry, char *dst, size_t size)
{
    size_t len = 0;

    dst[0] = '\0';
    for (size_t i = 0; i < entry->option_count && len < size; i++) {
        len +=
            (size_t)snprintf(dst + len, size - len, "%s%s", i > 0 ? ", " : "", entry->options[i]);
    }
    return dst;
}

static int
print_entries(const weir_periodic_list *list, int64_t now_ms)
{
    static const struct table_column columns[] = {
        {"ENTRY ID", false, false}, {"SPEC", false, false},   {"TYPE", false, true},
        {"PAYLOAD", false, true},   {"OPTIONS", false, true}, {"NEXT", true, false},
        {"PREV", true, false},
    };
    struct table table;
    char text[TEXT_SIZE], options[500];

    table_init(&table, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < list->count; i++) {
        const weir_periodic_info *entry = list->items[i];
        size_t len = entry->payload_len < SHOWN_MAX ? entry->payload_len : SHOWN_MAX;
        table_text(&table, entry->id);
        table_text(&table, entry->spec);
        table_text(&table, entry->type);
        table_bytes(&table, entry->payload != NULL ? entry->payload : "", len);
        table_text(&table, options_text(entry, options, sizeof options));
        table_text(&table, text_relative(text, entry->next_at_ms, now_ms));
        table_text(&table, text_relative(text, entry->prev_at_ms, now_ms));
    }
    return table_print(&table, stdout);
}

static int
cron_ls(struct session *session, void *options, char **words, int count, weir_error *err)
{
    weir_inspector *inspector;
    weir_periodic_list *list;

    (void)options;
    (void)words;
    (void)count;
    int rc = session_inspector(session, &inspector, err);
    if (rc == 0) {
        rc = weir_inspect_periodic(inspector, &list, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (session->json) {
        rc = print_entries_json(list, err);
    } else if (list->count == 0) {
        puts("no periodic tasks");
    } else {
        rc = print_entries(list, session_now_ms(session));
    }
    weir_periodic_list_free(list);
    return rc;
}

/* ---- history ---- */

static json_t *
history_json(const char *id, const weir_tick_list *list)
{
    json_t *object = json_object(), *events = json_array();

    for (size_t i = 0; i < list->count; i++) {
        json_t *event = json_object();
        json_object_set_new(event, "task_id", json_out_text(list->items[i].task_id));
        json_object_set_new(event, "enqueued", json_out_time(list->items[i].enqueued_at_ms));
        json_array_append_new(events, event);
    }
    json_object_set_new(object, "id", json_out_text(id));
    json_object_set_new(object, "events", events);
    return object;
}

static int
print_history(const char *id, const weir_tick_list *list, bool many, int64_t now_ms)
{
    static const struct table_column columns[] = {{"TASK ID", false, false},
                                                  {"ENQUEUED", false, false}};
    struct table table;
    char text[TEXT_SIZE];

    if (many) {
        printf("%s\n", id);
    }
    if (list->count == 0) {
        puts("no history");
        return 0;
    }
    table_init(&table, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < list->count; i++) {
        table_text(&table, list->items[i].task_id);
        table_text(&table, text_time(text, list->items[i].enqueued_at_ms, now_ms));
    }
    return table_print(&table, stdout);
}

static int
is_served(weir_inspector *inspector, const char *id, bool *served, weir_error *err)
{
    weir_periodic_list *list;
    int rc = weir_inspect_periodic(inspector, &list, err);

    *served = false;
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < list->count && !*served; i++) {
        *served = strcmp(list->items[i]->id, id) == 0;
    }
    weir_periodic_list_free(list);
    return 0;
}

/* An entry that enqueued nothing yet is none that does not exist: some server tells of it. */
static int
check_known(weir_inspector *inspector, const char *id, weir_error *err)
{
    weir_tick_list *list;
    bool known;

    int rc = is_served(inspector, id, &known, err);
    if (rc != 0 || known) {
        return rc;
    }
    rc = weir_inspect_ticks(inspector, id, 1, 1, &list, err);
    if (rc != 0) {
        return rc;
    }
    known = list->count > 0; /* but not on the page asked for */
    weir_tick_list_free(list);
    return known ? 0
                 : weir_error_set(err, WEIR_E_NO_TASK,
                                  "no periodic task \"%.200s\": no live server has it, and it has "
                                  "no history",
                                  id);
}

static int
look_up(weir_inspector *inspector, const char *id, const struct history_options *options,
        weir_tick_list **list, weir_error *err)
{
    size_t page = options->page > 0 ? (size_t)options->page : 1;
    size_t size = options->size > 0 ? (size_t)options->size : 30;

    int rc = weir_inspect_ticks(inspector, id, page, size, list, err);
    if (rc != 0 || (*list)->count > 0) {
        return rc;
    }
    rc = check_known(inspector, id, err);
    if (rc != 0) {
        weir_tick_list_free(*list);
    }
    return rc;
}

static int
cron_history(struct session *session, void *into, char **words, int count, weir_error *err)
{
    weir_inspector *inspector;
    json_t *array = json_array();

    int rc = session_inspector(session, &inspector, err);
    for (int i = 0; rc == 0 && i < count; i++) {
        weir_tick_list *list;
        session_about(session, "id", words[i]);
        rc = look_up(inspector, words[i], into, &list, err);
        if (rc != 0) {
            break;
        }
        if (session->json) {
            json_array_append_new(array, history_json(words[i], list));
        } else {
            fputs(i > 0 ? "\n" : "", stdout);
            rc = print_history(words[i], list, count > 1, session_now_ms(session));
        }
        weir_tick_list_free(list);
    }
    if (rc == 0 && session->json) {
        return json_out_print(array, err);
    }
    json_decref(array);
    return rc;
}

static const struct option_row history_rows[] = {
    {"page", 0, OPTION_COUNT, offsetof(struct history_options, page), "N",
     "which page, from 1 (default: 1)", NULL},
    {"size", 0, OPTION_COUNT, offsetof(struct history_options, size), "N",
     "entries on a page (default: 30)", NULL},
};

const struct command command_cron_ls = {
    .noun = "cron",
    .verb = "ls",
    .alias = "list",
    .words = "",
    .summary = "List the periodic tasks of the servers that live",
    .run = cron_ls,
};

const struct command command_cron_history = {
    .noun = "cron",
    .verb = "history",
    .words = "ENTRY-ID...",
    .min_words = 1,
    .max_words = -1,
    .summary = "Show what periodic tasks enqueued, the latest first",
    .details =
        "The last 1000 of each are kept. One that no live server has and that has no history is an error.",
    .rows = history_rows,
    .row_count = sizeof history_rows / sizeof history_rows[0],
    .options_size = sizeof(struct history_options),
    .run = cron_history,
};

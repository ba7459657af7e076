/* SPDX-License-Identifier: MIT */
/*
 * weir group ls: the groups of a queue that have waiting tasks.
 */
#include <config.h>

#include "command.h"
#include "json_out.h"
#include "table.h"
#include "text.h"

struct group_options {
    const char *queue;
};

static int
print_json(const weir_group_list *list, weir_error *err)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++) {
        const weir_group_info *group = &list->items[i];
        json_t *object = json_object();
        json_object_set_new(object, "group", json_out_text(group->name));
        json_object_set_new(object, "size", json_integer((json_int_t)group->size));
        json_object_set_new(object, "type", json_out_text(group->type));
        json_object_set_new(object, "oldest_at", json_out_time(group->oldest_at_ms));
        json_object_set_new(object, "newest_at", json_out_time(group->newest_at_ms));
        json_array_append_new(array, object);
    }
    return json_out_print(array, err);
}

static int
print_table(const weir_group_list *list, int64_t now_ms)
{
    static const struct table_column columns[] = {{"GROUP", false, false},
                                                  {"SIZE", true, false},
                                                  {"TYPE", false, true},
                                                  {"OLDEST", false, false},
                                                  {"NEWEST", false, false}};
    struct table table;
    char text[TEXT_SIZE];

    table_init(&table, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < list->count; i++) {
        const weir_group_info *group = &list->items[i];
        table_text(&table, group->name);
        table_number(&table, (long long)group->size);
        table_text(&table, group->type);
        table_text(&table, text_relative(text, group->oldest_at_ms, now_ms));
        table_text(&table, text_relative(text, group->newest_at_ms, now_ms));
    }
    return table_print(&table, stdout);
}

static int
group_ls(struct session *session, void *into, char **words, int count, weir_error *err)
{
    const struct group_options *options = into;
    const char *queue = options->queue != NULL ? options->queue : WEIR_DEFAULT_QUEUE;
    weir_inspector *inspector;
    weir_group_list *list;

    (void)words;
    (void)count;
    int rc = session_inspector(session, &inspector, err);
    if (rc == 0) {
        session_about(session, "queue", queue);
        rc = weir_inspect_groups(inspector, queue, &list, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (session->json) {
        rc = print_json(list, err);
    } else if (list->count == 0) {
        puts("no groups");
    } else {
        rc = print_table(list, session_now_ms(session));
    }
    weir_group_list_free(list);
    return rc;
}

static const struct option_row rows[] = {
    {"queue", 'q', OPTION_TEXT, offsetof(struct group_options, queue), "QUEUE",
     "the queue (default: default)", NULL},
};

const struct command command_group_ls = {
    .noun = "group",
    .verb = "ls",
    .alias = "list",
    .words = "",
    .summary = "List the groups of a queue that have waiting tasks",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .options_size = sizeof(struct group_options),
    .run = group_ls,
};

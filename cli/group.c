/* SPDX-License-Identifier: MIT */
/*
 * weir group ls: the groups of a queue that have waiting tasks.
 */
#include <config.h>

#include "command.h"
#include "json_out.h"
#include "table.h"

struct group_options {
    const char *queue;
};

static int
print_json(const weir_group_list *list, weir_error *err)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++) {
        json_array_append_new(array, json_out_text(list->items[i].name));
    }
    return json_out_print(array, err);
}

static int
print_table(const weir_group_list *list)
{
    static const struct table_column columns[] = {{"GROUP", false, false}};
    struct table table;

    table_init(&table, columns, 1);
    for (size_t i = 0; i < list->count; i++) {
        table_text(&table, list->items[i].name);
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
        rc = print_table(list);
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

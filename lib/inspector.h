/* SPDX-License-Identifier: MIT */
/*
 * What the inspector's files share.
 */
#ifndef WEIR_LIB_INSPECTOR_H
#define WEIR_LIB_INSPECTOR_H

#include <weir/inspector.h>

struct weir_inspector {
    weir_broker *broker;
};

/* A growing array of pointers; items is to be freed. */
struct weir__pointers {
    void **items;
    size_t count;
    size_t room;
};

/* 0 or WEIR_E_NOMEM. */
int weir__pointers_append(struct weir__pointers *pointers, void *item);

/* An empty list of tasks, or NULL; and one more task at its end, copied: 0 or WEIR_E_NOMEM. */
weir_task_list *weir__task_list_new(void);
int weir__task_list_add(weir_task_list *list, const weir_task_info *task);

#endif

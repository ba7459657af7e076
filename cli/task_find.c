/* SPDX-License-Identifier: MIT */
/*
 * Asks one queue after the other.
 */
#include <config.h>

#include "task_find.h"

static int
find_in(weir_inspector *inspector, const weir_queue_list *queues, const char *id,
        weir_task_list **found, weir_error *err)
{
    *found = NULL;
    for (size_t i = 0; i < queues->count; i++) {
        weir_task_list *list;
        weir_error why = {0};
        int rc = weir_inspect_task(inspector, queues->items[i].name, id, &list, &why);
        if (rc == WEIR_E_NO_TASK || rc == WEIR_E_NO_QUEUE) {
            continue;
        }
        if (rc != 0) {
            return weir_error_set(err, rc, "%s", why.text);
        }
        if (*found != NULL) {
            weir_error_set(err, WEIR_E_INVALID, "%s and %s both have a task %s: use --queue",
                           (*found)->items[0]->queue, queues->items[i].name, id);
            weir_task_list_free(list);
            weir_task_list_free(*found);
            *found = NULL;
            return WEIR_E_INVALID;
        }
        *found = list;
    }
    return *found != NULL ? 0
                          : weir_error_set(err, WEIR_E_NO_TASK, "no task %.200s in any queue", id);
}

int
task_find(weir_inspector *inspector, const char *queue, const char *id, weir_task_list **found,
          weir_error *err)
{
    weir_queue_list *queues;

    if (queue != NULL) {
        return weir_inspect_task(inspector, queue, id, found, err);
    }
    int rc = weir_inspect_queues(inspector, &queues, err);
    if (rc != 0) {
        return rc;
    }
    rc = find_in(inspector, queues, id, found, err);
    weir_queue_list_free(queues);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * Finds a task by its id. An id is unique in its queue; where no queue is named, all are asked and an id that is in
 * several is refused.
 */
#ifndef WEIR_CLI_TASK_FIND_H
#define WEIR_CLI_TASK_FIND_H

#include <weir/inspector.h>

/*
 * Puts the task, as a list of one, into *found, to be freed; queue may be NULL. WEIR_E_NO_QUEUE, WEIR_E_NO_TASK;
 * WEIR_E_INVALID: several queues have it.
 */
int task_find(weir_inspector *inspector, const char *queue, const char *id, weir_task_list **found,
              weir_error *err);

#endif

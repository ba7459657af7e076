/* SPDX-License-Identifier: MIT */
/* Looking into the store in the short forms that cases use. */
#include <config.h>

#include "keep.h"
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>

static int
copy_task(void *arg, const weir_task_info *task)
{
    weir_task_info **copy = arg;

    *copy = weir_task_info_copy(task);
    return *copy != NULL ? 0 : WEIR_E_NOMEM;
}

const weir_task_info *
look(const char *queue, const char *id)
{
    weir_task_info *copy = NULL;

    if (weir__task(store, queue, id, copy_task, &copy, NULL) != 0)
        return NULL;
    return keep_task(copy);
}

weir_state
state_of(const char *queue, const char *id)
{
    const weir_task_info *task = look(queue, id);

    return task != NULL ? task->state : WEIR_STATE_NONE;
}

weir_queue_info
queue_info(const char *queue)
{
    weir_queue_info info = {0};

    OK(weir__queue(store, queue, &info, NULL));
    return info;
}

struct text {
    size_t len;
    char bytes[20000];
};

static int
append_id(void *arg, const weir_task_info *task)
{
    struct text *text = arg;
    int more = snprintf(text->bytes + text->len, sizeof(text->bytes) - text->len, "%s%s",
                        text->len > 0 ? " " : "", task->id);

    text->len += (size_t)more;
    return text->len < sizeof(text->bytes) ? 0 : WEIR_E_TOO_BIG;
}

const char *
ids(const char *queue, weir_state state, const char *group, size_t offset, size_t limit)
{
    static _Thread_local struct text text;

    text.len = 0;
    text.bytes[0] = '\0';
    YES(weir__tasks(store, queue, state, group, offset, limit, append_id, &text, NULL) >= 0);
    return text.bytes;
}

/* How a task that waits in a queue of its own gets from pending to a state. */
static void
finish_into(const char *queue, weir_state state)
{
    weir_claim *claim = take(queue);

    if (!YES(claim != NULL) || state == WEIR_STATE_ACTIVE)
        return;
    if (state == WEIR_STATE_RETRY)
        OK(FINISH(claim, RETRY, .at_ms = now_ms() + HOUR, .counted = true, .error = "no"));
    if (state == WEIR_STATE_ARCHIVED)
        OK(FINISH(claim, ARCHIVE, .error = "no"));
    if (state == WEIR_STATE_COMPLETED)
        OK(FINISH(claim, COMPLETE, .at_ms = now_ms() + HOUR));
}

void
bring_to(const char *queue, const char *id, weir_state state)
{
    if (state == WEIR_STATE_SCHEDULED) {
        OK(PUT(.queue = queue, .id = id, .next_process_at_ms = now_ms() + HOUR));
        return;
    }
    if (state == WEIR_STATE_AGGREGATING) {
        OK(PUT(.queue = queue, .id = id, .group = "g"));
        return;
    }
    OK(PUT(.queue = queue, .id = id));
    if (state != WEIR_STATE_PENDING)
        finish_into(queue, state);
}

/* SPDX-License-Identifier: MIT */
/*
 * Compares the whole store with the model: each queue's numbers, and each state's page with every task on it. The order of
 * a page is compared where the contract gives one without ties: pending.
 */
#include <config.h>

#include "kit.h"
#include "model.h"

#include <stdarg.h>
#include <stdio.h>

struct comparison {
    struct model *model;
    int queue;
    weir_state state;
    size_t seen;
    int64_t last_rank;
    char *why;
    size_t size;
};

static int __attribute__((format(printf, 2, 3)))
differ(struct comparison *c, const char *format, ...)
{
    va_list args;
    int len = snprintf(c->why, c->size, "%s %s: ", model_queue_names[c->queue],
                       weir_state_name(c->state));

    va_start(args, format);
    vsnprintf(c->why + len, c->size - (size_t)len, format, args);
    va_end(args);
    return WEIR_E_INTERNAL;
}

struct field {
    const char *name;
    int64_t found;
    int64_t wanted;
};

static int
compare_fields(struct comparison *c, const char *id, const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fields[i].wanted != MODEL_UNKNOWN && fields[i].found != fields[i].wanted)
            return differ(c, "%s: %s is %" PRId64 ", not %" PRId64, id, fields[i].name,
                          fields[i].found, fields[i].wanted);
    }
    return 0;
}

static int64_t
wanted_since(const struct mtask *task)
{
    bool kept = task->state == WEIR_STATE_ARCHIVED || task->state == WEIR_STATE_COMPLETED;

    return kept ? task->since : MODEL_UNKNOWN;
}

static int
compare_task(void *arg, const weir_task_info *found)
{
    struct comparison *c = arg;
    const struct mtask *task = model_find(c->model, c->queue, found->id);
    bool waits = c->state == WEIR_STATE_SCHEDULED || c->state == WEIR_STATE_RETRY;
    bool pending = c->state == WEIR_STATE_PENDING;

    if (task == NULL || task->state != c->state)
        return differ(c, "%s is there, but should be %s", found->id,
                      task ? weir_state_name(task->state) : "nowhere");
    struct field fields[] = {
        {"state", found->state, c->state},
        {"retried", found->retried, task->retried},
        {"error", found->last_error != NULL, task->has_error},
        {"next_process_at_ms", waits ? found->next_process_at_ms : 0, waits ? task->due : 0},
        {"pending_since_ms", pending ? found->pending_since_ms : 0, pending ? task->since : 0},
        {"state_since_ms", found->state_since_ms, wanted_since(task)},
        {"group", found->group != NULL, task->grouped},
        {"is_orphaned", found->is_orphaned,
         c->state == WEIR_STATE_ACTIVE && task->lease < c->model->boot},
    };

    c->seen++;
    if (pending && c->seen > 1 && task->rank < c->last_rank)
        return differ(c, "%s is at the wrong place", found->id);
    c->last_rank = task->rank;
    return compare_fields(c, found->id, fields, sizeof(fields) / sizeof(fields[0]));
}

static bool
page_agrees(struct comparison *c)
{
    const char *queue = model_queue_names[c->queue];
    size_t wanted = model_count(c->model, c->queue, c->state);
    int code;

    c->seen = 0;
    code = weir__tasks(store, queue, c->state, NULL, 0, 1000, compare_task, c, NULL);
    if (c->why[0] == '\0' && code != 0)
        differ(c, "%s", weir_error_name(code));
    if (c->why[0] == '\0' && c->seen != wanted)
        differ(c, "%zu tasks, not %zu", c->seen, wanted);
    return c->why[0] == '\0';
}

static bool
numbers_agree(struct comparison *c)
{
    const struct mqueue *queue = &c->model->queues[c->queue];
    bool same_day = queue->day == c->model->now / DAY;
    weir_queue_info info = queue_info(model_queue_names[c->queue]);
    size_t counts[] = {0,           info.scheduled, info.aggregating, info.pending,
                       info.active, info.retry,     info.archived,    info.completed};
    struct field fields[] = {
        {"paused", info.paused, queue->paused},
        {"processed_total", info.processed_total, queue->processed},
        {"failed_total", info.failed_total, queue->failed},
        {"processed_today", info.processed_today, same_day ? queue->processed_today : 0},
        {"failed_today", info.failed_today, same_day ? queue->failed_today : 0},
        {"groups", (int64_t)info.groups,
         model_count(c->model, c->queue, WEIR_STATE_AGGREGATING) > 0},
    };

    for (weir_state state = WEIR_STATE_SCHEDULED; state <= WEIR_STATE_COMPLETED; state++) {
        size_t wanted = model_count(c->model, c->queue, state);

        c->state = state;
        if (counts[state] != wanted) {
            differ(c, "counted as %zu, not %zu", counts[state], wanted);
            return false;
        }
    }
    return compare_fields(c, "queue", fields, sizeof(fields) / sizeof(fields[0])) == 0;
}

static bool
queue_agrees(struct comparison *c)
{
    weir_queue_info info;
    int code;

    c->state = WEIR_STATE_NONE;
    if (!c->model->queues[c->queue].exists) {
        code = weir__queue(store, model_queue_names[c->queue], &info, NULL);
        if (code != WEIR_E_NO_QUEUE)
            differ(c, "should not exist: %s", weir_error_name(code));
        return code == WEIR_E_NO_QUEUE;
    }
    if (!numbers_agree(c))
        return false;
    for (c->state = WEIR_STATE_SCHEDULED; c->state <= WEIR_STATE_COMPLETED; c->state++) {
        if (!page_agrees(c))
            return false;
    }
    return true;
}

bool
model_agrees(struct model *model, char *why, size_t size)
{
    struct comparison c = {.model = model, .why = why, .size = size};

    why[0] = '\0';
    model->now = now_ms();
    model->boot = atomic_load(&now.boot_ms);
    for (c.queue = 0; c.queue < MODEL_QUEUES; c.queue++) {
        if (!queue_agrees(&c))
            return false;
    }
    return true;
}

/* SPDX-License-Identifier: MIT */
/* Steps of the random walk that people take. */
#include <config.h>

#include "walk.h"

#include <stdio.h>

/* The states a verb takes tasks from, as bits. */
#define BIT(state) (1u << WEIR_STATE_##state)
static const unsigned from[] = {
    [WEIR_VERB_RUN] = BIT(SCHEDULED) | BIT(AGGREGATING) | BIT(RETRY) | BIT(ARCHIVED) |
                      BIT(COMPLETED),
    [WEIR_VERB_ARCHIVE] = BIT(SCHEDULED) | BIT(AGGREGATING) | BIT(PENDING) | BIT(RETRY),
    [WEIR_VERB_DELETE] = BIT(SCHEDULED) | BIT(AGGREGATING) | BIT(PENDING) | BIT(RETRY) |
                         BIT(ARCHIVED) | BIT(COMPLETED),
};

static void
steer_in_model(struct walk *walk, weir_verb verb, int queue, struct mtask *task)
{
    if (verb == WEIR_VERB_RUN)
        model_to_pending(&walk->model, task);
    if (verb == WEIR_VERB_ARCHIVE)
        model_to_archive(&walk->model, task);
    if (verb == WEIR_VERB_DELETE)
        model_delete(&walk->model.queues[queue], task);
}

bool
walk_steer(struct walk *walk)
{
    weir_verb verb = (weir_verb)(1 + walk_random(walk, 3));
    int queue = walk_random(walk, MODEL_QUEUES);
    int id = walk_random(walk, MODEL_IDS);
    struct mtask *task = &walk->model.queues[queue].tasks[id];
    int wanted = 0;
    int found;

    if (!walk->model.queues[queue].exists)
        return true;
    walk_note(walk, "steer %d %s/%s", (int)verb, model_queue_names[queue], model_id(id));
    found = steer(verb, model_queue_names[queue], model_id(id));
    if (task->state == WEIR_STATE_NONE)
        wanted = WEIR_E_NO_TASK;
    else if ((from[verb] & (1u << task->state)) == 0)
        wanted = WEIR_E_STATE;
    if (wanted == 0)
        steer_in_model(walk, verb, queue, task);
    return walk_same(walk, "steer", found, wanted);
}

/* ---- steer_all ---- */

struct tail {
    struct walk *walk;
    int queue;
};

/* Those that were run stand at the tail in an order of the store's: it is taken over, place by place. */
static int
adopt_place(void *arg, const weir_task_info *found)
{
    struct tail *tail = arg;
    struct model *model = &tail->walk->model;
    struct mtask *task = model_find(model, tail->queue, found->id);

    if (task != NULL && task->since == model->now && task->rank == INT64_MAX)
        task->rank = ++model->tail;
    return 0;
}

static size_t
steer_all_in_model(struct walk *walk, weir_verb verb, int queue, weir_state state)
{
    struct tail tail = {walk, queue};
    size_t count = 0;

    for (int i = 0; i < MODEL_IDS; i++) {
        struct mtask *task = &walk->model.queues[queue].tasks[i];

        if (task->state != state)
            continue;
        steer_in_model(walk, verb, queue, task);
        if (verb == WEIR_VERB_RUN)
            task->rank = INT64_MAX;
        count++;
    }
    if (verb == WEIR_VERB_RUN)
        OK(weir__tasks(store, model_queue_names[queue], WEIR_STATE_PENDING, NULL, 0, 1000,
                       adopt_place, &tail, NULL));
    return count;
}

bool
walk_steer_all(struct walk *walk)
{
    weir_verb verb = (weir_verb)(1 + walk_random(walk, 3));
    weir_state state = (weir_state)(1 + walk_random(walk, 7));
    int queue = walk_random(walk, MODEL_QUEUES);
    size_t max = (size_t)(2 + walk_random(walk, 10));
    size_t total = 0;
    size_t done = 0;
    int code;

    if ((from[verb] & (1u << state)) == 0 || !walk->model.queues[queue].exists)
        return true;
    walk_note(walk, "steer_all %d %s %s max %zu", (int)verb, model_queue_names[queue],
              weir_state_name(state), max);
    do {
        code =
            weir__steer_all(store, verb, model_queue_names[queue], state, NULL, max, &done, NULL);
        total += done;
        if (!walk_same(walk, "steer_all", code, 0) ||
            !walk_same(walk, "at most max", done <= max, 1))
            return false;
    } while (done == max && total < 1000);
    return walk_same(walk, "steered", (int64_t)total,
                     (int64_t)steer_all_in_model(walk, verb, queue, state));
}

/* ---- the others ---- */

bool
walk_amend(struct walk *walk)
{
    int queue = walk_random(walk, MODEL_QUEUES);
    int id = walk_random(walk, MODEL_IDS);
    struct mtask *task = &walk->model.queues[queue].tasks[id];
    weir_amend amend = {.process_at_ms = walk_due(walk, walk_random(walk, 2000))};
    int wanted = task->state == WEIR_STATE_NONE ? WEIR_E_NO_TASK : WEIR_E_STATE;

    /* A due time for a pending task means nothing. */
    if (!walk->model.queues[queue].exists || task->state == WEIR_STATE_PENDING)
        return true;
    walk_note(walk, "amend %s/%s", model_queue_names[queue], model_id(id));
    if (task->state == WEIR_STATE_SCHEDULED || task->state == WEIR_STATE_RETRY) {
        task->due = amend.process_at_ms;
        wanted = 0;
    }
    return walk_same(walk, "amend",
                     weir__amend(store, model_queue_names[queue], model_id(id), &amend, NULL),
                     wanted);
}

bool
walk_pause(struct walk *walk)
{
    int q = walk_random(walk, MODEL_QUEUES);
    struct mqueue *queue = &walk->model.queues[q];
    bool pause = walk_random(walk, 3) == 0;
    int wanted = queue->paused == pause ? WEIR_E_STATE : 0;

    walk_note(walk, "%s %s", pause ? "pause" : "resume", model_queue_names[q]);
    queue->paused = pause;
    queue->exists = queue->exists || pause;
    return walk_same(walk, "pause", weir__pause(store, model_queue_names[q], pause, NULL), wanted);
}

/* Without force it is not said whether kept and grouped tasks count, nor which of two reasons comes first. */
bool
walk_remove_queue(struct walk *walk)
{
    int q = walk_random(walk, MODEL_QUEUES);
    struct mqueue *queue = &walk->model.queues[q];
    size_t done = 0;
    int wanted = 0;
    int found;

    if (walk_random(walk, 4) != 0)
        return true;
    walk_note(walk, "remove_queue %s", model_queue_names[q]);
    found = weir__remove_queue(store, model_queue_names[q], true, 1000, &done, NULL);
    if (!queue->exists)
        wanted = WEIR_E_NO_QUEUE;
    else if (model_count(&walk->model, q, WEIR_STATE_ACTIVE) > 0)
        wanted = WEIR_E_STATE;
    else
        model_remove(queue);
    return walk_same(walk, "remove_queue", found, wanted);
}

bool
walk_cancel(struct walk *walk)
{
    int queue = walk_random(walk, MODEL_QUEUES);
    int id = walk_random(walk, MODEL_IDS);
    struct mtask *task = &walk->model.queues[queue].tasks[id];
    int code;

    walk_note(walk, "cancel %s/%s", model_queue_names[queue], model_id(id));
    code = weir__cancel(store, model_queue_names[queue], model_id(id), WEIR_CANCEL_RETRY, NULL);
    if (task->state != WEIR_STATE_ACTIVE)
        return true;
    task->cancelled = 1;
    return walk_same(walk, "cancel", code, 0);
}

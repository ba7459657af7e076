/* SPDX-License-Identifier: MIT */
/* Steps of the random walk that a server's keeper takes. */
#include <config.h>

#include "keep.h"
#include "walk.h"

#include <stdio.h>

static bool
waits(const struct mtask *task)
{
    return task->state == WEIR_STATE_SCHEDULED || task->state == WEIR_STATE_RETRY;
}

/* The task of a queue that is due first, or NULL. */
static struct mtask *
first_due(struct walk *walk, int queue)
{
    struct mtask *first = NULL;

    for (int i = 0; i < MODEL_IDS; i++) {
        struct mtask *task = &walk->model.queues[queue].tasks[i];

        if (waits(task) && (first == NULL || task->due < first->due))
            first = task;
    }
    return first;
}

bool
walk_forward(struct walk *walk)
{
    int queue = walk_random(walk, MODEL_QUEUES);
    size_t max = (size_t)(1 + walk_random(walk, 4));
    size_t wanted = 0;
    int64_t next = 0;
    size_t moved;
    struct mtask *task;

    walk_note(walk, "forward %s max %zu", model_queue_names[queue], max);
    moved = forward(model_queue_names[queue], max, &next);
    while (wanted < max && (task = first_due(walk, queue)) != NULL &&
           task->due <= walk->model.now) {
        wanted++;
        if (task->grouped)
            task->state = WEIR_STATE_AGGREGATING;
        else
            model_to_pending(&walk->model, task);
    }
    task = first_due(walk, queue);
    return walk_same(walk, "moved", (int64_t)moved, (int64_t)wanted) &&
           walk_same(walk, "next due", next, task ? task->due : WEIR_NEVER);
}

static size_t
dead_leases(struct walk *walk, int queue)
{
    size_t count = 0;

    for (int i = 0; i < MODEL_IDS; i++) {
        struct mtask *task = &walk->model.queues[queue].tasks[i];

        count += task->state == WEIR_STATE_ACTIVE && task->lease < walk->model.boot;
    }
    return count;
}

static bool
check_recovered(struct walk *walk, int queue, weir_claim *claim)
{
    struct mtask *task = model_find(&walk->model, queue, claim->task->id);

    if (!walk_same(walk, "a recovered task's state", task->state, WEIR_STATE_ACTIVE) ||
        !walk_same(walk, "a recovered task's lease", task->lease < walk->model.boot, 1) ||
        !walk_same(walk, "started", claim->started, task->started) ||
        !walk_same(walk, "a new token", claim->token != task->claim->token, 1))
        return false;
    task->claim = claim;
    task->lease = walk->model.boot + LEASE_MS;
    task->cancelled = MODEL_UNKNOWN;
    walk_remember(walk, queue, claim);
    return true;
}

bool
walk_recover(struct walk *walk)
{
    weir_claim *claims[4];
    int queue = walk_random(walk, MODEL_QUEUES);
    size_t max = (size_t)(1 + walk_random(walk, 4));
    size_t dead = dead_leases(walk, queue);
    size_t count;

    walk_note(walk, "recover %s max %zu", model_queue_names[queue], max);
    count = recover(model_queue_names[queue], max, claims);
    for (size_t i = 0; i < count; i++) {
        if (!check_recovered(walk, queue, claims[i]))
            return false;
    }
    return walk_same(walk, "recovered", (int64_t)count, (int64_t)(dead < max ? dead : max));
}

/* ---- expire ---- */

/* How many archived tasks are too many or too old. */
static size_t
archived_too_long(const struct walk *walk, int queue, int64_t archive_max, int64_t age_ms)
{
    size_t count = model_count(&walk->model, queue, WEIR_STATE_ARCHIVED);
    size_t too_many = archive_max >= 0 && count > (size_t)archive_max ? count - (size_t)archive_max
                                                                      : 0;
    size_t too_old = 0;

    for (int i = 0; i < MODEL_IDS; i++) {
        const struct mtask *task = &walk->model.queues[queue].tasks[i];

        too_old += age_ms >= 0 && task->state == WEIR_STATE_ARCHIVED &&
                   task->since + age_ms < walk->model.now;
    }
    return too_many > too_old ? too_many : too_old;
}

/* Several may be of one age: which of them went is the store's choice, but none went that is younger than one
 * that stayed. */
static size_t
adopt_archive(struct walk *walk, int queue)
{
    struct mqueue *in = &walk->model.queues[queue];
    int64_t newest_gone = INT64_MIN;
    int64_t oldest_kept = INT64_MAX;
    size_t gone = 0;

    for (int i = 0; i < MODEL_IDS; i++) {
        struct mtask *task = &in->tasks[i];

        if (task->state != WEIR_STATE_ARCHIVED)
            continue;
        if (look(model_queue_names[queue], model_id(i)) != NULL) {
            oldest_kept = task->since < oldest_kept ? task->since : oldest_kept;
            continue;
        }
        newest_gone = task->since > newest_gone ? task->since : newest_gone;
        model_delete(in, task);
        gone++;
    }
    YES(newest_gone <= oldest_kept);
    return gone;
}

static size_t
expire_completed(struct walk *walk, int queue)
{
    struct mqueue *in = &walk->model.queues[queue];
    size_t count = 0;

    for (int i = 0; i < MODEL_IDS; i++) {
        struct mtask *task = &in->tasks[i];

        if (task->state != WEIR_STATE_COMPLETED || task->until > walk->model.now)
            continue;
        model_delete(in, task);
        count++;
    }
    return count;
}

/* In bounded calls until there is no more: which goes first, completed or archived, is the store's choice. */
bool
walk_expire(struct walk *walk)
{
    int queue = walk_random(walk, MODEL_QUEUES);
    size_t max = (size_t)(1 + walk_random(walk, 4));
    int64_t archive_max = walk_random(walk, 2) ? walk_random(walk, 4) : -1;
    int64_t age_ms = walk_random(walk, 2) ? 1 + 2 * walk_random(walk, 1000) : -1;
    size_t too_long = archived_too_long(walk, queue, archive_max, age_ms);
    size_t removed = 0;
    size_t now_removed;

    walk_note(walk, "expire %s max %zu archive %" PRId64 " age %" PRId64, model_queue_names[queue],
              max, archive_max, age_ms);
    do {
        now_removed = expire(model_queue_names[queue], max, archive_max, age_ms);
        removed += now_removed;
        if (!walk_same(walk, "at most max", now_removed <= max, 1))
            return false;
    } while (now_removed == max && removed < 1000);
    return walk_same(walk, "removed from the archive", (int64_t)adopt_archive(walk, queue),
                     (int64_t)too_long) &&
           walk_same(walk, "removed", (int64_t)removed,
                     (int64_t)(too_long + expire_completed(walk, queue)));
}

/* SPDX-License-Identifier: MIT */
/* Steps of the random walk that producers and workers take. */
#include <config.h>

#include "keep.h"
#include "walk.h"

#include <stdio.h>

#define BATCH 4
#define TAKE_MAX 6

/* ---- enqueue ---- */

struct put {
    int queue;
    int id;
    struct mtask as;
    int64_t ttl_ms;
    char key[32];
    weir_task_info task;
};

static void
choose_put(struct walk *walk, struct put *put)
{
    bool later = walk_random(walk, 3) == 0;

    *put =
        (struct put){.queue = walk_random(walk, MODEL_QUEUES), .id = walk_random(walk, MODEL_IDS)};
    put->as.key = walk_random(walk, 3) == 0 ? walk_random(walk, MODEL_KEYS) : -1;
    put->as.grouped = walk_random(walk, 6) == 0;
    put->as.state = later ? WEIR_STATE_SCHEDULED
                          : (put->as.grouped ? WEIR_STATE_AGGREGATING : WEIR_STATE_PENDING);
    put->as.due = later ? walk_due(walk, walk_random(walk, 2000)) : 0;
    put->ttl_ms = put->as.key >= 0 ? walk->lock_ms + 1001 + 2 * walk_random(walk, 3000) : 0;
    snprintf(put->key, sizeof(put->key), "unique:%s:%d", model_queue_names[put->queue],
             put->as.key);
    put->task = with_defaults(&(weir_task_info){.queue = model_queue_names[put->queue],
                                                .id = model_id(put->id),
                                                .next_process_at_ms = put->as.due,
                                                .group = put->as.grouped ? "g" : NULL,
                                                .unique_key = put->as.key >= 0 ? put->key : NULL});
}

bool
walk_enqueue(struct walk *walk)
{
    struct put puts[BATCH];
    weir_enqueue_item items[BATCH];
    int count = 1 + walk_random(walk, BATCH);

    walk_note(walk, "enqueue");
    for (int i = 0; i < count; i++) {
        choose_put(walk, &puts[i]);
        items[i] = (weir_enqueue_item){
            .task = &puts[i].task, .unique_ttl_ms = puts[i].ttl_ms, .result = 1};
        walk_note(walk, " %s/%s key %d %s", puts[i].task.queue, puts[i].task.id, puts[i].as.key,
                  weir_state_name(puts[i].as.state));
    }
    if (!walk_same(walk, "enqueue", weir__enqueue(store, items, (size_t)count, NULL), 0))
        return false;
    for (int i = 0; i < count; i++) {
        int wanted =
            model_enqueue(&walk->model, puts[i].queue, puts[i].id, &puts[i].as, puts[i].ttl_ms);

        if (!walk_same(walk, puts[i].task.id, items[i].result, wanted))
            return false;
    }
    return true;
}

/* ---- consume ---- */

struct turn {
    weir_finish finishes[BATCH];
    int finish_queues[BATCH];
    size_t finish_count;
    weir_start starts[BATCH];
    int start_queues[BATCH];
    size_t start_count;
    weir_take_queue queues[MODEL_QUEUES];
    int order[MODEL_QUEUES];
    weir__want want;
};

static struct mtask *
task_of(struct walk *walk, int queue, const weir_claim *claim)
{
    return model_find(&walk->model, queue, claim->task->id);
}

static weir_finish
choose_finish(struct walk *walk, const weir_claim *claim, bool may_requeue)
{
    weir_finish finish = {.claim = claim, .outcome = 1};

    finish.kind = (weir_finish_kind)(WEIR_FINISH_DONE + walk_random(walk, may_requeue ? 5 : 4));
    if (may_requeue && !claim->started)
        finish.kind = WEIR_FINISH_REQUEUE;
    if (finish.kind == WEIR_FINISH_RETRY) {
        finish.at_ms = walk_due(walk, walk_random(walk, 2000));
        finish.counted = walk_random(walk, 3) != 0;
        finish.error = walk_random(walk, 4) != 0 ? "failed" : NULL;
    }
    if (finish.kind == WEIR_FINISH_ARCHIVE)
        finish.error = "hopeless";
    if (finish.kind == WEIR_FINISH_COMPLETE)
        finish.at_ms = walk->model.now + 1 + 2 * walk_random(walk, 1000);
    return finish;
}

static bool
chosen_before(const struct turn *turn, const weir_claim *claim)
{
    for (size_t i = 0; i < turn->finish_count; i++) {
        if (turn->finishes[i].claim == claim)
            return true;
    }
    for (size_t i = 0; i < turn->start_count; i++) {
        if (turn->starts[i].claim == claim)
            return true;
    }
    return false;
}

/* One requeue a call at most, which keeps the model simple; the order of several has a case of its own. */
static void
choose_claims(struct walk *walk, struct turn *turn)
{
    size_t known = walk->claim_count < WALK_CLAIMS ? walk->claim_count : WALK_CLAIMS;
    bool requeued = false;

    for (int i = walk_random(walk, BATCH + 1); known > 0 && i > 0; i--) {
        int at = walk_random(walk, (int)known);
        const weir_claim *claim = walk->claims[at];

        if (chosen_before(turn, claim) || (!claim->started && requeued))
            continue;
        if (!claim->started && walk_random(walk, 2) == 0) {
            turn->start_queues[turn->start_count] = walk->queue_of[at];
            turn->starts[turn->start_count++] = (weir_start){claim, 1};
            continue;
        }
        turn->finish_queues[turn->finish_count] = walk->queue_of[at];
        turn->finishes[turn->finish_count] = choose_finish(walk, claim, !requeued);
        if (turn->finishes[turn->finish_count++].kind == WEIR_FINISH_REQUEUE)
            requeued = true;
    }
}

static void
choose_take(struct walk *walk, struct turn *turn)
{
    size_t max = (size_t)walk_random(walk, TAKE_MAX + 1);
    size_t rest = max;
    int first = walk_random(walk, MODEL_QUEUES);

    turn->want = (weir__want){turn->queues,
                              (size_t)(1 + walk_random(walk, MODEL_QUEUES)),
                              max,
                              max > 0 ? (size_t)walk_random(walk, (int)max + 1) : 0,
                              walk->lease_ms,
                              0};
    turn->want.start_soon = (size_t)walk_random(walk, (int)(max - turn->want.start) + 1);
    for (size_t i = 0; i < turn->want.queue_count; i++) {
        size_t want = (size_t)walk_random(walk, (int)rest + 1);

        turn->order[i] = (first + (int)i) % MODEL_QUEUES;
        turn->queues[i] = (weir_take_queue){model_queue_names[turn->order[i]], want, 99};
        rest -= want;
        walk_note(walk, " %s want %zu", turn->queues[i].name, want);
    }
    walk_note(walk, " max %zu start %zu soon %zu", max, turn->want.start, turn->want.start_soon);
}

/* The first ones are started for certain; others may be, but for those on their last attempt. */
static bool
check_started(struct walk *walk, const weir_claim *claim, size_t number, const weir__want *want,
              size_t *soon)
{
    if (number < want->start)
        return walk_same(walk, "started", claim->started, true);
    if (claim->started && claim->task->retried >= claim->task->max_retry)
        return walk_same(walk, "started on its last attempt", true, false);
    *soon += claim->started;
    return *soon <= want->start_soon ||
           walk_same(walk, "started soon", (int64_t)*soon, (int64_t)want->start_soon);
}

static bool
check_one_taken(struct walk *walk, const weir__claims *held, size_t number, int queue,
                const weir__want *want, size_t *soon)
{
    int id = model_next(&walk->model, queue);
    weir_claim *claim;

    if (number >= held->count)
        return walk_same(walk, "number taken", (int64_t)held->count, (int64_t)number + 1);
    if (strcmp(held->items[number].task->id, model_id(id)) != 0 ||
        strcmp(held->items[number].task->queue, model_queue_names[queue]) != 0) {
        snprintf(walk->why, sizeof(walk->why), "took %s/%s, not %s/%s",
                 held->items[number].task->queue, held->items[number].task->id,
                 model_queue_names[queue], model_id(id));
        return false;
    }
    claim = keep_claim(&held->items[number]);
    model_take(&walk->model, &walk->model.queues[queue].tasks[id], claim, walk->lease_ms);
    walk_remember(walk, queue, claim);
    return check_started(walk, claim, number, want, soon);
}

static bool
check_taken(struct walk *walk, const struct turn *turn, const weir__claims *held)
{
    const weir__want *want = &turn->want;
    size_t number = 0;
    size_t soon = 0;

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < want->queue_count; i++) {
            size_t share = round == 0 ? turn->queues[i].want : want->max;

            for (; share > 0 && number < want->max && model_next(&walk->model, turn->order[i]) >= 0;
                 share--) {
                if (!check_one_taken(walk, held, number++, turn->order[i], want, &soon))
                    return false;
            }
        }
    }
    for (size_t i = 0; want->max > 0 && i < want->queue_count; i++) {
        if (model_next(&walk->model, turn->order[i]) < 0 &&
            !walk_same(walk, "left of an empty queue", (int64_t)turn->queues[i].left, 0))
            return false;
    }
    return walk_same(walk, "number taken", (int64_t)held->count, (int64_t)number);
}

static bool
check_outcomes(struct walk *walk, struct turn *turn)
{
    for (size_t i = 0; i < turn->finish_count; i++) {
        const weir_finish *finish = &turn->finishes[i];
        struct mtask *task = task_of(walk, turn->finish_queues[i], finish->claim);
        int wanted = model_finish(&walk->model, turn->finish_queues[i], task, finish);

        if (!walk_same(walk, finish->claim->task->id, finish->outcome, wanted))
            return false;
    }
    for (size_t i = 0; i < turn->start_count; i++) {
        weir_claim *claim = (weir_claim *)turn->starts[i].claim;
        struct mtask *task = task_of(walk, turn->start_queues[i], claim);
        bool held = model_holds(task, claim);

        if (!walk_same(walk, claim->task->id, turn->starts[i].result, held ? 0 : WEIR_E_STALE))
            return false;
        if (held)
            claim->started = task->started = true;
    }
    return true;
}

bool
walk_consume(struct walk *walk)
{
    struct turn turn = {.finish_count = 0};
    weir_claim items[TAKE_MAX];
    weir__claims held = {items, 0};
    int code;

    walk_note(walk, "consume");
    choose_claims(walk, &turn);
    for (size_t i = 0; i < turn.finish_count; i++)
        walk_note(walk, " %s/%s kind %d", model_queue_names[turn.finish_queues[i]],
                  turn.finishes[i].claim->task->id, (int)turn.finishes[i].kind);
    for (size_t i = 0; i < turn.start_count; i++)
        walk_note(walk, " start %s/%s", model_queue_names[turn.start_queues[i]],
                  turn.starts[i].claim->task->id);
    choose_take(walk, &turn);
    code = weir__consume(store, turn.finishes, turn.finish_count, turn.starts, turn.start_count,
                         &turn.want, &held, NULL);
    return walk_same(walk, "consume", code, 0) && check_outcomes(walk, &turn) &&
           check_taken(walk, &turn, &held);
}

/* ---- extend ---- */

/* A lease that ended but was not taken yet may be renewed or refused. */
static bool
check_extended(struct walk *walk, int queue, const weir_extend_item *item)
{
    struct mtask *task = task_of(walk, queue, item->claim);
    bool held = model_holds(task, item->claim);
    bool ended = held && task->lease < walk->model.boot;

    if (ended && item->result == WEIR_E_STALE)
        return true;
    if (!walk_same(walk, item->claim->task->id, item->result, held ? 0 : WEIR_E_STALE))
        return false;
    if (!held)
        return true;
    task->lease = walk->model.boot + walk->lease_ms;
    return task->cancelled == MODEL_UNKNOWN ||
           walk_same(walk, "cancelled", item->cancelled, task->cancelled);
}

bool
walk_extend(struct walk *walk)
{
    size_t known = walk->claim_count < WALK_CLAIMS ? walk->claim_count : WALK_CLAIMS;
    weir_extend_item items[BATCH];
    int queues[BATCH];
    size_t count = 0;

    walk_note(walk, "extend");
    for (; known > 0 && count < BATCH; count++) {
        int at = walk_random(walk, (int)known);

        items[count] = (weir_extend_item){walk->claims[at], 1, false};
        queues[count] = walk->queue_of[at];
        walk_note(walk, " %s/%s", model_queue_names[queues[count]], walk->claims[at]->task->id);
    }
    if (!walk_same(walk, "extend", weir__extend(store, walk->lease_ms, items, count, NULL), 0))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!check_extended(walk, queues[i], &items[i]))
            return false;
    }
    return true;
}

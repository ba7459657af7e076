/* SPDX-License-Identifier: MIT */
/* Calls on the store in the short forms that cases use. */
#include <config.h>

#include "keep.h"
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>

static weir_state
first_state(const weir_task_info *task)
{
    if (task->state != WEIR_STATE_NONE)
        return task->state;
    if (task->next_process_at_ms != 0)
        return WEIR_STATE_SCHEDULED;
    return task->group != NULL ? WEIR_STATE_AGGREGATING : WEIR_STATE_PENDING;
}

weir_task_info
with_defaults(const weir_task_info *task)
{
    weir_task_info full = *task;

    full.state = first_state(task);
    if (full.type == NULL)
        full.type = "t";
    if (full.enqueued_at_ms == 0)
        full.enqueued_at_ms = now_ms();
    return full;
}

int
put_task(weir_broker *broker, const weir_task_info *task, int64_t unique_ttl_ms)
{
    weir_task_info full = with_defaults(task);
    weir_enqueue_item item = {.task = &full, .unique_ttl_ms = unique_ttl_ms};
    int code = weir__enqueue(broker, &item, 1, NULL);

    return code != 0 ? code : item.result;
}

void
put_all(const char *queue, const char *words)
{
    while (*words != '\0') {
        size_t len = strcspn(words, " ");
        char id[WEIR_ID_SIZE];

        snprintf(id, sizeof(id), "%.*s", (int)len, words);
        OK(PUT(.queue = queue, .id = id));
        words += len + (words[len] == ' ');
    }
}

static size_t
keep_claims(weir__claims *held, weir_claim **claims)
{
    for (size_t i = 0; i < held->count; i++)
        claims[i] = keep_claim(&held->items[i]);
    free(held->items);
    return held->count;
}

static size_t
take_want(weir_broker *broker, weir__want *want, weir_claim **claims)
{
    weir__claims held = {calloc(want->max, sizeof(weir_claim)), 0};

    OK(weir__consume(broker, NULL, 0, NULL, 0, want, &held, NULL));
    return keep_claims(&held, claims);
}

size_t
take_some(weir_broker *broker, const char *queue, size_t max, size_t start, weir_claim **claims)
{
    weir_take_queue from = {.name = queue, .want = max};
    weir__want want = {&from, 1, max, start, LEASE_MS, 0};

    return take_want(broker, &want, claims);
}

size_t
take_soon(const char *queue, size_t max, size_t start, weir_claim **claims)
{
    weir_take_queue from = {.name = queue, .want = max};
    weir__want want = {&from, 1, max, start, LEASE_MS, max - start};

    return take_want(store, &want, claims);
}

weir_claim *
take(const char *queue)
{
    weir_claim *claim = NULL;

    return take_some(store, queue, 1, 1, &claim) == 1 ? claim : NULL;
}

weir_claim *
take_ahead(const char *queue)
{
    weir_claim *claim = NULL;

    return take_some(store, queue, 1, 0, &claim) == 1 ? claim : NULL;
}

size_t
recover(const char *queue, size_t max, weir_claim **claims)
{
    weir__claims held = {calloc(max, sizeof(weir_claim)), 0};

    OK(weir__recover(store, &queue, 1, max, LEASE_MS, &held, NULL, NULL));
    return keep_claims(&held, claims);
}

int
finish_one(weir_broker *broker, const weir_finish *finish)
{
    weir_finish one = *finish;
    int code = weir__consume(broker, &one, 1, NULL, 0, NULL, NULL, NULL);

    return code != 0 ? code : one.outcome;
}

int
start_one(const weir_claim *claim)
{
    weir_start one = {.claim = claim};
    int code = weir__consume(store, NULL, 0, &one, 1, NULL, NULL, NULL);

    return code != 0 ? code : one.result;
}

int
extend_one(const weir_claim *claim, bool *cancelled)
{
    weir_extend_item one = {.claim = claim};
    int code = weir__extend(store, LEASE_MS, &one, 1, NULL);

    if (cancelled != NULL)
        *cancelled = one.cancelled;
    return code != 0 ? code : one.result;
}

size_t
forward(const char *queue, size_t max, int64_t *next_due)
{
    weir_forward work = {.queues = &queue, .queue_count = 1, .max = max};

    OK(weir__forward(store, &work, NULL));
    if (next_due != NULL)
        *next_due = work.next_due_at_ms;
    return work.moved;
}

size_t
expire(const char *queue, size_t max, int64_t archive_max, int64_t archive_age_ms)
{
    weir_expire work = {.queues = &queue,
                        .queue_count = 1,
                        .max = max,
                        .archive_max = archive_max,
                        .archive_age_ms = archive_age_ms};

    OK(weir__expire(store, &work, NULL));
    return work.removed;
}

int
steer(weir_verb verb, const char *queue, const char *id)
{
    weir_steer_item item = {.id = id};
    int code = weir__steer(store, verb, queue, &item, 1, NULL);

    return code != 0 ? code : item.result;
}

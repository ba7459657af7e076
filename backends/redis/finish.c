/* SPDX-License-Identifier: MIT */
/*
 * What an outcome makes of a task is encoded here, from the claim's copy of it: the script only moves
 * it. A finish that is not allowed is given the token 0, which the script refuses, and never sent as anything else.
 * Tasks in a row with one token and one kind are a run, as those of one take mostly are.
 */
#include <config.h>

#include "finish.h"
#include "listener.h"
#include "message.h"

#include <string.h>

static const char *
queue_of(const void *batch, size_t i)
{
    return ((const weir_finish *)batch)[i].claim->task->queue;
}

static bool
is_refused(const weir_finish *finish)
{
    return !finish->claim->started && finish->kind != WEIR_FINISH_REQUEUE;
}

static const char *
letter_of(const weir_finish *finish)
{
    if (is_refused(finish))
        return "d";
    if (finish->kind == WEIR_FINISH_DONE)
        return finish->claim->task->unique_key ? "l" : "d";
    if (finish->kind == WEIR_FINISH_COMPLETE)
        return "c";
    if (finish->kind == WEIR_FINISH_RETRY)
        return finish->counted ? "f" : "r";
    if (finish->kind == WEIR_FINISH_ARCHIVE)
        return finish->claim->task->archive_for_ms > 0 ? "k" : "a";
    return "q";
}

static weir_task_info
task_after(const weir_finish *finish, int64_t now_ms)
{
    weir_task_info task = *finish->claim->task;

    if (finish->error) {
        task.last_error = finish->error;
        task.last_failed_at_ms = now_ms;
    }
    if (finish->kind == WEIR_FINISH_RETRY && finish->counted)
        task.retried++;
    if (finish->kind == WEIR_FINISH_COMPLETE) {
        task.state = WEIR_STATE_COMPLETED;
        task.state_since_ms = now_ms;
    }
    return task;
}

static void
add_result(struct weir__step *step, const weir_finish *finish)
{
    char *copy;

    if (!finish->result) {
        weir__step_text(step, "-");
        return;
    }
    copy = weir__space_alloc(&step->trip->space, finish->result_len + 1);
    if (copy) {
        copy[0] = '+';
        memcpy(copy + 1, finish->result, finish->result_len);
    }
    weir__step_bytes(step, copy, finish->result_len + 1);
}

/* Times go as a score, with what comes before it, and in ms. */
static void
add_time(struct weir__step *step, int64_t before_s, int64_t at_ms)
{
    weir__step_number(step, before_s + weir__seconds_up(at_ms));
    weir__step_number(step, at_ms);
}

static int
add_outcome(struct weir__step *step, const weir_finish *finish, const struct weir__queue *queue,
            int64_t now_ms)
{
    struct weir__space *space = &step->trip->space;
    const weir_task_info task = task_after(finish, now_ms);
    const char *lock = task.unique_key ? weir__lock_key(task.unique_key, queue, space) : "";
    const char *message = NULL;
    size_t len = 0;

    if (finish->kind == WEIR_FINISH_DONE) {
        if (task.unique_key)
            weir__step_text(step, lock);
        return 0;
    }
    if (weir__message_encode(&task, queue, space, &message, &len) < 0)
        return WEIR_E_NOMEM;
    if (finish->kind != WEIR_FINISH_ARCHIVE)
        add_time(step, 0, finish->at_ms);
    else if (task.archive_for_ms > 0)
        add_time(step, WEIR__ARCHIVE_OWN_S, now_ms + task.archive_for_ms);
    weir__step_bytes(step, message, len);
    if (finish->kind == WEIR_FINISH_COMPLETE) {
        weir__step_text(step, lock);
        add_result(step, finish);
    }
    return 0;
}

static int
add_finish(struct weir__step *step, const weir_finish *finish, const struct weir__queue *queue,
           int64_t now_ms)
{
    weir__step_text(step, finish->claim->task->id);
    if (is_refused(finish) || finish->kind == WEIR_FINISH_REQUEUE)
        return 0;
    return add_outcome(step, finish, queue, now_ms);
}

struct weir__step *
weir__finish_step(struct weir__trip *trip, struct weir__queue *queue,
                  const weir_request_id *request, const char *part, int64_t now_ms)
{
    struct weir__step *step;

    if (request && weir__queue_lane(queue, request, part, &trip->space) < 0)
        return NULL;
    step = weir__trip_script(trip, WEIR__SCRIPT_FINISH, queue);
    if (request)
        weir__step_number(step, (int64_t)request->number);
    else
        weir__step_text(step, "");
    weir__step_number(step, now_ms);
    return step;
}

void
weir__finish_run(struct weir__step *step, uint64_t token, const char *kind, size_t count)
{
    weir__step_number(step, (int64_t)token);
    weir__step_text(step, kind);
    weir__step_number(step, (int64_t)count);
}

static uint64_t
token_of(const weir_finish *finish)
{
    return is_refused(finish) ? 0 : finish->claim->token;
}

/* How many finishes from the i-th of a group on are of one token and kind. */
static size_t
run_length(const struct weir__group *group, const weir_finish *finishes, size_t i)
{
    const weir_finish *first = &finishes[group->items[i]];
    size_t end = i + 1;

    while (end < group->count) {
        const weir_finish *next = &finishes[group->items[end]];

        if (token_of(next) != token_of(first) || letter_of(next)[0] != letter_of(first)[0])
            break;
        end++;
    }
    return end - i;
}

static int
add_queue(struct weir__trip *trip, struct weir__group *group, const weir_request_id *request,
          int64_t now_ms, const weir_finish *finishes)
{
    int rc = 0;

    group->step = weir__finish_step(trip, &group->queue, request, "", now_ms);
    if (!group->step)
        return WEIR_E_NOMEM;
    for (size_t i = 0; rc == 0 && i < group->count;) {
        const weir_finish *first = &finishes[group->items[i]];
        size_t end = i + run_length(group, finishes, i);

        weir__finish_run(group->step, token_of(first), letter_of(first), end - i);
        for (; rc == 0 && i < end; i++)
            rc = add_finish(group->step, &finishes[group->items[i]], &group->queue, now_ms);
    }
    return rc;
}

int
weir__finish_add(struct weir__groups *groups, struct weir__trip *trip,
                 const weir_request_id *request, int64_t now_ms, weir_finish *finishes,
                 size_t count)
{
    int rc = weir__groups_init(groups, trip, finishes, count, queue_of, now_ms);

    for (size_t k = 0; rc == 0 && k < groups->count; k++)
        rc = add_queue(trip, &groups->items[k], request, now_ms, finishes);
    return rc;
}

void
weir__finish_results(struct weir__redis_backend *b, const struct weir__groups *groups,
                     weir_finish *finishes, size_t count)
{
    static const struct weir__letter letters[] = {{'o', 0}, {'s', WEIR_E_STALE}, {0, 0}};

    for (size_t k = 0; k < groups->count; k++) {
        const struct weir__group *group = &groups->items[k];

        for (size_t i = 0; i < group->count; i++)
            finishes[group->items[i]].outcome = weir__group_result(group, i, letters);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_refused(&finishes[i]))
            finishes[i].outcome = WEIR_E_STATE;
        weir__redis_listener_forget(b->listener, finishes[i].claim->task->id);
    }
}

/* ---- starts ---- */

static const char *
start_queue(const void *batch, size_t i)
{
    return ((const weir_start *)batch)[i].claim->task->queue;
}

/* The step that finishes tasks of the queue, or a new one. */
static int
set_step(struct weir__group *group, const struct weir__groups *finishes, struct weir__trip *trip,
         const weir_request_id *request, int64_t now_ms)
{
    for (size_t k = 0; k < finishes->count; k++) {
        const struct weir__group *other = &finishes->items[k];

        if (strcmp(other->queue.name, group->queue.name) != 0)
            continue;
        group->step = other->step;
        group->first = other->count;
        return 0;
    }
    group->step = weir__finish_step(trip, &group->queue, request, "", now_ms);
    return group->step ? 0 : WEIR_E_NOMEM;
}

static void
add_starts(const struct weir__group *group, const weir_start *starts)
{
    for (size_t i = 0; i < group->count;) {
        uint64_t token = starts[group->items[i]].claim->token;
        size_t end = i + 1;

        while (end < group->count && starts[group->items[end]].claim->token == token)
            end++;
        weir__finish_run(group->step, token, "s", end - i);
        for (; i < end; i++)
            weir__step_text(group->step, starts[group->items[i]].claim->task->id);
    }
}

int
weir__start_add(struct weir__groups *groups, const struct weir__groups *finishes,
                struct weir__trip *trip, const weir_request_id *request, int64_t now_ms,
                const weir_start *starts, size_t count)
{
    int rc = weir__groups_init(groups, trip, starts, count, start_queue, now_ms);

    for (size_t k = 0; rc == 0 && k < groups->count; k++) {
        rc = set_step(&groups->items[k], finishes, trip, request, now_ms);
        if (rc == 0)
            add_starts(&groups->items[k], starts);
    }
    return rc;
}

void
weir__start_results(const struct weir__groups *groups, weir_start *starts)
{
    static const struct weir__letter letters[] = {{'o', 0}, {'s', WEIR_E_STALE}, {0, 0}};

    for (size_t k = 0; k < groups->count; k++) {
        const struct weir__group *group = &groups->items[k];

        for (size_t i = 0; i < group->count; i++)
            starts[group->items[i]].result = weir__group_result(group, i, letters);
    }
}

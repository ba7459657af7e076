/* SPDX-License-Identifier: MIT */
/*
 * Orders to whole queues. What may concern any number of tasks goes in steps, and after each step the store is left
 * to the others for as long as the step took: a store with one writer (SQLite) would otherwise be taken again before
 * anybody who waits for it has woken up. Without a step of the caller's the step follows the time that it takes.
 */
#include <config.h>

#include "inspector.h"

#include "calls.h"

#include <time.h>

enum {
    FIRST_STEP = 50,
    LEAST_STEP = 10,
    AIM_NS = 10 * 1000 * 1000, /* of a step */
    REST_MIN_NS = 2 * 1000 *
                  1000, /* longer than those who wait for a lock sleep between two looks */
    REST_MAX_NS = 50 * 1000 * 1000
};

struct sweep {
    weir_broker *broker;
    const weir_pace *pace;
    weir_verb verb;
    const char *queue;
    weir_state state;
    const char *group;
    bool force;
    size_t step;
    size_t limit; /* no more tasks than this in all */
    size_t done;
    bool over;
};

/* Does up to max tasks. */
typedef int step_fn(struct sweep *sweep, size_t max, size_t *done, weir_error *err);

static int64_t
monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
adapt(struct sweep *sweep, int64_t took_ns)
{
    if (sweep->pace && sweep->pace->step > 0)
        return;
    if (took_ns < AIM_NS / 2 && sweep->step <= WEIR_BATCH_MAX / 2)
        sweep->step *= 2;
    else if (took_ns > 2 * AIM_NS && sweep->step >= 2 * LEAST_STEP)
        sweep->step /= 2;
}

static void
rest(int64_t took_ns)
{
    struct timespec pause = {0, REST_MIN_NS};

    if (took_ns > REST_MIN_NS)
        pause.tv_nsec = (long)(took_ns < REST_MAX_NS ? took_ns : REST_MAX_NS);
    nanosleep(&pause, NULL);
}

static int
one_step(struct sweep *sweep, step_fn *step, weir_error *err)
{
    size_t left = sweep->limit - sweep->done;
    size_t max = left < sweep->step ? left : sweep->step;
    int64_t began_ns = monotonic_ns();
    size_t done = 0;
    int64_t took_ns;
    int rc = step(sweep, max, &done, err);

    sweep->done += done;
    if (rc < 0)
        return rc;
    took_ns = monotonic_ns() - began_ns;
    sweep->over = done < max || sweep->done >= sweep->limit;
    if (sweep->pace && sweep->pace->progress)
        rc = sweep->pace->progress(sweep->pace->arg, sweep->done);
    if (rc != 0)
        return weir_error_set(err, rc, "ended after %zu tasks", sweep->done);
    adapt(sweep, took_ns);
    if (!sweep->over)
        rest(took_ns);
    return 0;
}

static int
run_sweep(struct sweep *sweep, step_fn *step, size_t *done, weir_error *err)
{
    size_t wanted = sweep->pace && sweep->pace->step > 0 ? sweep->pace->step : FIRST_STEP;
    int rc = 0;

    sweep->over = sweep->limit == 0;
    sweep->step = wanted < WEIR_BATCH_MAX ? wanted : WEIR_BATCH_MAX;
    while (rc == 0 && !sweep->over)
        rc = one_step(sweep, step, err);
    if (done)
        *done = sweep->done;
    return rc;
}

/* ---- all of a state ---- */

#define BIT(state) (1u << (state))

static const unsigned allowed[] = {
    [WEIR_VERB_RUN] = BIT(WEIR_STATE_SCHEDULED) | BIT(WEIR_STATE_RETRY) | BIT(WEIR_STATE_ARCHIVED) |
                      BIT(WEIR_STATE_AGGREGATING),
    [WEIR_VERB_ARCHIVE] = BIT(WEIR_STATE_PENDING) | BIT(WEIR_STATE_SCHEDULED) |
                          BIT(WEIR_STATE_RETRY) | BIT(WEIR_STATE_AGGREGATING),
    [WEIR_VERB_DELETE] = BIT(WEIR_STATE_SCHEDULED) | BIT(WEIR_STATE_AGGREGATING) |
                         BIT(WEIR_STATE_PENDING) | BIT(WEIR_STATE_RETRY) |
                         BIT(WEIR_STATE_ARCHIVED) | BIT(WEIR_STATE_COMPLETED),
};

bool
weir_steer_allows(weir_verb verb, weir_state state)
{
    if (verb < WEIR_VERB_RUN || verb > WEIR_VERB_DELETE || state < WEIR_STATE_SCHEDULED ||
        state > WEIR_STATE_COMPLETED)
        return false;
    return (allowed[verb] & BIT(state)) != 0;
}

static int
check_order(const struct sweep *sweep, weir_error *err)
{
    static const char *const verbs[] = {
        [WEIR_VERB_RUN] = "run", [WEIR_VERB_ARCHIVE] = "archive", [WEIR_VERB_DELETE] = "delete"};
    bool is_verb = sweep->verb >= WEIR_VERB_RUN && sweep->verb <= WEIR_VERB_DELETE;
    bool is_state = sweep->state >= WEIR_STATE_SCHEDULED && sweep->state <= WEIR_STATE_COMPLETED;

    if (!is_verb || !is_state)
        return weir_error_set(err, WEIR_E_INVALID, "not a %s: %d", is_verb ? "state" : "verb",
                              is_verb ? (int)sweep->state : (int)sweep->verb);
    if (!weir_steer_allows(sweep->verb, sweep->state))
        return weir_error_set(err, WEIR_E_STATE, "%s is not for %s tasks", verbs[sweep->verb],
                              weir_state_name(sweep->state));
    return 0;
}

static size_t
count_of(const weir_queue_info *info, weir_state state)
{
    const size_t counts[] = {
        [WEIR_STATE_SCHEDULED] = info->scheduled, [WEIR_STATE_AGGREGATING] = info->aggregating,
        [WEIR_STATE_PENDING] = info->pending,     [WEIR_STATE_ACTIVE] = info->active,
        [WEIR_STATE_RETRY] = info->retry,         [WEIR_STATE_ARCHIVED] = info->archived,
        [WEIR_STATE_COMPLETED] = info->completed,
    };

    return counts[state];
}

static int
steer_step(struct sweep *sweep, size_t max, size_t *done, weir_error *err)
{
    return weir__steer_all(sweep->broker, sweep->verb, sweep->queue, sweep->state, sweep->group,
                           max, done, err);
}

int
weir_steer_all(weir_inspector *inspector, weir_verb verb, const char *queue, weir_state state,
               const char *group, const weir_pace *pace, size_t *done, weir_error *err)
{
    struct sweep sweep = {
        .pace = pace, .verb = verb, .queue = queue, .state = state, .group = group};
    weir_queue_info info = {0};
    int rc;

    if (done)
        *done = 0;
    if (!inspector)
        return weir_error_set(err, WEIR_E_INVALID, "no inspector");
    sweep.broker = inspector->broker;
    rc = check_order(&sweep, err);
    if (rc == 0)
        rc = weir__queue(sweep.broker, queue, &info, err);
    if (rc < 0)
        return rc;
    sweep.limit = count_of(&info, state);
    return run_sweep(&sweep, steer_step, done, err);
}

/* ---- queues ---- */

static int
set_paused(weir_inspector *inspector, const char *queue, bool paused, weir_error *err)
{
    if (!inspector)
        return weir_error_set(err, WEIR_E_INVALID, "no inspector");
    return weir__pause(inspector->broker, queue, paused, err);
}

int
weir_pause_queue(weir_inspector *inspector, const char *queue, weir_error *err)
{
    return set_paused(inspector, queue, true, err);
}

int
weir_resume_queue(weir_inspector *inspector, const char *queue, weir_error *err)
{
    return set_paused(inspector, queue, false, err);
}

static int
remove_step(struct sweep *sweep, size_t max, size_t *done, weir_error *err)
{
    return weir__remove_queue(sweep->broker, sweep->queue, sweep->force, max, done, err);
}

int
weir_remove_queue(weir_inspector *inspector, const char *queue, bool force, const weir_pace *pace,
                  size_t *done, weir_error *err)
{
    struct sweep sweep = {.pace = pace, .queue = queue, .force = force, .limit = SIZE_MAX};

    if (done)
        *done = 0;
    if (!inspector)
        return weir_error_set(err, WEIR_E_INVALID, "no inspector");
    sweep.broker = inspector->broker;
    return run_sweep(&sweep, remove_step, done, err);
}

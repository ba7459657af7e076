/* SPDX-License-Identifier: MIT */
/*
 * The random walk: random calls on the store and on a model of it, and after each the whole store is compared with
 * the model. The seed is printed; WEIR_SEED=N repeats a walk, WEIR_STEPS=N sets its length, WEIR_TRACE=1 prints each
 * step.
 */
#include <config.h>

#include "place.h"
#include "walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define STEPS 1500
#define LEASE_ODD_MS 301

/* A store that keeps time itself is given leases and locks that outlast the walk: their ends have cases of their own. */
#define OUTLASTING_MS (1000 * HOUR)

int
walk_random(struct walk *walk, int below)
{
    uint64_t z = walk->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (int)((z ^ (z >> 31)) % (uint64_t)below);
}

static bool
due_is_taken(const struct walk *walk, int64_t due)
{
    for (int queue = 0; queue < MODEL_QUEUES; queue++) {
        for (int i = 0; i < MODEL_IDS; i++) {
            if (walk->model.queues[queue].tasks[i].due == due)
                return true;
        }
    }
    return due == walk->due;
}

int64_t
walk_due(struct walk *walk, int64_t in_ms)
{
    int64_t due = walk->model.now + 1 + in_ms;

    while (due_is_taken(walk, due))
        due += 7;
    return walk->due = due;
}

bool
walk_same(struct walk *walk, const char *text, int64_t found, int64_t wanted)
{
    if (found == wanted)
        return true;
    snprintf(walk->why, sizeof(walk->why), "%s: found %" PRId64 ", not %" PRId64, text, found,
             wanted);
    return false;
}

void
walk_note(struct walk *walk, const char *format, ...)
{
    size_t len = strlen(walk->what);
    va_list args;

    va_start(args, format);
    vsnprintf(walk->what + len, sizeof(walk->what) - len, format, args);
    va_end(args);
}

void
walk_remember(struct walk *walk, int queue, weir_claim *claim)
{
    size_t at = walk->claim_count++ % WALK_CLAIMS;

    walk->claims[at] = claim;
    walk->queue_of[at] = queue;
}

/* Even steps; now and then a long one. */
static bool
move_clock(struct walk *walk)
{
    int64_t ms = 2 * (1 + walk_random(walk, 200));

    if (walk_random(walk, 50) == 0)
        ms = 2 * 7 * HOUR;
    walk_note(walk, "move the clock %" PRId64 " ms", ms);
    manual_clock_advance(&now, ms);
    return true;
}

static const struct {
    walk_step *take;
    int weight;
    unsigned needs; /* WEIR_CAP_ bits */
} steps[] = {
    {walk_enqueue, 30, 0},
    {walk_consume, 40, 0},
    {walk_extend, 8, 0},
    {move_clock, 12, 0},
    {walk_forward, 12, 0},
    {walk_recover, 10, 0},
    {walk_expire, 5, 0},
    {walk_steer, 10, WEIR_CAP_STEER},
    {walk_steer_all, 3, WEIR_CAP_STEER},
    {walk_amend, 4, WEIR_CAP_STEER},
    {walk_pause, 4, WEIR_CAP_STEER},
    {walk_remove_queue, 2, WEIR_CAP_STEER},
    {walk_cancel, 4, WEIR_CAP_STEER},
};

static walk_step *
choose_step(struct walk *walk)
{
    unsigned caps = weir__broker_capabilities(store);
    int weight = 0;
    size_t i = 0;
    int at;

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        weight += (steps[i].needs & caps) == steps[i].needs ? steps[i].weight : 0;
    at = walk_random(walk, weight);
    for (i = 0; at >= 0; i++)
        at -= (steps[i].needs & caps) == steps[i].needs ? steps[i].weight : 0;
    return steps[i - 1].take;
}

/* Each step happens at a time of its own, so that "oldest" has no ties. */
static bool
step(struct walk *walk)
{
    walk->what[0] = walk->why[0] = '\0';
    manual_clock_advance(&now, 2);
    walk->model.now = now_ms();
    walk->model.boot = atomic_load(&now.boot_ms);
    if (!choose_step(walk)(walk))
        return false;
    if (getenv("WEIR_TRACE") != NULL)
        printf("    %s\n", walk->what);
    return model_agrees(&walk->model, walk->why, sizeof(walk->why));
}

static uint64_t
choose_seed(void)
{
    const char *given = getenv("WEIR_SEED");

    if (given != NULL)
        return strtoull(given, NULL, 10);
    return ((uint64_t)time(NULL) << 16 ^ (uint64_t)getpid()) % 1000000007;
}

static void
a_random_walk_leaves_the_store_as_its_model_says(void)
{
    const char *given = getenv("WEIR_STEPS");
    long count = given != NULL ? atol(given) : STEPS;
    struct walk *walk;
    char message[1024];

    walk = calloc(1, sizeof(*walk));
    walk->lease_ms = place_keeps_time() ? OUTLASTING_MS : LEASE_ODD_MS;
    walk->lock_ms = place_keeps_time() ? OUTLASTING_MS : 0;
    walk->seed = walk->state = choose_seed();
    printf("(WEIR_SEED=%" PRIu64 " WEIR_STEPS=%ld) ", walk->seed, count);
    for (int i = 0; i < MODEL_QUEUES; i++)
        model_remove(&walk->model.queues[i]);
    for (long i = 0; i < count; i++) {
        if (step(walk))
            continue;
        snprintf(message, sizeof(message), "step %ld, %s: %s", i, walk->what, walk->why);
        check_same(message, "as the model says", "the store", __FILE__, __LINE__);
        break;
    }
    free(walk);
}

static const CU_TestInfo cases[] = {
    CASE(a_random_walk_leaves_the_store_as_its_model_says),
    CASES_END,
};

CASES(model);

/* SPDX-License-Identifier: MIT */
/* Upkeep of many queues in one call: those with something to do are found wherever they stand. */
#include <config.h>

#include "kit.h"

#include <stdio.h>

enum {
    QUEUES = 100,
    BUSY = 5,
    SECOND = 1000
};

static char names[QUEUES][16];
static const char *queues[QUEUES];
static const size_t busy[BUSY] = {0, 31, 32, 63, QUEUES - 1};

static void
setup(void)
{
    kit_setup();
    for (int i = 0; i < QUEUES; i++) {
        snprintf(names[i], sizeof(names[i]), "q%d", i);
        queues[i] = names[i];
    }
}

/* How many claims there are, each of its own busy queue. */
static size_t
recover_all(void)
{
    weir_claim items[QUEUES];
    weir__claims claims = {.items = items};
    size_t found = 0;

    OK(weir__recover(store, queues, QUEUES, QUEUES, LEASE_MS, &claims, NULL, NULL));
    for (size_t i = 0; i < claims.count; i++) {
        for (size_t k = 0; k < BUSY; k++)
            found += strcmp(items[i].task->queue, queues[busy[k]]) == 0;
        weir__claim_release(&items[i]);
    }
    IS(found, claims.count);
    return claims.count;
}

static void
dead_leases_of_many_queues_are_found(void)
{
    for (size_t k = 0; k < BUSY; k++) {
        put_all(queues[busy[k]], "a");
        MUST(take(queues[busy[k]]) != NULL);
    }
    IS(recover_all(), 0);
    pass_lease();
    IS(recover_all(), BUSY);
    IS(recover_all(), 0);
}

static void
due_tasks_of_many_queues_are_found(void)
{
    weir_forward work = {.queues = queues, .queue_count = QUEUES, .max = QUEUES};

    OK(weir__forward(store, &work, NULL));
    IS(work.moved, 0);
    IS(work.next_due_at_ms, WEIR_NEVER);
    for (size_t k = 0; k < BUSY; k++)
        OK(PUT(.queue = queues[busy[k]], .id = "a",
               .next_process_at_ms = START_MS + (int64_t)(BUSY - k) * SECOND));
    OK(weir__forward(store, &work, NULL));
    IS(work.moved, 0);
    IS(work.next_due_at_ms, START_MS + SECOND);
    manual_clock_advance(&now, 2 * SECOND);
    OK(weir__forward(store, &work, NULL));
    IS(work.moved, 2);
    IS(work.next_due_at_ms, START_MS + 3 * SECOND);
    manual_clock_advance(&now, BUSY * SECOND);
    OK(weir__forward(store, &work, NULL));
    IS(work.moved, BUSY - 2);
    IS(work.next_due_at_ms, WEIR_NEVER);
}

static void
what_was_kept_for_long_enough_is_found_in_many_queues(void)
{
    weir_expire work = {.queues = queues,
                        .queue_count = QUEUES,
                        .max = QUEUES,
                        .archive_max = -1,
                        .archive_age_ms = DAY};

    for (size_t k = 0; k < BUSY; k++) {
        put_all(queues[busy[k]], "a b");
        OK(FINISH(take(queues[busy[k]]), COMPLETE, .at_ms = START_MS + SECOND));
        OK(FINISH(take(queues[busy[k]]), ARCHIVE, .error = "no"));
    }
    OK(weir__expire(store, &work, NULL));
    IS(work.removed, 0);
    manual_clock_advance(&now, 2 * SECOND);
    OK(weir__expire(store, &work, NULL));
    IS(work.removed, BUSY);
    manual_clock_advance(&now, DAY);
    OK(weir__expire(store, &work, NULL));
    IS(work.removed, BUSY);
}

static void
staged_sets_of_many_queues_are_found(void)
{
    const weir_group_policy all = {.grace_ms = HOUR, .max_size = 1};
    size_t reclaimed = 99;

    NEED(GROUPS);
    for (size_t k = 0; k < BUSY; k++) {
        weir__staged set = {.count = 0};

        OK(PUT(.queue = queues[busy[k]], .id = "a", .group = "g"));
        OK(weir__group_stage(store, queues[busy[k]], "g", &all, MINUTE, &set, NULL));
        IS(set.count, 1);
        weir__staged_release(&set);
    }
    OK(weir__group_reclaim(store, queues, QUEUES, QUEUES, &reclaimed, NULL));
    IS(reclaimed, 0);
    manual_clock_advance(&now, MINUTE);
    OK(weir__group_reclaim(store, queues, QUEUES, QUEUES, &reclaimed, NULL));
    IS(reclaimed, BUSY);
}

static const CU_TestInfo cases[] = {
    CASE(dead_leases_of_many_queues_are_found),
    CASE(due_tasks_of_many_queues_are_found),
    CASE(what_was_kept_for_long_enough_is_found_in_many_queues),
    CASE(staged_sets_of_many_queues_are_found),
    CASES_END,
};

HARNESS_SUITE(upkeep, cases, setup, kit_teardown);

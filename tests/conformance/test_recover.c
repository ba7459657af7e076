/* SPDX-License-Identifier: MIT */
/* Recovery: which tasks are taken back, under what claim, and what the old holder may still do. */
#include <config.h>

#include "kit.h"
#include "place.h"

static void
a_task_whose_lease_is_alive_is_never_given_to_anybody_else(void)
{
    weir_claim *claims[3];

    put_all("alpha", "a");
    MUST(take("alpha") != NULL);
    IS(recover("alpha", 3, claims), 0);
    pass(LEASE_MS / 2);
    IS(recover("alpha", 3, claims), 0);
    IS(take("alpha") == NULL, true);
    IS(look("alpha", "a")->is_orphaned, false);
}

static void
recovery_takes_a_dead_lease_under_a_new_token_and_lease(void)
{
    weir_claim *old;
    weir_claim *dead[3];

    put_all("alpha", "a");
    old = take("alpha");
    pass_lease();
    IS(look("alpha", "a")->is_orphaned, true);
    MUST(recover("alpha", 3, dead) == 1);
    SAME(dead[0]->task->id, "a");
    IS(dead[0]->started, true);
    IS(dead[0]->token != old->token && dead[0]->token != 0, true);
    IS(state_of("alpha", "a"), WEIR_STATE_ACTIVE);
    IS(look("alpha", "a")->is_orphaned, false);
    IS(recover("alpha", 3, dead), 0);
}

static void
the_old_holder_s_finish_is_refused_after_recovery(void)
{
    weir_claim *old;
    weir_claim *dead[3];

    put_all("alpha", "a");
    old = take("alpha");
    pass_lease();
    MUST(recover("alpha", 3, dead) == 1);
    IS(FINISH(old, DONE), WEIR_E_STALE);
    IS(state_of("alpha", "a"), WEIR_STATE_ACTIVE);
    OK(FINISH(dead[0], RETRY, .at_ms = START_MS, .counted = true,
              .error = "asynq: task lease expired"));
    IS(FINISH(old, DONE), WEIR_E_STALE);
    IS(state_of("alpha", "a"), WEIR_STATE_RETRY);
    COUNTED("alpha", 1, 1);
}

static void
a_finish_in_time_wins_over_recovery(void)
{
    weir_claim *claim;
    weir_claim *dead[3];

    put_all("alpha", "a");
    claim = take("alpha");
    pass(LEASE_MS / 2);
    OK(FINISH(claim, DONE));
    pass(LEASE_MS);
    IS(recover("alpha", 3, dead), 0);
}

static void
recovery_tells_that_a_task_never_started(void)
{
    weir_claim *dead[3];

    put_all("alpha", "a b");
    MUST(take_ahead("alpha") != NULL && take("alpha") != NULL);
    pass_lease();
    MUST(recover("alpha", 3, dead) == 2);
    for (int i = 0; i < 2; i++)
        IS(dead[i]->started, strcmp(dead[i]->task->id, "b") == 0);
}

static void
a_committed_start_is_told_by_recovery(void)
{
    weir_claim *claim;
    weir_claim *dead[3];

    put_all("alpha", "a");
    claim = take_ahead("alpha");
    OK(start_one(claim));
    pass_lease();
    MUST(recover("alpha", 3, dead) == 1);
    IS(dead[0]->started, true);
}

static void
a_recovered_task_that_never_started_goes_back_to_the_head(void)
{
    weir_claim *dead[3];

    put_all("alpha", "a b");
    MUST(take_ahead("alpha") != NULL);
    pass_lease();
    MUST(recover("alpha", 3, dead) == 1);
    OK(FINISH(dead[0], REQUEUE));
    IDS("alpha", PENDING, "a b");
    COUNTED("alpha", 0, 0);
}

static void
the_one_who_recovers_holds_a_lease_that_can_die_as_well(void)
{
    weir_claim *first[3];
    weir_claim *second[3];

    put_all("alpha", "a b");
    MUST(take("alpha") != NULL && take_ahead("alpha") != NULL);
    pass_lease();
    MUST(recover("alpha", 3, first) == 2);
    pass_lease();
    MUST(recover("alpha", 3, second) == 2);
    for (int i = 0; i < 2; i++) {
        IS(second[i]->started, strcmp(second[i]->task->id, "a") == 0);
        IS(FINISH(first[i], REQUEUE), WEIR_E_STALE);
        OK(FINISH(second[i], REQUEUE));
    }
}

static void
at_most_max_are_recovered_in_one_call(void)
{
    weir_claim *claims[5];

    put_all("alpha", "a b c d e");
    IS(take_some(store, "alpha", 5, 5, claims), 5);
    pass_lease();
    IS(recover("alpha", 2, claims), 2);
    IS(recover("alpha", 2, claims), 2);
    IS(recover("alpha", 2, claims), 1);
    IS(recover("alpha", 2, claims), 0);
}

static void
only_the_queues_that_are_named_are_recovered(void)
{
    weir_claim *claims[5];

    put_all("alpha", "a");
    put_all("beta", "b");
    MUST(take("alpha") != NULL && take("beta") != NULL);
    pass_lease();
    IS(recover("none", 5, claims), 0);
    MUST(recover("alpha", 5, claims) == 1);
    SAME(claims[0]->task->id, "a");
}

static void
a_step_of_the_wall_clock_kills_no_lease(void)
{
    weir_claim *claims[5];

    if (place_keeps_time())
        HARNESS_SKIP("the store keeps its own time");
    put_all("alpha", "a");
    MUST(take("alpha") != NULL);
    atomic_fetch_add(&now.wall_ms, 10 * DAY);
    IS(recover("alpha", 5, claims), 0);
    atomic_fetch_sub(&now.wall_ms, 20 * DAY);
    IS(recover("alpha", 5, claims), 0);
    atomic_fetch_add(&now.boot_ms, LEASE_MS + 1);
    IS(recover("alpha", 5, claims), 1);
}

static void
a_lease_of_an_earlier_run_of_the_machine_is_dead(void)
{
    struct manual_clock rebooted;
    weir_claim *claims[5];

    NEED(PERSISTENT);
    if (place_keeps_time())
        HARNESS_SKIP("the store keeps its own time");
    put_all("alpha", "a");
    MUST(take("alpha") != NULL);
    weir_broker_close(store);
    manual_clock_init(&rebooted, START_MS + 60000, 2);
    rebooted.clock.boot_id = "another run";
    store = kit_open(kit_url(), &rebooted);
    MUST(store != NULL);
    IS(look("alpha", "a")->is_orphaned, true);
    IS(recover("alpha", 5, claims), 1);
    IS(recover("alpha", 5, claims), 0);
    OK(FINISH(claims[0], DONE));
    kit_reopen();
}

static const CU_TestInfo cases[] = {
    CASE(a_task_whose_lease_is_alive_is_never_given_to_anybody_else),
    CASE(recovery_takes_a_dead_lease_under_a_new_token_and_lease),
    CASE(the_old_holder_s_finish_is_refused_after_recovery),
    CASE(a_finish_in_time_wins_over_recovery),
    CASE(recovery_tells_that_a_task_never_started),
    CASE(a_committed_start_is_told_by_recovery),
    CASE(a_recovered_task_that_never_started_goes_back_to_the_head),
    CASE(the_one_who_recovers_holds_a_lease_that_can_die_as_well),
    CASE(at_most_max_are_recovered_in_one_call),
    CASE(only_the_queues_that_are_named_are_recovered),
    CASE(a_step_of_the_wall_clock_kills_no_lease),
    CASE(a_lease_of_an_earlier_run_of_the_machine_is_dead),
    CASES_END,
};

CASES(recover);

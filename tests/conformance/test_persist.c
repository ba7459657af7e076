/* SPDX-License-Identifier: MIT */
/* What outlives the handle. */
#include <config.h>

#include "kit.h"

static void
every_state_is_there_again_after_reopening(void)
{
    NEED(PERSISTENT);
    for (weir_state state = WEIR_STATE_SCHEDULED; state <= WEIR_STATE_COMPLETED; state++)
        bring_to(weir_state_name(state), "a", state);
    kit_reopen();
    for (weir_state state = WEIR_STATE_SCHEDULED; state <= WEIR_STATE_COMPLETED; state++) {
        IS(state_of(weir_state_name(state), "a"), state);
        IS(queue_info(weir_state_name(state)).size, 1);
    }
    SAME(look("retry", "a")->last_error, "no");
    IS(look("scheduled", "a")->next_process_at_ms, START_MS + HOUR);
}

static void
order_counters_locks_and_pause_are_there_again_after_reopening(void)
{
    NEED(PERSISTENT);
    put_all("alpha", "x c a b");
    OK(FINISH(take("alpha"), DONE));
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "u", .unique_key = "k"));
    if (weir__broker_capabilities(store) & WEIR_CAP_STEER)
        OK(weir__pause(store, "beta", true, NULL));
    kit_reopen();
    IDS("alpha", PENDING, "c a b u");
    COUNTED("alpha", 1, 0);
    IS(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "v", .unique_key = "k"), WEIR_E_DUPLICATE);
    put_all("beta", "a");
    IS(take("beta") == NULL, !!(weir__broker_capabilities(store) & WEIR_CAP_STEER));
}

static void
a_claim_holds_over_reopening(void)
{
    weir_claim *claim;

    NEED(PERSISTENT);
    put_all("alpha", "a");
    claim = take("alpha");
    kit_reopen();
    OK(extend_one(claim, NULL));
    OK(FINISH(claim, DONE));
    IS(queue_info("alpha").size, 0);
}

static void
a_claim_of_one_handle_is_finished_by_another(void)
{
    weir_broker *other;

    NEED(SHARED);
    put_all("alpha", "a");
    other = kit_open(kit_url(), &now);
    MUST(other != NULL);
    OK(finish_one(other, &(weir_finish){.claim = take("alpha"), .kind = WEIR_FINISH_DONE}));
    weir_broker_close(other);
    IS(queue_info("alpha").size, 0);
}

static const CU_TestInfo cases[] = {
    CASE(every_state_is_there_again_after_reopening),
    CASE(order_counters_locks_and_pause_are_there_again_after_reopening),
    CASE(a_claim_holds_over_reopening),
    CASE(a_claim_of_one_handle_is_finished_by_another),
    CASES_END,
};

CASES(persist);

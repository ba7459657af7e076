/* SPDX-License-Identifier: MIT */
/* Extending leases. */
#include <config.h>

#include "kit.h"

static weir_claim *
put_and_take(const char *id)
{
    OK(PUT(.queue = "alpha", .id = id));
    return take("alpha");
}

static void
an_extended_lease_lives_on_when_its_first_end_is_past(void)
{
    weir_claim *claim = put_and_take("a");
    weir_claim *dead[2];

    pass(LEASE_MS / 2);
    OK(extend_one(claim, NULL));
    pass(LEASE_MS / 2 + LEASE_MS / 4);
    IS(recover("alpha", 2, dead), 0);
    IS(look("alpha", "a")->is_orphaned, false);
    OK(FINISH(claim, DONE));
}

static void
extending_never_changes_the_token(void)
{
    weir_claim *claim = put_and_take("a");

    for (int i = 0; i < 5; i++)
        OK(extend_one(claim, NULL));
    OK(FINISH(claim, DONE));
}

static void
a_lease_that_ended_but_was_not_taken_can_be_extended_or_is_stale(void)
{
    weir_claim *claim = put_and_take("a");
    weir_claim *dead[2];
    int code;

    pass_lease();
    code = extend_one(claim, NULL);
    IS(code == 0 || code == WEIR_E_STALE, true);
    IS(recover("alpha", 2, dead), code == 0 ? 0 : 1);
}

static void
a_lost_lease_is_told_as_stale(void)
{
    weir_claim *claim = put_and_take("a");
    weir_claim *dead[2];

    OK(FINISH(claim, REQUEUE));
    IS(extend_one(claim, NULL), WEIR_E_STALE);
    claim = take("alpha");
    pass_lease();
    MUST(recover("alpha", 2, dead) == 1);
    IS(extend_one(claim, NULL), WEIR_E_STALE);
    OK(extend_one(dead[0], NULL));
}

static void
a_finished_task_s_lease_cannot_be_extended(void)
{
    weir_claim *claim = put_and_take("a");

    OK(FINISH(claim, DONE));
    IS(extend_one(claim, NULL), WEIR_E_STALE);
}

static void
one_lost_lease_in_a_batch_does_not_touch_the_others(void)
{
    weir_claim *claims[3];
    weir_extend_item items[3];
    weir_claim *dead[3];

    put_all("alpha", "a b c");
    MUST(take_some(store, "alpha", 3, 3, claims) == 3);
    OK(FINISH(claims[1], REQUEUE));
    for (int i = 0; i < 3; i++)
        items[i] = (weir_extend_item){.claim = claims[i], .result = 1};
    pass(LEASE_MS / 2);
    OK(weir__extend(store, LEASE_MS, items, 3, NULL));
    IS(items[0].result, 0);
    IS(items[1].result, WEIR_E_STALE);
    IS(items[2].result, 0);
    pass(LEASE_MS / 2 + 1);
    IS(recover("alpha", 3, dead), 0);
}

static void
extending_tells_what_was_cancelled(void)
{
    weir_claim *a = put_and_take("a");
    weir_claim *b = put_and_take("b");
    bool cancelled = true;

    NEED(STEER);
    OK(extend_one(a, &cancelled));
    IS(cancelled, false);
    OK(weir__cancel(store, "alpha", "a", WEIR_CANCEL_RETRY, NULL));
    OK(extend_one(a, &cancelled));
    IS(cancelled, true);
    OK(extend_one(a, &cancelled));
    IS(cancelled, true);
    OK(extend_one(b, &cancelled));
    IS(cancelled, false);
}

static void
a_cancellation_is_remembered_until_its_attempt_ends(void)
{
    weir_claim *claim = put_and_take("a");
    bool cancelled = true;

    NEED(STEER);
    OK(weir__cancel(store, "alpha", "a", WEIR_CANCEL_RETRY, NULL));
    OK(FINISH(claim, RETRY, .at_ms = START_MS, .error = "cancelled"));
    forward("alpha", 1, NULL);
    claim = take("alpha");
    OK(extend_one(claim, &cancelled));
    IS(cancelled, false);
}

static void
the_strongest_way_to_cancel_is_told(void)
{
    weir_extend_item item = {.claim = put_and_take("a")};
    static const weir_cancel_mode asked[] = {WEIR_CANCEL_RETRY, WEIR_CANCEL_REVOKE,
                                             WEIR_CANCEL_ARCHIVE, WEIR_CANCEL_RETRY};
    static const weir_cancel_mode told[] = {WEIR_CANCEL_RETRY, WEIR_CANCEL_REVOKE,
                                            WEIR_CANCEL_REVOKE, WEIR_CANCEL_REVOKE};

    NEED(STEER);
    for (size_t i = 0; i < 4; i++) {
        OK(weir__cancel(store, "alpha", "a", asked[i], NULL));
        OK(weir__extend(store, LEASE_MS, &item, 1, NULL));
        IS(item.cancelled, told[i]);
    }
    OK(FINISH(item.claim, RETRY, .at_ms = START_MS, .error = "cancelled"));
    forward("alpha", 1, NULL);
    item.claim = take("alpha");
    OK(weir__cancel(store, "alpha", "a", WEIR_CANCEL_ARCHIVE, NULL));
    OK(weir__extend(store, LEASE_MS, &item, 1, NULL));
    IS(item.cancelled, WEIR_CANCEL_ARCHIVE);
}

static const CU_TestInfo cases[] = {
    CASE(an_extended_lease_lives_on_when_its_first_end_is_past),
    CASE(extending_never_changes_the_token),
    CASE(a_lease_that_ended_but_was_not_taken_can_be_extended_or_is_stale),
    CASE(a_lost_lease_is_told_as_stale),
    CASE(a_finished_task_s_lease_cannot_be_extended),
    CASE(one_lost_lease_in_a_batch_does_not_touch_the_others),
    CASE(extending_tells_what_was_cancelled),
    CASE(a_cancellation_is_remembered_until_its_attempt_ends),
    CASE(the_strongest_way_to_cancel_is_told),
    CASES_END,
};

CASES(extend);

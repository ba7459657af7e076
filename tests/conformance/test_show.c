/* SPDX-License-Identifier: MIT */
/* Results of tasks that still run. */
#include <config.h>

#include "kit.h"

static weir_claim *
put_and_take(const char *id)
{
    OK(PUT(.queue = "alpha", .id = id, .max_retry = 3));
    return take("alpha");
}

static int
show(const weir_claim *claim, const char *text)
{
    weir_show one = {.claim = claim, .result = text, .result_len = strlen(text), .outcome = 1};
    int code = weir__show(store, &one, 1, NULL);

    return code != 0 ? code : one.outcome;
}

static bool
has_result(const char *id, const char *text)
{
    const weir_task_info *task = look("alpha", id);

    return task != NULL && task->result != NULL && task->result_len == strlen(text) &&
           memcmp(task->result, text, task->result_len) == 0;
}

static void
a_shown_result_is_seen_while_the_task_runs(void)
{
    NEED(SHOW);
    weir_claim *claim = put_and_take("a");
    MUST(claim != NULL);

    OK(show(claim, "half"));
    YES(has_result("a", "half"));
    IS(state_of("alpha", "a"), WEIR_STATE_ACTIVE);
    OK(show(claim, "three quarters"));
    YES(has_result("a", "three quarters"));
    OK(extend_one(claim, NULL));
    OK(FINISH(claim, COMPLETE, .at_ms = START_MS + HOUR, .result = "all", .result_len = 3));
    YES(has_result("a", "all"));
}

static void
a_completion_without_a_result_leaves_the_shown_one(void)
{
    NEED(SHOW);
    weir_claim *claim = put_and_take("a");
    MUST(claim != NULL);

    OK(show(claim, "half"));
    OK(FINISH(claim, COMPLETE, .at_ms = START_MS + HOUR));
    YES(has_result("a", "half"));
}

static void
a_shown_result_stays_when_the_attempt_fails(void)
{
    NEED(SHOW);
    weir_claim *claim = put_and_take("a");
    MUST(claim != NULL);

    OK(show(claim, "half"));
    OK(FINISH(claim, RETRY, .at_ms = START_MS, .counted = true, .error = "broken"));
    YES(has_result("a", "half"));
    IS(forward("alpha", 10, NULL), 1);
    claim = take("alpha");
    MUST(claim != NULL);
    YES(has_result("a", "half"));
    OK(FINISH(claim, ARCHIVE, .error = "broken"));
    YES(has_result("a", "half"));
}

static void
a_stale_token_shows_nothing(void)
{
    NEED(SHOW);
    weir_claim *claim = put_and_take("a");
    MUST(claim != NULL);

    OK(FINISH(claim, REQUEUE));
    IS(show(claim, "late"), WEIR_E_STALE);
    weir_claim *next = take("alpha");
    MUST(next != NULL);
    IS(show(claim, "late"), WEIR_E_STALE);
    IS(look("alpha", "a")->result == NULL, true);
    OK(FINISH(next, DONE));
    IS(show(next, "late"), WEIR_E_STALE);
    IS(state_of("alpha", "a"), WEIR_STATE_NONE);
    OK(PUT(.queue = "alpha", .id = "a")); /* nothing stands in its way */
}

static void
showing_changes_neither_state_nor_lease(void)
{
    NEED(SHOW);
    weir_claim *claim = put_and_take("a");
    weir_claim *dead[2];
    MUST(claim != NULL);

    OK(show(claim, "half"));
    pass_lease();
    IS(recover("alpha", 2, dead), 1);
    IS(show(claim, "late"), WEIR_E_STALE);
    YES(has_result("a", "half"));
}

static void
one_stale_token_in_a_batch_does_not_touch_the_others(void)
{
    NEED(SHOW);
    weir_claim *claims[3];
    weir_show items[3];

    put_all("alpha", "a b c");
    MUST(take_some(store, "alpha", 3, 3, claims) == 3);
    OK(FINISH(claims[1], DONE));
    for (int i = 0; i < 3; i++)
        items[i] = (weir_show){.claim = claims[i], .result = "r", .result_len = 1, .outcome = 1};
    OK(weir__show(store, items, 3, NULL));
    IS(items[0].outcome, 0);
    IS(items[1].outcome, WEIR_E_STALE);
    IS(items[2].outcome, 0);
    YES(has_result("a", "r"));
    YES(has_result("c", "r"));
}

static CU_TestInfo cases[] = {
    CASE(a_shown_result_is_seen_while_the_task_runs),
    CASE(a_completion_without_a_result_leaves_the_shown_one),
    CASE(a_shown_result_stays_when_the_attempt_fails),
    CASE(a_stale_token_shows_nothing),
    CASE(showing_changes_neither_state_nor_lease),
    CASE(one_stale_token_in_a_batch_does_not_touch_the_others),
    CASES_END,
};

CASES(show);

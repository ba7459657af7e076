/* SPDX-License-Identifier: MIT */
/*
 * Lost replies: a call that is repeated under the same request id. The wrappers choose request ids by themselves,
 * so these cases go through the backend's table, as the wrappers do.
 */
#include <config.h>

#include "broker.h"
#include "kit.h"

#define NEED_RESENDS()                                                                             \
    do {                                                                                           \
        if (weir__broker_capabilities(store) & WEIR_CAP_SURE_REPLIES)                              \
            HARNESS_SKIP("capability SURE_REPLIES: nothing is ever sent again");                   \
    } while (0)

static const weir_request_id first = {.instance = 77, .lane = 1, .number = 1};
static const weir_request_id second = {.instance = 77, .lane = 1, .number = 2};

static int
enqueue(const weir_request_id *request, const char *id)
{
    weir_task_info task = with_defaults(&(weir_task_info){.queue = "alpha", .id = id});
    weir_enqueue_item item = {.task = &task, .result = 1};
    int code = store->backend->enqueue(store->self, request, now_ms(), &item, 1, NULL);

    return code != 0 ? code : item.result;
}

/* A try of a call with two tasks whose ids are new. */
static int
enqueue_fresh(weir_request_id request, uint32_t tries, const char *const *names)
{
    weir_task_info tasks[2];
    weir_enqueue_item items[2];
    int code;

    request.tries = tries;
    for (int i = 0; i < 2; i++) {
        tasks[i] = with_defaults(&(weir_task_info){.queue = "alpha", .id = names[i]});
        items[i] = (weir_enqueue_item){.task = &tasks[i], .result = 1, .fresh = true};
    }
    code = store->backend->enqueue(store->self, &request, now_ms(), items, 2, NULL);
    return code != 0 ? code : items[0].result != 0 ? items[0].result : items[1].result;
}

static int
finish(const weir_request_id *request, const weir_claim *claim)
{
    weir_finish one = {.claim = claim, .kind = WEIR_FINISH_DONE, .outcome = 1};
    weir_consume work = {.finishes = &one, .finish_count = 1};
    int code = store->backend->consume(store->self, request, now_ms(), &work, NULL);

    return code != 0 ? code : one.outcome;
}

struct seen {
    size_t count;
    uint64_t tokens[10];
    uint64_t refs[10];
    bool started[10];
    char ids[10][8];
};

static int
see(void *arg, const weir_task_info *task, uint64_t token, uint64_t ref, bool started)
{
    struct seen *seen = arg;

    seen->tokens[seen->count] = token;
    seen->refs[seen->count] = ref;
    seen->started[seen->count] = started;
    memcpy(seen->ids[seen->count++], task->id, strlen(task->id) + 1);
    return 0;
}

/* Takes two, the first `start` of them started. */
static struct seen
take_two(const weir_request_id *request, size_t start)
{
    struct seen seen = {0};
    weir_take_queue from = {"alpha", 2, 0};
    weir_take take = {&from, 1, 2, start, 0, LEASE_MS, see, &seen};
    weir_consume work = {.take = &take};

    OK(store->backend->consume(store->self, request, now_ms(), &work, NULL));
    return seen;
}

static void
a_repeated_enqueue_returns_what_the_first_one_did(void)
{
    NEED_RESENDS();
    OK(enqueue(&first, "a"));
    OK(enqueue(&first, "a"));
    IDS("alpha", PENDING, "a");
    IS(enqueue(&second, "a"), WEIR_E_CONFLICT);
    IS(enqueue(&second, "a"), WEIR_E_CONFLICT);
}

static void
a_repeated_enqueue_does_not_bring_a_finished_task_back(void)
{
    NEED_RESENDS();
    OK(enqueue(&first, "a"));
    OK(FINISH(take("alpha"), DONE));
    OK(enqueue(&first, "a"));
    IS(queue_info("alpha").size, 0);
}

static void
a_repeated_enqueue_of_new_ids_puts_each_once(void)
{
    static const char *const one[] = {"a", "b"};
    static const char *const other[] = {"c", "d"};

    NEED_RESENDS();
    OK(enqueue_fresh(first, 0, one));
    OK(enqueue_fresh(first, 1, one));
    IDS("alpha", PENDING, "a b");
    OK(FINISH(take("alpha"), DONE));
    OK(FINISH(take("alpha"), DONE));
    OK(enqueue_fresh(first, 2, one));
    IS(queue_info("alpha").size, 0);
    OK(enqueue_fresh(second, 1, other)); /* the first try never came */
    OK(enqueue_fresh(second, 2, other));
    IDS("alpha", PENDING, "c d");
    IS(enqueue_fresh(first, 3, one), WEIR_E_STALE);
    IDS("alpha", PENDING, "c d");
}

static void
a_repeated_finish_counts_once(void)
{
    weir_claim *claim;

    NEED_RESENDS();
    put_all("alpha", "a");
    claim = take("alpha");
    OK(finish(&first, claim));
    OK(finish(&first, claim));
    COUNTED("alpha", 1, 0);
    IS(finish(&second, claim), WEIR_E_STALE);
}

static void
a_repeated_take_gives_the_same_tasks_and_no_others(void)
{
    struct seen one;
    struct seen two;

    NEED_RESENDS();
    put_all("alpha", "a b c d");
    one = take_two(&first, 2);
    two = take_two(&first, 2);
    IS(one.count, 2);
    IS(two.count, 2);
    for (size_t i = 0; i < 2; i++) {
        SAME(two.ids[i], one.ids[i]);
        IS(two.tokens[i] == one.tokens[i], true);
    }
    IDS("alpha", PENDING, "c d");
}

static void
a_repeated_take_gives_only_tasks_whose_token_still_holds(void)
{
    struct seen seen;
    weir_claim *dead[2];

    NEED_RESENDS();
    put_all("alpha", "a b c");
    seen = take_two(&first, 2);
    IS(seen.count, 2);
    pass_lease();
    MUST(recover("alpha", 1, dead) == 1);
    seen = take_two(&first, 2);
    IS(seen.count, 1);
    SAME(seen.ids[0], strcmp(dead[0]->task->id, "a") == 0 ? "b" : "a");
    IDS("alpha", PENDING, "c");
}

static void
a_repeated_take_does_not_undo_a_start(void)
{
    struct seen seen;
    weir_task_info task;
    weir_claim claim;
    weir_claim *dead[2];

    NEED_RESENDS();
    put_all("alpha", "a b");
    seen = take_two(&first, 1);
    MUST(seen.count == 2);
    size_t ahead = seen.started[0] ? 1 : 0;
    IS(seen.started[ahead], false);
    task = (weir_task_info){.queue = "alpha", .id = seen.ids[ahead]};
    claim = (weir_claim){.task = &task, .token = seen.tokens[ahead], .ref = seen.refs[ahead]};
    OK(start_one(&claim));
    IS(take_two(&first, 1).count, 2);
    pass_lease();
    MUST(recover("alpha", 2, dead) == 2);
    IS(dead[0]->started, true);
    IS(dead[1]->started, true);
}

static void
a_number_below_the_last_one_is_refused_as_stale(void)
{
    NEED_RESENDS();
    OK(enqueue(&first, "a"));
    OK(enqueue(&second, "b"));
    IS(enqueue(&first, "c"), WEIR_E_STALE);
    IDS("alpha", PENDING, "a b");
}

static void
lanes_and_instances_do_not_disturb_each_other(void)
{
    const weir_request_id lane = {.instance = 77, .lane = 2, .number = 1};
    const weir_request_id instance = {.instance = 78, .lane = 1, .number = 1};

    NEED_RESENDS();
    OK(enqueue(&second, "a"));
    OK(enqueue(&lane, "b"));
    OK(enqueue(&instance, "c"));
    IDS("alpha", PENDING, "a b c");
}

/* ---- groups ---- */

struct staged {
    size_t count;
    char set_id[64];
    char ids[10][8];
};

static int
note_member(void *arg, const weir_task_info *task)
{
    struct staged *staged = arg;

    memcpy(staged->ids[staged->count++], task->id, strlen(task->id) + 1);
    return 0;
}

static struct staged
stage(const weir_request_id *request)
{
    const weir_group_policy policy = {.grace_ms = HOUR, .max_size = 2};
    struct staged staged = {0};

    OK(store->backend->group_stage(store->self, request, now_ms(), "alpha", "g", &policy, MINUTE,
                                   staged.set_id, note_member, &staged, NULL));
    return staged;
}

static int
commit(const weir_request_id *request, const char *set_id, const char *id)
{
    weir_task_info task = with_defaults(&(weir_task_info){.queue = "alpha", .id = id});
    weir_enqueue_item item = {.task = &task, .result = 1};
    int code =
        store->backend->group_commit(store->self, request, now_ms(), "alpha", set_id, &item, NULL);

    IS(item.result, code);
    return code;
}

static void
join_all(int count)
{
    for (int i = 0; i < count; i++) {
        char id[2] = {(char)('a' + i), '\0'};

        OK(PUT(.queue = "alpha", .id = id, .group = "g"));
    }
}

static void
a_repeated_stage_gives_the_same_set_and_no_other(void)
{
    struct staged one;
    struct staged two;

    NEED(GROUPS);
    NEED_RESENDS();
    join_all(4);
    one = stage(&first);
    two = stage(&first);
    IS(one.count, 2);
    IS(two.count, 2);
    SAME(two.set_id, one.set_id);
    for (size_t i = 0; i < 2; i++)
        SAME(two.ids[i], one.ids[i]);
    SAME(ids("alpha", WEIR_STATE_AGGREGATING, "g", 0, 10), "c d");
}

static void
a_repeated_stage_gives_nothing_when_the_set_was_put_back(void)
{
    static const char *const alpha = "alpha";
    size_t reclaimed = 0;

    NEED(GROUPS);
    NEED_RESENDS();
    join_all(2);
    IS(stage(&first).count, 2);
    manual_clock_advance(&now, MINUTE);
    OK(weir__group_reclaim(store, &alpha, 1, 10, &reclaimed, NULL));
    IS(reclaimed, 1);
    IS(stage(&first).count, 0);
    SAME(ids("alpha", WEIR_STATE_AGGREGATING, "g", 0, 10), "a b");
}

static void
a_repeated_commit_returns_what_the_first_one_did(void)
{
    struct staged staged;

    NEED(GROUPS);
    NEED_RESENDS();
    join_all(2);
    staged = stage(&first);
    OK(commit(&second, staged.set_id, "one"));
    OK(commit(&second, staged.set_id, "one"));
    IDS("alpha", PENDING, "one");
    OK(FINISH(take("alpha"), DONE));
    OK(commit(&second, staged.set_id, "one"));
    IS(queue_info("alpha").size, 0);
    IS(commit(&(weir_request_id){.instance = 77, .lane = 1, .number = 3}, staged.set_id, "one"),
       WEIR_E_STALE);
}

static const CU_TestInfo cases[] = {
    CASE(a_repeated_enqueue_returns_what_the_first_one_did),
    CASE(a_repeated_enqueue_does_not_bring_a_finished_task_back),
    CASE(a_repeated_enqueue_of_new_ids_puts_each_once),
    CASE(a_repeated_finish_counts_once),
    CASE(a_repeated_take_gives_the_same_tasks_and_no_others),
    CASE(a_repeated_take_gives_only_tasks_whose_token_still_holds),
    CASE(a_repeated_take_does_not_undo_a_start),
    CASE(a_number_below_the_last_one_is_refused_as_stale),
    CASE(lanes_and_instances_do_not_disturb_each_other),
    CASE(a_repeated_stage_gives_the_same_set_and_no_other),
    CASE(a_repeated_stage_gives_nothing_when_the_set_was_put_back),
    CASE(a_repeated_commit_returns_what_the_first_one_did),
    CASES_END,
};

CASES(resend);

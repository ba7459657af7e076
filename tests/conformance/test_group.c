/* SPDX-License-Identifier: MIT */
/*
 * Groups: when their tasks are staged, which, and what becomes of a set. Times are whole seconds, which is what every store
 * keeps.
 */
#include <config.h>

#include "kit.h"

#include <stdio.h>

#define SECOND INT64_C(1000)
#define TTL (2 * MINUTE)

static const weir_group_policy lazy = {.grace_ms = HOUR};

/* The set that a case has in hand; the text of its ids is the case's too. */
static weir__staged set;
static char members[512];

static void
setup(void)
{
    kit_setup();
    set = (weir__staged){.count = 0};
}

static void
teardown(void)
{
    weir__staged_release(&set);
    kit_teardown();
}

static void
join(const char *id)
{
    OK(PUT(.queue = "alpha", .id = id, .group = "g"));
}

static const char *
list_members(void)
{
    size_t len = 0;

    members[0] = '\0';
    for (size_t i = 0; i < set.count && len < sizeof(members); i++)
        len += (size_t)snprintf(members + len, sizeof(members) - len, "%s%s", i > 0 ? " " : "",
                                set.tasks[i]->id);
    return members;
}

/* Stages what the policy allows; the ids. */
static const char *
stage(const char *group, const weir_group_policy *policy)
{
    weir__staged_release(&set);
    OK(weir__group_stage(store, "alpha", group, policy, TTL, &set, NULL));
    return list_members();
}

#define STAGE(...) stage("g", &(weir_group_policy){__VA_ARGS__})
#define STAGE_ALL() STAGE(.grace_ms = HOUR, .max_size = (int64_t)queue_info("alpha").aggregating)

static int
commit_task(const weir_task_info *task, int64_t unique_ttl_ms)
{
    weir_task_info full = with_defaults(task);
    weir_enqueue_item item = {.task = &full, .unique_ttl_ms = unique_ttl_ms};
    int code = weir__group_commit(store, "alpha", set.set_id, &item, NULL);

    IS(item.result, code);
    return code;
}

static int
commit(const char *id)
{
    return commit_task(&(weir_task_info){.queue = "alpha", .id = id}, 0);
}

static size_t
reclaim(const char *queue)
{
    size_t reclaimed = 99;

    OK(weir__group_reclaim(store, &queue, 1, 10, &reclaimed, NULL));
    return reclaimed;
}

/* ---- which groups there are ---- */

struct groups {
    char text[512];
    size_t len;
};

static int
append_group(void *arg, const weir_group_info *group)
{
    struct groups *groups = arg;

    groups->len += (size_t)snprintf(groups->text + groups->len, sizeof(groups->text) - groups->len,
                                    "%s%s/%s/%zu/%+d/%+d", groups->len > 0 ? " " : "", group->name,
                                    group->type, group->size,
                                    (int)((group->oldest_at_ms - START_MS) / SECOND),
                                    (int)((group->newest_at_ms - START_MS) / SECOND));
    return 0;
}

static const char *
groups_of(const char *queue, size_t count_to)
{
    static struct groups groups;

    groups.len = 0;
    groups.text[0] = '\0';
    OK(weir__groups(store, queue, count_to, append_group, &groups, NULL));
    return groups.text;
}

static void
groups_are_told_in_order_with_size_and_ages(void)
{
    NEED(GROUPS);
    OK(PUT(.queue = "alpha", .id = "a", .type = "x", .group = "h"));
    manual_clock_advance(&now, SECOND);
    OK(PUT(.queue = "alpha", .id = "b", .type = "y", .group = "g"));
    manual_clock_advance(&now, SECOND);
    OK(PUT(.queue = "alpha", .id = "c", .type = "z", .group = "h"));
    OK(PUT(.queue = "beta", .id = "d", .group = "other"));
    SAME(groups_of("alpha", 0), "g/y/1/+1/+1 h/x/2/+0/+2");
    SAME(groups_of("none", 0), "");
}

static void
a_group_is_counted_only_as_far_as_asked(void)
{
    NEED(GROUPS);
    join("a");
    join("b");
    join("c");
    SAME(groups_of("alpha", 2), "g/t/2/+0/+0");
}

static void
a_group_without_waiting_tasks_is_not_told(void)
{
    NEED(GROUPS);
    join("a");
    OK(PUT(.queue = "alpha", .id = "later", .group = "h", .next_process_at_ms = START_MS + HOUR));
    SAME(STAGE_ALL(), "a");
    SAME(groups_of("alpha", 0), "");
}

/* ---- when ---- */

static void
nothing_is_staged_before_its_policy_says_so(void)
{
    NEED(GROUPS);
    join("a");
    manual_clock_advance(&now, 9 * SECOND);
    SAME(STAGE(.grace_ms = 10 * SECOND, .max_delay_ms = 20 * SECOND, .max_size = 2), "");
    SAME(set.set_id, "");
    SAME(stage("none", &lazy), "");
    IS(state_of("alpha", "a"), WEIR_STATE_AGGREGATING);
}

static void
a_group_is_staged_when_it_is_large_enough(void)
{
    NEED(GROUPS);
    join("a");
    SAME(STAGE(.grace_ms = HOUR, .max_size = 2), "");
    join("b");
    SAME(STAGE(.grace_ms = HOUR, .max_size = 2), "a b");
}

static void
a_group_is_staged_when_its_oldest_has_waited_long_enough(void)
{
    NEED(GROUPS);
    join("a");
    manual_clock_advance(&now, 10 * SECOND);
    join("b");
    SAME(STAGE(.grace_ms = HOUR, .max_delay_ms = 11 * SECOND), "");
    SAME(STAGE(.grace_ms = HOUR, .max_delay_ms = 10 * SECOND), "a b");
}

static void
a_group_is_staged_when_nobody_has_joined_for_the_grace(void)
{
    NEED(GROUPS);
    join("a");
    manual_clock_advance(&now, 9 * SECOND);
    join("b");
    manual_clock_advance(&now, 9 * SECOND);
    SAME(STAGE(.grace_ms = 10 * SECOND), "");
    manual_clock_advance(&now, SECOND);
    SAME(STAGE(.grace_ms = 10 * SECOND), "a b");
}

/* ---- which ---- */

static void
the_tasks_of_a_set_are_in_the_order_in_which_they_joined(void)
{
    NEED(GROUPS);
    OK(PUT(.queue = "alpha", .id = "later", .group = "g", .next_process_at_ms = START_MS + 2000));
    join("z");
    manual_clock_advance(&now, SECOND);
    join("m");
    manual_clock_advance(&now, SECOND);
    IS(forward("alpha", 10, NULL), 1);
    manual_clock_advance(&now, SECOND);
    join("a");
    SAME(STAGE_ALL(), "z m later a");
}

static void
a_set_has_no_more_than_max_size_tasks_the_oldest(void)
{
    NEED(GROUPS);
    join("a");
    manual_clock_advance(&now, SECOND);
    join("b");
    manual_clock_advance(&now, SECOND);
    join("c");
    SAME(STAGE(.grace_ms = HOUR, .max_size = 2), "a b");
    SAME(STAGE(.grace_ms = HOUR, .max_size = 2), "");
    SAME(groups_of("alpha", 0), "g/t/1/+2/+2");
}

static void
a_set_has_no_more_tasks_than_a_call_may_have(void)
{
    char id[16];

    NEED(GROUPS);
    for (int i = 0; i <= WEIR_GROUP_SET_MAX; i++) {
        snprintf(id, sizeof(id), "%04d", i);
        join(id);
    }
    manual_clock_advance(&now, HOUR);
    stage("g", &lazy);
    IS(set.count, WEIR_GROUP_SET_MAX);
    SAME(stage("g", &lazy), "1000");
}

static void
other_groups_and_queues_are_left_alone(void)
{
    NEED(GROUPS);
    join("a");
    OK(PUT(.queue = "alpha", .id = "b", .group = "h"));
    OK(PUT(.queue = "beta", .id = "c", .group = "g"));
    SAME(STAGE(.grace_ms = HOUR, .max_size = 1), "a");
    SAME(groups_of("alpha", 0), "h/t/1/+0/+0");
    SAME(groups_of("beta", 0), "g/t/1/+0/+0");
}

static void
staged_tasks_are_shown_with_all_that_they_have(void)
{
    static const weir_header header = {"k", "v"};

    NEED(GROUPS);
    OK(PUT(.queue = "alpha", .id = "a", .type = "mail", .group = "g", .payload = "hi",
           .payload_len = 2, .headers = &header, .header_count = 1));
    SAME(STAGE_ALL(), "a");
    MUST(set.count == 1);
    SAME(set.tasks[0]->type, "mail");
    SAME(set.tasks[0]->group, "g");
    IS(set.tasks[0]->state, WEIR_STATE_AGGREGATING);
    IS(set.tasks[0]->payload_len, 2);
    SAME(weir_task_info_header(set.tasks[0], "k"), "v");
}

/* ---- a set ---- */

static void
staged_tasks_are_aggregating_and_out_of_reach(void)
{
    size_t done = 0;

    NEED(GROUPS);
    NEED(STEER);
    join("a");
    SAME(STAGE_ALL(), "a");
    IS(state_of("alpha", "a"), WEIR_STATE_AGGREGATING);
    IS(queue_info("alpha").aggregating, 1);
    IS(steer(WEIR_VERB_RUN, "alpha", "a"), WEIR_E_STATE);
    IS(steer(WEIR_VERB_ARCHIVE, "alpha", "a"), WEIR_E_STATE);
    IS(steer(WEIR_VERB_DELETE, "alpha", "a"), WEIR_E_STATE);
    OK(weir__steer_all(store, WEIR_VERB_DELETE, "alpha", WEIR_STATE_AGGREGATING, NULL, 10, &done,
                       NULL));
    IS(done, 0);
    OK(commit("one"));
}

static void
who_joins_after_the_stage_is_not_in_the_set(void)
{
    NEED(GROUPS);
    join("a");
    SAME(STAGE_ALL(), "a");
    join("b");
    OK(commit("one"));
    IS(state_of("alpha", "b"), WEIR_STATE_AGGREGATING);
    SAME(groups_of("alpha", 0), "g/t/1/+0/+0");
}

static void
a_commit_makes_one_task_of_the_set_at_the_tail(void)
{
    NEED(GROUPS);
    OK(PUT(.queue = "alpha", .id = "first"));
    join("a");
    join("b");
    SAME(STAGE_ALL(), "a b");
    OK(commit("one"));
    IDS("alpha", PENDING, "first one");
    IDS("alpha", AGGREGATING, "");
    YES(look("alpha", "a") == NULL);
    YES(look("alpha", "b") == NULL);
    IS(queue_info("alpha").size, 2);
    COUNTED("alpha", 0, 0);
}

static void
a_commit_deletes_the_locks_of_the_members(void)
{
    NEED(GROUPS);
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "a", .group = "g", .unique_key = "unique:t:1"));
    SAME(STAGE_ALL(), "a");
    IS(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "b", .unique_key = "unique:t:1"), WEIR_E_DUPLICATE);
    OK(commit("one"));
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "b", .unique_key = "unique:t:1"));
}

static void
the_new_task_may_have_the_id_and_the_lock_of_a_member(void)
{
    NEED(GROUPS);
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "a", .group = "g", .unique_key = "unique:t:1"));
    SAME(STAGE_ALL(), "a");
    OK(commit_task(&(weir_task_info){.queue = "alpha", .id = "a", .unique_key = "unique:t:1"},
                   HOUR));
    IDS("alpha", PENDING, "a");
    IS(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "b", .unique_key = "unique:t:1"), WEIR_E_DUPLICATE);
}

static void
the_new_task_may_be_for_later_or_in_a_group(void)
{
    NEED(GROUPS);
    join("a");
    SAME(STAGE_ALL(), "a");
    OK(commit_task(
        &(weir_task_info){.queue = "alpha", .id = "one", .next_process_at_ms = START_MS + HOUR},
        0));
    IS(state_of("alpha", "one"), WEIR_STATE_SCHEDULED);
    join("b");
    SAME(STAGE_ALL(), "b");
    OK(commit_task(&(weir_task_info){.queue = "alpha", .id = "two", .group = "daily"}, 0));
    SAME(groups_of("alpha", 0), "daily/t/1/+0/+0");
}

static void
a_commit_whose_task_is_refused_changes_nothing(void)
{
    NEED(GROUPS);
    OK(PUT(.queue = "alpha", .id = "taken"));
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "a", .group = "g", .unique_key = "unique:t:1"));
    SAME(STAGE_ALL(), "a");
    IS(commit("taken"), WEIR_E_CONFLICT);
    IS(state_of("alpha", "a"), WEIR_STATE_AGGREGATING);
    IS(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "b", .unique_key = "unique:t:1"), WEIR_E_DUPLICATE);
    OK(commit("one"));
    IDS("alpha", PENDING, "taken one");
}

static void
a_set_is_committed_once(void)
{
    NEED(GROUPS);
    join("a");
    SAME(STAGE_ALL(), "a");
    OK(commit("one"));
    IS(commit("two"), WEIR_E_STALE);
    IDS("alpha", PENDING, "one");
}

/* ---- reclaim ---- */

static void
a_set_goes_back_to_its_group_when_its_time_is_over(void)
{
    NEED(GROUPS);
    join("a");
    manual_clock_advance(&now, SECOND);
    join("b");
    SAME(STAGE_ALL(), "a b");
    manual_clock_advance(&now, TTL - SECOND);
    IS(reclaim("alpha"), 0);
    manual_clock_advance(&now, SECOND);
    IS(reclaim("beta"), 0);
    IS(reclaim("alpha"), 1);
    IS(reclaim("alpha"), 0);
    SAME(groups_of("alpha", 0), "g/t/2/+0/+1");
    IS(queue_info("alpha").groups, 1);
    SAME(ids("alpha", WEIR_STATE_AGGREGATING, "g", 0, 10), "a b");
}

static void
a_reclaimed_set_cannot_be_committed(void)
{
    NEED(GROUPS);
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "a", .group = "g", .unique_key = "unique:t:1"));
    SAME(STAGE_ALL(), "a");
    manual_clock_advance(&now, TTL);
    IS(reclaim("alpha"), 1);
    IS(commit("one"), WEIR_E_STALE);
    IDS("alpha", PENDING, "");
    SAME(groups_of("alpha", 0), "g/t/1/+0/+0");
    IS(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "b", .unique_key = "unique:t:1"), WEIR_E_DUPLICATE);
}

static void
a_late_commit_of_a_set_that_was_not_reclaimed_stands(void)
{
    NEED(GROUPS);
    join("a");
    SAME(STAGE_ALL(), "a");
    manual_clock_advance(&now, 2 * TTL);
    OK(commit("one"));
    IS(reclaim("alpha"), 0);
}

static void
reclaimed_tasks_have_the_places_that_they_had(void)
{
    NEED(GROUPS);
    join("z");
    manual_clock_advance(&now, SECOND);
    join("m");
    SAME(STAGE_ALL(), "z m");
    manual_clock_advance(&now, TTL);
    join("a");
    IS(reclaim("alpha"), 1);
    SAME(STAGE(.grace_ms = HOUR, .max_size = 2), "z m");
    OK(commit("one"));
    IS(state_of("alpha", "a"), WEIR_STATE_AGGREGATING);
}

static void
at_most_max_sets_are_reclaimed(void)
{
    static const char *const alpha = "alpha";
    size_t reclaimed = 0;

    NEED(GROUPS);
    join("a");
    SAME(STAGE_ALL(), "a");
    join("b");
    SAME(STAGE(.grace_ms = HOUR, .max_size = 1), "b");
    manual_clock_advance(&now, TTL);
    OK(weir__group_reclaim(store, &alpha, 1, 1, &reclaimed, NULL));
    IS(reclaimed, 1);
    IS(reclaim("alpha"), 1);
}

static void
a_group_task_that_was_run_and_failed_joins_its_group_again(void)
{
    weir_claim *claim;

    NEED(GROUPS);
    NEED(STEER);
    join("a");
    OK(steer(WEIR_VERB_RUN, "alpha", "a"));
    SAME(groups_of("alpha", 0), "");
    claim = take("alpha");
    MUST(claim != NULL);
    OK(FINISH(claim, RETRY, .at_ms = START_MS + 5 * SECOND, .counted = true, .error = "no"));
    manual_clock_advance(&now, 5 * SECOND);
    IS(forward("alpha", 10, NULL), 1);
    SAME(groups_of("alpha", 0), "g/t/1/+5/+5");
}

static void
a_queue_that_is_removed_takes_its_sets_along(void)
{
    size_t done = 0;

    NEED(GROUPS);
    NEED(STEER);
    join("a");
    SAME(STAGE_ALL(), "a");
    OK(weir__remove_queue(store, "alpha", true, 10, &done, NULL));
    IS(commit("one"), WEIR_E_STALE);
    join("a");
    manual_clock_advance(&now, TTL);
    IS(reclaim("alpha"), 0);
    SAME(groups_of("alpha", 0), "g/t/1/+0/+0");
}

static void
sets_outlive_the_handle(void)
{
    NEED(GROUPS);
    NEED(PERSISTENT);
    join("a");
    SAME(STAGE_ALL(), "a");
    kit_reopen();
    OK(commit("one"));
    IDS("alpha", PENDING, "one");
}

static const CU_TestInfo cases[] = {
    CASE(groups_are_told_in_order_with_size_and_ages),
    CASE(a_group_is_counted_only_as_far_as_asked),
    CASE(a_group_without_waiting_tasks_is_not_told),
    CASE(nothing_is_staged_before_its_policy_says_so),
    CASE(a_group_is_staged_when_it_is_large_enough),
    CASE(a_group_is_staged_when_its_oldest_has_waited_long_enough),
    CASE(a_group_is_staged_when_nobody_has_joined_for_the_grace),
    CASE(the_tasks_of_a_set_are_in_the_order_in_which_they_joined),
    CASE(a_set_has_no_more_than_max_size_tasks_the_oldest),
    CASE(a_set_has_no_more_tasks_than_a_call_may_have),
    CASE(other_groups_and_queues_are_left_alone),
    CASE(staged_tasks_are_shown_with_all_that_they_have),
    CASE(staged_tasks_are_aggregating_and_out_of_reach),
    CASE(who_joins_after_the_stage_is_not_in_the_set),
    CASE(a_commit_makes_one_task_of_the_set_at_the_tail),
    CASE(a_commit_deletes_the_locks_of_the_members),
    CASE(the_new_task_may_have_the_id_and_the_lock_of_a_member),
    CASE(the_new_task_may_be_for_later_or_in_a_group),
    CASE(a_commit_whose_task_is_refused_changes_nothing),
    CASE(a_set_is_committed_once),
    CASE(a_set_goes_back_to_its_group_when_its_time_is_over),
    CASE(a_reclaimed_set_cannot_be_committed),
    CASE(a_late_commit_of_a_set_that_was_not_reclaimed_stands),
    CASE(reclaimed_tasks_have_the_places_that_they_had),
    CASE(at_most_max_sets_are_reclaimed),
    CASE(a_group_task_that_was_run_and_failed_joins_its_group_again),
    CASE(a_queue_that_is_removed_takes_its_sets_along),
    CASE(sets_outlive_the_handle),
    CASES_END,
};

HARNESS_SUITE(group, cases, setup, teardown);

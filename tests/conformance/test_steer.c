/* SPDX-License-Identifier: MIT */
/* People's orders: run, archive, delete, amend, pause, remove and cancel. */
#include <config.h>

#include "kit.h"

#include <stdio.h>

/* What a verb does to a task in each state: the state after it, or WEIR_E_STATE. */
#define GONE 0
struct rule {
    weir_verb verb;
    int after[8]; /* by state; [0] is not used */
};

static const struct rule rules[] = {
    {WEIR_VERB_RUN,
     {0, WEIR_STATE_PENDING, WEIR_STATE_PENDING, WEIR_E_STATE, WEIR_E_STATE, WEIR_STATE_PENDING,
      WEIR_STATE_PENDING, WEIR_STATE_PENDING}},
    {WEIR_VERB_ARCHIVE,
     {0, WEIR_STATE_ARCHIVED, WEIR_STATE_ARCHIVED, WEIR_STATE_ARCHIVED, WEIR_E_STATE,
      WEIR_STATE_ARCHIVED, WEIR_E_STATE, WEIR_E_STATE}},
    {WEIR_VERB_DELETE, {0, GONE, GONE, GONE, WEIR_E_STATE, GONE, GONE, GONE}},
};

static void
check_rule(const struct rule *rule)
{
    for (weir_state state = WEIR_STATE_SCHEDULED; state <= WEIR_STATE_COMPLETED; state++) {
        const char *queue = weir_state_name(state);
        int after = rule->after[state];

        bring_to(queue, "a", state);
        IS(steer(rule->verb, queue, "a"), after < 0 ? after : 0);
        IS(state_of(queue, "a"), after < 0 ? (int)state : after);
        IS(queue_info(queue).size, after == GONE ? 0 : 1);
    }
}

static void
run_brings_waiting_and_kept_tasks_to_pending(void)
{
    NEED(STEER);
    check_rule(&rules[0]);
}

static void
archive_takes_all_but_active_and_kept_tasks(void)
{
    NEED(STEER);
    check_rule(&rules[1]);
}

static void
delete_takes_all_but_active_tasks(void)
{
    NEED(STEER);
    check_rule(&rules[2]);
}

static void
run_goes_to_the_tail_and_keeps_retried(void)
{
    const weir_task_info *task;

    NEED(STEER);
    bring_to("alpha", "a", WEIR_STATE_RETRY);
    put_all("alpha", "b");
    manual_clock_advance(&now, 9);
    OK(steer(WEIR_VERB_RUN, "alpha", "a"));
    IDS("alpha", PENDING, "b a");
    task = look("alpha", "a");
    IS(task->retried, 1);
    SAME(task->last_error, "no");
    IS(task->pending_since_ms, START_MS + 9);
    IS(forward("alpha", 10, NULL), 0);
}

static void
archive_by_a_person_counts_as_nothing(void)
{
    NEED(STEER);
    manual_clock_advance(&now, 5);
    put_all("alpha", "a");
    OK(steer(WEIR_VERB_ARCHIVE, "alpha", "a"));
    COUNTED("alpha", 0, 0);
    IS(look("alpha", "a")->state_since_ms, START_MS + 5);
    IS(take("alpha") == NULL, true);
}

static void
run_of_a_completed_task_is_a_new_attempt(void)
{
    NEED(STEER);
    bring_to("alpha", "a", WEIR_STATE_COMPLETED);
    OK(steer(WEIR_VERB_RUN, "alpha", "a"));
    manual_clock_advance(&now, 2 * HOUR);
    IS(expire("alpha", 10, -1, -1), 0);
    OK(FINISH(take("alpha"), DONE));
    IS(queue_info("alpha").size, 0);
}

static void
each_task_steered_has_its_own_result(void)
{
    weir_steer_item items[] = {{"a", 1}, {"none", 1}, {"busy", 1}, {"b", 1}};

    NEED(STEER);
    put_all("alpha", "busy a b");
    MUST(take("alpha") != NULL);
    OK(weir__steer(store, WEIR_VERB_DELETE, "alpha", items, 4, NULL));
    IS(items[0].result, 0);
    IS(items[1].result, WEIR_E_NO_TASK);
    IS(items[2].result, WEIR_E_STATE);
    IS(items[3].result, 0);
    IDS("alpha", ACTIVE, "busy");
    IDS("alpha", PENDING, "");
}

static void
a_deleted_task_s_lock_is_free(void)
{
    NEED(STEER);
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "a", .unique_key = "k"));
    OK(steer(WEIR_VERB_DELETE, "alpha", "a"));
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "b", .unique_key = "k"));
    OK(steer(WEIR_VERB_ARCHIVE, "alpha", "b"));
    IS(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "c", .unique_key = "k"), WEIR_E_DUPLICATE);
}

static void
steering_all_is_bounded_and_says_when_there_are_no_more(void)
{
    size_t done = 0;

    NEED(STEER);
    put_all("alpha", "a b c d e");
    OK(weir__steer_all(store, WEIR_VERB_ARCHIVE, "alpha", WEIR_STATE_PENDING, NULL, 3, &done,
                       NULL));
    IS(done, 3);
    IS(queue_info("alpha").archived, 3);
    OK(weir__steer_all(store, WEIR_VERB_ARCHIVE, "alpha", WEIR_STATE_PENDING, NULL, 3, &done,
                       NULL));
    IS(done, 2);
    OK(weir__steer_all(store, WEIR_VERB_RUN, "alpha", WEIR_STATE_ARCHIVED, NULL, 10, &done, NULL));
    IS(done, 5);
    IS(queue_info("alpha").pending, 5);
    OK(weir__steer_all(store, WEIR_VERB_DELETE, "alpha", WEIR_STATE_PENDING, NULL, 10, &done,
                       NULL));
    IS(done, 5);
    IS(queue_info("alpha").size, 0);
    OK(weir__steer_all(store, WEIR_VERB_DELETE, "alpha", WEIR_STATE_PENDING, NULL, 10, &done,
                       NULL));
    IS(done, 0);
}

static void
steering_all_of_a_group_leaves_other_groups(void)
{
    size_t done = 0;

    NEED(STEER);
    OK(PUT(.queue = "alpha", .id = "a", .group = "g"));
    OK(PUT(.queue = "alpha", .id = "b", .group = "h"));
    OK(weir__steer_all(store, WEIR_VERB_RUN, "alpha", WEIR_STATE_AGGREGATING, "g", 10, &done,
                       NULL));
    IS(done, 1);
    IDS("alpha", PENDING, "a");
    IDS("alpha", AGGREGATING, "b");
}

static void
amend_changes_what_it_names_and_nothing_else(void)
{
    const weir_amend payload = {.payload = "new", .payload_len = 3};
    const weir_amend due = {.process_at_ms = START_MS + 7};
    const weir_task_info *task;

    NEED(STEER);
    OK(PUT(.queue = "alpha", .id = "a", .payload = "old!", .payload_len = 4,
           .next_process_at_ms = START_MS + HOUR));
    OK(weir__amend(store, "alpha", "a", &payload, NULL));
    task = look("alpha", "a");
    IS(task->payload_len, 3);
    OK(memcmp(task->payload, "new", 3));
    IS(task->next_process_at_ms, START_MS + HOUR);
    OK(weir__amend(store, "alpha", "a", &due, NULL));
    IS(look("alpha", "a")->payload_len, 3);
    IS(look("alpha", "a")->next_process_at_ms, START_MS + 7);
    manual_clock_advance(&now, 7);
    IS(forward("alpha", 1, NULL), 1);
}

static void
amend_is_for_scheduled_retry_and_pending_tasks(void)
{
    const weir_amend payload = {.payload = "new", .payload_len = 3};

    NEED(STEER);
    for (weir_state state = WEIR_STATE_SCHEDULED; state <= WEIR_STATE_COMPLETED; state++) {
        const char *queue = weir_state_name(state);
        bool allowed = state == WEIR_STATE_SCHEDULED || state == WEIR_STATE_RETRY ||
                       state == WEIR_STATE_PENDING;

        bring_to(queue, "a", state);
        weir_error err = {0};

        IS(weir__amend(store, queue, "a", &payload, &err), allowed ? 0 : WEIR_E_STATE);
        IS(strstr(err.text, queue) != NULL, !allowed);
        IS(look(queue, "a")->payload != NULL, allowed);
        IS(state_of(queue, "a"), state);
    }
    IS(weir__amend(store, "pending", "none", &payload, NULL), WEIR_E_NO_TASK);
}

static void
pausing_twice_is_refused_and_so_is_resuming_twice(void)
{
    NEED(STEER);
    put_all("alpha", "a");
    OK(weir__pause(store, "alpha", true, NULL));
    IS(queue_info("alpha").paused, true);
    IS(weir__pause(store, "alpha", true, NULL), WEIR_E_STATE);
    IS(queue_info("alpha").paused, true);
    OK(weir__pause(store, "alpha", false, NULL));
    IS(queue_info("alpha").paused, false);
    IS(weir__pause(store, "alpha", false, NULL), WEIR_E_STATE);
}

static void
a_queue_may_be_paused_before_it_exists(void)
{
    NEED(STEER);
    OK(weir__pause(store, "alpha", true, NULL));
    put_all("alpha", "a");
    IS(queue_info("alpha").paused, true);
    IS(take("alpha") == NULL, true);
}

static int
note_queue(void *arg, const char *name)
{
    char *names = arg;

    snprintf(names + strlen(names), 100 - strlen(names), "%s ", name);
    return 0;
}

static void
a_queue_that_is_only_paused_is_listed_and_can_be_removed(void)
{
    char names[100] = "", after[100] = "";
    size_t done = 0;

    NEED(STEER);
    put_all("beta", "b");
    OK(weir__pause(store, "alpha", true, NULL));
    OK(weir__queues(store, note_queue, names, NULL));
    SAME(names, "alpha beta ");
    IS(queue_info("alpha").paused, true);
    IS(queue_info("alpha").size, 0);
    OK(weir__pause(store, "alpha", false, NULL));
    IS(queue_info("alpha").paused, false);
    OK(weir__remove_queue(store, "alpha", false, 10, &done, NULL));
    OK(weir__queues(store, note_queue, after, NULL));
    SAME(after, "beta ");
}

static void
a_queue_with_tasks_is_removed_only_by_force(void)
{
    weir_queue_info info;
    size_t done = 0;

    NEED(STEER);
    IS(weir__remove_queue(store, "alpha", true, 100, &done, NULL), WEIR_E_NO_QUEUE);
    put_all("alpha", "a b c");
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "u", .unique_key = "k"));
    IS(weir__remove_queue(store, "alpha", false, 100, &done, NULL), WEIR_E_NOT_EMPTY);
    IS(queue_info("alpha").pending, 4);
    OK(weir__remove_queue(store, "alpha", true, 100, &done, NULL));
    IS(weir__queue(store, "alpha", &info, NULL), WEIR_E_NO_QUEUE);
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "a", .unique_key = "k"));
    COUNTED("alpha", 0, 0);
}

static void
an_empty_queue_is_removed_with_its_numbers(void)
{
    weir_queue_info info;
    size_t done = 1;

    NEED(STEER);
    put_all("alpha", "a");
    OK(FINISH(take("alpha"), DONE));
    OK(weir__remove_queue(store, "alpha", false, 100, &done, NULL));
    IS(done < 100, true);
    IS(weir__queue(store, "alpha", &info, NULL), WEIR_E_NO_QUEUE);
    put_all("alpha", "a");
    COUNTED("alpha", 0, 0);
}

static void
a_queue_with_active_tasks_is_never_removed(void)
{
    size_t done = 0;

    NEED(STEER);
    put_all("alpha", "a b");
    MUST(take("alpha") != NULL);
    IS(weir__remove_queue(store, "alpha", true, 100, &done, NULL), WEIR_E_STATE);
    IS(queue_info("alpha").size, 2);
}

static void
removing_a_queue_is_bounded(void)
{
    weir_queue_info info;
    size_t done = 0;
    int calls = 0;

    NEED(STEER);
    put_all("alpha", "a b c d e");
    do {
        OK(weir__remove_queue(store, "alpha", true, 2, &done, NULL));
        IS(done <= 2, true);
    } while (done == 2 && ++calls < 10);
    IS(calls >= 2 && calls < 10, true);
    IS(weir__queue(store, "alpha", &info, NULL), WEIR_E_NO_QUEUE);
}

static void
a_task_nobody_has_cannot_be_cancelled(void)
{
    int code;

    NEED(STEER);
    put_all("alpha", "a");
    code = weir__cancel(store, "alpha", "none", WEIR_CANCEL_RETRY, NULL);
    IS(code == 0 || code == WEIR_E_NO_TASK, true);
    IS(state_of("alpha", "a"), WEIR_STATE_PENDING);
}

static void
why_a_task_cannot_be_cancelled_names_it_and_its_queue(void)
{
    weir_error err = {0};
    int code;

    NEED(STEER);
    put_all("alpha", "a");
    code = weir__cancel(store, "alpha", "a", WEIR_CANCEL_RETRY, &err);
    if (code == 0)
        HARNESS_SKIP("the store cannot tell");
    IS(code, WEIR_E_NO_TASK);
    YES(strstr(err.text, "\"a\"") != NULL);
    YES(strstr(err.text, "\"alpha\"") != NULL);
}

static void
more_tasks_than_a_batch_holds_are_steered_in_one_call(void)
{
    enum {
        COUNT = WEIR_BATCH_MAX + 100
    };
    static weir_task_info tasks[COUNT];
    static weir_enqueue_item puts[COUNT];
    static weir_steer_item items[COUNT];
    static char names[COUNT][8];
    size_t gone = 0;

    NEED(STEER);
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "%zu", i);
        tasks[i] = with_defaults(&(weir_task_info){.queue = "alpha", .id = names[i]});
        puts[i] = (weir_enqueue_item){.task = &tasks[i]};
        items[i] = (weir_steer_item){.id = names[i]};
    }
    OK(weir__enqueue(store, puts, COUNT, NULL));
    OK(weir__steer(store, WEIR_VERB_DELETE, "alpha", items, COUNT, NULL));
    for (size_t i = 0; i < COUNT; i++)
        gone += items[i].result == 0;
    IS(gone, COUNT);
    IS(queue_info("alpha").size, 0);
}

static const CU_TestInfo cases[] = {
    CASE(run_brings_waiting_and_kept_tasks_to_pending),
    CASE(archive_takes_all_but_active_and_kept_tasks),
    CASE(delete_takes_all_but_active_tasks),
    CASE(run_goes_to_the_tail_and_keeps_retried),
    CASE(archive_by_a_person_counts_as_nothing),
    CASE(run_of_a_completed_task_is_a_new_attempt),
    CASE(each_task_steered_has_its_own_result),
    CASE(a_deleted_task_s_lock_is_free),
    CASE(steering_all_is_bounded_and_says_when_there_are_no_more),
    CASE(steering_all_of_a_group_leaves_other_groups),
    CASE(amend_changes_what_it_names_and_nothing_else),
    CASE(amend_is_for_scheduled_retry_and_pending_tasks),
    CASE(pausing_twice_is_refused_and_so_is_resuming_twice),
    CASE(a_queue_may_be_paused_before_it_exists),
    CASE(a_queue_that_is_only_paused_is_listed_and_can_be_removed),
    CASE(a_queue_with_tasks_is_removed_only_by_force),
    CASE(an_empty_queue_is_removed_with_its_numbers),
    CASE(a_queue_with_active_tasks_is_never_removed),
    CASE(removing_a_queue_is_bounded),
    CASE(a_task_nobody_has_cannot_be_cancelled),
    CASE(why_a_task_cannot_be_cancelled_names_it_and_its_queue),
    CASE(more_tasks_than_a_batch_holds_are_steered_in_one_call),
    CASES_END,
};

CASES(steer);

/* SPDX-License-Identifier: MIT */
/* Looking into queues. */
#include <config.h>

#include "kit.h"

#include <stdio.h>

static int
no_sink(void *arg, const weir_task_info *task)
{
    (void)arg;
    (void)task;
    return 0;
}

static int
append_name(void *arg, const char *name)
{
    char *text = arg;
    size_t len = strlen(text);

    snprintf(text + len, 200 - len, "%s ", name);
    return 0;
}

static void
queues_are_listed_in_the_order_of_their_names(void)
{
    char text[200] = "";

    OK(weir__queues(store, append_name, text, NULL));
    SAME(text, "");
    put_all("beta", "a");
    put_all("alpha", "a");
    put_all("gamma", "a");
    OK(weir__queues(store, append_name, text, NULL));
    SAME(text, "alpha beta gamma ");
}

static void
a_queue_stays_when_its_last_task_is_gone(void)
{
    char text[200] = "";

    put_all("alpha", "a");
    OK(FINISH(take("alpha"), DONE));
    OK(weir__queues(store, append_name, text, NULL));
    SAME(text, "alpha ");
    IS(queue_info("alpha").size, 0);
}

static void
each_state_is_counted(void)
{
    weir_queue_info info;
    char id[2] = "a";

    /* Pending last, so that nothing is taken in the place of the task meant. */
    for (weir_state state = WEIR_STATE_COMPLETED; state != WEIR_STATE_NONE; state--) {
        if (state != WEIR_STATE_PENDING)
            bring_to("alpha", id, state);
        id[0]++;
    }
    bring_to("alpha", "p1", WEIR_STATE_PENDING);
    bring_to("alpha", "p2", WEIR_STATE_PENDING);
    info = queue_info("alpha");
    IS(info.scheduled, 1);
    IS(info.aggregating, 1);
    IS(info.pending, 2);
    IS(info.active, 1);
    IS(info.retry, 1);
    IS(info.archived, 1);
    IS(info.completed, 1);
    IS(info.size, 8);
    IS(info.groups, 1);
    IS(info.paused, false);
}

static void
a_page_holds_the_tasks_of_its_state_only(void)
{
    for (weir_state state = WEIR_STATE_SCHEDULED; state <= WEIR_STATE_COMPLETED; state++) {
        const char *queue = weir_state_name(state);

        bring_to(queue, "a", state);
        for (weir_state other = WEIR_STATE_SCHEDULED; other <= WEIR_STATE_COMPLETED; other++)
            SAME(ids(queue, other, NULL, 0, 10), other == state ? "a" : "");
        IS(look(queue, "a")->state, state);
    }
}

static void
pages_are_cut_by_offset_and_limit(void)
{
    put_all("alpha", "a b c d e");
    SAME(ids("alpha", WEIR_STATE_PENDING, NULL, 0, 2), "a b");
    SAME(ids("alpha", WEIR_STATE_PENDING, NULL, 2, 2), "c d");
    SAME(ids("alpha", WEIR_STATE_PENDING, NULL, 4, 2), "e");
    SAME(ids("alpha", WEIR_STATE_PENDING, NULL, 5, 2), "");
}

static void
pages_of_waiting_tasks_are_in_the_order_of_their_times(void)
{
    weir_claim *claim;

    OK(PUT(.queue = "alpha", .id = "c", .next_process_at_ms = START_MS + 30));
    OK(PUT(.queue = "alpha", .id = "a", .next_process_at_ms = START_MS + 10));
    OK(PUT(.queue = "alpha", .id = "b", .next_process_at_ms = START_MS + 20));
    IDS("alpha", SCHEDULED, "a b c");
    SAME(ids("alpha", WEIR_STATE_SCHEDULED, NULL, 1, 1), "b");
    put_all("alpha", "z y");
    claim = take("alpha");
    OK(FINISH(take("alpha"), ARCHIVE, .error = "no"));
    manual_clock_advance(&now, 5);
    OK(FINISH(claim, ARCHIVE, .error = "no"));
    IDS("alpha", ARCHIVED, "y z");
}

static void
the_tasks_of_one_group_can_be_listed(void)
{
    OK(PUT(.queue = "alpha", .id = "a", .group = "g"));
    OK(PUT(.queue = "alpha", .id = "b", .group = "h"));
    manual_clock_advance(&now, 1);
    OK(PUT(.queue = "alpha", .id = "c", .group = "g"));
    SAME(ids("alpha", WEIR_STATE_AGGREGATING, "g", 0, 10), "a c");
    SAME(ids("alpha", WEIR_STATE_AGGREGATING, "h", 0, 10), "b");
    SAME(ids("alpha", WEIR_STATE_AGGREGATING, "none", 0, 10), "");
    IS(queue_info("alpha").groups, 2);
}

static void
an_unknown_queue_or_task_is_told_as_such(void)
{
    weir_queue_info info;
    weir_day day = {.date = "2025-06-15"};

    IS(weir__queue(store, "none", &info, NULL), WEIR_E_NO_QUEUE);
    IS(weir__history(store, "none", &day, 1, NULL), WEIR_E_NO_QUEUE);
    IS(weir__tasks(store, "none", WEIR_STATE_PENDING, NULL, 0, 1, no_sink, NULL, NULL),
       WEIR_E_NO_QUEUE);
    IS(weir__task(store, "none", "a", no_sink, NULL, NULL), WEIR_E_NO_QUEUE);
    put_all("alpha", "a");
    IS(weir__task(store, "alpha", "b", no_sink, NULL, NULL), WEIR_E_NO_TASK);
}

static int
refuse(void *arg, const weir_task_info *task)
{
    (void)task;
    ++*(int *)arg;
    return WEIR_E_NOMEM;
}

static void
a_sink_s_error_ends_the_call_and_is_returned(void)
{
    int calls = 0;

    put_all("alpha", "a b c");
    IS(weir__tasks(store, "alpha", WEIR_STATE_PENDING, NULL, 0, 3, refuse, &calls, NULL),
       WEIR_E_NOMEM);
    IS(calls, 1);
    SAME(take("alpha")->task->id, "a");
}

static void
latency_is_the_age_of_the_oldest_pending_task(void)
{
    put_all("alpha", "a");
    manual_clock_advance(&now, 1500);
    put_all("alpha", "b");
    IS(queue_info("alpha").latency_ms, 1500);
    MUST(take("alpha") != NULL);
    manual_clock_advance(&now, 10);
    IS(queue_info("alpha").latency_ms, 10);
    MUST(take("alpha") != NULL);
    IS(queue_info("alpha").latency_ms, 0);
}

static void
memory_is_told_or_unknown(void)
{
    static const char payload[10000];
    int64_t before;

    put_all("alpha", "a");
    before = queue_info("alpha").memory_bytes;
    OK(PUT(.queue = "alpha", .id = "b", .payload = payload, .payload_len = sizeof(payload)));
    IS(before == -1 || queue_info("alpha").memory_bytes >= before + (int64_t)sizeof(payload), true);
}

static void
done_and_fail(void)
{
    put_all("alpha", "a b");
    OK(FINISH(take("alpha"), DONE));
    OK(FINISH(take("alpha"), ARCHIVE, .error = "no"));
    IS(expire("alpha", 1, 0, -1), 1);
}

static void
history_changes_days_at_midnight_utc(void)
{
    /* 2025-06-15T15:06:40Z is the start: midnight comes 8 h 53 min 20 s later. */
    weir_day days[] = {{.date = "2025-06-16"}, {.date = "2025-06-15"}, {.date = "2025-06-14"}};

    done_and_fail();
    manual_clock_advance(&now, 8 * HOUR + 53 * MINUTE + 19999);
    done_and_fail();
    COUNTED("alpha", 4, 2);
    manual_clock_advance(&now, 1);
    IS(queue_info("alpha").processed_today, 0);
    IS(queue_info("alpha").processed_total, 4);
    done_and_fail();
    IS(queue_info("alpha").processed_today, 2);
    IS(queue_info("alpha").failed_today, 1);
    OK(weir__history(store, "alpha", days, 3, NULL));
    IS(days[0].processed, 2);
    IS(days[0].failed, 1);
    IS(days[1].processed, 4);
    IS(days[1].failed, 2);
    IS(days[2].processed, 0);
    IS(days[2].failed, 0);
}

static const CU_TestInfo cases[] = {
    CASE(queues_are_listed_in_the_order_of_their_names),
    CASE(a_queue_stays_when_its_last_task_is_gone),
    CASE(each_state_is_counted),
    CASE(a_page_holds_the_tasks_of_its_state_only),
    CASE(pages_are_cut_by_offset_and_limit),
    CASE(pages_of_waiting_tasks_are_in_the_order_of_their_times),
    CASE(the_tasks_of_one_group_can_be_listed),
    CASE(an_unknown_queue_or_task_is_told_as_such),
    CASE(a_sink_s_error_ends_the_call_and_is_returned),
    CASE(latency_is_the_age_of_the_oldest_pending_task),
    CASE(memory_is_told_or_unknown),
    CASE(history_changes_days_at_midnight_utc),
    CASES_END,
};

CASES(inspect);

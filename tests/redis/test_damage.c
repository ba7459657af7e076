/* SPDX-License-Identifier: MIT */
/* What asynq, an eviction or a person can leave behind: nothing of it stops a queue, and it is put right. */
#include <config.h>

#include "raw.h"

static void
an_active_task_without_a_lease_is_found_and_counts_as_a_go_server_s(void)
{
    weir_claim *claims[3];

    put_all("alpha", "a b");
    MUST(take_some(store, "alpha", 2, 2, claims) == 2);
    IS(raw_number("ZREM %s a", KEY("alpha", "lease")), 1);
    IS(recover("alpha", 3, claims), 0);
    IS(raw_number("ZCARD %s", KEY("alpha", "lease")), 2);
    raw_number("ZINCRBY %s -31 a", KEY("alpha", "lease"));
    MUST(recover("alpha", 3, claims) == 1);
    SAME(claims[0]->task->id, "a");
    IS(claims[0]->started, true);
    OK(FINISH(claims[0], DONE));
}

static void
a_lease_without_an_active_entry_is_recovered(void)
{
    weir_claim *claims[3];

    put_all("alpha", "a");
    MUST(take("alpha") != NULL);
    IS(raw_number("LREM %s 0 a", KEY("alpha", "active")), 1);
    raw_end_leases("alpha");
    MUST(recover("alpha", 3, claims) == 1);
    IDS("alpha", ACTIVE, "a");
    OK(FINISH(claims[0], DONE));
    IS(queue_info("alpha").size, 0);
    IS(raw_number("ZCARD %s", KEY("alpha", "lease")), 0);
}

static void
a_lease_of_a_task_that_is_not_active_goes(void)
{
    weir_claim *claims[3];

    put_all("alpha", "a");
    raw_number("ZADD %s 1000.5 a 1000 b", KEY("alpha", "lease"));
    IS(recover("alpha", 3, claims), 0);
    IS(raw_number("ZCARD %s", KEY("alpha", "lease")), 0);
    IDS("alpha", PENDING, "a");
}

static void
what_asynq_makes_of_a_pending_id_without_a_task_goes(void)
{
    weir_claim *claims[3];

    put_all("alpha", "a");
    raw_number("HSET %s state active", KEY("alpha", "t:ghost"));
    raw_number("LPUSH %s ghost", KEY("alpha", "active"));
    raw_number("ZADD %s 1000 ghost", KEY("alpha", "lease"));
    IS(recover("alpha", 3, claims), 0);
    IS(raw_number("EXISTS %s %s %s", KEY("alpha", "t:ghost"), KEY("alpha", "active"),
                  KEY("alpha", "lease")),
       0);
}

static void
pending_ids_without_a_task_are_passed_over(void)
{
    raw_number("LPUSH %s ghost1 ghost2 ghost3", KEY("alpha", "pending"));
    raw_number("HSET %s result r", KEY("alpha", "t:ghost2"));
    raw_number("SET %s text", KEY("alpha", "t:ghost3"));
    put_all("alpha", "a b");
    SAME(take("alpha")->task->id, "a");
    SAME(take("alpha")->task->id, "b");
    IDS("alpha", ACTIVE, "a b");
    IS(raw_number("LLEN %s", KEY("alpha", "pending")), 0);
    IS(raw_number("EXISTS %s %s", KEY("alpha", "t:ghost2"), KEY("alpha", "t:ghost3")), 0);
}

static int
count_task(void *arg, const weir_task_info *task)
{
    size_t *count = arg;

    (void)task;
    ++*count;
    return 0;
}

static int
page_of(weir_state state, size_t offset, size_t limit, size_t *count)
{
    *count = 0;
    return weir__tasks(store, "alpha", state, NULL, offset, limit, count_task, count, NULL);
}

static void
a_page_with_ids_without_a_task_is_not_the_last(void)
{
    size_t count;

    put_all("alpha", "a b c");
    raw_number("DEL %s", KEY("alpha", "t:b"));
    IS(page_of(WEIR_STATE_PENDING, 0, 2, &count), 1);
    IS(count, 1);
    IS(page_of(WEIR_STATE_PENDING, 2, 2, &count), 0);
    IS(count, 1);
    OK(PUT(.queue = "alpha", .id = "d", .group = "g"));
    OK(PUT(.queue = "alpha", .id = "e", .group = "h"));
    raw_number("DEL %s", KEY("alpha", "t:d"));
    IS(page_of(WEIR_STATE_AGGREGATING, 0, 1, &count), 1);
    IS(count, 0);
    IS(page_of(WEIR_STATE_AGGREGATING, 0, 3, &count), 0);
    IS(count, 1);
}

static void
an_id_that_is_pending_twice_runs_once(void)
{
    weir_claim *claims[5];

    put_all("alpha", "a b");
    raw_number("RPUSH %s a a", KEY("alpha", "pending"));
    IS(take_some(store, "alpha", 5, 5, claims), 2);
    raw_number("RPUSH %s a", KEY("alpha", "pending"));
    IS(take("alpha") == NULL, true);
    IS(queue_info("alpha").active, 2);
}

static void
put_unreadable(const char *id, const char *state)
{
    raw_number("SADD %s alpha", raw_global("queues"));
    raw_number("HSET %s msg %b state %s", raw_key("alpha", id), "\xff\xff\x01", (size_t)3, state);
}

static void
a_message_that_cannot_be_read_is_set_aside(void)
{
    weir_claim *claims[3];

    put_all("alpha", "a b");
    put_unreadable("t:bad", "pending");
    raw_number("RPUSH %s bad", KEY("alpha", "pending"));
    IS(take_some(store, "alpha", 3, 3, claims), 2);
    SAME(raw_text("HGET %s bad", KEY("alpha", "weir:quarantine")), "\xff\xff\x01");
    IS(raw_number("EXISTS %s", KEY("alpha", "t:bad")), 0);
    IDS("alpha", ACTIVE, "a b");
    IS(raw_number("ZCARD %s", KEY("alpha", "lease")), 2);
}

static void
a_dead_task_that_cannot_be_read_does_not_stop_recovery(void)
{
    weir_claim *claims[5];

    put_all("alpha", "a b");
    MUST(take_some(store, "alpha", 2, 2, claims) == 2);
    put_unreadable("t:bad", "active");
    raw_number("LPUSH %s bad", KEY("alpha", "active"));
    raw_number("ZADD %s 999.5 bad", KEY("alpha", "lease"));
    raw_end_leases("alpha");
    IS(recover("alpha", 5, claims), 2);
    IS(raw_number("HEXISTS %s bad", KEY("alpha", "weir:quarantine")), 1);
    IS(raw_number("ZCARD %s", KEY("alpha", "lease")), 2);
}

static void
a_message_of_another_id_is_not_taken_for_the_task(void)
{
    put_all("alpha", "a b");
    raw_number("EVAL %s 2 %s %s",
               "return redis.call('HSET', KEYS[1], 'msg', redis.call('HGET', KEYS[2], 'msg'))",
               KEY("alpha", "t:a"), KEY("alpha", "t:b"));
    SAME(take("alpha") == NULL ? "none" : "some", "none");
    SAME(take("alpha")->task->id, "b");
    IS(raw_number("HEXISTS %s a", KEY("alpha", "weir:quarantine")), 1);
}

static void
unreadable_tasks_can_be_listed_past_steered_and_removed(void)
{
    size_t done = 0;

    put_all("alpha", "a");
    put_unreadable("t:bad", "archived");
    raw_number("ZADD %s 1 bad", KEY("alpha", "archived"));
    IDS("alpha", ARCHIVED, "");
    IS(weir__task(store, "alpha", "bad", NULL, NULL, NULL), WEIR_E_CORRUPT);
    OK(steer(WEIR_VERB_RUN, "alpha", "bad"));
    OK(steer(WEIR_VERB_DELETE, "alpha", "bad"));
    put_unreadable("t:bad", "scheduled");
    raw_number("ZADD %s 1 bad", KEY("alpha", "scheduled"));
    IS(forward("alpha", 10, NULL), 1);
    OK(weir__remove_queue(store, "alpha", true, 100, &done, NULL));
    IS(done, 2);
}

static void
what_the_archive_s_trimming_left_is_deleted(void)
{
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "a", .unique_key = "unique:k"));
    OK(FINISH(take("alpha"), ARCHIVE, .error = "no"));
    bring_to("alpha", "b", WEIR_STATE_ARCHIVED);
    bring_to("alpha", "c", WEIR_STATE_COMPLETED);
    IS(raw_number("ZREM %s a", KEY("alpha", "archived")), 1);
    IS(raw_mend("alpha"), 1);
    IS(raw_number("EXISTS %s %s", KEY("alpha", "t:a"), KEY("alpha", "unique:k")), 0);
    IDS("alpha", ARCHIVED, "b");
    IDS("alpha", COMPLETED, "c");
    OK(PUT(.queue = "alpha", .id = "a"));
}

static void
tasks_that_no_list_names_are_brought_back(void)
{
    weir_claim *claims[3];

    put_all("alpha", "a r x y");
    bring_to("alpha", "s", WEIR_STATE_SCHEDULED);
    raw_number("LREM %s 0 a", KEY("alpha", "pending"));
    raw_number("DEL %s", KEY("alpha", "scheduled"));
    OK(FINISH(take("alpha"), RETRY, .at_ms = START_MS + HOUR, .error = "no"));
    raw_number("DEL %s", KEY("alpha", "retry"));
    MUST(take("alpha") != NULL);
    raw_number("DEL %s %s", KEY("alpha", "active"), KEY("alpha", "lease"));
    IS(raw_mend("alpha"), 4);
    IDS("alpha", PENDING, "y a");
    IDS("alpha", SCHEDULED, "s");
    IDS("alpha", RETRY, "r");
    raw_number("ZINCRBY %s -%d x", KEY("alpha", "lease"), 2000000000);
    IS(recover("alpha", 3, claims), 1);
    IS(raw_mend("alpha"), 0);
}

static void
a_result_without_a_task_frees_its_id(void)
{
    raw_number("HSET %s result r", KEY("alpha", "t:a"));
    IS(raw_mend("alpha"), 1);
    OK(PUT(.queue = "alpha", .id = "a"));
}

static void
a_group_that_is_not_named_is_named_again(void)
{
    OK(PUT(.queue = "alpha", .id = "a", .group = "g"));
    OK(PUT(.queue = "alpha", .id = "b", .group = "h"));
    raw_number("DEL %s", KEY("alpha", "groups"));
    raw_number("DEL %s", KEY("alpha", "g:h"));
    IS(raw_mend("alpha") >= 2, true);
    IS(queue_info("alpha").groups, 2);
    SAME(ids("alpha", WEIR_STATE_AGGREGATING, "g", 0, 10), "a");
    SAME(ids("alpha", WEIR_STATE_AGGREGATING, "h", 0, 10), "b");
}

static void
a_scheduled_task_s_group_is_read_from_its_message(void)
{
    static const weir_header headers[] = {{"r", "r:g"}};

    OK(PUT(.queue = "alpha", .id = "a", .group = "g:1", .payload = "r\x01g", .payload_len = 3,
           .headers = headers, .header_count = 1, .max_retry = 300, .retention_ms = 12345,
           .next_process_at_ms = START_MS + 10));
    IS(raw_number("HDEL %s group", KEY("alpha", "t:a")), 1);
    manual_clock_advance(&now, 10);
    IS(forward("alpha", 10, NULL), 1);
    SAME(ids("alpha", WEIR_STATE_AGGREGATING, "g:1", 0, 10), "a");
    IS(raw_number("SISMEMBER %s g:1", KEY("alpha", "groups")), 1);
    SAME(raw_text("HGET %s group", KEY("alpha", "t:a")), "g:1");
}

static void
a_due_id_without_a_task_is_dropped(void)
{
    OK(PUT(.queue = "alpha", .id = "a", .next_process_at_ms = START_MS + 10));
    raw_number("ZADD %s 1 ghost", KEY("alpha", "scheduled"));
    manual_clock_advance(&now, 10);
    IS(forward("alpha", 10, NULL), 1);
    IDS("alpha", PENDING, "a");
    IS(raw_number("EXISTS %s %s", KEY("alpha", "scheduled"), KEY("alpha", "t:ghost")), 0);
}

static void
ghosts_in_a_set_do_not_stop_steering(void)
{
    size_t done = 0;

    bring_to("alpha", "a", WEIR_STATE_ARCHIVED);
    raw_number("ZADD %s 1 ghost1 2 ghost2", KEY("alpha", "archived"));
    OK(weir__steer_all(store, WEIR_VERB_RUN, "alpha", WEIR_STATE_ARCHIVED, NULL, 10, &done, NULL));
    IS(done, 1);
    IDS("alpha", PENDING, "a");
    IS(raw_number("EXISTS %s", KEY("alpha", "archived")), 0);
}

static const CU_TestInfo cases[] = {
    CASE(an_active_task_without_a_lease_is_found_and_counts_as_a_go_server_s),
    CASE(a_lease_without_an_active_entry_is_recovered),
    CASE(a_lease_of_a_task_that_is_not_active_goes),
    CASE(what_asynq_makes_of_a_pending_id_without_a_task_goes),
    CASE(pending_ids_without_a_task_are_passed_over),
    CASE(a_page_with_ids_without_a_task_is_not_the_last),
    CASE(an_id_that_is_pending_twice_runs_once),
    CASE(a_message_that_cannot_be_read_is_set_aside),
    CASE(a_dead_task_that_cannot_be_read_does_not_stop_recovery),
    CASE(a_message_of_another_id_is_not_taken_for_the_task),
    CASE(unreadable_tasks_can_be_listed_past_steered_and_removed),
    CASE(what_the_archive_s_trimming_left_is_deleted),
    CASE(tasks_that_no_list_names_are_brought_back),
    CASE(a_result_without_a_task_frees_its_id),
    CASE(a_group_that_is_not_named_is_named_again),
    CASE(a_scheduled_task_s_group_is_read_from_its_message),
    CASE(a_due_id_without_a_task_is_dropped),
    CASE(ghosts_in_a_set_do_not_stop_steering),
    CASES_END,
};

HARNESS_SUITE(damage, cases, raw_setup, raw_teardown);

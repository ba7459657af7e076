/* SPDX-License-Identifier: MIT */
/*
 * Staged sets as asynq keeps them: what ours look like to a Go server, what is done with those of Go servers, and what
 * becomes of damaged ones.
 */
#include <config.h>

#include "raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000)
#define UUID "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
#define START_S (START_MS / 1000)

static weir__staged set;

static void
setup(void)
{
    raw_setup();
    set = (weir__staged){.count = 0};
}

static void
teardown(void)
{
    weir__staged_release(&set);
    raw_teardown();
}

static void
join(const char *id)
{
    OK(PUT(.queue = "alpha", .id = id, .group = "g"));
}

static const char *
members(void)
{
    static char text[256];
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < set.count; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i > 0 ? " " : "",
                                set.tasks[i]->id);
    return text;
}

static const char *
stage(int64_t grace_ms, int64_t max_size)
{
    const weir_group_policy policy = {.grace_ms = grace_ms, .max_size = max_size};

    weir__staged_release(&set);
    OK(weir__group_stage(store, "alpha", "g", &policy, 2 * MINUTE, &set, NULL));
    return members();
}

static int
commit(const char *id)
{
    weir_task_info task = with_defaults(&(weir_task_info){.id = id, .queue = "alpha"});
    weir_enqueue_item item = {.task = &task};

    return weir__group_commit(store, "alpha", set.set_id, &item, NULL);
}

static size_t
reclaim(void)
{
    static const char *const alpha = "alpha";
    size_t reclaimed = 99;

    OK(weir__group_reclaim(store, &alpha, 1, 10, &reclaimed, NULL));
    return reclaimed;
}

static const char *
group_ids(const char *group)
{
    return ids("alpha", WEIR_STATE_AGGREGATING, group, 0, 10);
}

/* Stages members as asynq's script does, in a set with this end. */
static void
stage_as_go(const char *rest, long long end_s, const char *const *list, size_t count)
{
    char key[300];

    snprintf(key, sizeof(key), "%s", raw_key("alpha", rest));
    for (size_t i = 0; i < count; i++) {
        IS(raw_number("ZREM %s %s", KEY("alpha", "g:g"), list[i]), 1);
        raw_number("ZADD %s %lld %s", key, (long long)START_S, list[i]);
    }
    raw_number("ZADD %s %lld %s", KEY("alpha", "aggregation_sets"), end_s, key);
    if (raw_number("EXISTS %s", KEY("alpha", "g:g")) == 0)
        raw_number("SREM %s g", KEY("alpha", "groups"));
}

/* ---- as asynq has it ---- */

static void
a_set_is_where_asynq_has_it(void)
{
    char key[300];
    const char *head = raw_key("alpha", "g:g:");

    join("a");
    manual_clock_advance(&now, SECOND);
    join("b");
    SAME(stage(HOUR, 2), "a b");
    snprintf(key, sizeof(key), "%s",
             raw_text("EVAL %s 1 %s", "return redis.call('ZRANGE', KEYS[1], 0, -1)[1]",
                      KEY("alpha", "aggregation_sets")));
    IS(strncmp(key, head, strlen(head)), 0);
    IS(strlen(key + strlen(head)), 36);
    IS(strchr(key + strlen(head), ':') == NULL, true);
    IS(raw_number("ZSCORE %s a", key), START_S);
    IS(raw_number("ZSCORE %s b", key), START_S + 1);
    IS(raw_number("ZSCORE %s %s", KEY("alpha", "aggregation_sets"), key), START_S + 121);
    IS(raw_number("EXISTS %s %s", KEY("alpha", "g:g"), KEY("alpha", "groups")), 0);
    OK(commit("one"));
    IS(raw_number("EXISTS %s %s", key, KEY("alpha", "aggregation_sets")), 0);
}

static void
sets_that_end_in_one_second_are_told_apart(void)
{
    weir__staged one;

    join("a");
    join("b");
    SAME(stage(HOUR, 1), "a");
    one = set;
    set = (weir__staged){.count = 0};
    SAME(stage(HOUR, 1), "b");
    OK(commit("of-b"));
    weir__staged_release(&set);
    set = one;
    OK(commit("of-a"));
    IDS("alpha", PENDING, "of-b of-a");
}

static void
what_go_has_put_back_is_refused(void)
{
    join("a");
    SAME(stage(HOUR, 1), "a");
    /* asynq's reclaim: the members go back, the set and its name go, the group is not named. */
    raw_number("ZADD %s %lld a", KEY("alpha", "g:g"), (long long)START_S);
    raw_number("EVAL %s 1 %s",
               "redis.call('DEL', redis.call('ZRANGE', KEYS[1], 0, -1)[1]) "
               "return redis.call('DEL', KEYS[1])",
               KEY("alpha", "aggregation_sets"));
    IS(commit("one"), WEIR_E_STALE);
    IDS("alpha", PENDING, "");
    SAME(group_ids("g"), "a");
    IS(raw_mend("alpha"), 1);
    SAME(stage(HOUR, 1), "a");
    OK(commit("one"));
}

static void
a_set_of_go_goes_back_and_its_group_is_named(void)
{
    static const char *const both[] = {"a", "b"};

    join("a");
    join("b");
    stage_as_go("g:g:" UUID, START_S + 120, both, 2);
    SAME(group_ids("g"), "");
    IS(queue_info("alpha").aggregating, 2);
    IS(steer(WEIR_VERB_DELETE, "alpha", "a"), WEIR_E_STATE);
    manual_clock_advance(&now, 119 * SECOND);
    IS(reclaim(), 0);
    manual_clock_advance(&now, SECOND);
    IS(reclaim(), 1);
    SAME(group_ids("g"), "a b");
    IS(raw_number("SISMEMBER %s g", KEY("alpha", "groups")), 1);
    IS(raw_number("EXISTS %s %s", KEY("alpha", "g:g:" UUID), KEY("alpha", "aggregation_sets")), 0);
}

static void
a_set_of_go_of_any_size_goes_back_in_steps(void)
{
    char id[16];

    for (int i = 0; i < 2500; i++) {
        snprintf(id, sizeof(id), "%04d", i);
        join(id);
    }
    raw_number("RENAME %s %s", KEY("alpha", "g:g"), KEY("alpha", "g:g:" UUID));
    raw_number("ZADD %s 5 %s", KEY("alpha", "aggregation_sets"), KEY("alpha", "g:g:" UUID));
    IS(reclaim(), 1);
    IS(raw_number("ZCARD %s", KEY("alpha", "g:g")), 2500);
    IS(raw_number("EXISTS %s %s", KEY("alpha", "g:g:" UUID), KEY("alpha", "aggregation_sets")), 0);
}

static void
a_go_task_counts_as_joined_at_the_end_of_its_second(void)
{
    join("a");
    IS(raw_number("HDEL %s weir_at", KEY("alpha", "t:a")), 1); /* asynq's clients have no ms */
    manual_clock_advance(&now, 10 * SECOND);
    SAME(stage(10 * SECOND, 0), "");
    manual_clock_advance(&now, 999);
    SAME(stage(10 * SECOND, 0), "a");
}

/* asynq's script for unique tasks of groups writes the lock's name into the message alone. */
static void
the_lock_of_a_go_task_is_released_with_its_set(void)
{
    char name[256];

    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "short", .group = "g", .unique_key = "unique:t:1"));
    memset(name, 'x', sizeof(name));
    memcpy(name, "unique:", 7);
    name[200] = '\0';
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "long", .group = "g", .unique_key = name,
                  .payload = "{alpha}:unique:t:1", .payload_len = 18));
    IS(raw_number("HDEL %s unique_key", KEY("alpha", "t:short")), 1);
    IS(raw_number("HDEL %s unique_key", KEY("alpha", "t:long")), 1);
    SAME(stage(HOUR, 2), "long short");
    IS(raw_number("EXISTS %s %s", KEY("alpha", "unique:t:1"), raw_key("alpha", name)), 2);
    OK(commit("one"));
    IS(raw_number("EXISTS %s %s", KEY("alpha", "unique:t:1"), raw_key("alpha", name)), 0);
}

static void
the_order_within_a_second_is_that_of_joining(void)
{
    join("z");
    manual_clock_advance(&now, 5);
    join("m");
    manual_clock_advance(&now, 5);
    join("a");
    SAME(stage(HOUR, 2), "z m");
    manual_clock_advance(&now, 2 * MINUTE + SECOND);
    IS(reclaim(), 1);
    SAME(stage(HOUR, 3), "z m a");
}

/* ---- counting ---- */

/* How often the server has read from its clients; a trip of ours is read at once. */
static long long
reads(void)
{
    static const char name[] = "total_reads_processed:";
    const char *line = strstr(raw_text("INFO stats"), name);

    return line ? strtoll(line + sizeof(name) - 1, NULL, 10) : -1;
}

static long long
trips_of_a_look(void)
{
    long long before;

    (void)queue_info("alpha"); /* the script may have to be loaded */
    before = reads();
    (void)queue_info("alpha");
    return reads() - before - 1;
}

/* Counted in two steps, a set that becomes a task between them would be in neither. */
static void
groups_are_counted_in_one_step_with_the_rest(void)
{
    long long trips;

    OK(PUT(.queue = "alpha", .id = "x"));
    trips = trips_of_a_look();
    join("a");
    join("b");
    OK(PUT(.queue = "alpha", .id = "c", .group = "h"));
    SAME(stage(HOUR, 1), "a");
    IS(queue_info("alpha").aggregating, 3);
    IS(queue_info("alpha").size, 4);
    IS(trips_of_a_look(), trips);
}

static void
any_number_of_groups_is_counted(void)
{
    char group[16];

    for (int i = 0; i < 1200; i++) {
        snprintf(group, sizeof(group), "%d", i);
        raw_number("SADD %s %s", KEY("alpha", "groups"), group);
        snprintf(group, sizeof(group), "g:%d", i);
        raw_number("ZADD %s 1 a%d 1 b%d", KEY("alpha", group), i, i);
        if (i % 600 == 0)
            OK(PUT(.queue = "alpha", .group = "0", .id = i == 0 ? "x" : "y"));
    }
    IS(queue_info("alpha").groups, 1200);
    IS(queue_info("alpha").aggregating, 2402);
}

/* ---- what asynq's tools do to staged tasks ---- */

static void
a_member_that_a_person_ran_is_not_deleted(void)
{
    join("a");
    join("b");
    SAME(stage(HOUR, 2), "a b");
    raw_number("HSET %s state pending", KEY("alpha", "t:a"));
    raw_number("LPUSH %s a", KEY("alpha", "pending"));
    OK(commit("one"));
    IDS("alpha", PENDING, "a one");
    IS(raw_number("EXISTS %s", KEY("alpha", "t:b")), 0);
}

static void
a_member_that_came_again_is_not_deleted(void)
{
    join("a");
    join("b");
    SAME(stage(HOUR, 2), "a b");
    raw_number("DEL %s", KEY("alpha", "t:a"));
    join("a");
    OK(commit("one"));
    SAME(group_ids("g"), "a");
    IS(raw_number("EXISTS %s", KEY("alpha", "t:b")), 0);
}

/* ---- damage ---- */

static void
a_staged_task_that_is_gone_is_left_out(void)
{
    join("a");
    join("b");
    raw_number("DEL %s", KEY("alpha", "t:a"));
    raw_number("ZADD %s 1 ghost", KEY("alpha", "g:g"));
    SAME(stage(HOUR, 1), "b");
    IS(raw_number("EXISTS %s", KEY("alpha", "g:g")), 0);
    raw_number("DEL %s", KEY("alpha", "t:b"));
    IS(commit("one"), WEIR_E_STALE);
    manual_clock_advance(&now, 2 * MINUTE + SECOND);
    IS(reclaim(), 1);
    IS(queue_info("alpha").size, 0);
    IS(raw_number("EXISTS %s %s", KEY("alpha", "aggregation_sets"), KEY("alpha", "t:b")), 0);
}

static void
the_name_of_a_set_that_is_gone_goes(void)
{
    raw_number("ZADD %s 1 %s 2 nonsense 3 %s", KEY("alpha", "aggregation_sets"),
               KEY("alpha", "g:g:" UUID), KEY("alpha", "g:"));
    IS(reclaim(), 3);
    IS(raw_number("EXISTS %s %s", KEY("alpha", "aggregation_sets"), KEY("alpha", "g:g")), 0);
}

static void
a_set_that_is_not_named_goes_back(void)
{
    join("a");
    join("b");
    SAME(stage(HOUR, 2), "a b");
    raw_number("DEL %s", KEY("alpha", "aggregation_sets"));
    IS(commit("one"), WEIR_E_STALE);
    YES(raw_mend("alpha") > 0);
    (void)reclaim();
    SAME(group_ids("g"), "a b");
    IS(queue_info("alpha").groups, 1);
    IS(queue_info("alpha").aggregating, 2);
    IS(raw_mend("alpha"), 0);
    SAME(stage(HOUR, 2), "a b");
    OK(commit("one"));
}

static void
a_group_whose_name_looks_like_a_set_is_a_group(void)
{
    OK(PUT(.queue = "alpha", .id = "a", .group = "g:" UUID));
    IS(raw_mend("alpha"), 0);
    raw_number("DEL %s", KEY("alpha", "groups"));
    IS(raw_mend("alpha"), 1);
    IS(raw_number("SISMEMBER %s %s", KEY("alpha", "groups"), "g:" UUID), 1);
    IS(raw_number("EXISTS %s", KEY("alpha", "aggregation_sets")), 0);
}

static void
ghosts_in_a_group_are_removed(void)
{
    raw_number("SADD %s alpha", raw_global("queues"));
    raw_number("SADD %s g", KEY("alpha", "groups"));
    raw_number("ZADD %s 1 ghost1 2 ghost2", KEY("alpha", "g:g"));
    IS(raw_mend("alpha"), 2);
    IS(raw_number("EXISTS %s %s", KEY("alpha", "g:g"), KEY("alpha", "groups")), 0);
}

static int
count_group(void *arg, const weir_group_info *group)
{
    (void)group;
    ++*(size_t *)arg;
    return 0;
}

static void
an_unreadable_member_does_not_stop_its_group(void)
{
    size_t count = 0;

    join("a");
    join("b");
    join("c");
    raw_number("HSET %s msg %b", KEY("alpha", "t:a"), "\xff\xff\x01", (size_t)3);
    OK(weir__groups(store, "alpha", 0, count_group, &count, NULL));
    count = 0;
    OK(weir__groups(store, "alpha", 0, count_group, &count, NULL));
    IS(count, 1);
    IS(raw_number("HEXISTS %s a", KEY("alpha", "weir:quarantine")), 1);
    raw_number("HSET %s msg %b", KEY("alpha", "t:b"), "\xff\xff\x01", (size_t)3);
    SAME(stage(HOUR, 2), "c");
    IS(raw_number("HEXISTS %s b", KEY("alpha", "weir:quarantine")), 1);
    OK(commit("one"));
    IDS("alpha", PENDING, "one");
    IS(raw_number("EXISTS %s %s", KEY("alpha", "t:a"), KEY("alpha", "t:b")), 0);
}

static const CU_TestInfo cases[] = {
    CASE(a_set_is_where_asynq_has_it),
    CASE(sets_that_end_in_one_second_are_told_apart),
    CASE(what_go_has_put_back_is_refused),
    CASE(a_set_of_go_goes_back_and_its_group_is_named),
    CASE(a_set_of_go_of_any_size_goes_back_in_steps),
    CASE(a_go_task_counts_as_joined_at_the_end_of_its_second),
    CASE(the_lock_of_a_go_task_is_released_with_its_set),
    CASE(the_order_within_a_second_is_that_of_joining),
    CASE(groups_are_counted_in_one_step_with_the_rest),
    CASE(any_number_of_groups_is_counted),
    CASE(a_member_that_a_person_ran_is_not_deleted),
    CASE(a_member_that_came_again_is_not_deleted),
    CASE(a_staged_task_that_is_gone_is_left_out),
    CASE(the_name_of_a_set_that_is_gone_goes),
    CASE(a_set_that_is_not_named_goes_back),
    CASE(a_group_whose_name_looks_like_a_set_is_a_group),
    CASE(ghosts_in_a_group_are_removed),
    CASE(an_unreadable_member_does_not_stop_its_group),
    CASES_END,
};

HARNESS_SUITE(sets, cases, setup, teardown);

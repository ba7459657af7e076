/* SPDX-License-Identifier: MIT */
/*
 * Replies that never come. The store of these cases is behind a proxy that loses them; what really is in Redis is
 * looked at with raw commands.
 */
#include <config.h>

#include "proxy.h"
#include "raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct proxy *proxy;

static void
setup(void)
{
    proxy = raw_setup_behind_proxy();
    /* From here on all scripts are known to the server. */
    OK(PUT(.queue = "warm", .id = "a"));
    OK(FINISH(take("warm"), DONE));
}

static void
teardown(void)
{
    raw_teardown_behind_proxy(proxy);
}

static void
an_enqueue_whose_reply_was_lost_is_done_once(void)
{
    proxy_lose(proxy, 1);
    OK(PUT(.queue = "alpha", .id = "a"));
    IS(proxy_lost(proxy), 1);
    IDS("alpha", PENDING, "a");
    proxy_lose(proxy, 2);
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "b", .unique_key = "unique:k"));
    IS(proxy_lost(proxy), 3);
    IDS("alpha", PENDING, "a b");
}

static void
an_enqueue_whose_replies_are_all_lost_is_unknown(void)
{
    proxy_lose(proxy, -1);
    IS(PUT(.queue = "alpha", .id = "a"), WEIR_E_UNKNOWN);
    proxy_lose(proxy, 0);
    IDS("alpha", PENDING, "a");
}

static int
tick(const char *id, int64_t *last_ms, int64_t tick_ms)
{
    weir_task_info task = with_defaults(&(weir_task_info){.id = id, .queue = "alpha"});
    weir_enqueue_item item = {.task = &task};

    OK(weir__tick(store, "e", last_ms, tick_ms, &item, NULL));
    return item.result;
}

static void
a_tick_whose_reply_was_lost_is_done_once(void)
{
    int64_t last_ms = 0;
    int64_t other_ms = 0;

    OK(tick("a", &last_ms, START_MS)); /* the script is known */
    for (int lost = 1; lost <= 2; lost++) {
        proxy_lose(proxy, lost);
        OK(tick(lost == 1 ? "b" : "c", &last_ms, START_MS + lost));
        IS(last_ms, START_MS + lost);
    }
    IDS("alpha", PENDING, "a b c");
    IS(raw_number("ZCARD %s", raw_global("scheduler_history:e")), 3);
    proxy_lose(proxy, 1);
    IS(tick("d", &other_ms, START_MS + 3), WEIR_E_STALE);
    IS(other_ms, START_MS + 2);
    IDS("alpha", PENDING, "a b c");
}

static void
a_history_that_was_not_written_is_written_with_the_next_tick(void)
{
    int64_t last_ms = 0;

    OK(tick("a", &last_ms, START_MS));
    raw_number("DEL %s", raw_global("scheduler_history:e"));
    IS(tick("a", &last_ms, START_MS + 1), WEIR_E_CONFLICT);
    OK(tick("b", &last_ms, START_MS + 2));
    IS(raw_number("ZCARD %s", raw_global("scheduler_history:e")), 2);
}

static void
join_all(const char *const *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        OK(PUT(.queue = "alpha", .id = ids[i], .group = "g"));
}

static int
stage(weir__staged *set)
{
    const weir_group_policy policy = {.grace_ms = HOUR, .max_size = 2};

    return weir__group_stage(store, "alpha", "g", &policy, MINUTE, set, NULL);
}

static int
commit(const weir__staged *set, const char *id)
{
    weir_task_info task = with_defaults(&(weir_task_info){.id = id, .queue = "alpha"});
    weir_enqueue_item item = {.task = &task};

    return weir__group_commit(store, "alpha", set->set_id, &item, NULL);
}

static void
a_set_whose_replies_were_lost_becomes_one_task(void)
{
    static const char *const members[] = {"a", "b", "c", "d", "e", "f"};
    weir__staged set;

    join_all(members, 6);
    for (int lost = 0; lost <= 2; lost++) { /* 0: the scripts become known */
        char one[] = {'1', (char)('0' + lost), '\0'};

        proxy_lose(proxy, lost);
        OK(stage(&set));
        IS(set.count, 2);
        proxy_lose(proxy, lost);
        OK(commit(&set, one));
        weir__staged_release(&set);
    }
    IS(proxy_lost(proxy), 6);
    IDS("alpha", PENDING, "10 11 12");
    IDS("alpha", AGGREGATING, "");
    IS(raw_number("EXISTS %s %s", KEY("alpha", "aggregation_sets"), KEY("alpha", "groups")), 0);
    IS(queue_info("alpha").size, 3);
}

static void
a_set_whose_stage_never_got_its_reply_goes_back(void)
{
    static const char *const members[] = {"a", "b"};
    static const char *const alpha = "alpha";
    size_t reclaimed = 0;
    weir__staged set;

    join_all(members, 2);
    proxy_lose(proxy, -1);
    IS(stage(&set), WEIR_E_UNKNOWN);
    proxy_lose(proxy, 0);
    SAME(ids("alpha", WEIR_STATE_AGGREGATING, "g", 0, 10), "");
    manual_clock_advance(&now, MINUTE);
    OK(weir__group_reclaim(store, &alpha, 1, 10, &reclaimed, NULL));
    IS(reclaimed, 1);
    SAME(ids("alpha", WEIR_STATE_AGGREGATING, "g", 0, 10), "a b");
}

static void
a_commit_that_never_got_its_reply_is_not_made_again(void)
{
    static const char *const members[] = {"a", "b"};
    weir__staged set;

    join_all(members, 2);
    OK(stage(&set));
    proxy_lose(proxy, -1);
    IS(commit(&set, "one"), WEIR_E_UNKNOWN);
    proxy_lose(proxy, 0);
    IDS("alpha", PENDING, "one");
    IS(commit(&set, "two"), WEIR_E_STALE);
    IDS("alpha", PENDING, "one");
    weir__staged_release(&set);
}

static void
a_take_whose_reply_was_lost_gives_the_same_tasks(void)
{
    weir_claim *claims[3];

    put_all("alpha", "a b c d");
    proxy_lose(proxy, 1);
    MUST(take_some(store, "alpha", 3, 2, claims) == 3);
    IS(proxy_lost(proxy), 1);
    SAME(claims[0]->task->id, "a");
    IS(claims[1]->started, true);
    IS(claims[2]->started, false);
    IDS("alpha", ACTIVE, "a b c");
    IDS("alpha", PENDING, "d");
    OK(FINISH(claims[0], DONE));
    OK(FINISH(claims[2], REQUEUE));
    IS(raw_number("ZCARD %s", KEY("alpha", "lease")), 1);
}

static void
a_finish_whose_reply_was_lost_counts_once(void)
{
    weir_claim *claim;

    put_all("alpha", "a b");
    claim = take("alpha");
    proxy_lose(proxy, 1);
    OK(FINISH(claim, DONE));
    COUNTED("alpha", 1, 0);
    claim = take("alpha");
    proxy_lose(proxy, 2);
    OK(FINISH(claim, RETRY, .at_ms = START_MS + HOUR, .counted = true, .error = "no"));
    COUNTED("alpha", 2, 1);
    IS(look("alpha", "b")->retried, 1);
    IS(proxy_lost(proxy), 3);
}

static void
a_recovery_whose_reply_was_lost_gives_the_same_tasks(void)
{
    weir_claim *claims[3];

    put_all("alpha", "a b");
    MUST(take_some(store, "alpha", 2, 2, claims) == 2);
    raw_end_leases("alpha");
    proxy_lose(proxy, 1);
    MUST(recover("alpha", 3, claims) == 2);
    OK(FINISH(claims[0], DONE));
    OK(FINISH(claims[1], DONE));
    IS(queue_info("alpha").size, 0);
}

static void
what_a_take_holds_that_never_got_its_reply_goes_back_uncounted(void)
{
    weir_take_queue from = {"alpha", 2, 0};
    weir_claim items[2];
    weir__want want = {&from, 1, 2, 2, 60000, 0};
    weir__claims held = {items, 0};
    weir_claim *claims[3];

    put_all("alpha", "a b c");
    proxy_lose(proxy, -1);
    IS(weir__consume(store, NULL, 0, NULL, 0, &want, &held, NULL), WEIR_E_UNKNOWN);
    IS(held.count, 0);
    proxy_lose(proxy, 0);
    IDS("alpha", ACTIVE, "a b");
    for (int i = 0; i < 2; i++)
        IS(recover("alpha", 3, claims), 0);
    IDS("alpha", PENDING, "a b c");
    COUNTED("alpha", 0, 0);
    IS(look("alpha", "a")->retried, 0);
}

/* Takes from three queues, finishes what came, and returns how many. */
static size_t
take_and_finish(void)
{
    weir_take_queue from[] = {{"alpha", 1, 0}, {"beta", 3, 0}, {"gamma", 0, 0}};
    weir_claim items[6];
    weir__want want = {from, 3, 6, 6, LEASE_MS, 0};
    weir__claims held = {items, 0};
    size_t count;

    OK(weir__consume(store, NULL, 0, NULL, 0, &want, &held, NULL));
    proxy_lose(proxy, 0);
    for (count = 0; count < held.count; count++) {
        OK(FINISH(&items[count], DONE));
        weir__claim_release(&items[count]);
    }
    return count;
}

static void
a_take_from_several_queues_loses_nothing_with_its_reply(void)
{
    size_t all;
    size_t some;

    for (int spared = 0; spared <= 1; spared++) {
        for (int lost = 1; lost <= 2; lost++) {
            put_all("alpha", "a1 a2 a3");
            put_all("beta", "b1");
            put_all("gamma", "c1 c2");
            proxy_spare(proxy, spared);
            proxy_lose(proxy, lost);
            for (all = 0, some = 1; some > 0; all += some)
                some = take_and_finish();
            IS(all, 6);
            IS(queue_info("alpha").size + queue_info("beta").size + queue_info("gamma").size, 0);
        }
    }
}

static void
killed_connections_are_replaced(void)
{
    for (int i = 0; i < 20; i++) {
        raw_number("CLIENT KILL TYPE normal SKIPME yes");
        put_all("alpha", "a");
        raw_number("CLIENT KILL TYPE normal SKIPME yes");
        OK(FINISH(take("alpha"), DONE));
    }
    COUNTED("alpha", 20, 0);
}

static void
forgotten_scripts_are_loaded_again(void)
{
    raw_number("SCRIPT FLUSH");
    put_all("alpha", "a b");
    raw_number("SCRIPT FLUSH");
    OK(FINISH(take("alpha"), DONE));
    IDS("alpha", PENDING, "b");
}

static const CU_TestInfo cases[] = {
    CASE(an_enqueue_whose_reply_was_lost_is_done_once),
    CASE(an_enqueue_whose_replies_are_all_lost_is_unknown),
    CASE(a_tick_whose_reply_was_lost_is_done_once),
    CASE(a_history_that_was_not_written_is_written_with_the_next_tick),
    CASE(a_set_whose_replies_were_lost_becomes_one_task),
    CASE(a_set_whose_stage_never_got_its_reply_goes_back),
    CASE(a_commit_that_never_got_its_reply_is_not_made_again),
    CASE(a_take_whose_reply_was_lost_gives_the_same_tasks),
    CASE(a_finish_whose_reply_was_lost_counts_once),
    CASE(a_recovery_whose_reply_was_lost_gives_the_same_tasks),
    CASE(what_a_take_holds_that_never_got_its_reply_goes_back_uncounted),
    CASE(a_take_from_several_queues_loses_nothing_with_its_reply),
    CASE(killed_connections_are_replaced),
    CASE(forgotten_scripts_are_loaded_again),
    CASES_END,
};

HARNESS_SUITE(lost, cases, setup, teardown);

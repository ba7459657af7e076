/* SPDX-License-Identifier: MIT */
/*
 * New tasks that go without a script: that they do, that nobody can tell by what is stored, and every way in which a
 * transaction fails. The store is behind a proxy, which loses replies and holds what was sent.
 */
#include <config.h>

#include "proxy.h"
#include "raw.h"

#include "broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct proxy *proxy;
static weir_error why;

enum {
    MOST = 1000
};
static weir_task_info tasks[MOST];
static weir_enqueue_item items[MOST];

static void
setup(void)
{
    proxy = raw_setup_behind_proxy();
    weir_error_clear(&why);
    /* The connection watches from here on. */
    tasks[0] = with_defaults(&(weir_task_info){.queue = "warm", .id = "a"});
    items[0] = (weir_enqueue_item){.task = &tasks[0], .fresh = true};
    OK(weir__enqueue(store, items, 1, NULL));
    OK(PUT(.queue = "warm", .id = "b"));
    raw_number("CONFIG RESETSTAT");
}

static void
teardown(void)
{
    raw_teardown_behind_proxy(proxy);
}

static long long
calls_of(const char *command)
{
    const char *text = raw_text("INFO commandstats");
    char name[64];
    const char *line;

    snprintf(name, sizeof(name), "cmdstat_%s:calls=", command);
    line = strstr(text, name);
    return line ? strtoll(line + strlen(name), NULL, 10) : 0;
}

/* Tasks of alpha whose ids are letters, as many as the text has. */
static size_t
make(const char *letters)
{
    static char names[32][2];
    size_t count = strlen(letters);

    for (size_t i = 0; i < count; i++) {
        names[i][0] = letters[i];
        tasks[i] = with_defaults(&(weir_task_info){.queue = "alpha", .id = names[i]});
        items[i] = (weir_enqueue_item){.task = &tasks[i], .result = 1, .fresh = true};
    }
    return count;
}

static int
put_fresh(const char *letters)
{
    weir_error_clear(&why);
    return weir__enqueue(store, items, make(letters), &why);
}

/* One try of a call, as the core makes it. */
static int
try_call(const char *letters, uint64_t number, uint32_t tries)
{
    const weir_request_id request = {.instance = 77, .lane = 1, .tries = tries, .number = number};

    weir_error_clear(&why);
    return store->backend->enqueue(store->self, &request, now_ms(), items, make(letters), &why);
}

static void
open_with(const char *option)
{
    char url[1200];

    weir_broker_close(store);
    snprintf(url, sizeof(url), "redis+unix://%.90s.proxy?%s&%s", raw_socket(),
             strchr(kit_url(), '?') + 1, option);
    store = kit_open(url, &now);
}

/* ---- what is stored ---- */

static void
new_tasks_go_in_a_transaction(void)
{
    OK(put_fresh("abc"));
    IS(calls_of("exec"), 1);
    IS(calls_of("evalsha"), 0);
    IDS("alpha", PENDING, "a b c");
    IS(raw_number("SISMEMBER %s alpha", raw_global("queues")), 1);
    OK(FINISH(take("alpha"), DONE));
    IDS("alpha", PENDING, "b c");
}

static void
tasks_with_ids_of_their_own_go_by_the_script(void)
{
    make("ab");
    items[1].fresh = false;
    OK(weir__enqueue(store, items, 2, NULL));
    IS(calls_of("exec"), 0);
    IS(calls_of("evalsha"), 1);
    IDS("alpha", PENDING, "a b");
}

static void
a_batch_of_several_kinds_keeps_its_order_and_results(void)
{
    make("abcde");
    tasks[1].unique_key = "unique:k";
    items[1].unique_ttl_ms = HOUR;
    tasks[3].unique_key = "unique:k";
    items[3].unique_ttl_ms = HOUR;
    OK(weir__enqueue(store, items, 5, NULL));
    IS(items[0].result + items[1].result + items[2].result + items[4].result, 0);
    IS(items[3].result, WEIR_E_DUPLICATE);
    IDS("alpha", PENDING, "a b c e");
}

static void
a_batch_for_two_queues_is_put_into_both(void)
{
    make("abcd");
    tasks[1].queue = tasks[2].queue = "beta";
    OK(weir__enqueue(store, items, 4, NULL));
    IDS("alpha", PENDING, "a d");
    IDS("beta", PENDING, "b c");
}

static void
what_a_transaction_stores_is_what_the_script_stores(void)
{
    static const char all[] = "local h, t = redis.call('HGETALL', KEYS[1] .. 't:a'), {} "
                              "for i = 1, #h, 2 do t[#t + 1] = h[i] .. '=' .. h[i + 1] end "
                              "table.sort(t) return table.concat(t, '|') .. "
                              "redis.call('LRANGE', KEYS[1] .. 'pending', 0, -1)[1]";
    char *plain;

    OK(put_fresh("a"));
    IS(calls_of("evalsha"), 0);
    plain = strdup(raw_text("EVAL %s 1 %s", all, KEY("alpha", "")));
    raw_number("FLUSHALL");
    make("a");
    items[0].fresh = false;
    OK(weir__enqueue(store, items, 1, NULL));
    IS(calls_of("evalsha"), 1);
    SAME(raw_text("EVAL %s 1 %s", all, KEY("alpha", "")), plain);
    free(plain);
}

static void
a_thousand_tasks_with_large_payloads_keep_their_order(void)
{
    static char names[MOST][16];
    static char payload[5000];
    char wanted[16];

    memset(payload, 'x', sizeof(payload));
    for (int i = 0; i < MOST; i++) {
        snprintf(names[i], sizeof(names[i]), "%d", i);
        tasks[i] = with_defaults(&(weir_task_info){
            .queue = "alpha", .id = names[i], .payload = payload, .payload_len = sizeof(payload)});
        items[i] = (weir_enqueue_item){.task = &tasks[i], .result = 1, .fresh = true};
    }
    OK(weir__enqueue(store, items, MOST, NULL));
    IS(calls_of("evalsha"), 0);
    IS(queue_info("alpha").pending, MOST);
    for (int i = 0; i < MOST; i += 111) {
        snprintf(wanted, sizeof(wanted), "%d", i);
        SAME(raw_text("LINDEX %s %d", KEY("alpha", "pending"), -1 - i), wanted);
    }
    IS(look("alpha", "999")->payload_len, sizeof(payload));
}

/* ---- replies that are lost ---- */

static void
a_transaction_whose_reply_was_lost_is_done_once(void)
{
    proxy_lose(proxy, 1);
    OK(put_fresh("ab"));
    OK(put_fresh("c")); /* the new connection watches */
    proxy_lose(proxy, 2);
    OK(put_fresh("d"));
    IS(proxy_lost(proxy), 3);
    IDS("alpha", PENDING, "a b c d");
    OK(put_fresh("e"));
    proxy_lose(proxy, -1);
    IS(put_fresh("f"), WEIR_E_UNKNOWN);
    proxy_lose(proxy, 0);
    IDS("alpha", PENDING, "a b c d e f");
}

static void
a_task_that_is_finished_is_not_put_again_by_a_later_try(void)
{
    OK(try_call("ab", 1, 0));
    IS(calls_of("evalsha"), 0);
    OK(FINISH(take("alpha"), DONE));
    OK(FINISH(take("alpha"), DONE));
    OK(try_call("ab", 1, 1));
    IS(items[0].result, 0);
    IS(items[1].result, 0);
    IS(queue_info("alpha").size, 0);
}

static void
a_connection_that_watched_in_vain_has_the_script_do_it(void)
{
    raw_text("SET %sweir:fence:%016llx 1", raw_global(""),
             (unsigned long long)store->lanes.instance);
    OK(put_fresh("ab"));
    IS(calls_of("evalsha"), 1);
    OK(put_fresh("cd"));
    IS(calls_of("evalsha"), 1);
    IDS("alpha", PENDING, "a b c d");
}

static void
a_transaction_that_comes_late_is_not_done_any_more(void)
{
    OK(put_fresh("a"));
    OK(FINISH(take("alpha"), DONE));
    proxy_hold(proxy);
    OK(put_fresh("b"));
    OK(FINISH(take("alpha"), DONE));
    MUST(strstr(proxy_let_go(proxy), "+QUEUED") != NULL);
    IS(queue_info("alpha").size, 0);
    IS(raw_number("EXISTS %s", KEY("alpha", "t:b")), 0);
}

/* Then nothing can be written that would keep a late one from being done; but what was done can be read. */
static void
a_full_store_still_tells_what_was_done(void)
{
    proxy_lose(proxy, 1);
    IS(try_call("ab", 1, 0), WEIR_E_UNKNOWN);
    raw_number("CONFIG SET maxmemory 1");
    OK(try_call("ab", 1, 1));
    IS(items[0].result, 0);
    IS(items[1].result, 0);
    raw_number("CONFIG SET maxmemory 0");
    IDS("alpha", PENDING, "a b");
}

static void
a_full_store_does_not_tell_what_may_be_done_yet(void)
{
    proxy_hold(proxy);
    IS(try_call("ab", 1, 0), WEIR_E_UNKNOWN);
    raw_number("CONFIG SET maxmemory 1");
    IS(try_call("ab", 1, 1), WEIR_E_FULL); /* so it stays unknown */
    IS(items[0].result, WEIR_E_FULL);
    raw_number("CONFIG SET maxmemory 0");
    MUST(strstr(proxy_let_go(proxy), "+QUEUED") != NULL);
    IDS("alpha", PENDING, "a b");
    OK(try_call("ab", 1, 2));
    IDS("alpha", PENDING, "a b");
}

/* What the lane remembers of a transaction that could not write the list was taken back, or will be. */
static void
a_full_store_vouches_for_no_list_that_is_another_key(void)
{
    raw_text("SET %s x", KEY("alpha", "pending"));
    proxy_lose(proxy, 1);
    IS(try_call("ab", 1, 0), WEIR_E_UNKNOWN);
    raw_number("CONFIG SET maxmemory 1");
    IS(try_call("ab", 1, 1), WEIR_E_FULL);
    raw_number("CONFIG SET maxmemory 0");
}

/* One try of a call with two queues and an id that is taken, which is the script's from the first try on. */
static int
try_two_queues(uint32_t tries)
{
    const weir_request_id request = {.instance = 77, .lane = 1, .tries = tries, .number = 1};

    make("ab");
    tasks[1].queue = "beta";
    weir_error_clear(&why);
    return store->backend->enqueue(store->self, &request, now_ms(), items, 2, &why);
}

static void
a_full_store_tells_of_each_queue_what_its_lane_remembers(void)
{
    OK(PUT(.queue = "beta", .id = "b"));
    OK(try_two_queues(0));
    raw_number("CONFIG SET maxmemory 1");
    OK(try_two_queues(1));
    IS(items[0].result, 0);
    IS(items[1].result, WEIR_E_CONFLICT);
    raw_number("DEL %s:000000000000004d:1", KEY("beta", "weir:lane"));
    IS(try_two_queues(2), WEIR_E_FULL);
    IS(items[0].result, 0);
    IS(items[1].result, WEIR_E_FULL);
    raw_number("CONFIG SET maxmemory 0");
}

/* ---- what Redis refuses ---- */

static const struct refusal {
    const char *begin, *end;
    int code;
    const char *text;
} refusals[] = {
    {"CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", WEIR_E_FULL, "maxmemory"},
    {"CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0", WEIR_E_UNAVAILABLE,
     "too few replicas"},
    {"REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", WEIR_E_READONLY, "read-only replica"},
    {"ACL SETUSER default -hset", "ACL SETUSER default +hset", WEIR_E_AUTH, "may not do this"},
    {"ACL SETUSER default -lpush", "ACL SETUSER default +lpush", WEIR_E_AUTH, "may not do this"},
    {"ACL SETUSER default -exec", "ACL SETUSER default +exec", WEIR_E_AUTH, "may not do this"},
};

/* A line of words. */
static void
say(const char *line)
{
    char words[100];
    const char *argv[8];
    size_t lens[8];
    char *rest = NULL;
    int argc = 0;

    snprintf(words, sizeof(words), "%s", line);
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        argv[argc] = word;
        lens[argc++] = strlen(word);
    }
    raw_args(argc, argv, lens);
}

static void
a_transaction_that_redis_refuses_does_nothing_and_says_why(void)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct refusal *refusal = &refusals[i];

        OK(put_fresh("z"));
        OK(FINISH(take("alpha"), DONE));
        say(refusal->begin);
        IS(put_fresh("ab"), refusal->code);
        IS(items[0].result, refusal->code);
        IS(items[1].result, refusal->code);
        say(refusal->end);
        if (!YES(strstr(why.text, refusal->text) != NULL))
            printf("%s: %s\n", refusal->begin, why.text);
        IS(raw_number("EXISTS %s %s %s", KEY("alpha", "t:a"), KEY("alpha", "t:b"),
                      KEY("alpha", "pending")),
           0);
    }
    OK(put_fresh("ab"));
    IDS("alpha", PENDING, "a b");
}

static void
a_user_who_may_have_no_transactions_has_scripts(void)
{
    static const char *const without[] = {"multi", "watch", "exec"};

    for (size_t i = 0; i < 3; i++) {
        raw_text("ACL SETUSER default -%s", without[i]);
        open_with("max_connections=1");
        MUST(store != NULL);
        OK(put_fresh(i == 0 ? "ab" : i == 1 ? "cd" : "ef"));
        raw_text("ACL SETUSER default +%s", without[i]);
    }
    IS(calls_of("evalsha"), 3);
    IDS("alpha", PENDING, "a b c d e f");
}

/* Without MULTI each command is executed by itself: whether that was all of them the script finds out. */
static void
a_user_who_loses_the_right_to_transactions_puts_tasks_once(void)
{
    raw_text("ACL SETUSER default -multi");
    OK(put_fresh("ab"));
    OK(put_fresh("cd"));
    raw_text("ACL SETUSER default +multi");
    IDS("alpha", PENDING, "a b c d");
}

static void
a_list_that_is_another_key_leaves_no_task_behind(void)
{
    open_with("max_connections=1");
    MUST(store != NULL);
    raw_text("SET %s x", KEY("alpha", "pending"));
    IS(put_fresh("ab"), WEIR_E_CORRUPT);
    IS(items[0].result, WEIR_E_CORRUPT);
    IS(items[1].result, WEIR_E_CORRUPT);
    YES(strstr(why.text, "does not have the type") != NULL);
    IS(calls_of("evalsha"), 0);
    IS(raw_number("EXISTS %s %s", KEY("alpha", "t:a"), KEY("alpha", "t:b")), 0);
    raw_number("DEL %s", KEY("alpha", "pending"));
    OK(put_fresh("ab"));
    IDS("alpha", PENDING, "a b");
}

static void
a_list_that_is_another_key_is_no_success_of_a_later_try(void)
{
    raw_text("SET %s x", KEY("alpha", "pending"));
    proxy_lose(proxy, 1);
    IS(try_call("ab", 1, 0), WEIR_E_UNKNOWN);
    IS(items[0].result, WEIR_E_UNKNOWN);
    IS(try_call("ab", 1, 1), WEIR_E_CORRUPT);
    IS(items[1].result, WEIR_E_CORRUPT);
}

static void
queues_that_are_another_key_are_told_of_and_the_tasks_are_there(void)
{
    raw_text("SET %s x", raw_global("queues"));
    IS(put_fresh("ab"), WEIR_E_CORRUPT);
    IS(items[0].result, 0);
    raw_number("DEL %s", raw_global("queues"));
    OK(put_fresh("c"));
    IDS("alpha", PENDING, "a b c");
}

static void
killed_connections_are_replaced_and_watch_again(void)
{
    for (int i = 0; i < 20; i++) {
        raw_number("CLIENT KILL TYPE normal SKIPME yes");
        OK(put_fresh("a"));
        OK(put_fresh("b"));
        OK(FINISH(take("alpha"), DONE));
        OK(FINISH(take("alpha"), DONE));
    }
    COUNTED("alpha", 40, 0);
    IS(calls_of("exec") >= 40, true);
}

static const CU_TestInfo cases[] = {
    CASE(new_tasks_go_in_a_transaction),
    CASE(tasks_with_ids_of_their_own_go_by_the_script),
    CASE(a_batch_of_several_kinds_keeps_its_order_and_results),
    CASE(a_batch_for_two_queues_is_put_into_both),
    CASE(what_a_transaction_stores_is_what_the_script_stores),
    CASE(a_thousand_tasks_with_large_payloads_keep_their_order),
    CASE(a_transaction_whose_reply_was_lost_is_done_once),
    CASE(a_task_that_is_finished_is_not_put_again_by_a_later_try),
    CASE(a_connection_that_watched_in_vain_has_the_script_do_it),
    CASE(a_transaction_that_comes_late_is_not_done_any_more),
    CASE(a_full_store_still_tells_what_was_done),
    CASE(a_full_store_does_not_tell_what_may_be_done_yet),
    CASE(a_full_store_vouches_for_no_list_that_is_another_key),
    CASE(a_full_store_tells_of_each_queue_what_its_lane_remembers),
    CASE(a_transaction_that_redis_refuses_does_nothing_and_says_why),
    CASE(a_user_who_may_have_no_transactions_has_scripts),
    CASE(a_user_who_loses_the_right_to_transactions_puts_tasks_once),
    CASE(a_list_that_is_another_key_leaves_no_task_behind),
    CASE(a_list_that_is_another_key_is_no_success_of_a_later_try),
    CASE(queues_that_are_another_key_are_told_of_and_the_tasks_are_there),
    CASE(killed_connections_are_replaced_and_watch_again),
    CASES_END,
};

HARNESS_SUITE(plain, cases, setup, teardown);

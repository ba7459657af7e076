/* SPDX-License-Identifier: MIT */
/* What is stored is what asynq expects, and what asynq's scripts do to our tasks is understood. */
#include <config.h>

#include "raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
the_words_and_fields_are_asynq_s(void)
{
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "a", .unique_key = "unique:t:"));
    SAME(raw_text("HGET %s state", KEY("alpha", "t:a")), "pending");
    SAME(raw_text("HGET %s pending_since", KEY("alpha", "t:a")), "1750000000000000000");
    SAME(raw_text("HGET %s unique_key", KEY("alpha", "t:a")), KEY("alpha", "unique:t:"));
    SAME(raw_text("GET %s", KEY("alpha", "unique:t:")), "a");
    MUST(take("alpha") != NULL);
    SAME(raw_text("HGET %s state", KEY("alpha", "t:a")), "active");
    IS(raw_number("HEXISTS %s pending_since", KEY("alpha", "t:a")), 0);
    for (weir_state state = WEIR_STATE_SCHEDULED; state <= WEIR_STATE_COMPLETED; state++) {
        bring_to(weir_state_name(state), "s", state);
        SAME(raw_text("HGET %s state", KEY(weir_state_name(state), "t:s")), weir_state_name(state));
    }
    SAME(raw_text("HGET %s group", KEY("aggregating", "t:s")), "g");
}

static void
scores_are_whole_seconds_rounded_up(void)
{
    OK(PUT(.queue = "alpha", .id = "a", .next_process_at_ms = START_MS + 1));
    SAME(raw_text("ZSCORE %s a", KEY("alpha", "scheduled")), "1750000001");
    OK(PUT(.queue = "alpha", .id = "b", .next_process_at_ms = START_MS + 2000));
    SAME(raw_text("ZSCORE %s b", KEY("alpha", "scheduled")), "1750000002");
    put_all("alpha", "c");
    OK(FINISH(take("alpha"), COMPLETE, .at_ms = START_MS + 1500));
    SAME(raw_text("ZSCORE %s c", KEY("alpha", "completed")), "1750000002");
}

static void
an_exact_time_counts_only_with_its_score(void)
{
    OK(PUT(.queue = "alpha", .id = "a", .next_process_at_ms = START_MS + 1500));
    raw_number("ZADD %s 1750000005 a", KEY("alpha", "scheduled"));
    IS(look("alpha", "a")->next_process_at_ms, START_MS + 5000);
    manual_clock_advance(&now, 4999);
    IS(forward("alpha", 1, NULL), 0);
    manual_clock_advance(&now, 1);
    IS(forward("alpha", 1, NULL), 1);
}

static void
a_lease_s_whole_part_is_its_end_and_the_token_its_fraction(void)
{
    weir_claim *claim;
    double score;
    long long end;

    put_all("alpha", "a");
    claim = take("alpha");
    score = atof(raw_text("ZSCORE %s a", KEY("alpha", "lease")));
    end = (long long)score;
    IS((score - (double)end) * 1048576, claim->token);
    IS(end - raw_number("EVAL %s 0", "return redis.call('TIME')[1]") <= 2, true);
    OK(extend_one(claim, NULL));
    score = atof(raw_text("ZSCORE %s a", KEY("alpha", "lease")));
    IS((score - (double)(long long)score) * 1048576, claim->token);
}

static double
fraction_of(const char *id)
{
    double score = atof(raw_text("ZSCORE %s %s", KEY("alpha", "lease"), id));

    return (score - (double)(long long)score) * 1048576;
}

static void
half_of_the_token_s_last_place_says_that_a_task_never_started(void)
{
    weir_claim *claims[2];
    weir_claim *dead[2];

    put_all("alpha", "a b");
    MUST(take_some(store, "alpha", 2, 1, claims) == 2);
    IS(fraction_of("a") * 2, claims[0]->token * 2);
    IS(fraction_of("b") * 2, claims[1]->token * 2 + 1);
    OK(extend_one(claims[1], NULL));
    IS(fraction_of("b") * 2, claims[1]->token * 2 + 1);
    raw_end_leases("alpha");
    MUST(recover("alpha", 2, dead) == 2);
    IS(fraction_of("a") * 2, dead[0]->token * 2);
    IS(fraction_of("b") * 2, dead[1]->token * 2 + 1);
    OK(start_one(dead[1]));
    OK(start_one(dead[1]));
    IS(fraction_of("b") * 2, dead[1]->token * 2);
}

#define MANY 12

/* Finishes MANY claims at once; the outcomes as letters. */
static const char *
finish_many(weir_claim **claims)
{
    static char letters[MANY + 1];
    weir_finish finishes[MANY];

    for (int i = 0; i < MANY; i++)
        finishes[i] = (weir_finish){.claim = claims[i], .kind = WEIR_FINISH_DONE};
    OK(weir__consume(store, finishes, MANY, NULL, 0, NULL, NULL, NULL));
    for (int i = 0; i < MANY; i++)
        letters[i] = finishes[i].outcome == 0              ? 'o'
                     : finishes[i].outcome == WEIR_E_STALE ? 's'
                                                           : '?';
    return letters;
}

static void
a_batch_of_one_take_ends_only_what_it_holds(void)
{
    weir_claim *claims[20];

    put_all("alpha", "a b c d e f g h i j k l m n");
    MUST(take_some(store, "alpha", 14, 14, claims) == 14);
    raw_number("ZADD %s XX 2000000000 b", KEY("alpha", "lease"));
    raw_number("ZREM %s c", KEY("alpha", "lease"));
    raw_number("ZINCRBY %s 7 d", KEY("alpha", "lease")); /* as if extended alone */
    claims[9] = claims[4];
    SAME(finish_many(claims), "ossoooooosoo");
    IDS("alpha", ACTIVE, "b c j m n");
    IS(raw_number("ZCARD %s", KEY("alpha", "lease")), 4);
    IS(fraction_of("m"), claims[12]->token);
    COUNTED("alpha", 9, 0);
}

static void
a_whole_take_ends_at_once_whatever_its_order(void)
{
    weir_claim *claims[MANY];

    put_all("alpha", "a b c d e f g h i j k l");
    MUST(take_some(store, "alpha", MANY, MANY, claims) == MANY);
    put_all("alpha", "z");
    MUST(take("alpha") != NULL);
    for (int i = 0; i < MANY / 2; i++) {
        weir_claim *other = claims[i];

        claims[i] = claims[MANY - 1 - i];
        claims[MANY - 1 - i] = other;
    }
    SAME(finish_many(claims), "oooooooooooo");
    SAME(finish_many(claims), "ssssssssssss");
    IDS("alpha", ACTIVE, "z");
    IS(raw_number("ZCARD %s", KEY("alpha", "lease")), 1);
    COUNTED("alpha", MANY, 0);
}

static void
a_lease_that_go_renewed_is_not_ours_any_more(void)
{
    weir_claim *claim;

    put_all("alpha", "a");
    claim = take("alpha");
    raw_number("ZADD %s XX 2000000000 a", KEY("alpha", "lease"));
    IS(FINISH(claim, DONE), WEIR_E_STALE);
    IS(extend_one(claim, NULL), WEIR_E_STALE);
    IS(start_one(claim), WEIR_E_STALE);
    IDS("alpha", ACTIVE, "a");
}

static void
what_go_finished_is_not_finished_again(void)
{
    weir_claim *claim;

    put_all("alpha", "a");
    claim = take("alpha");
    raw_number("LREM %s 0 a", KEY("alpha", "active"));
    raw_number("ZREM %s a", KEY("alpha", "lease"));
    raw_number("ZADD %s 1750000100 a", KEY("alpha", "retry"));
    raw_number("HSET %s state retry", KEY("alpha", "t:a"));
    IS(FINISH(claim, DONE), WEIR_E_STALE);
    IDS("alpha", RETRY, "a");
    IS(look("alpha", "a")->next_process_at_ms, START_MS + 100000);
}

static void
a_go_server_s_lease_rests_for_thirty_seconds(void)
{
    weir_claim *claims[2];

    put_all("alpha", "a b");
    MUST(take_some(store, "alpha", 2, 2, claims) == 2);
    raw_number(
        "EVAL %s 1 %s",
        "local now = redis.call('TIME')[1] "
        "redis.call('ZADD', KEYS[1], now - 20, 'a') redis.call('ZADD', KEYS[1], now - 31, 'b')",
        KEY("alpha", "lease"));
    IS(look("alpha", "a")->is_orphaned, true);
    MUST(recover("alpha", 2, claims) == 1);
    SAME(claims[0]->task->id, "b");
    IS(claims[0]->started, true);
}

static void
totals_begin_again_at_the_largest_number(void)
{
    put_all("alpha", "a b");
    raw_number("SET %s 9223372036854775807", KEY("alpha", "processed"));
    raw_number("SET %s 9223372036854775806", KEY("alpha", "failed"));
    OK(FINISH(take("alpha"), ARCHIVE, .error = "no"));
    IS(raw_number("GET %s", KEY("alpha", "processed")), 1);
    IS(queue_info("alpha").failed_total, INT64_MAX);
    OK(FINISH(take("alpha"), ARCHIVE, .error = "no"));
    IS(raw_number("GET %s", KEY("alpha", "failed")), 1);
}

static void
the_day_s_counters_go_after_ninety_days(void)
{
    put_all("alpha", "a");
    OK(FINISH(take("alpha"), ARCHIVE, .error = "no"));
    IS(raw_number("TTL %s", KEY("alpha", "processed:2025-06-15")) > 89 * 86400, true);
    IS(raw_number("TTL %s", KEY("alpha", "failed:2025-06-15")) > 89 * 86400, true);
    IS(raw_number("TTL %s", KEY("alpha", "failed")), -1);
}

static void
a_queue_that_somebody_removed_is_published_again(void)
{
    put_all("alpha", "a");
    raw_number("FLUSHALL");
    put_all("alpha", "a");
    IS(queue_info("alpha").pending, 1);
}

static void
an_archive_of_ten_thousand_is_trimmed_in_steps(void)
{
    raw_number("SADD %s alpha", raw_global("queues"));
    raw_number("EVAL %s 1 %s",
               "for i = 1, 10000 do redis.call('ZADD', KEYS[1] .. 'archived', i, i) "
               "redis.call('HSET', KEYS[1] .. 't:' .. i, 'msg', 'x', 'state', 'archived') end",
               KEY("alpha", ""));
    IS(expire("alpha", 1000, 9000, -1), 1000);
    IS(expire("alpha", 20000, -1, DAY), 9000);
    IS(raw_number("EXISTS %s %s", KEY("alpha", "archived"), KEY("alpha", "t:10000")), 0);
}

static void
a_removed_queue_leaves_nothing(void)
{
    static const char count[] =
        "local n = 0 for _, k in ipairs(redis.call('KEYS', '*{alpha}*')) do "
        "if not k:find('weir:lane:', 1, true) then n = n + 1 end end return n";
    size_t done = 0;

    for (weir_state state = WEIR_STATE_COMPLETED; state != WEIR_STATE_NONE; state--) {
        char id[2] = {(char)('a' + state), '\0'};

        if (state != WEIR_STATE_ACTIVE)
            bring_to("alpha", id, state);
    }
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "u", .unique_key = "unique:k"));
    OK(weir__pause(store, "alpha", true, NULL));
    IS(weir__remove_queue(store, "alpha", false, 100, &done, NULL), WEIR_E_NOT_EMPTY);
    OK(weir__remove_queue(store, "alpha", true, 100, &done, NULL));
    IS(done, 7);
    IS(raw_number("EVAL %s 0", count), 0);
}

static void
an_error_text_that_is_not_utf8_is_made_so(void)
{
    put_all("alpha", "a");
    OK(FINISH(take("alpha"), ARCHIVE, .error = "bad \xff byte, cut \xe2\x82"));
    SAME(look("alpha", "a")->last_error, "bad \xef\xbf\xbd byte, cut \xef\xbf\xbd\xef\xbf\xbd");
}

/* Its lease belongs to a Go server by now, and has no token. */
static void
the_outcome_of_a_claim_that_never_started_is_refused_whoever_has_the_task(void)
{
    weir_claim *claims[1];

    put_all("alpha", "a");
    MUST(take_some(store, "alpha", 1, 0, claims) == 1);
    raw_number("ZADD %s 4102444800 a", KEY("alpha", "lease"));
    IS(FINISH(claims[0], DONE), WEIR_E_STATE);
    IDS("alpha", ACTIVE, "a");
}

static void
a_full_server_still_lets_tasks_finish(void)
{
    weir_claim *claims[2];
    char limit[64];

    put_all("alpha", "a b c");
    MUST(take_some(store, "alpha", 2, 2, claims) == 2);
    snprintf(limit, sizeof(limit), "%d", 1);
    raw_number("CONFIG SET maxmemory %s", limit);
    IS(PUT(.queue = "alpha", .id = "d"), WEIR_E_FULL);
    OK(FINISH(claims[0], DONE));
    OK(FINISH(claims[1], RETRY, .at_ms = START_MS + HOUR, .counted = true, .error = "no"));
    IS(FINISH(claims[0], DONE), WEIR_E_STALE);
    MUST(take("alpha") != NULL);
    raw_number("CONFIG SET maxmemory 0");
    COUNTED("alpha", 2, 1);
    IDS("alpha", ACTIVE, "c");
}

static void
a_full_server_starts_tasks_renews_leases_and_gives_back_what_is_of_the_dead(void)
{
    weir_claim *claims[3];
    bool leads = false;

    put_all("alpha", "a b c");
    MUST(take_some(store, "alpha", 3, 1, claims) == 3);
    OK(weir__lead(store, "ticks", "s", LEASE_MS, &leads, NULL));
    raw_number("CONFIG SET maxmemory 1");
    IS(PUT(.queue = "alpha", .id = "d"), WEIR_E_FULL);
    OK(start_one(claims[1]));
    OK(start_one(claims[1]));
    OK(extend_one(claims[2], NULL));
    OK(start_one(claims[2]));
    OK(weir__lead(store, "ticks", "s", LEASE_MS, &leads, NULL));
    YES(leads);
    raw_number("CONFIG SET maxmemory 0");
    raw_end_leases("alpha");
    raw_number("CONFIG SET maxmemory 1");
    IS(recover("alpha", 3, claims), 3);
    for (int i = 0; i < 3; i++)
        YES(claims[i]->started);
    raw_number("CONFIG SET maxmemory 0");
    raw_number("ZREM %s a", KEY("alpha", "lease"));
    raw_number("CONFIG SET maxmemory 1");
    IS(recover("alpha", 3, claims), 0);
    raw_number("CONFIG SET maxmemory 0");
    IS(raw_number("ZCARD %s", KEY("alpha", "lease")), 3);
}

/* Reads what MONITOR tells until a command on the channel is told; true when one with `key` came before. */
static bool
came_before_the_message(redisContext *monitor, const char *key)
{
    redisReply *line = NULL;
    bool seen = false, over = false;

    while (!over && redisGetReply(monitor, (void **)&line) == REDIS_OK) {
        over = strstr(line->str, "\"PUBLISH\"") != NULL;
        seen = seen || (strstr(line->str, "\"HSET\"") && strstr(line->str, key));
        freeReplyObject(line);
    }
    IS(over, true);
    return seen;
}

static void
a_cancellation_is_noted_before_it_is_told_also_when_its_script_is_not_loaded(void)
{
    redisContext *monitor = redisConnectUnix(raw_socket());

    MUST(monitor && !monitor->err);
    redisSetTimeout(monitor, (struct timeval){.tv_sec = 10});
    put_all("alpha", "a");
    MUST(take("alpha") != NULL);
    raw_number("SCRIPT FLUSH");
    freeReplyObject(redisCommand(monitor, "MONITOR"));
    OK(weir__cancel(store, "alpha", "a", WEIR_CANCEL_REVOKE, NULL));
    IS(came_before_the_message(monitor, KEY("alpha", "weir:cancel")), true);
    redisFree(monitor);
}

/* The task is started, or not, when a worker for it is expected soon. */
static void
expect_started(const weir_task_info *task, bool started)
{
    weir_claim *claim = NULL;

    OK(put_task(store, task, 0));
    MUST(take_soon("alpha", 1, 0, &claim) == 1);
    IS(claim->started, started);
    if (!started) {
        OK(FINISH(claim, REQUEUE));
        claim = take("alpha");
    }
    OK(FINISH(claim, DONE));
}

static void
a_message_tells_a_task_s_last_attempt(void)
{
    static const struct {
        int32_t max_retry, retried;
        bool starts;
    } rows[] = {{0, 0, false},    {1, 0, true},     {1, 1, false},    {25, 24, true},
                {25, 25, false},  {127, 0, true},   {128, 127, true}, {128, 128, false},
                {300, 299, true}, {300, 300, false}};
    static const size_t lengths[] = {0, 1, 127, 128, 20000};
    static char payload[20000];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
            weir_task_info task = {.queue = "alpha",
                                   .id = "a",
                                   .type = "t",
                                   .payload = payload,
                                   .payload_len = lengths[k],
                                   .max_retry = rows[i].max_retry,
                                   .retried = rows[i].retried,
                                   .state = WEIR_STATE_PENDING};
            memset(payload, '"', sizeof payload);
            expect_started(&task, rows[i].starts);
        }
    }
}

static void
a_payload_cannot_pass_for_another_number_of_retries(void)
{
    static const char fake[] = "x\"\5alpha(\31y\"\5alpha";
    weir_task_info task = {.queue = "alpha",
                           .id = "a",
                           .type = "t",
                           .payload = fake,
                           .payload_len = sizeof fake - 1,
                           .state = WEIR_STATE_PENDING};

    expect_started(&task, false);
    task.max_retry = 40;
    expect_started(&task, false);
}

static void
of_a_take_those_before_the_first_last_attempt_start(void)
{
    weir_claim *claims[5];

    OK(PUT(.queue = "alpha", .id = "a", .max_retry = 1));
    OK(PUT(.queue = "alpha", .id = "b", .max_retry = 1));
    OK(PUT(.queue = "alpha", .id = "c"));
    OK(PUT(.queue = "alpha", .id = "d", .max_retry = 1));
    MUST(take_soon("alpha", 5, 0, claims) == 4);
    IS(claims[0]->started, true);
    IS(claims[1]->started, true);
    IS(claims[2]->started, false);
    IS(claims[3]->started, false);
    raw_end_leases("alpha");
    MUST(recover("alpha", 5, claims) == 4);
    for (int i = 3; i >= 0; i--) {
        IS(claims[i]->started, claims[i]->task->id[0] <= 'b');
        if (claims[i]->started)
            OK(FINISH(claims[i], DONE));
        else
            OK(FINISH(claims[i], REQUEUE));
    }
    IDS("alpha", PENDING, "c d");
}

static const CU_TestInfo cases[] = {
    CASE(the_words_and_fields_are_asynq_s),
    CASE(scores_are_whole_seconds_rounded_up),
    CASE(an_exact_time_counts_only_with_its_score),
    CASE(a_lease_s_whole_part_is_its_end_and_the_token_its_fraction),
    CASE(half_of_the_token_s_last_place_says_that_a_task_never_started),
    CASE(a_message_tells_a_task_s_last_attempt),
    CASE(a_payload_cannot_pass_for_another_number_of_retries),
    CASE(of_a_take_those_before_the_first_last_attempt_start),
    CASE(a_batch_of_one_take_ends_only_what_it_holds),
    CASE(a_whole_take_ends_at_once_whatever_its_order),
    CASE(a_lease_that_go_renewed_is_not_ours_any_more),
    CASE(what_go_finished_is_not_finished_again),
    CASE(a_go_server_s_lease_rests_for_thirty_seconds),
    CASE(totals_begin_again_at_the_largest_number),
    CASE(the_day_s_counters_go_after_ninety_days),
    CASE(a_queue_that_somebody_removed_is_published_again),
    CASE(an_archive_of_ten_thousand_is_trimmed_in_steps),
    CASE(a_removed_queue_leaves_nothing),
    CASE(an_error_text_that_is_not_utf8_is_made_so),
    CASE(the_outcome_of_a_claim_that_never_started_is_refused_whoever_has_the_task),
    CASE(a_full_server_still_lets_tasks_finish),
    CASE(a_full_server_starts_tasks_renews_leases_and_gives_back_what_is_of_the_dead),
    CASE(a_cancellation_is_noted_before_it_is_told_also_when_its_script_is_not_loaded),
    CASES_END,
};

HARNESS_SUITE(wire, cases, raw_setup, raw_teardown);

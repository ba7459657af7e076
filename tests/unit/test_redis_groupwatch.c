/* SPDX-License-Identifier: MIT */
/* Waiting for groups, with the commands that asynq's clients and servers send. */
#include <config.h>

#include "harness.h"
#include "redis_fixture.h"

#include "waiting.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 2000

static struct redis_server *server;
static struct weir__redis *redis;
static struct weir__redis_listener *listener;
static const char *const one_queue[] = {"q"};

static void
setup(void)
{
    listener = fixture_listen(&server, &redis);
}

static void
teardown(void)
{
    weir__redis_listener_free(listener);
    weir__redis_close(redis);
    redis_server_free(server);
    listener = NULL;
    redis = NULL;
    server = NULL;
}

static unsigned
wait_more(weir_wait *wait, int64_t timeout_ms)
{
    weir_error err = {0};

    wait->timeout_ms = timeout_ms;
    wait->reasons = 0;
    CU_ASSERT_EQUAL(weir__redis_listener_wait(listener, wait, &err), 0);
    return wait->reasons;
}

static weir_wait
fresh(unsigned interest)
{
    weir_wait wait = {.queues = one_queue, .queue_count = 1, .interest = interest};

    CU_ASSERT_EQUAL(wait_more(&wait, -1), WEIR_WAKE_TIMEOUT);
    return wait;
}

/* Until nothing is told any more: what was looked at is armed. */
static void
settle(weir_wait *wait)
{
    for (int i = 0; i < 20 && wait_more(wait, 60) != WEIR_WAKE_TIMEOUT; i++) {}
    CU_ASSERT_EQUAL(wait->reasons, WEIR_WAKE_TIMEOUT);
}

static void
join(struct weir__redis *r, const char *group, int id)
{
    char command[256];

    snprintf(command, sizeof(command), "ZADD asynq:{q}:g:%s 1 %d", group, id);
    fixture_do(r, command, NULL);
    snprintf(command, sizeof(command), "SADD asynq:{q}:groups %s", group);
    fixture_do(r, command, NULL);
}

static void
who_joins_a_new_group_wakes(void)
{
    weir_wait wait = fresh(WEIR_WAKE_GROUP);

    join(redis, "g", 1);
    CU_ASSERT_EQUAL(wait_more(&wait, 5000), WEIR_WAKE_GROUP);
}

static void
who_joins_a_group_that_is_there_wakes(void)
{
    join(redis, "g", 1);
    join(redis, "h", 2);
    weir_wait wait = fresh(WEIR_WAKE_GROUP);
    settle(&wait);
    for (int i = 3; i < 6; i++) {
        join(redis, "g", i);
        CU_ASSERT_EQUAL(wait_more(&wait, 5000), WEIR_WAKE_GROUP);
        settle(&wait);
    }
}

static void
a_name_may_have_braces_and_colons(void)
{
    static const char *const names[] = {"a}b", "{q}:g:x", "x:y:z", "}:"};
    weir_wait wait = fresh(WEIR_WAKE_GROUP);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        join(redis, names[i], 1);
        CU_ASSERT_EQUAL(wait_more(&wait, 5000), WEIR_WAKE_GROUP);
        settle(&wait);
        join(redis, names[i], 2);
        CU_ASSERT_EQUAL(wait_more(&wait, 5000), WEIR_WAKE_GROUP);
        settle(&wait);
    }
}

static void
a_group_that_is_staged_wakes_nobody(void)
{
    join(redis, "g", 1);
    weir_wait wait = fresh(WEIR_WAKE_GROUP);
    settle(&wait);
    fixture_do(redis, "RENAME asynq:{q}:g:g asynq:{q}:g:g:set", NULL);
    fixture_do(redis, "SREM asynq:{q}:groups g", NULL);
    CU_ASSERT_EQUAL(wait_more(&wait, 100), WEIR_WAKE_TIMEOUT);
    join(redis, "g", 2);
    CU_ASSERT_EQUAL(wait_more(&wait, 5000), WEIR_WAKE_GROUP);
}

static void
groups_wake_only_who_waits_for_them(void)
{
    weir_wait wait = fresh(WEIR_WAKE_WORK | WEIR_WAKE_DUE);

    join(redis, "g", 1);
    CU_ASSERT_EQUAL(wait_more(&wait, 100), WEIR_WAKE_TIMEOUT);
}

static void
groups_of_another_type_of_key_stop_nothing(void)
{
    weir_wait wait;

    fixture_do(redis, "SET asynq:{q}:groups text", NULL);
    wait = fresh(WEIR_WAKE_GROUP | WEIR_WAKE_WORK);
    fixture_do(redis, "LPUSH asynq:{q}:pending x", NULL);
    CU_ASSERT_EQUAL(wait_more(&wait, 5000), WEIR_WAKE_WORK);
}

static long
commands_so_far(void)
{
    char text[8192] = "";
    const char *at;

    redis_server_say(server, "INFO stats", text, sizeof text);
    at = strstr(text, "total_commands_processed:");
    return at != NULL ? strtol(at + strlen("total_commands_processed:"), NULL, 10) : -1;
}

static void
a_thousand_groups_cost_nothing_while_nobody_joins(void)
{
    char name[16];

    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "g%d", i);
        join(redis, name, i);
    }
    weir_wait wait = fresh(WEIR_WAKE_GROUP);
    settle(&wait);
    long before = commands_so_far();
    CU_ASSERT_EQUAL(wait_more(&wait, 500), WEIR_WAKE_TIMEOUT);
    CU_ASSERT_EQUAL(commands_so_far() - before, 1);
    join(redis, "g777", 1);
    CU_ASSERT_EQUAL(wait_more(&wait, 5000), WEIR_WAKE_GROUP);
    settle(&wait);
    CU_ASSERT(commands_so_far() - before < 20);
}

/* ---- the race between looking and waiting ---- */

static void *
producer_main(void *arg)
{
    atomic_int *asked = arg;
    unsigned seed = 7;

    for (int i = 1; i <= ROUNDS; i++) {
        while (atomic_load(asked) < i) {
            sched_yield();
        }
        for (volatile int k = rand_r(&seed) % 40000; k > 0; k--) {}
        join(redis, rand_r(&seed) % 2 ? "g" : "h", i);
    }
    return NULL;
}

static bool
has(const char *group, int id)
{
    char command[128];
    char text[512] = "";

    snprintf(command, sizeof(command), "ZSCORE asynq:{q}:g:%s %d", group, id);
    return fixture_do(redis, command, text) == 0 && text[0] == '1';
}

static void
no_join_is_slept_over_in_thousands_of_races(void)
{
    weir_wait wait = fresh(WEIR_WAKE_GROUP);
    atomic_int asked = 0;
    pthread_t thread;
    int lost = 0;

    CU_ASSERT_FATAL(pthread_create(&thread, NULL, producer_main, &asked) == 0);
    for (int i = 1; i <= ROUNDS; i++) {
        atomic_fetch_add(&asked, 1);
        while (!has("g", i) && !has("h", i)) {
            if (wait_more(&wait, 3000) == WEIR_WAKE_TIMEOUT && !has("g", i) && !has("h", i)) {
                lost++;
            }
        }
        if (i % 100 == 0) { /* the groups begin anew */
            fixture_do(redis, "DEL asynq:{q}:g:g asynq:{q}:g:h asynq:{q}:groups", NULL);
        }
    }
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(lost, 0);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(who_joins_a_new_group_wakes),
    HARNESS_TEST(who_joins_a_group_that_is_there_wakes),
    HARNESS_TEST(a_name_may_have_braces_and_colons),
    HARNESS_TEST(a_group_that_is_staged_wakes_nobody),
    HARNESS_TEST(groups_wake_only_who_waits_for_them),
    HARNESS_TEST(groups_of_another_type_of_key_stop_nothing),
    HARNESS_TEST(a_thousand_groups_cost_nothing_while_nobody_joins),
    HARNESS_TEST(no_join_is_slept_over_in_thousands_of_races),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(redis_groupwatch, tests, setup, teardown);

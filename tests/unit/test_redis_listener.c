/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "harness.h"
#include "redis_fixture.h"

#include "waiting.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL (WEIR_WAKE_WORK | WEIR_WAKE_DUE | WEIR_WAKE_CANCEL)
#define ROUNDS 5000

static struct redis_server *server;
static struct weir__redis *redis;
static struct weir__redis_listener *listener;
static const char *const one_queue[] = {"q"};
static const char *const two_queues[] = {"q", "other"};

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
wait_with(weir_wait *wait, unsigned interest, int64_t timeout_ms)
{
    weir_error err = {0};

    wait->interest = interest;
    wait->timeout_ms = timeout_ms;
    wait->reasons = 0;
    if (weir__redis_listener_wait(listener, wait, &err) != 0) {
        fprintf(stderr, "wait: %s\n", err.text);
        return 0;
    }
    return wait->reasons;
}

static weir_wait
fresh(const char *const *queues, size_t count)
{
    weir_wait wait = {.queues = queues, .queue_count = count};

    CU_ASSERT_EQUAL(wait_with(&wait, ALL, -1), WEIR_WAKE_TIMEOUT);
    CU_ASSERT(wait.generation > 0);
    return wait;
}

#define SAY(line)                                                                                  \
    do {                                                                                           \
        char text[256];                                                                            \
        CU_ASSERT_TRUE(redis_server_say(server, line, text, sizeof text));                         \
        CU_ASSERT_NOT_EQUAL(text[0], '-');                                                         \
    } while (0)

static void
nothing_new_is_a_timeout(void)
{
    weir_wait wait = fresh(one_queue, 1);

    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 30), WEIR_WAKE_TIMEOUT);
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 0), WEIR_WAKE_TIMEOUT);
}

static void
a_push_is_work(void)
{
    weir_wait wait = fresh(two_queues, 2);

    SAY("LPUSH asynq:{other}:pending a");
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000), WEIR_WAKE_WORK);
}

static void
what_was_there_before_the_first_wait_is_for_the_caller_to_look_at(void)
{
    SAY("LPUSH asynq:{q}:pending a");
    weir_wait wait = fresh(one_queue, 1);
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 30), WEIR_WAKE_TIMEOUT);
}

static void
a_push_between_two_waits_is_not_missed(void)
{
    weir_wait wait = fresh(one_queue, 1);

    SAY("LPUSH asynq:{q}:pending a");
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000), WEIR_WAKE_WORK);
    SAY("LPUSH asynq:{q}:pending b");
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000), WEIR_WAKE_WORK);
}

static void
scheduled_and_retry_are_due(void)
{
    weir_wait wait = fresh(one_queue, 1);

    SAY("ZADD asynq:{q}:scheduled 5 a");
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000), WEIR_WAKE_DUE);
    SAY("ZADD asynq:{q}:retry 5 a");
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000), WEIR_WAKE_DUE);
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 50), WEIR_WAKE_TIMEOUT);
}

static void
a_cancel_is_remembered_until_it_is_forgotten(void)
{
    weir_wait wait = fresh(one_queue, 1);

    CU_ASSERT_FALSE(weir__redis_listener_cancelled(listener, "task-1"));
    SAY("PUBLISH asynq:cancel task-1");
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000), WEIR_WAKE_CANCEL);
    CU_ASSERT_TRUE(weir__redis_listener_cancelled(listener, "task-1"));
    CU_ASSERT_FALSE(weir__redis_listener_cancelled(listener, "task-11"));
    weir__redis_listener_forget(listener, "task-1");
    CU_ASSERT_FALSE(weir__redis_listener_cancelled(listener, "task-1"));
}

static void
what_is_of_no_interest_does_not_wake(void)
{
    weir_wait wait = fresh(one_queue, 1);

    SAY("LPUSH asynq:{q}:pending a");
    SAY("PUBLISH asynq:cancel x");
    CU_ASSERT_EQUAL(wait_with(&wait, WEIR_WAKE_DUE, 50), WEIR_WAKE_TIMEOUT);
}

static void
a_paused_queue_keeps_nobody_awake(void)
{
    SAY("SET asynq:{q}:paused 1");
    SAY("LPUSH asynq:{q}:pending a");
    weir_wait wait = fresh(one_queue, 1);
    for (int i = 0; i < 5; i++) {
        SAY("LPUSH asynq:{q}:pending b");
        CU_ASSERT_EQUAL(wait_with(&wait, ALL, 20), WEIR_WAKE_TIMEOUT);
    }
    SAY("DEL asynq:{q}:paused");
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000), WEIR_WAKE_WORK);
}

static void
a_queue_paused_while_it_has_tasks_wakes_nobody_after_that(void)
{
    SAY("LPUSH asynq:{q}:pending a");
    weir_wait wait = fresh(one_queue, 1);
    SAY("SET asynq:{q}:paused 1");
    wait_with(&wait, ALL, 50);
    for (int i = 0; i < 5; i++) {
        SAY("LPUSH asynq:{q}:pending b");
        CU_ASSERT_EQUAL(wait_with(&wait, ALL, 20), WEIR_WAKE_TIMEOUT);
    }
}

static void
a_flushed_store_is_every_reason(void)
{
    weir_wait wait = fresh(one_queue, 1);

    SAY("FLUSHALL");
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000), ALL);
    SAY("LPUSH asynq:{q}:pending a");
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000), WEIR_WAKE_WORK);
}

static void
an_interrupt_before_a_wait_ends_it(void)
{
    weir_wait wait = fresh(one_queue, 1);

    weir__redis_listener_interrupt(listener);
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000), WEIR_WAKE_INTERRUPT);
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 20), WEIR_WAKE_TIMEOUT);
}

/* ---- several threads ---- */

struct waiter {
    pthread_t thread;
    const char *queue;
    unsigned interest;
    weir_wait wait;
    atomic_uint reasons;
};

static void *
waiter_main(void *arg)
{
    struct waiter *w = arg;

    w->wait.interest = w->interest;
    w->wait.timeout_ms = 20000;
    w->wait.reasons = 0;
    weir__redis_listener_wait(listener, &w->wait, NULL);
    atomic_store(&w->reasons, w->wait.reasons);
    return NULL;
}

static void
start_waiter(struct waiter *w, const char *queue, unsigned interest)
{
    w->queue = queue;
    w->interest = interest;
    w->wait = (weir_wait){.queues = &w->queue, .queue_count = 1};
    CU_ASSERT_EQUAL(wait_with(&w->wait, interest, -1), WEIR_WAKE_TIMEOUT);
    atomic_store(&w->reasons, 0);
    pthread_create(&w->thread, NULL, waiter_main, w);
}

static void
each_waiter_is_woken_by_its_own_queue(void)
{
    struct waiter a;
    struct waiter b;
    struct waiter c;

    start_waiter(&a, "a", ALL);
    start_waiter(&b, "b", ALL);
    start_waiter(&c, "c", WEIR_WAKE_CANCEL);
    SAY("LPUSH asynq:{b}:pending x");
    pthread_join(b.thread, NULL);
    CU_ASSERT_EQUAL(atomic_load(&b.reasons), WEIR_WAKE_WORK);
    CU_ASSERT_EQUAL(atomic_load(&a.reasons), 0);
    SAY("LPUSH asynq:{a}:pending x");
    pthread_join(a.thread, NULL);
    CU_ASSERT_EQUAL(atomic_load(&a.reasons), WEIR_WAKE_WORK);
    CU_ASSERT_EQUAL(atomic_load(&c.reasons), 0);
    SAY("PUBLISH asynq:cancel x");
    pthread_join(c.thread, NULL);
    CU_ASSERT_EQUAL(atomic_load(&c.reasons), WEIR_WAKE_CANCEL);
}

static void
an_interrupt_ends_every_wait(void)
{
    struct waiter w[4];

    for (int i = 0; i < 4; i++) {
        start_waiter(&w[i], "q", ALL);
    }
    weir__redis_listener_interrupt(listener);
    for (int i = 0; i < 4; i++) {
        pthread_join(w[i].thread, NULL);
        CU_ASSERT_EQUAL(atomic_load(&w[i].reasons), WEIR_WAKE_INTERRUPT);
    }
}

/* ---- races ---- */

struct producer {
    struct weir__redis *redis;
    atomic_int go;
    atomic_bool ends;
};

static void *
producer_main(void *arg)
{
    struct producer *p = arg;
    unsigned seed = 7;

    while (!atomic_load(&p->ends)) {
        if (atomic_load(&p->go) == 0) {
            sched_yield();
            continue;
        }
        for (volatile int i = rand_r(&seed) % (rand_r(&seed) % 2 ? 30000 : 400000); i > 0; i--) {}
        atomic_store(&p->go, 0);
        fixture_do(p->redis, "LPUSH asynq:{q}:pending x", NULL);
    }
    return NULL;
}

static bool
take_one(void)
{
    char text[512] = "";

    return fixture_do(redis, "RPOP asynq:{q}:pending", text) == 0 && text[0] == 'x';
}

/* Takes until it has one; false when a wait slept over it. */
static bool
await_one(weir_wait *wait)
{
    for (int i = 0; i < 100; i++) {
        if (take_one()) {
            return true;
        }
        if (wait_with(wait, WEIR_WAKE_WORK, 3000) == WEIR_WAKE_TIMEOUT) {
            return false;
        }
    }
    return false;
}

static void
no_push_is_slept_over_in_thousands_of_races(void)
{
    struct producer p = {.redis = redis};
    pthread_t thread;
    unsigned seed = 3;
    int lost = 0;
    weir_wait wait = fresh(one_queue, 1);

    pthread_create(&thread, NULL, producer_main, &p);
    for (int i = 0; i < ROUNDS; i++) {
        atomic_store(&p.go, 1);
        for (volatile int k = rand_r(&seed) % 40000; k > 0; k--) {}
        lost += !await_one(&wait);
    }
    atomic_store(&p.ends, true);
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(lost, 0);
}

/* ---- trouble ---- */

static void
a_killed_connection_is_every_reason_and_then_works_again(void)
{
    weir_wait wait = fresh(one_queue, 1);

    SAY("CLIENT KILL TYPE pubsub");
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000), ALL);
    SAY("CLIENT KILL TYPE normal");
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000), ALL);
    SAY("LPUSH asynq:{q}:pending a");
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000) & WEIR_WAKE_WORK, WEIR_WAKE_WORK);
}

static void
a_restarted_server_is_every_reason(void)
{
    weir_wait wait = fresh(one_queue, 1);

    CU_ASSERT_TRUE(redis_server_restart(server));
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000), ALL);
    SAY("LPUSH asynq:{q}:pending a");
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000) & WEIR_WAKE_WORK, WEIR_WAKE_WORK);
}

static void
an_absent_server_is_an_error_and_costs_no_time(void)
{
    weir_wait wait = fresh(one_queue, 1);
    weir_error err = {0};
    int64_t cpu_us;
    int64_t end_ms;

    redis_server_kill(server);
    CU_ASSERT_EQUAL(weir__redis_listener_wait(listener, &wait, &err), WEIR_E_UNAVAILABLE);
    cpu_us = fixture_cpu_us();
    for (end_ms = fixture_now_ms() + 2000; fixture_now_ms() < end_ms;) {
        weir__redis_listener_wait(listener, &wait, NULL);
    }
    CU_ASSERT(fixture_cpu_us() - cpu_us < 50000);
    CU_ASSERT_EQUAL(fixture_logged("redis cannot be used"), 1);
    CU_ASSERT_TRUE(redis_server_restart(server));
    FIXTURE_UNTIL(weir__redis_listener_wait(listener, &wait, NULL) == 0);
    CU_ASSERT_EQUAL(fixture_logged("redis can be used again"), 1);
}

static void
an_interrupt_is_heard_while_the_server_is_frozen(void)
{
    weir_wait wait = fresh(one_queue, 1);
    struct waiter w;
    int64_t start_ms;

    SAY("LPUSH asynq:{q}:pending a");
    start_waiter(&w, "unknown", ALL);
    redis_server_freeze(server, true);
    start_ms = fixture_now_ms();
    weir__redis_listener_interrupt(listener);
    pthread_join(w.thread, NULL);
    CU_ASSERT(fixture_now_ms() - start_ms < 2000);
    redis_server_freeze(server, false);
    (void)wait;
}

static void
the_path_is_tried_out_and_holds(void)
{
    weir_wait wait = fresh(one_queue, 1);

    listener->channel.try_at_ms = 0;
    FIXTURE_UNTIL(wait_with(&wait, ALL, 100) != WEIR_WAKE_TIMEOUT ||
                  (listener->channel.try_at_ms != 0 && listener->channel.heard_by_ms == 0));
    CU_ASSERT_EQUAL(wait.reasons, WEIR_WAKE_TIMEOUT);
    CU_ASSERT_EQUAL(listener->channel.heard_by_ms, 0);
    CU_ASSERT(listener->channel.try_at_ms > fixture_now_ms());
}

static void
a_redirection_that_broke_silently_is_found_and_mended(void)
{
    const char *off[] = {"CLIENT", "TRACKING", "OFF"};

    weir_wait wait = fresh(one_queue, 1);
    CU_ASSERT_EQUAL(weir__redis_command(listener->channel.eye, NULL, 3, off, NULL, NULL), 0);
    SAY("LPUSH asynq:{q}:pending a");
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 50), WEIR_WAKE_TIMEOUT);
    listener->channel.try_at_ms = 0;
    FIXTURE_UNTIL(wait_with(&wait, ALL, 50) != WEIR_WAKE_TIMEOUT ||
                  listener->channel.heard_by_ms != 0);
    CU_ASSERT_NOT_EQUAL(listener->channel.heard_by_ms, 0);
    listener->channel.heard_by_ms = 1; /* that time is over */
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000), ALL);
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000), WEIR_WAKE_WORK);
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
an_idle_wait_sends_nothing(void)
{
    weir_wait wait = fresh(two_queues, 2);
    long before = commands_so_far();
    long naps = fixture_naps();
    int64_t cpu_us = fixture_cpu_us();

    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 1500), WEIR_WAKE_TIMEOUT);
    CU_ASSERT(fixture_cpu_us() - cpu_us < 500000);
    CU_ASSERT(fixture_naps() - naps < 100);
    CU_ASSERT_EQUAL(commands_so_far() - before, 1);
}

static void
an_account_that_may_not_track_waits_all_the_same(void)
{
    SAY("ACL SETUSER poor on >pw ~* &* +@all -client|tracking");
    weir__redis_listener_free(listener);
    weir__redis_close(redis);
    redis = fixture_open("redis+unix://poor:pw@%s", redis_server_socket(server));
    CU_ASSERT_FATAL(weir__redis_listener_new(&listener, redis, weir_clock_system(),
                                             fixture_logger(), NULL) == 0);
    weir_wait wait = fresh(one_queue, 1);
    SAY("LPUSH asynq:{q}:pending a");
    CU_ASSERT_EQUAL(wait_with(&wait, ALL, 5000), WEIR_WAKE_WORK);
    CU_ASSERT_EQUAL(fixture_logged("looking at intervals"), 1);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(nothing_new_is_a_timeout),
    HARNESS_TEST(a_push_is_work),
    HARNESS_TEST(what_was_there_before_the_first_wait_is_for_the_caller_to_look_at),
    HARNESS_TEST(a_push_between_two_waits_is_not_missed),
    HARNESS_TEST(scheduled_and_retry_are_due),
    HARNESS_TEST(a_cancel_is_remembered_until_it_is_forgotten),
    HARNESS_TEST(what_is_of_no_interest_does_not_wake),
    HARNESS_TEST(a_paused_queue_keeps_nobody_awake),
    HARNESS_TEST(a_queue_paused_while_it_has_tasks_wakes_nobody_after_that),
    HARNESS_TEST(a_flushed_store_is_every_reason),
    HARNESS_TEST(an_interrupt_before_a_wait_ends_it),
    HARNESS_TEST(each_waiter_is_woken_by_its_own_queue),
    HARNESS_TEST(an_interrupt_ends_every_wait),
    HARNESS_TEST(no_push_is_slept_over_in_thousands_of_races),
    HARNESS_TEST(a_killed_connection_is_every_reason_and_then_works_again),
    HARNESS_TEST(a_restarted_server_is_every_reason),
    HARNESS_TEST(an_absent_server_is_an_error_and_costs_no_time),
    HARNESS_TEST(an_interrupt_is_heard_while_the_server_is_frozen),
    HARNESS_TEST(the_path_is_tried_out_and_holds),
    HARNESS_TEST(a_redirection_that_broke_silently_is_found_and_mended),
    HARNESS_TEST(an_idle_wait_sends_nothing),
    HARNESS_TEST(an_account_that_may_not_track_waits_all_the_same),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(redis_listener, tests, setup, teardown);

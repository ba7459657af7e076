/* SPDX-License-Identifier: MIT */
/*
 * Enqueues of many threads in few trips: how many the server really gets, while it is held up so that all of them meet, and
 * what becomes of them when replies are lost. The store is behind a proxy.
 */
#include <config.h>

#include "proxy.h"
#include "raw.h"

#include "broker.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <weir/client.h>

enum {
    THREADS = 64,
    EACH = 10 /* tasks of a thread, where they do not wait for each other */
};

static struct proxy *proxy;
static weir_client *client;
static atomic_int refused;

static void
setup(void)
{
    proxy = raw_setup_behind_proxy();
    MUST(weir_client_new(&client, store, NULL) == 0);
    OK(PUT(.queue = "warm", .id = "a"));
    atomic_store(&refused, 0);
}

static void
teardown(void)
{
    weir_client_free(client);
    client = NULL;
    raw_teardown_behind_proxy(proxy);
}

static void *
produce(void *arg)
{
    const weir_task task = {.type = "t", .queue = "alpha"};

    for (size_t i = 0; i < *(const size_t *)arg; i++) {
        if (weir_enqueue(client, &task, NULL, NULL) != 0)
            atomic_fetch_add(&refused, 1);
    }
    return NULL;
}

static void
run_threads(pthread_t *threads, size_t *each)
{
    for (size_t i = 0; i < THREADS; i++)
        MUST(pthread_create(&threads[i], NULL, produce, each) == 0);
}

static void
join_threads(pthread_t *threads)
{
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static size_t
waiting(void)
{
    pthread_mutex_lock(&store->gather.lock);
    size_t count = store->gather.waiting;
    pthread_mutex_unlock(&store->gather.lock);
    return count;
}

/* Each call publishes its queue once. */
static long long
calls_made(void)
{
    const char *text = raw_text("INFO commandstats");
    const char *line = strstr(text, "cmdstat_sadd:calls=");

    return line ? strtoll(line + strlen("cmdstat_sadd:calls="), NULL, 10) : 0;
}

/* CLIENT PAUSE holds what writes; it ends by itself, too, should the test not get to it. */
static void
the_tasks_of_threads_that_wait_for_redis_go_in_one_call(void)
{
    pthread_t threads[THREADS];
    size_t each = 1;

    raw_number("CONFIG RESETSTAT");
    raw_text("CLIENT PAUSE 60000 WRITE");
    run_threads(threads, &each);
    while (waiting() < THREADS - WEIR__GATHER_CALLS)
        sched_yield();
    raw_text("CLIENT UNPAUSE");
    join_threads(threads);
    IS(atomic_load(&refused), 0);
    IS(calls_made(), WEIR__GATHER_CALLS + 1);
    IS(queue_info("alpha").pending, THREADS);
}

/* A connection that is lost while it is made sends nothing, and its caller is told so; so they are there before. */
static void
tasks_of_many_threads_whose_replies_are_lost_are_there_once(void)
{
    pthread_t threads[THREADS];
    size_t each = EACH;

    for (int round = 0; round < 4; round++) {
        proxy_lose(proxy, round > 0 ? 1 : 0);
        run_threads(threads, &each);
        join_threads(threads);
        IS(proxy_lost(proxy), round);
        IS(atomic_load(&refused), 0);
        IS(queue_info("alpha").pending, (round + 1) * THREADS * EACH);
    }
}

static const CU_TestInfo cases[] = {
    CASE(the_tasks_of_threads_that_wait_for_redis_go_in_one_call),
    CASE(tasks_of_many_threads_whose_replies_are_lost_are_there_once),
    CASES_END,
};

HARNESS_SUITE(gather, cases, setup, teardown);

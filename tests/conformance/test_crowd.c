/* SPDX-License-Identifier: MIT */
/*
 * Many at once: threads on one handle, two handles, two processes. What a task's fate was is counted per id, so
 * that one that is lost or given out twice shows.
 */
#include <config.h>

#include "child.h"
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>

#define CROWD 8
#define MANY 20000
#define MAKERS 4
#define WORKERS 4
#define CHUNK 50

static _Atomic int taken_times[MANY];
static _Atomic int finished;
static _Atomic int wrong;

static void
fill(int count)
{
    for (int i = 0; i < MANY; i++)
        atomic_store(&taken_times[i], 0);
    atomic_store(&finished, 0);
    atomic_store(&wrong, 0);
    for (int i = 0; i < count; i++) {
        char id[16];

        snprintf(id, sizeof(id), "%d", i);
        OK(PUT(.queue = "alpha", .id = id));
    }
}

static int
not_taken_once(int count)
{
    int bad = 0;

    for (int i = 0; i < count; i++)
        bad += atomic_load(&taken_times[i]) != 1;
    return bad;
}

/* Takes a few at a time until there are none. */
static void *
take_all(void *arg)
{
    weir_broker *broker = arg;
    weir_claim *claims[7];
    size_t count;

    do {
        count = take_some(broker, "alpha", 7, 7, claims);
        for (size_t i = 0; i < count; i++)
            atomic_fetch_add(&taken_times[atoi(claims[i]->task->id)], 1);
    } while (count > 0);
    return NULL;
}

static void
take_all_from(weir_broker *const *brokers, int count)
{
    pthread_t threads[CROWD];

    for (int i = 0; i < count; i++)
        OK(pthread_create(&threads[i], NULL, take_all, brokers[i]));
    for (int i = 0; i < count; i++)
        OK(pthread_join(threads[i], NULL));
}

static void
eight_threads_on_one_handle_take_each_task_once(void)
{
    weir_broker *brokers[CROWD];

    for (int i = 0; i < CROWD; i++)
        brokers[i] = store;
    fill(500);
    take_all_from(brokers, CROWD);
    IS(not_taken_once(500), 0);
    IS(queue_info("alpha").active, 500);
}

static void
two_handles_take_each_task_once(void)
{
    weir_broker *brokers[2] = {store, NULL};

    NEED(SHARED);
    brokers[1] = kit_open(kit_url(), &now);
    MUST(brokers[1] != NULL);
    fill(300);
    take_all_from(brokers, 2);
    IS(not_taken_once(300), 0);
    weir_broker_close(brokers[1]);
}

/* ---- producers and consumers ---- */

static void *
make(void *arg)
{
    int from = *(int *)arg;

    for (int first = from; first < from + MANY / MAKERS; first += CHUNK) {
        char names[CHUNK][16];
        weir_task_info tasks[CHUNK];
        weir_enqueue_item items[CHUNK] = {{0}};

        for (int i = 0; i < CHUNK; i++) {
            snprintf(names[i], sizeof(names[i]), "%d", first + i);
            tasks[i] = with_defaults(&(weir_task_info){.queue = "alpha", .id = names[i]});
            items[i].task = &tasks[i];
        }
        if (weir__enqueue(store, items, CHUNK, NULL) != 0)
            atomic_fetch_add(&wrong, 1);
        for (int i = 0; i < CHUNK; i++)
            atomic_fetch_add(&wrong, items[i].result != 0);
    }
    return NULL;
}

/* Every fifth task is put back once, under the token; the others are done. */
static void
plan(weir_finish *finish, const weir_claim *claim)
{
    int number = atoi(claim->task->id);
    bool back = number % 5 == 0 && atomic_load(&taken_times[number]) == 1;

    *finish = (weir_finish){
        .claim = claim, .kind = back ? WEIR_FINISH_REQUEUE : WEIR_FINISH_DONE, .outcome = 1};
}

static void
settle(weir_finish *finishes, weir_claim *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        atomic_fetch_add(&wrong, finishes[i].outcome != 0);
        atomic_fetch_add(&finished, finishes[i].kind == WEIR_FINISH_DONE);
        weir__claim_release(&items[i]);
    }
}

/* Finishes what the last call took and takes more, in one call, as a server does. */
static void *
work(void *arg)
{
    int64_t end = real_ms() + 60000;
    weir_claim items[2][CHUNK];
    weir_finish finishes[CHUNK];
    size_t held = 0;

    (void)arg;
    for (int turn = 0; atomic_load(&finished) < MANY && real_ms() < end; turn = !turn) {
        weir_take_queue from = {"alpha", CHUNK, 0};
        weir__want want = {&from, 1, CHUNK, CHUNK, 60000, 0};
        weir__claims claims = {items[turn], 0};

        if (weir__consume(store, finishes, held, NULL, 0, &want, &claims, NULL) != 0)
            atomic_fetch_add(&wrong, 1);
        settle(finishes, items[!turn], held);
        held = claims.count;
        for (size_t i = 0; i < held; i++) {
            atomic_fetch_add(&taken_times[atoi(items[turn][i].task->id)], 1);
            plan(&finishes[i], &items[turn][i]);
        }
    }
    return NULL;
}

static void
four_producers_and_four_consumers_finish_every_id_once(void)
{
    pthread_t threads[MAKERS + WORKERS];
    int from[MAKERS];
    int bad = 0;

    fill(0);
    for (int i = 0; i < MAKERS; i++) {
        from[i] = i * (MANY / MAKERS);
        OK(pthread_create(&threads[i], NULL, make, &from[i]));
    }
    for (int i = MAKERS; i < MAKERS + WORKERS; i++)
        OK(pthread_create(&threads[i], NULL, work, NULL));
    for (int i = 0; i < MAKERS + WORKERS; i++)
        OK(pthread_join(threads[i], NULL));
    IS(wrong, 0);
    IS(finished, MANY);
    for (int i = 0; i < MANY; i++)
        bad += taken_times[i] != (i % 5 == 0 ? 2 : 1);
    IS(bad, 0);
    IS(queue_info("alpha").size, 0);
    COUNTED("alpha", MANY, 0);
}

/* ---- two processes ---- */

static void
two_processes_produce_and_two_work_and_nothing_is_lost(void)
{
    pid_t children[4];

    NEED(SHARED);
    OK(PUT(.queue = "alpha", .id = "first"));
    for (int i = 0; i < 4; i++)
        children[i] = child_start(i < 2 ? "enqueue-many" : "work-until", i < 2 ? "150" : "301");
    for (int i = 0; i < 4; i++)
        IS(child_wait(children[i]), 0);
    IS(queue_info("alpha").completed, 301);
    IS(queue_info("alpha").size, 301);
    COUNTED("alpha", 301, 0);
}

static void
a_dead_process_s_task_is_recovered_when_its_lease_has_ended(void)
{
    weir_claim *claims[2];

    NEED(SHARED);
    put_all("alpha", "a");
    IS(child_wait(child_start("take-and-die", "alpha")), 0);
    IS(state_of("alpha", "a"), WEIR_STATE_ACTIVE);
    IS(recover("alpha", 2, claims), 0);
    pass_lease();
    IS(recover("alpha", 2, claims), 1);
}

static const CU_TestInfo cases[] = {
    CASE(eight_threads_on_one_handle_take_each_task_once),
    CASE(two_handles_take_each_task_once),
    CASE(four_producers_and_four_consumers_finish_every_id_once),
    CASE(two_processes_produce_and_two_work_and_nothing_is_lost),
    CASE(a_dead_process_s_task_is_recovered_when_its_lease_has_ended),
    CASES_END,
};

CASES(crowd);

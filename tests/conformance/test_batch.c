/* SPDX-License-Identifier: MIT */
/* Long batches: a backend may treat many tasks at once, yet each of them has its own fate. */
#include <config.h>

#include "kit.h"

#include <stdio.h>
#include <stdlib.h>

#define MANY 100

static weir_task_info tasks[MANY];
static weir_enqueue_item items[MANY];
static char names[MANY][16];

/* A batch of pending tasks "0", "1", ...: the even ones in alpha, the odd ones in beta when there are two queues. */
static void
prepare(int queues)
{
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "%d", i);
        tasks[i] = with_defaults(
            &(weir_task_info){.queue = i % queues == 0 ? "alpha" : "beta", .id = names[i]});
        items[i] = (weir_enqueue_item){.task = &tasks[i], .result = 1};
    }
}

static void
rename_task(int i, int id)
{
    snprintf(names[i], sizeof(names[i]), "%d", id);
}

static void
ids_that_exist_are_refused_in_the_middle_of_a_long_batch(void)
{
    static const int refused[] = {0, 5, 21, 40, 41, 57, 99};
    size_t next = 0;

    put_all("alpha", "0 5 21 99");
    prepare(1);
    rename_task(40, 39); /* the one before it */
    rename_task(41, 3);  /* one long before */
    rename_task(57, 5);  /* one that is there twice */
    OK(weir__enqueue(store, items, MANY, NULL));
    for (int i = 0; i < MANY; i++) {
        bool is_refused = next < sizeof(refused) / sizeof(refused[0]) && i == refused[next];

        MUST(IS(items[i].result, is_refused ? WEIR_E_CONFLICT : 0));
        next += is_refused;
    }
    IS(queue_info("alpha").pending, MANY - 3);
    SAME(ids("alpha", WEIR_STATE_PENDING, NULL, 0, 8), "0 5 21 99 1 2 3 4");
    SAME(ids("alpha", WEIR_STATE_PENDING, NULL, 38, 6), "37 38 39 42 43 44");
}

static void
a_long_batch_whose_ids_are_all_there_changes_nothing(void)
{
    prepare(1);
    OK(weir__enqueue(store, items, MANY, NULL));
    prepare(1);
    OK(weir__enqueue(store, items, MANY, NULL));
    for (int i = 0; i < MANY; i++)
        MUST(IS(items[i].result, WEIR_E_CONFLICT));
    IS(queue_info("alpha").pending, MANY);
}

static void
tasks_of_all_kinds_may_be_in_one_batch(void)
{
    static char large[5000];
    static weir_header header = {"name", "value"};

    prepare(1);
    for (int i = 0; i < MANY; i += 10) {
        tasks[i + 1].state = WEIR_STATE_SCHEDULED;
        tasks[i + 1].next_process_at_ms = START_MS + HOUR - i * 1000;
        tasks[i + 3].payload = large;
        tasks[i + 3].payload_len = sizeof(large);
        tasks[i + 5].queue = "beta";
        tasks[i + 7].unique_key = i < 50 ? "first" : "second";
        items[i + 7].unique_ttl_ms = HOUR;
        tasks[i + 9].headers = &header;
        tasks[i + 9].header_count = 1;
    }
    OK(weir__enqueue(store, items, MANY, NULL));
    for (int i = 0; i < MANY; i++)
        MUST(IS(items[i].result, i % 10 == 7 && i != 7 && i != 57 ? WEIR_E_DUPLICATE : 0));
    SAME(ids("alpha", WEIR_STATE_PENDING, NULL, 0, 14), "0 2 3 4 6 7 8 9 10 12 13 14 16 18");
    SAME(ids("alpha", WEIR_STATE_SCHEDULED, NULL, 0, 3), "91 81 71");
    IDS("beta", PENDING, "5 15 25 35 45 55 65 75 85 95");
    IS(look("alpha", "43")->payload_len, sizeof(large));
    IS(look("alpha", "44")->payload_len, 0);
    SAME(look("alpha", "49")->headers[0].value, "value");
}

static void
tasks_of_many_queues_keep_their_order(void)
{
    static const char *const queues[] = {"a", "a", "a", "b", "c", "d",
                                         "e", "f", "g", "h", "i", "j"};

    prepare(1);
    for (int i = 0; i < MANY; i++)
        tasks[i].queue = queues[i % 12];
    OK(weir__enqueue(store, items, MANY, NULL));
    SAME(ids("a", WEIR_STATE_PENDING, NULL, 0, 10), "0 1 2 12 13 14 24 25 26 36");
    SAME(ids("b", WEIR_STATE_PENDING, NULL, 0, 4), "3 15 27 39");
    SAME(ids("j", WEIR_STATE_PENDING, NULL, 0, 4), "11 23 35 47");
}

static size_t
take_batch(const char *queue, size_t max, size_t start, weir_claim **claims)
{
    size_t taken = take_some(store, queue, max, start, claims);

    IS(taken, max);
    return taken;
}

/* In an order of its own: 7 has no divisor in common with MANY. */
static int
shuffled(int i)
{
    return i * 7 % MANY;
}

/* The tasks of two queues, whose numbers in a store may alternate. */
static void
take_both(weir_claim **claims, size_t start)
{
    prepare(2);
    OK(weir__enqueue(store, items, MANY, NULL));
    take_batch("alpha", MANY / 2, start, claims);
    take_batch("beta", MANY / 2, start, claims + MANY / 2);
}

static void
each_finish_of_a_long_batch_has_its_own_outcome(void)
{
    static weir_finish finishes[MANY];
    weir_claim *claims[MANY];

    take_both(claims, 45);
    for (int i = 0; i < 20; i += 3)
        OK(FINISH(claims[i], DONE));
    for (int i = 0; i < MANY; i++)
        finishes[i] =
            (weir_finish){.claim = claims[shuffled(i)],
                          .kind = shuffled(i) % 11 == 10 ? WEIR_FINISH_ARCHIVE : WEIR_FINISH_DONE};
    OK(weir__consume(store, finishes, MANY, NULL, 0, NULL, NULL, NULL));
    for (int i = 0; i < MANY; i++) {
        int at = shuffled(i);
        int wanted = at < 20 && at % 3 == 0 ? WEIR_E_STALE : at % 50 >= 45 ? WEIR_E_STATE : 0;

        MUST(IS(finishes[i].outcome, wanted));
    }
    for (int i = 20; i < 90; i += 22) {
        char id[16];

        snprintf(id, sizeof(id), "%d", i);
        IS(state_of("alpha", id), WEIR_STATE_ARCHIVED);
    }
    IDS("alpha", ACTIVE, "90 92 94 96 98");
    IDS("beta", ACTIVE, "91 93 95 97 99");
    COUNTED("alpha", 45, 4);
    COUNTED("beta", 45, 4);
}

/* Some in a row, some alone. */
static bool
is_picked(int i)
{
    return i * i % 13 < 6;
}

static void
a_long_batch_finishes_no_task_that_it_does_not_name(void)
{
    static weir_finish finishes[MANY];
    weir_claim *claims[MANY];
    size_t picked;

    prepare(1);
    for (int i = 0; i < MANY; i++)
        tasks[i].queue = is_picked(i) ? "alpha" : "beta";
    OK(weir__enqueue(store, items, MANY, NULL));
    picked = (size_t)queue_info("alpha").pending;
    take_batch("alpha", picked, picked, claims);
    for (size_t i = 0; i < picked; i++)
        finishes[i] = (weir_finish){.claim = claims[i], .kind = WEIR_FINISH_DONE};
    OK(weir__consume(store, finishes, picked, NULL, 0, NULL, NULL, NULL));
    for (int i = 0; i < MANY; i++)
        MUST(IS(state_of(tasks[i].queue, names[i]),
                is_picked(i) ? WEIR_STATE_NONE : WEIR_STATE_PENDING));
    take_batch("beta", MANY - picked, MANY - picked, claims);
    for (size_t i = 0; i < MANY - picked; i += 2)
        finishes[i / 2].claim = claims[i];
    OK(weir__consume(store, finishes, (MANY - picked + 1) / 2, NULL, 0, NULL, NULL, NULL));
    for (size_t i = 0; i < MANY - picked; i++)
        MUST(IS(state_of("beta", claims[i]->task->id),
                i % 2 == 0 ? WEIR_STATE_NONE : WEIR_STATE_ACTIVE));
    COUNTED("alpha", (int64_t)picked, 0);
}

static void
a_task_that_a_long_batch_finishes_twice_is_finished_once(void)
{
    static weir_finish finishes[MANY];
    weir_claim *claims[MANY];

    take_both(claims, MANY / 2);
    for (int i = 0; i < MANY; i++)
        finishes[i] = (weir_finish){.claim = claims[i], .kind = WEIR_FINISH_DONE};
    finishes[20] = (weir_finish){.claim = claims[60], .kind = WEIR_FINISH_ARCHIVE};
    OK(weir__consume(store, finishes, MANY, NULL, 0, NULL, NULL, NULL));
    for (int i = 0; i < MANY; i++)
        MUST(IS(finishes[i].outcome, i == 60 ? WEIR_E_STALE : 0));
    IS(state_of("beta", claims[60]->task->id), WEIR_STATE_ARCHIVED);
    IDS("alpha", ACTIVE, claims[20]->task->id);
}

static void
finishing_a_batch_releases_what_its_tasks_held(void)
{
    static char large[5000];
    static weir_finish finishes[MANY];
    weir_claim *claims[MANY];

    prepare(1);
    for (int i = 0; i < MANY; i++) {
        tasks[i].payload = large;
        tasks[i].payload_len = i % 2 == 0 ? sizeof(large) : 3;
        tasks[i].unique_key = names[i];
        items[i].unique_ttl_ms = HOUR;
    }
    OK(weir__enqueue(store, items, MANY, NULL));
    take_batch("alpha", MANY, MANY, claims);
    for (int i = 0; i < MANY; i++)
        finishes[i] = (weir_finish){.claim = claims[i], .kind = WEIR_FINISH_DONE};
    OK(weir__consume(store, finishes, MANY, NULL, 0, NULL, NULL, NULL));
    OK(weir__enqueue(store, items, MANY, NULL));
    for (int i = 0; i < MANY; i++)
        MUST(IS(items[i].result, 0));
    IS(queue_info("alpha").pending, MANY);
}

static void
each_start_of_a_long_batch_has_its_own_result(void)
{
    static weir_start starts[MANY];
    weir_claim *claims[MANY];

    take_both(claims, 0);
    for (int i = 0; i < MANY; i += 5)
        OK(FINISH(claims[i], REQUEUE));
    for (int i = 0; i < MANY; i++)
        starts[i] = (weir_start){.claim = claims[shuffled(i)]};
    OK(weir__consume(store, NULL, 0, starts, MANY, NULL, NULL, NULL));
    for (int i = 0; i < MANY; i++) {
        MUST(IS(starts[i].result, shuffled(i) % 5 == 0 ? WEIR_E_STALE : 0));
        claims[shuffled(i)]->started = starts[i].result == 0;
    }
    for (int i = 0; i < MANY; i++)
        MUST(i % 5 == 0 || IS(FINISH(claims[i], DONE), 0));
    IS(queue_info("alpha").pending, 10);
}

static void
the_first_of_a_long_batch_are_started_and_the_others_are_not(void)
{
    weir_claim *claims[MANY];

    take_both(claims, 17);
    for (int i = 0; i < MANY; i++) {
        MUST(IS(claims[i]->started, i % 50 < 17));
        MUST(IS(FINISH(claims[i], DONE), i % 50 < 17 ? 0 : WEIR_E_STATE));
    }
}

static const CU_TestInfo cases[] = {
    CASE(ids_that_exist_are_refused_in_the_middle_of_a_long_batch),
    CASE(a_long_batch_whose_ids_are_all_there_changes_nothing),
    CASE(tasks_of_all_kinds_may_be_in_one_batch),
    CASE(tasks_of_many_queues_keep_their_order),
    CASE(each_finish_of_a_long_batch_has_its_own_outcome),
    CASE(a_long_batch_finishes_no_task_that_it_does_not_name),
    CASE(a_task_that_a_long_batch_finishes_twice_is_finished_once),
    CASE(finishing_a_batch_releases_what_its_tasks_held),
    CASE(each_start_of_a_long_batch_has_its_own_result),
    CASE(the_first_of_a_long_batch_are_started_and_the_others_are_not),
    CASES_END,
};

CASES(batch);

/* SPDX-License-Identifier: MIT */
/* Periodic tasks: ticks, what they enqueued, and the entries that schedulers publish. */
#include <config.h>

#include "kit.h"

#include <stdio.h>

#define TTL_MS 2000
#define TICK (START_MS + 1000)

static weir_task_info
task_of(const char *id)
{
    return with_defaults(&(weir_task_info){.id = id, .queue = "q"});
}

/* Ticks the entry "e"; returns the task's result. */
static int
tick_task(const weir_task_info *task, int64_t unique_ttl_ms, int64_t *last_ms, int64_t tick_ms)
{
    weir_enqueue_item item = {.task = task, .unique_ttl_ms = unique_ttl_ms};

    OK(weir__tick(store, "e", last_ms, tick_ms, &item, NULL));
    return item.result;
}

static int
tick(const char *id, int64_t *last_ms, int64_t tick_ms)
{
    weir_task_info task = task_of(id);

    return tick_task(&task, 0, last_ms, tick_ms);
}

static int64_t
last_tick(const char *queue, const char *entry)
{
    int64_t last_ms = -1;

    OK(weir__last_tick(store, queue, entry, &last_ms, NULL));
    return last_ms;
}

static int
append_event(void *arg, const char *task_id, int64_t enqueued_at_ms)
{
    char *text = arg;
    size_t len = strlen(text);

    snprintf(text + len, 200 - len, "%s@%" PRId64 " ", task_id, enqueued_at_ms - START_MS);
    return 0;
}

static const char *
history(const char *entry, size_t offset, size_t limit)
{
    static char text[200];

    text[0] = '\0';
    OK(weir__scheduler_history(store, entry, offset, limit, append_event, text, NULL));
    return text;
}

static void
a_tick_enqueues_its_task_and_is_the_last_tick(void)
{
    int64_t last_ms = 0;

    NEED(PERIODIC);
    IS(last_tick("q", "e"), 0);
    OK(tick("a", &last_ms, TICK));
    IS(last_ms, TICK);
    IS(last_tick("q", "e"), TICK);
    IS(last_tick("q", "other"), 0);
    IS(last_tick("other", "e"), 0);
    IDS("q", PENDING, "a");
    OK(tick("b", &last_ms, TICK + 1000));
    IDS("q", PENDING, "a b");
    IS(last_tick("q", "e"), TICK + 1000);
}

static void
a_tick_on_another_last_tick_is_stale_and_changes_nothing(void)
{
    int64_t last_ms = 0, mine_ms = 0;

    NEED(PERIODIC);
    OK(tick("a", &last_ms, TICK));
    IS(tick("b", &mine_ms, TICK), WEIR_E_STALE);
    IS(mine_ms, TICK);
    mine_ms = TICK - 500;
    IS(tick("b", &mine_ms, TICK + 1000), WEIR_E_STALE);
    IS(mine_ms, TICK);
    IDS("q", PENDING, "a");
    IS(last_tick("q", "e"), TICK);
    SAME(history("e", 0, 10), "a@0 ");
}

static void
a_tick_that_is_refused_is_over(void)
{
    weir_task_info task = task_of("b");
    int64_t last_ms = 0;

    NEED(PERIODIC);
    task.unique_key = "unique:t:";
    OK(tick("a", &last_ms, TICK));
    IS(tick("a", &last_ms, TICK + 1000), WEIR_E_CONFLICT);
    IS(last_ms, TICK + 1000);
    IS(last_tick("q", "e"), TICK + 1000);
    OK(tick_task(&task, MINUTE, &last_ms, TICK + 2000));
    task.id = "c";
    IS(tick_task(&task, MINUTE, &last_ms, TICK + 3000), WEIR_E_DUPLICATE);
    IS(last_tick("q", "e"), TICK + 3000);
    IDS("q", PENDING, "a b");
    SAME(history("e", 0, 10), "b@0 a@0 ");
}

static void
a_tick_may_go_back_when_the_last_one_was_of_a_wrong_clock(void)
{
    int64_t last_ms = 0;

    NEED(PERIODIC);
    OK(tick("a", &last_ms, TICK + DAY));
    OK(tick("b", &last_ms, TICK));
    IS(last_tick("q", "e"), TICK);
}

static void
a_tick_s_task_may_be_scheduled_or_wait_in_a_group(void)
{
    weir_task_info later =
        with_defaults(&(weir_task_info){.id = "later",
                                        .queue = "q",
                                        .state = WEIR_STATE_SCHEDULED,
                                        .next_process_at_ms = START_MS + MINUTE});
    weir_task_info member = with_defaults(&(weir_task_info){
        .id = "member", .queue = "q", .state = WEIR_STATE_AGGREGATING, .group = "g"});
    int64_t last_ms = 0;

    NEED(PERIODIC);
    OK(tick_task(&later, 0, &last_ms, TICK));
    OK(tick_task(&member, 0, &last_ms, TICK + 1000));
    IS(state_of("q", "later"), WEIR_STATE_SCHEDULED);
    IS(state_of("q", "member"), WEIR_STATE_AGGREGATING);
}

#define RACERS 4
#define RACES 25

static atomic_int wins[RACES];

static void *
race(void *arg)
{
    for (int i = 0; i < RACES; i++) {
        int64_t last_ms = i == 0 ? 0 : TICK + i - 1;
        char id[40];

        snprintf(id, sizeof id, "%d-of-%d", (int)(intptr_t)arg, i);
        while (tick(id, &last_ms, TICK + i) == WEIR_E_STALE && last_ms < TICK + i) {
            /* the others are not yet there */
            last_ms = i == 0 ? 0 : TICK + i - 1;
        }
        if (last_ms == TICK + i && look("q", id))
            atomic_fetch_add(&wins[i], 1);
    }
    return NULL;
}

static void
of_many_who_tick_at_once_one_wins_each_tick(void)
{
    pthread_t threads[RACERS];

    NEED(PERIODIC);
    for (int i = 0; i < RACES; i++)
        atomic_store(&wins[i], 0);
    for (int i = 0; i < RACERS; i++)
        MUST(pthread_create(&threads[i], NULL, race, (void *)(intptr_t)i) == 0);
    for (int i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < RACES; i++)
        IS(atomic_load(&wins[i]), 1);
    IS(queue_info("q").pending, RACES);
}

static void
the_history_has_the_latest_first_in_pages(void)
{
    int64_t last_ms = 0;

    NEED(PERIODIC);
    SAME(history("e", 0, 10), "");
    OK(tick("a", &last_ms, TICK));
    manual_clock_advance(&now, 2000);
    OK(tick("b", &last_ms, TICK + 2000));
    manual_clock_advance(&now, 2000);
    OK(tick("c", &last_ms, TICK + 4000));
    SAME(history("e", 0, 10), "c@4000 b@2000 a@0 ");
    SAME(history("e", 1, 1), "b@2000 ");
    SAME(history("e", 3, 10), "");
    SAME(history("other", 0, 10), "");
}

static int
count_event(void *arg, const char *task_id, int64_t enqueued_at_ms)
{
    (void)task_id;
    (void)enqueued_at_ms;
    ++*(size_t *)arg;
    return 0;
}

static void
the_history_keeps_a_thousand(void)
{
    int64_t last_ms = 0;
    size_t count = 0;
    char id[40];

    NEED(PERIODIC);
    for (int i = 0; i < 1010; i++) {
        manual_clock_advance(&now, 1000); /* a store may keep whole seconds */
        snprintf(id, sizeof id, "t%d", i);
        OK(tick(id, &last_ms, TICK + i));
    }
    OK(weir__scheduler_history(store, "e", 0, 2000, count_event, &count, NULL));
    IS(count, 1000);
    SAME(history("e", 999, 10), "t10@11000 ");
}

static void
a_removed_queue_takes_its_last_ticks_along(void)
{
    int64_t last_ms = 0;
    size_t done = 0;

    NEED(PERIODIC);
    NEED(STEER);
    OK(tick("a", &last_ms, TICK));
    OK(weir__remove_queue(store, "q", true, 100, &done, NULL));
    IS(last_tick("q", "e"), 0);
}

static void
last_ticks_outlive_the_handle(void)
{
    int64_t last_ms = 0;

    NEED(PERIODIC);
    NEED(PERSISTENT);
    OK(tick("a", &last_ms, TICK));
    kit_reopen();
    IS(last_tick("q", "e"), TICK);
    SAME(history("e", 0, 10), "a@0 ");
}

/* ---- entries ---- */

static const char *const options[] = {"Queue(\"low\")", "MaxRetry(3)", "Timeout(30s)"};
static const weir_task_info deliver = {
    .type = "email:deliver", .queue = "low", .payload = "p\0q", .payload_len = 3};
static const weir_task_info plain = {.type = "t", .queue = "default"};

static const weir_scheduler_entry entries[] = {
    {"id-1", "@every 1m", &deliver, options, 3, START_MS + 60000, START_MS - 5000},
    {"id-2", "0 0 * * *", &plain, NULL, 0, 0, 0},
};

static int
append_entry(void *arg, const weir_scheduler_entry *entry)
{
    char *text = arg;
    size_t len = strlen(text);

    snprintf(text + len, 200 - len, "%s ", entry->id);
    return 0;
}

static const char *
listed(void)
{
    static char text[200];

    text[0] = '\0';
    OK(weir__scheduler_entries(store, append_entry, text, NULL));
    return text;
}

static int
beat(const char *scheduler, const weir_scheduler_entry *published, size_t count)
{
    return weir__scheduler_beat(store, scheduler, published, count, TTL_MS, NULL);
}

static int
check_entry(void *arg, const weir_scheduler_entry *entry)
{
    int *seen = arg;

    ++*seen;
    if (strcmp(entry->id, "id-2") == 0) {
        SAME(entry->spec, "0 0 * * *");
        SAME(entry->task->type, "t");
        SAME(entry->task->queue, "default");
        IS(entry->task->payload_len, 0);
        IS(entry->option_count, 0);
        IS(entry->next_at_ms, 0);
        IS(entry->prev_at_ms, 0);
        return 0;
    }
    SAME(entry->id, "id-1");
    SAME(entry->spec, "@every 1m");
    SAME(entry->task->type, "email:deliver");
    SAME(entry->task->queue, "low");
    IS(entry->task->payload_len, 3);
    OK(memcmp(entry->task->payload, "p\0q", 3));
    IS(entry->next_at_ms, START_MS + 60000);
    IS(entry->prev_at_ms, START_MS - 5000);
    if (IS(entry->option_count, 3)) {
        SAME(entry->options[0], "Queue(\"low\")");
        SAME(entry->options[2], "Timeout(30s)");
    }
    return 0;
}

static void
entries_are_listed_with_all_they_told(void)
{
    int seen = 0;

    NEED(PERIODIC);
    OK(beat("host:1:a", entries, 2));
    OK(weir__scheduler_entries(store, check_entry, &seen, NULL));
    IS(seen, 2);
}

static void
a_beat_replaces_the_entries_of_its_scheduler(void)
{
    NEED(PERIODIC);
    OK(beat("host:1:a", entries, 2));
    OK(beat("host:1:b", entries + 1, 1));
    SAME(listed(), "id-1 id-2 id-2 ");
    OK(beat("host:1:a", entries, 1));
    SAME(listed(), "id-1 id-2 ");
    OK(beat("host:1:a", NULL, 0));
    SAME(listed(), "id-2 ");
    OK(beat("host:1:a", NULL, 0));
    OK(beat("host:1:b", NULL, 0));
    SAME(listed(), "");
}

static void
entries_without_a_beat_are_gone(void)
{
    NEED(PERIODIC);
    OK(beat("host:1:a", entries, 2));
    pass(TTL_MS / 2);
    OK(beat("host:1:b", entries + 1, 1));
    pass(TTL_MS / 2 + TTL_MS / 4);
    SAME(listed(), "id-2 ");
}

static const CU_TestInfo cases[] = {
    CASE(a_tick_enqueues_its_task_and_is_the_last_tick),
    CASE(a_tick_on_another_last_tick_is_stale_and_changes_nothing),
    CASE(a_tick_that_is_refused_is_over),
    CASE(a_tick_may_go_back_when_the_last_one_was_of_a_wrong_clock),
    CASE(a_tick_s_task_may_be_scheduled_or_wait_in_a_group),
    CASE(of_many_who_tick_at_once_one_wins_each_tick),
    CASE(the_history_has_the_latest_first_in_pages),
    CASE(the_history_keeps_a_thousand),
    CASE(a_removed_queue_takes_its_last_ticks_along),
    CASE(last_ticks_outlive_the_handle),
    CASE(entries_are_listed_with_all_they_told),
    CASE(a_beat_replaces_the_entries_of_its_scheduler),
    CASE(entries_without_a_beat_are_gone),
    CASES_END,
};

CASES(periodic);

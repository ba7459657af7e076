/* SPDX-License-Identifier: MIT */
/* Periodic tasks on a stopped clock: what is due, what is made up for, and who enqueues it. The duty is called by hand. */
#include <config.h>

#include "harness.h"
#include "manual_clock.h"
#include "runtime.h"

#include "taskopts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_MS INT64_C(1750000000000) /* a whole minute and 40 seconds: 15:06:40 */
#define LEASE_MS 9000

static struct manual_clock clock_;
static weir_broker *broker;
static weir_mux *mux;

static void
setup(void)
{
    weir_broker_options options = {.clock = &clock_.clock};

    manual_clock_init(&clock_, START_MS, 7);
    CU_ASSERT_EQUAL_FATAL(weir_broker_open(&broker, "sqlite::memory:", &options, NULL), 0);
    mux = weir_mux_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(mux);
}

static void
teardown(void)
{
    weir_mux_free(mux);
    weir_broker_close(broker);
}

static weir_server *
server_with(const weir_periodic *entries, size_t count)
{
    weir_server_options options = {
        .lease_ms = LEASE_MS, .concurrency = 1, .periodic = entries, .periodic_count = count};
    weir_server *server = NULL;

    CU_ASSERT_EQUAL_FATAL(weir_server_new(&server, broker, mux, &options, NULL), 0);
    return server;
}

static int
append(void *arg, const weir_task_info *task)
{
    char *text = arg;
    const char *at = strrchr(task->id, '@');
    size_t len = strlen(text);

    snprintf(text + len, 400 - len, "%lld ", at ? atoll(at + 1) - (long long)START_MS / 1000 : -1);
    return 0;
}

/* The ticks that are pending, in seconds after the start. */
static const char *
ticks(void)
{
    static char text[400];

    text[0] = '\0';
    weir__tasks(broker, "default", WEIR_STATE_PENDING, NULL, 0, 30, append, text, NULL);
    return text;
}

static int64_t
pending(void)
{
    weir_queue_info info = {0};

    weir__queue(broker, "default", &info, NULL);
    return info.pending;
}

/* Runs the duty until it wants to sleep; returns how long, ms. */
static int64_t
run(weir_server *server)
{
    int64_t now_ms = weir__broker_boot_ms(broker), at_ms;

    for (int i = 0; i < 100; i++) {
        at_ms = weir__periodic_duty(server);
        if (at_ms > now_ms)
            return at_ms == WEIR_NEVER ? -1 : at_ms - now_ms;
    }
    CU_FAIL("the duty never sleeps");
    return 0;
}

static void
pass(weir_server *server, int64_t ms)
{
    manual_clock_advance(&clock_, ms);
    run(server);
}

static weir_periodic
every(const char *spec, weir_missed missed)
{
    return (weir_periodic){.id = "e", .spec = spec, .task = {.type = "t"}, .missed = missed};
}

static void
each_tick_is_enqueued_when_it_is_due(void)
{
    weir_periodic entry = every("* * * * *", WEIR_MISSED_SKIP);
    weir_server *server = server_with(&entry, 1);

    CU_ASSERT_EQUAL(run(server), LEASE_MS / 3);
    CU_ASSERT_STRING_EQUAL(ticks(), "");
    manual_clock_advance(&clock_, 18000);
    CU_ASSERT_EQUAL(run(server), 2000);
    pass(server, 1999);
    CU_ASSERT_STRING_EQUAL(ticks(), "");
    pass(server, 1);
    CU_ASSERT_STRING_EQUAL(ticks(), "20 ");
    pass(server, 0);
    pass(server, 59999);
    CU_ASSERT_STRING_EQUAL(ticks(), "20 ");
    pass(server, 1);
    CU_ASSERT_STRING_EQUAL(ticks(), "20 80 ");
    weir_server_free(server);
}

/* Ticks at 10 and 20, then nobody until 55, then 60. */
static const char *
with_a_gap(weir_missed missed)
{
    weir_periodic entry = every("@every 10s", missed);
    weir_server *server = server_with(&entry, 1);

    run(server);
    pass(server, 10000);
    pass(server, 10000);
    weir_server_free(server);
    manual_clock_advance(&clock_, 35000);
    server = server_with(&entry, 1);
    run(server);
    pass(server, 5000);
    weir_server_free(server);
    return ticks();
}

static void
missed_ticks_are_skipped_by_default(void)
{
    CU_ASSERT_STRING_EQUAL(with_a_gap(WEIR_MISSED_SKIP), "10 20 60 ");
}

static void
missed_ticks_are_made_up_for_once(void)
{
    CU_ASSERT_STRING_EQUAL(with_a_gap(WEIR_MISSED_ONCE), "10 20 50 60 ");
}

static void
missed_ticks_are_made_up_for_each(void)
{
    CU_ASSERT_STRING_EQUAL(with_a_gap(WEIR_MISSED_ALL), "10 20 30 40 50 60 ");
}

static void
of_too_many_missed_ticks_the_latest_thousand_are_made_up_for(void)
{
    weir_periodic entry = every("@every 1s", WEIR_MISSED_ALL);
    weir_server *server = server_with(&entry, 1);

    run(server);
    pass(server, 1000);
    CU_ASSERT_EQUAL(pending(), 1);
    weir_server_free(server);
    manual_clock_advance(&clock_, INT64_C(100) * 86400 * 1000);
    server = server_with(&entry, 1);
    run(server);
    CU_ASSERT_EQUAL(pending(), 1001);
    weir_server_free(server);
}

static void
an_entry_that_never_ticked_missed_nothing(void)
{
    weir_periodic entry = every("@every 10s", WEIR_MISSED_ALL);
    weir_server *server = server_with(&entry, 1);

    run(server);
    CU_ASSERT_STRING_EQUAL(ticks(), "");
    weir_server_free(server);
}

static void
only_one_of_two_servers_ticks(void)
{
    weir_periodic entry = every("@every 10s", WEIR_MISSED_SKIP);
    weir_server *first = server_with(&entry, 1), *second = server_with(&entry, 1);

    run(first);
    run(second);
    CU_ASSERT_TRUE(first->schedule.leads);
    CU_ASSERT_FALSE(second->schedule.leads);
    for (int i = 0; i < 3; i++) {
        manual_clock_advance(&clock_, 3000);
        run(second);
        run(first);
    }
    CU_ASSERT_FALSE(second->schedule.leads);
    manual_clock_advance(&clock_, 1000);
    run(second);
    CU_ASSERT_STRING_EQUAL(ticks(), "");
    run(first);
    CU_ASSERT_STRING_EQUAL(ticks(), "10 ");
    weir_server_free(first);
    weir_server_free(second);
}

static void
another_server_takes_over_and_makes_up_for_what_it_watched(void)
{
    weir_periodic entry = every("@every 10s", WEIR_MISSED_SKIP);
    weir_server *first = server_with(&entry, 1), *second = server_with(&entry, 1);

    run(first);
    run(second);
    pass(first, 3000); /* its last sign */
    pass(second, 8000);
    CU_ASSERT_FALSE(second->schedule.leads);
    pass(second, 3000);
    CU_ASSERT_TRUE(second->schedule.leads);
    CU_ASSERT_STRING_EQUAL(ticks(), "10 ");
    run(first);
    CU_ASSERT_FALSE(first->schedule.leads);
    weir_server_free(first);
    weir_server_free(second);
}

static void
who_leaves_makes_room_at_once(void)
{
    weir_periodic entry = every("@every 10s", WEIR_MISSED_SKIP);
    weir_server *first = server_with(&entry, 1), *second = server_with(&entry, 1);

    run(first);
    weir__periodic_leave(first);
    run(second);
    CU_ASSERT_TRUE(second->schedule.leads);
    weir_server_free(first);
    weir_server_free(second);
}

static void
two_who_both_believe_to_lead_tick_once(void)
{
    weir_periodic entry = every("@every 10s", WEIR_MISSED_ALL);
    weir_server *first = server_with(&entry, 1), *second = server_with(&entry, 1);

    run(first);
    weir__periodic_leave(first);
    run(second);
    first->schedule.leads = second->schedule.leads = true;
    first->schedule.renew_at_ms = second->schedule.renew_at_ms = INT64_MAX;
    for (int i = 0; i < 3; i++) {
        pass(first, 10000);
        run(second);
    }
    CU_ASSERT_STRING_EQUAL(ticks(), "10 20 30 ");
    weir_server_free(first);
    weir_server_free(second);
}

static void
servers_with_other_entries_do_not_wait_for_each_other(void)
{
    weir_periodic one = every("@every 10s", WEIR_MISSED_SKIP);
    weir_periodic two[2] = {one, one};
    weir_server *first, *second;

    two[1].id = "f";
    first = server_with(&one, 1);
    second = server_with(two, 2);
    run(first);
    run(second);
    CU_ASSERT_TRUE(first->schedule.leads && second->schedule.leads);
    manual_clock_advance(&clock_, 10000);
    run(first);
    run(second);
    CU_ASSERT_STRING_EQUAL(ticks(), "10 10 "); /* of e, and of f */
    weir_server_free(first);
    weir_server_free(second);
}

static void
a_wall_clock_that_is_set_right_has_missed_nothing(void)
{
    weir_periodic entry = every("@every 10s", WEIR_MISSED_SKIP);
    weir_server *server;

    manual_clock_set_wall(&clock_, 1000);
    server = server_with(&entry, 1);
    run(server);
    manual_clock_set_wall(&clock_, START_MS + 5000);
    run(server);
    CU_ASSERT_STRING_EQUAL(ticks(), "");
    pass(server, 5000);
    CU_ASSERT_STRING_EQUAL(ticks(), "10 ");
    weir_server_free(server);
}

static void
a_clock_that_was_far_ahead_does_not_stop_the_ticks_nor_double_them(void)
{
    weir_periodic entry = every("@every 10s", WEIR_MISSED_SKIP);
    weir_server *server = server_with(&entry, 1);

    run(server);
    pass(server, 10000);
    manual_clock_set_wall(&clock_, START_MS + 7 * INT64_C(86400000));
    run(server);
    CU_ASSERT_STRING_EQUAL(ticks(), "10 604800 ");
    manual_clock_set_wall(&clock_, START_MS + 15000);
    run(server);
    CU_ASSERT_STRING_EQUAL(ticks(), "10 604800 ");
    pass(server, 5000);
    CU_ASSERT_STRING_EQUAL(ticks(), "10 604800 20 ");
    pass(server, 10000);
    CU_ASSERT_STRING_EQUAL(ticks(), "10 604800 20 30 ");
    weir_server_free(server);
}

static void
a_small_step_back_does_not_repeat_a_tick(void)
{
    weir_periodic entry = every("@every 10s", WEIR_MISSED_ALL);
    weir_server *server = server_with(&entry, 1);

    run(server);
    pass(server, 10000);
    manual_clock_set_wall(&clock_, START_MS + 8000);
    run(server);
    pass(server, 2000);
    CU_ASSERT_STRING_EQUAL(ticks(), "10 ");
    pass(server, 10000);
    CU_ASSERT_STRING_EQUAL(ticks(), "10 20 ");
    weir_server_free(server);
}

static void
a_unique_task_that_is_still_there_is_not_enqueued_again(void)
{
    weir_periodic entry = every("@every 10s", WEIR_MISSED_ALL);
    weir_server *server;

    entry.task.unique_ms = 15000;
    server = server_with(&entry, 1);
    run(server);
    pass(server, 10000);
    pass(server, 10000);
    CU_ASSERT_STRING_EQUAL(ticks(), "10 ");
    pass(server, 10000);
    CU_ASSERT_STRING_EQUAL(ticks(), "10 30 ");
    weir_server_free(server);
}

static void
entries_are_added_and_removed_while_it_runs(void)
{
    weir_periodic entry = every("@every 10s", WEIR_MISSED_SKIP);
    weir_server *server = server_with(NULL, 0);
    weir_error err = {0};

    CU_ASSERT_EQUAL(run(server), -1);
    CU_ASSERT_EQUAL(weir_server_periodic_add(server, &entry, NULL), 0);
    CU_ASSERT_EQUAL(weir_server_periodic_add(server, &entry, &err), WEIR_E_CONFLICT);
    run(server);
    pass(server, 10000);
    CU_ASSERT_STRING_EQUAL(ticks(), "10 ");
    CU_ASSERT_EQUAL(weir_server_periodic_remove(server, "x", NULL), WEIR_E_NO_TASK);
    CU_ASSERT_EQUAL(weir_server_periodic_remove(server, "e", NULL), 0);
    CU_ASSERT_EQUAL(run(server), -1);
    CU_ASSERT_FALSE(server->schedule.leads);
    manual_clock_advance(&clock_, 10000);
    CU_ASSERT_EQUAL(run(server), -1);
    CU_ASSERT_STRING_EQUAL(ticks(), "10 ");
    weir_server_free(server);
}

static void
a_set_that_is_replaced_keeps_what_did_not_change(void)
{
    weir_periodic set[2] = {every("@every 10s", WEIR_MISSED_SKIP),
                            every("@every 20s", WEIR_MISSED_SKIP)};
    weir_server *server = server_with(set, 1);
    struct weir__periodic *before = server->schedule.entries[0];

    run(server);
    set[1].id = "f";
    manual_clock_advance(&clock_, 9000);
    CU_ASSERT_EQUAL(weir_server_periodic_set(server, set, 2, NULL), 0);
    CU_ASSERT_PTR_EQUAL(server->schedule.entries[0], before);
    manual_clock_advance(&clock_, 1000);
    run(server); /* the tick at 10 came before the keeper saw the new set */
    CU_ASSERT_STRING_EQUAL(ticks(), "10 ");
    set[0].spec = "@every 30s";
    CU_ASSERT_EQUAL(weir_server_periodic_set(server, set, 2, NULL), 0);
    CU_ASSERT_PTR_NOT_EQUAL(server->schedule.entries[0], before);
    set[1].id = "e";
    CU_ASSERT_EQUAL(weir_server_periodic_set(server, set, 2, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(server->schedule.count, 2);
    weir_server_free(server);
}

static int
note_entry(void *arg, const weir_scheduler_entry *entry)
{
    char *text = arg;

    snprintf(text, 400, "%s %s %s %s %lld %lld %zu %s", entry->id, entry->spec, entry->task->type,
             entry->task->queue, (long long)(entry->next_at_ms - START_MS),
             (long long)entry->prev_at_ms, entry->option_count, entry->options[0]);
    return 0;
}

static void
the_leader_publishes_the_entries(void)
{
    weir_periodic entry = every("@every 10s", WEIR_MISSED_SKIP);
    weir_server *server;
    char text[400] = "";

    entry.task.queue = "low";
    server = server_with(&entry, 1);
    run(server);
    CU_ASSERT_EQUAL(weir__scheduler_entries(broker, note_entry, text, NULL), 0);
    CU_ASSERT_STRING_EQUAL(text, "e @every 10s t low 10000 0 1 Queue(\"low\")");
    text[0] = '\0';
    weir__periodic_leave(server);
    CU_ASSERT_EQUAL(weir__scheduler_entries(broker, note_entry, text, NULL), 0);
    CU_ASSERT_STRING_EQUAL(text, "");
    weir_server_free(server);
}

static void
options_are_printed_as_asynq_prints_them(void)
{
    static const weir_header header = {"k", "v\"\n"};
    static const weir_task task = {.type = "t",
                                   .queue = "low",
                                   .max_retry = WEIR_NO_RETRY,
                                   .timeout_ms = 30000,
                                   .deadline_ms = 1136214245000,
                                   .unique_ms = 3600000,
                                   .process_in_ms = 90000,
                                   .retention_ms = WEIR_NO_RETENTION,
                                   .archive_for_ms = 2592000000,
                                   .group = "g",
                                   .headers = &header,
                                   .header_count = 1};
    static const char *const wanted[] = {
        "Queue(\"low\")", "MaxRetry(0)",
        "Timeout(30s)",   "Deadline(Mon Jan  2 15:04:05 UTC 2006)",
        "Unique(1h0m0s)", "ProcessIn(1m30s)",
        "Retention(0s)",  "ArchiveFor(720h0m0s)",
        "Group(\"g\")",   "Header([\"k\",\"v\\\"\\n\"])",
    };
    struct weir__arena arena = {0};
    const char *const *options;
    size_t count;

    CU_ASSERT_EQUAL_FATAL(weir__task_options(&task, &arena, &options, &count), 0);
    CU_ASSERT_EQUAL_FATAL(count, sizeof wanted / sizeof wanted[0]);
    for (size_t i = 0; i < count; i++)
        CU_ASSERT_STRING_EQUAL(options[i], wanted[i]);
    weir__arena_release(&arena);
}

static void
an_id_is_a_hash_of_the_definition(void)
{
    weir_periodic entry = {.spec = "@daily", .task = {.type = "t"}};
    char id[WEIR_ID_SIZE], other[WEIR_ID_SIZE];

    CU_ASSERT_EQUAL(weir_periodic_id(&entry, id, NULL), 0);
    CU_ASSERT_EQUAL(strlen(id), 36);
    entry.missed = WEIR_MISSED_ALL;
    entry.task.queue = "default";
    CU_ASSERT_EQUAL(weir_periodic_id(&entry, other, NULL), 0);
    CU_ASSERT_STRING_EQUAL(id, other);
    entry.task.archive_for_ms = 1;
    CU_ASSERT_EQUAL(weir_periodic_id(&entry, other, NULL), 0);
    CU_ASSERT_STRING_NOT_EQUAL(id, other);
    entry.task.archive_for_ms = 0;
    entry.task.payload = "";
    CU_ASSERT_EQUAL(weir_periodic_id(&entry, other, NULL), 0);
    CU_ASSERT_STRING_NOT_EQUAL(id, other);
    entry.id = "mine";
    CU_ASSERT_EQUAL(weir_periodic_id(&entry, other, NULL), 0);
    CU_ASSERT_STRING_EQUAL(other, "mine");
}

static void
entries_that_are_wrong_are_refused(void)
{
    const struct {
        weir_periodic entry;
        const char *text;
    } rows[] = {
        {{.task = {.type = "t"}}, "spec: is missing"},
        {{.spec = "@daily"}, "type"},
        {{.spec = "@dayly", .task = {.type = "t"}}, "no such descriptor"},
        {{.spec = "@daily", .task = {.type = "t", .id = "x"}}, "task.id"},
        {{.spec = "@daily", .task = {.type = "t", .process_at_ms = 1}}, "task.process_at_ms"},
        {{.spec = "@daily", .task = {.type = "t", .unique_ms = 1}}, "unique_ms"},
        {{.spec = "@daily", .task = {.type = "t"}, .missed = (weir_missed)3}, "missed"},
        {{.id = "", .spec = "@daily", .task = {.type = "t"}}, "id"},
    };
    weir_server_options options = {.periodic_count = 1};
    weir_server *server;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        weir_error err = {0};

        options.periodic = &rows[i].entry;
        CU_ASSERT_EQUAL(weir_server_new(&server, broker, mux, &options, &err), WEIR_E_INVALID);
        CU_ASSERT_PTR_NULL(server);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, rows[i].text));
    }
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(each_tick_is_enqueued_when_it_is_due),
    HARNESS_TEST(missed_ticks_are_skipped_by_default),
    HARNESS_TEST(missed_ticks_are_made_up_for_once),
    HARNESS_TEST(missed_ticks_are_made_up_for_each),
    HARNESS_TEST(of_too_many_missed_ticks_the_latest_thousand_are_made_up_for),
    HARNESS_TEST(an_entry_that_never_ticked_missed_nothing),
    HARNESS_TEST(only_one_of_two_servers_ticks),
    HARNESS_TEST(another_server_takes_over_and_makes_up_for_what_it_watched),
    HARNESS_TEST(who_leaves_makes_room_at_once),
    HARNESS_TEST(two_who_both_believe_to_lead_tick_once),
    HARNESS_TEST(servers_with_other_entries_do_not_wait_for_each_other),
    HARNESS_TEST(a_wall_clock_that_is_set_right_has_missed_nothing),
    HARNESS_TEST(a_clock_that_was_far_ahead_does_not_stop_the_ticks_nor_double_them),
    HARNESS_TEST(a_small_step_back_does_not_repeat_a_tick),
    HARNESS_TEST(a_unique_task_that_is_still_there_is_not_enqueued_again),
    HARNESS_TEST(entries_are_added_and_removed_while_it_runs),
    HARNESS_TEST(a_set_that_is_replaced_keeps_what_did_not_change),
    HARNESS_TEST(the_leader_publishes_the_entries),
    HARNESS_TEST(options_are_printed_as_asynq_prints_them),
    HARNESS_TEST(an_id_is_a_hash_of_the_definition),
    HARNESS_TEST(entries_that_are_wrong_are_refused),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(periodic, tests, setup, teardown);

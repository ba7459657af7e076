/* SPDX-License-Identifier: MIT */
/* Leases of other runs of the machine, and rows that only time removes. */
#include <config.h>

#include "harness.h"
#include "manual_clock.h"
#include "sqlite_kit.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <weir/open.h>

static sem_t locked;

static weir_broker *
open_under(const weir_clock *clock)
{
    weir_broker_options options = {.clock = clock};
    weir_broker *broker;
    char url[300];

    snprintf(url, sizeof(url), "sqlite:%s", kit_path);
    CU_ASSERT_EQUAL_FATAL(weir_broker_open(&broker, url, &options, NULL), 0);
    return broker;
}

/* Takes one task of "q" for an hour. */
static void
take(weir_broker *broker, weir__claims *claims)
{
    weir_take_queue queue = {.name = "q", .want = 1};
    weir__want want = {&queue, 1, 1, 1, 3600000, 0};

    CU_ASSERT_EQUAL(weir__consume(broker, NULL, 0, NULL, 0, &want, claims, NULL), 0);
}

/* The same; returns how many there were. */
static size_t
take_one(weir_broker *broker)
{
    weir_claim claim;
    weir__claims claims = {&claim, 0};

    take(broker, &claims);
    if (claims.count > 0)
        weir__claim_release(&claim);
    return claims.count;
}

static size_t
recover_one(weir_broker *broker)
{
    static const char *const queues[] = {"q"};
    weir_claim claim;
    weir__claims claims = {&claim, 0};

    CU_ASSERT_EQUAL(weir__recover(broker, queues, 1, 1, 3600000, &claims, NULL, NULL), 0);
    if (claims.count > 0)
        weir__claim_release(&claim);
    return claims.count;
}

static void
a_lease_of_an_earlier_run_of_the_machine_is_dead(void)
{
    weir_clock before = *weir_clock_system();
    weir_broker *broker;

    before.boot_id = "the run before this one";
    broker = open_under(&before);
    CU_ASSERT_EQUAL(kit_put(broker, "a", 1, NULL), 0);
    CU_ASSERT_EQUAL(take_one(broker), 1);
    CU_ASSERT_EQUAL(recover_one(broker), 0);
    weir_broker_close(broker);
    broker = open_under(NULL);
    CU_ASSERT_EQUAL(recover_one(broker), 1);
    CU_ASSERT_EQUAL(recover_one(broker), 0);
    weir_broker_close(broker);
}

/* Without the name of the run a lease would be compared with the clock of another run. */
static void
the_system_s_clock_tells_one_run_of_the_machine_from_another(void)
{
    weir_clock nameless = *weir_clock_system();
    weir_broker *broker = open_under(NULL), *other;

    CU_ASSERT_PTR_NOT_NULL_FATAL(weir_clock_system()->boot_id);
    nameless.boot_id = "";
    other = open_under(&nameless);
    if (weir_clock_system()->boot_id[0] != '\0')
        CU_ASSERT_NOT_EQUAL(weir__boot_number(kit_store(broker)),
                            weir__boot_number(kit_store(other)));
    nameless.boot_id = NULL;
    CU_ASSERT_EQUAL(weir__boot_number(kit_store(broker)), weir__boot_number(kit_store(other)));
    weir_broker_close(other);
    weir_broker_close(broker);
}

/* Somebody who cannot read the name (a sandbox without /proc) must not take others' tasks from them, nor lose his own. */
static void
who_does_not_know_the_run_of_the_machine_goes_by_time_alone(void)
{
    weir_clock nameless = *weir_clock_system(), named = nameless;
    weir_broker *broker, *other;

    nameless.boot_id = "";
    named.boot_id = "this run";
    broker = open_under(&nameless);
    other = open_under(&named);
    CU_ASSERT_EQUAL(kit_put(broker, "a", 1, NULL), 0);
    CU_ASSERT_EQUAL(kit_put(broker, "b", 1, NULL), 0);
    CU_ASSERT_EQUAL(take_one(broker), 1);
    CU_ASSERT_EQUAL(take_one(other), 1);
    CU_ASSERT_EQUAL(recover_one(broker), 0);
    CU_ASSERT_EQUAL(recover_one(other), 0);
    weir_broker_close(other);
    weir_broker_close(broker);
}

static void
a_nameless_lease_ends_with_its_time(void)
{
    struct manual_clock clock;
    weir_broker *broker;

    manual_clock_init(&clock, 1700000000000, 1);
    clock.clock.boot_id = "";
    broker = open_under(&clock.clock);
    CU_ASSERT_EQUAL(kit_put(broker, "a", 1, NULL), 0);
    CU_ASSERT_EQUAL(take_one(broker), 1);
    manual_clock_advance(&clock, 3600000 - 1);
    CU_ASSERT_EQUAL(recover_one(broker), 0);
    manual_clock_advance(&clock, 2);
    CU_ASSERT_EQUAL(recover_one(broker), 1);
    weir_broker_close(broker);
}

/* Holds the write lock until the leases of that time are long over. */
static void *
hold_the_lock(void *arg)
{
    struct manual_clock *clock = arg;
    sqlite3 *db = kit_connect();

    CU_ASSERT_EQUAL(kit_sql(db, "BEGIN IMMEDIATE"), SQLITE_OK);
    sem_post(&locked);
    usleep(50000); /* for the call to begin and wait */
    manual_clock_advance(clock, 2 * 3600000);
    CU_ASSERT_EQUAL(kit_sql(db, "COMMIT"), SQLITE_OK);
    sqlite3_close(db);
    return NULL;
}

static void
begin_to_hold(pthread_t *thread, struct manual_clock *clock)
{
    CU_ASSERT_EQUAL_FATAL(pthread_create(thread, NULL, hold_the_lock, clock), 0);
    sem_wait(&locked);
}

static void
a_lease_begins_when_the_write_lock_is_there(void)
{
    struct manual_clock clock;
    weir_broker *broker;
    weir_claim claim;
    weir_extend_item item = {.claim = &claim};
    weir__claims claims = {&claim, 0};
    pthread_t thread;

    sem_init(&locked, 0, 0);
    manual_clock_init(&clock, 0, 1);
    broker = open_under(&clock.clock);
    CU_ASSERT_EQUAL(kit_put(broker, "a", 1, NULL), 0);
    begin_to_hold(&thread, &clock);
    take(broker, &claims);
    CU_ASSERT_EQUAL_FATAL(claims.count, 1);
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(recover_one(broker), 0);
    begin_to_hold(&thread, &clock);
    CU_ASSERT_EQUAL(weir__extend(broker, 3600000, &item, 1, NULL), 0);
    CU_ASSERT_EQUAL(item.result, 0);
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(recover_one(broker), 0);
    weir__claim_release(&claim);
    weir_broker_close(broker);
    sem_destroy(&locked);
}

static void
all_locks_that_have_expired_go_away(void)
{
    static const char *const queues[] = {"q"};
    weir_expire expire = {
        .queues = queues, .queue_count = 1, .max = 10, .archive_max = -1, .archive_age_ms = -1};
    weir_broker *broker = kit_open("?sync=normal", NULL);
    sqlite3 *db = kit_store(broker)->writer.conn.db;
    int64_t left;

    CU_ASSERT_EQUAL(kit_put(broker, "a", 1, NULL), 0);
    CU_ASSERT_EQUAL(kit_sql(db, "INSERT INTO weir_lock WITH RECURSIVE n(i) AS"
                                " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
                                " SELECT 1, 'lock' || i, 'gone', 1 FROM n"),
                    SQLITE_OK);
    do {
        CU_ASSERT_EQUAL_FATAL(weir__expire(broker, &expire, NULL), 0);
    } while (expire.removed >= expire.max);
    CU_ASSERT_EQUAL(weir__conn_int(&kit_store(broker)->writer.conn,
                                   "SELECT count(*) FROM weir_lock", -1, &left),
                    0);
    CU_ASSERT_EQUAL(left, 0);
    weir_broker_close(broker);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_lease_of_an_earlier_run_of_the_machine_is_dead),
    HARNESS_TEST(who_does_not_know_the_run_of_the_machine_goes_by_time_alone),
    HARNESS_TEST(a_nameless_lease_ends_with_its_time),
    HARNESS_TEST(the_system_s_clock_tells_one_run_of_the_machine_from_another),
    HARNESS_TEST(a_lease_begins_when_the_write_lock_is_there),
    HARNESS_TEST(all_locks_that_have_expired_go_away),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(sqlite_lease, tests, kit_setup, kit_teardown);

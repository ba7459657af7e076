/* SPDX-License-Identifier: MIT */
/* Enqueueing inside an application's own transaction. */
#include <config.h>

#include "harness.h"
#include "sqlite_kit.h"

#include <weir/sqlite.h>

static const weir_task task = {.type = "t", .queue = "q", .id = "a"};

static void
a_task_exists_when_the_application_has_committed(void)
{
    weir_broker *broker = kit_open("", NULL);
    sqlite3 *db = kit_connect();
    weir_receipt receipt;

    CU_ASSERT_EQUAL(kit_sql(db, "CREATE TABLE account (id); BEGIN IMMEDIATE"), SQLITE_OK);
    CU_ASSERT_EQUAL(weir_sqlite_enqueue(db, &task, 1, &receipt, NULL), 0);
    CU_ASSERT_EQUAL(receipt.state, WEIR_STATE_PENDING);
    CU_ASSERT_STRING_EQUAL(receipt.id, "a");
    CU_ASSERT_EQUAL(kit_pending(broker), -1);
    CU_ASSERT_EQUAL(kit_sql(db, "INSERT INTO account VALUES (1); COMMIT"), SQLITE_OK);
    CU_ASSERT_EQUAL(kit_pending(broker), 1);
    CU_ASSERT_EQUAL(kit_work(broker, NULL), 1);
    sqlite3_close(db);
    weir_broker_close(broker);
}

static void
a_task_never_was_when_the_application_rolls_back(void)
{
    weir_broker *broker = kit_open("", NULL);
    sqlite3 *db = kit_connect();

    CU_ASSERT_EQUAL(kit_sql(db, "BEGIN IMMEDIATE"), SQLITE_OK);
    CU_ASSERT_EQUAL(weir_sqlite_enqueue(db, &task, 1, NULL, NULL), 0);
    CU_ASSERT_EQUAL(kit_sql(db, "ROLLBACK"), SQLITE_OK);
    CU_ASSERT_EQUAL(kit_pending(broker), -1);
    sqlite3_close(db);
    weir_broker_close(broker);
}

static void
a_task_of_a_group_waits_in_it(void)
{
    const weir_task member = {.type = "t", .queue = "q", .id = "m", .group = "g"};
    weir_broker *broker = kit_open("", NULL);
    sqlite3 *db = kit_connect();
    weir_queue_info info = {0};
    weir_receipt receipt;

    CU_ASSERT_EQUAL(weir_sqlite_enqueue(db, &member, 1, &receipt, NULL), 0);
    CU_ASSERT_EQUAL(receipt.state, WEIR_STATE_AGGREGATING);
    CU_ASSERT_EQUAL(weir__queue(broker, "q", &info, NULL), 0);
    CU_ASSERT_EQUAL(info.aggregating, 1);
    CU_ASSERT_EQUAL(info.groups, 1);
    CU_ASSERT_EQUAL(kit_work(broker, NULL), 0);
    sqlite3_close(db);
    weir_broker_close(broker);
}

static void
each_task_is_refused_by_itself(void)
{
    const weir_task tasks[] = {
        task, {.type = "", .queue = "q"}, task, {.type = "t", .queue = "q", .id = "b"}};
    weir_broker *broker = kit_open("", NULL);
    sqlite3 *db = kit_connect();
    weir_receipt receipts[4];

    CU_ASSERT_EQUAL(weir_sqlite_enqueue(db, tasks, 4, receipts, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(receipts[0].code, 0);
    CU_ASSERT_EQUAL(receipts[1].code, WEIR_E_INVALID);
    CU_ASSERT_EQUAL(receipts[2].code, WEIR_E_CONFLICT);
    CU_ASSERT_EQUAL(receipts[3].code, 0);
    CU_ASSERT_EQUAL(kit_pending(broker), 2);
    sqlite3_close(db);
    weir_broker_close(broker);
}

static void
a_file_without_a_queue_is_told(void)
{
    sqlite3 *db = kit_connect();
    weir_error err = {0};

    CU_ASSERT_EQUAL(weir_sqlite_enqueue(db, &task, 1, NULL, &err), WEIR_E_STATE);
    CU_ASSERT_EQUAL(sqlite3_get_autocommit(db), 1);
    sqlite3_close(db);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_task_exists_when_the_application_has_committed),
    HARNESS_TEST(a_task_never_was_when_the_application_rolls_back),
    HARNESS_TEST(a_task_of_a_group_waits_in_it),
    HARNESS_TEST(each_task_is_refused_by_itself),
    HARNESS_TEST(a_file_without_a_queue_is_told),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(sqlite_application, tests, kit_setup, kit_teardown);

/* SPDX-License-Identifier: MIT */
/* A database of an earlier version is brought up to date, with all that is in it. */
#include <config.h>

#include "harness.h"
#include "sqlite_kit.h"

#include "sqlite/sql.h"

#include <stdlib.h>
#include <string.h>

/* Makes a database as a program of an earlier version did, with a pending task. */
static void
make_version(int version)
{
    sqlite3 *db = kit_connect();
    char *sql =
        sqlite3_mprintf("CREATE TABLE weir_meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
                        "INSERT INTO weir_meta VALUES ('schema', %d)",
                        version);

    for (const struct weir__sqlite_sql *file = weir__sqlite_sql; file->name != NULL; file++) {
        int of = atoi(file->name);

        if (of > 0 && of <= version)
            CU_ASSERT_EQUAL(kit_sql(db, file->text), SQLITE_OK);
    }
    CU_ASSERT_EQUAL(kit_sql(db, sql), SQLITE_OK);
    CU_ASSERT_EQUAL(kit_sql(db, "INSERT INTO weir_queue (qid, name, known) VALUES (1, 'q', 1);"
                                "INSERT INTO weir_task (qid, state, ord, since, id, type)"
                                " VALUES (1, 3, 0, 1, 'old', 't')"),
                    SQLITE_OK);
    sqlite3_free(sql);
    sqlite3_close(db);
}

static int64_t
version_now(void)
{
    struct weir__conn conn;
    sqlite3 *db = kit_connect();
    int64_t version = 0;

    weir__conn_wrap(&conn, db);
    CU_ASSERT_EQUAL(
        weir__conn_int(&conn, "SELECT value FROM weir_meta WHERE name = 'schema'", 0, &version), 0);
    weir__conn_unwrap(&conn);
    sqlite3_close(db);
    return version;
}

static int64_t
newest(void)
{
    int64_t version = 0;

    for (const struct weir__sqlite_sql *file = weir__sqlite_sql; file->name != NULL; file++)
        version = atoi(file->name) > version ? atoi(file->name) : version;
    return version;
}

static void
tick(weir_broker *broker)
{
    weir_task_info task = {.id = "new", .type = "t", .queue = "q", .state = WEIR_STATE_PENDING};
    weir_enqueue_item item = {.task = &task};
    int64_t last_ms = 0;

    CU_ASSERT_EQUAL(weir__tick(broker, "e", &last_ms, 1000, &item, NULL), 0);
    CU_ASSERT_EQUAL(item.result, 0);
}

static void
every_earlier_version_is_brought_up_to_date_with_its_tasks(void)
{
    for (int version = 1; version < newest(); version++) {
        weir_broker *broker;

        make_version(version);
        broker = kit_open("", NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(broker);
        CU_ASSERT_EQUAL(version_now(), newest());
        CU_ASSERT_EQUAL(kit_pending(broker), 1);
        tick(broker);
        CU_ASSERT_EQUAL(kit_work(broker, NULL), 2);
        weir_broker_close(broker);
        kit_teardown();
        kit_setup();
    }
}

static int
note_queue(void *arg, const char *name)
{
    char *names = arg;

    snprintf(names + strlen(names), 100 - strlen(names), "%s ", name);
    return 0;
}

static void
queues_that_were_only_paused_are_listed_after_it(void)
{
    char names[100] = "";
    weir_broker *broker;
    sqlite3 *db;

    make_version(4);
    db = kit_connect();
    CU_ASSERT_EQUAL(kit_sql(db, "INSERT INTO weir_queue (name, known, paused_at)"
                                " VALUES ('paused', 0, 1000), ('resumed', 0, 0)"),
                    SQLITE_OK);
    sqlite3_close(db);
    broker = kit_open("", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(broker);
    CU_ASSERT_EQUAL(weir__queues(broker, note_queue, names, NULL), 0);
    CU_ASSERT_STRING_EQUAL(names, "paused q ");
    weir_broker_close(broker);
}

static void
an_upgrade_that_fails_leaves_the_earlier_version(void)
{
    weir_error err = {0};
    sqlite3 *db;

    make_version(1);
    db = kit_connect();
    CU_ASSERT_EQUAL(kit_sql(db, "CREATE TABLE weir_scheduler (in_the_way)"), SQLITE_OK);
    CU_ASSERT_PTR_NULL(kit_open("", &err));
    CU_ASSERT_EQUAL(version_now(), 1);
    CU_ASSERT_NOT_EQUAL(kit_sql(db, "SELECT * FROM weir_tick"), SQLITE_OK);
    sqlite3_close(db);
}

static void
a_newer_version_is_refused(void)
{
    weir_error err = {0};

    make_version((int)newest() + 1);
    CU_ASSERT_PTR_NULL(kit_open("", &err));
    CU_ASSERT_EQUAL(err.code, WEIR_E_VERSION);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(every_earlier_version_is_brought_up_to_date_with_its_tasks),
    HARNESS_TEST(queues_that_were_only_paused_are_listed_after_it),
    HARNESS_TEST(an_upgrade_that_fails_leaves_the_earlier_version),
    HARNESS_TEST(a_newer_version_is_refused),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(sqlite_schema, tests, kit_setup, kit_teardown);

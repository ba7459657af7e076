/* SPDX-License-Identifier: MIT */
/* The SQL statements: all are there, all use the indexes, and those that give tasks give the same columns. */
#include <config.h>

#include "harness.h"
#include "sqlite_kit.h"

#include <stdlib.h>
#include <string.h>

static const char row_columns[] =
    "seq token started state ord since lease boot retried max_retry timeout deadline retention archive_for "
    "enqueued_at failed_at id type unique_key grp headers error payload result ";

/* Lists of small tables, of which every row is wanted, and subqueries of bounded length. */
static const char *const may_scan[] = {"queues", "servers",    "servers_expired",
                                       "memory", "schedulers", "schedulers_expired",
                                       "groups", "group",      "archive_count"};

static bool
is_listed(const char *name)
{
    for (size_t i = 0; i < sizeof(may_scan) / sizeof(may_scan[0]); i++) {
        if (strcmp(may_scan[i], name) == 0)
            return true;
    }
    return false;
}

static sqlite3_stmt *
prepare(sqlite3 *db, const char *before, const char *name)
{
    sqlite3_stmt *stmt = NULL;
    char *text = weir__statement_text(name);
    char *sql = sqlite3_mprintf("%s%s", before, text);

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    free(text);
    CU_ASSERT_EQUAL(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    sqlite3_free(sql);
    return stmt;
}

static bool
plan_scans(sqlite3 *db, const char *name)
{
    sqlite3_stmt *stmt = prepare(db, "EXPLAIN QUERY PLAN\n", name);
    bool scans = false;

    while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(stmt, 3);

        scans = scans || (strncmp(step, "SCAN ", 5) == 0 && strstr(step, "CONSTANT ROW") == NULL &&
                          strstr(step, "ROW VALUES CLAUSE") == NULL);
        scans = scans || strstr(step, "TEMP B-TREE FOR ORDER BY") != NULL;
    }
    sqlite3_finalize(stmt);
    return scans;
}

static void
every_statement_is_there_and_uses_an_index(void)
{
    weir_broker *broker = kit_open("", NULL);
    sqlite3 *db = kit_connect();

    for (int id = 0; id < WEIR__SQL_COUNT; id++) {
        const char *name = weir__statement_name((enum weir__statement)id);

        if (plan_scans(db, name) && !is_listed(name))
            CU_FAIL(name);
    }
    sqlite3_close(db);
    weir_broker_close(broker);
}

static void
statements_that_give_tasks_give_the_same_columns(void)
{
    static const char *const names[] = {"take",           "dead", "tasks",
                                        "tasks_of_group", "task", "group_tasks"};
    weir_broker *broker = kit_open("", NULL);
    sqlite3 *db = kit_connect();

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        sqlite3_stmt *stmt = prepare(db, "", names[i]);
        char columns[400] = "";

        for (int j = 0; j < sqlite3_column_count(stmt); j++) {
            strcat(columns, sqlite3_column_name(stmt, j));
            strcat(columns, " ");
        }
        CU_ASSERT_STRING_EQUAL(columns, row_columns);
        sqlite3_finalize(stmt);
    }
    sqlite3_close(db);
    weir_broker_close(broker);
}

/* Runs a statement with other values each time; returns how often it was planned anew. */
static int
plannings_of(sqlite3 *db, const char *name)
{
    sqlite3_stmt *stmt = prepare(db, "", name);
    int plannings;

    for (int run = 0; run < 3; run++) {
        for (int at = 1; at <= sqlite3_bind_parameter_count(stmt); at++)
            sqlite3_bind_int64(stmt, at, run + at);
        sqlite3_step(stmt); /* it may be refused: it has been planned */
        sqlite3_reset(stmt);
    }
    plannings = sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_REPREPARE, 0);
    sqlite3_finalize(stmt);
    return plannings;
}

static void
a_statement_is_planned_once_whatever_is_bound(void)
{
    weir_broker *broker = kit_open("", NULL);
    sqlite3 *db = kit_store(broker)->writer.conn.db;

    CU_ASSERT_EQUAL(kit_sql(db, "BEGIN"), SQLITE_OK);
    for (int id = WEIR__SQL_queue_get; id < WEIR__SQL_COUNT; id++) {
        const char *name = weir__statement_name((enum weir__statement)id);

        if (plannings_of(db, name) != 0)
            CU_FAIL(name);
    }
    CU_ASSERT_EQUAL(kit_sql(db, "ROLLBACK"), SQLITE_OK);
    weir_broker_close(broker);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(every_statement_is_there_and_uses_an_index),
    HARNESS_TEST(statements_that_give_tasks_give_the_same_columns),
    HARNESS_TEST(a_statement_is_planned_once_whatever_is_bound),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(sqlite_plan, tests, kit_setup, kit_teardown);

/* SPDX-License-Identifier: MIT */
/* Files that cannot be used, and stores that fail for a while: a clear error each, nothing lost, and then it goes on. */
#include <config.h>

#include "harness.h"
#include "sqlite_kit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static void
write_file(const char *text, size_t times)
{
    FILE *file = fopen(kit_path, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    while (times-- > 0)
        fputs(text, file);
    fclose(file);
}

static void
a_file_that_is_no_database_is_refused_and_stays_as_it_is(void)
{
    struct stat before, after;

    write_file("this is not a database, whatever its name says\n", 100);
    stat(kit_path, &before);
    kit_open_fails("", WEIR_E_CORRUPT, "not a database");
    stat(kit_path, &after);
    CU_ASSERT_EQUAL(before.st_size, after.st_size);
}

static void
a_newer_schema_is_refused_with_both_versions(void)
{
    sqlite3 *db;

    weir_broker_close(kit_open("", NULL));
    db = kit_connect();
    CU_ASSERT_EQUAL(kit_sql(db, "UPDATE weir_meta SET value = 999 WHERE name = 'schema'"), 0);
    sqlite3_close(db);
    kit_open_fails("", WEIR_E_VERSION, "version 999");
    kit_open_fails("", WEIR_E_VERSION, "this program knows version ");
}

static void
a_url_with_something_unknown_or_wrong_is_refused_by_its_name(void)
{
    kit_open_fails("?colour=blue", WEIR_E_URL, "colour");
    kit_open_fails("?sync=perhaps", WEIR_E_URL, "sync");
    kit_open_fails("?busy_timeout=soon", WEIR_E_URL, "busy_timeout");
}

static void
a_missing_folder_is_told_with_the_path_and_the_reason(void)
{
    weir_error err = {0};
    weir_broker *broker;

    CU_ASSERT_EQUAL(weir_broker_open(&broker, "sqlite:/nowhere/at/all.db", NULL, &err), WEIR_E_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/nowhere/at/all.db"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "No such file"));
}

/* Runs as somebody who has no rights here; returns the code of opening, or 0 when the text lacks the words. */
static int
open_as_nobody_says(const char *words)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        weir_error err = {0};

        if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
            _exit(0);
        kit_open("", &err);
        _exit(strstr(err.text, words) != NULL ? -err.code : 0);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? -WEXITSTATUS(status) : 1;
}

static bool
lies_beside(const char *end)
{
    char path[300];

    snprintf(path, sizeof(path), "%s%s", kit_path, end);
    return access(path, F_OK) == 0;
}

static int
open_as_nobody(void)
{
    return open_as_nobody_says("");
}

static void
a_new_file_in_a_closed_folder_is_told_with_the_folder(void)
{
    char folder[256], words[300];

    snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(kit_path, '/') - kit_path), kit_path);
    snprintf(words, sizeof(words), "folder %s: Permission denied", folder);
    CU_ASSERT_EQUAL(chmod(folder, 0555), 0);
    CU_ASSERT_EQUAL(open_as_nobody_says(words), WEIR_E_IO);
    CU_ASSERT_EQUAL(chmod(folder, 0755), 0);
}

static void
a_file_that_cannot_be_written_is_read_only(void)
{
    char folder[256];

    weir_broker_close(kit_open("", NULL));
    snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(kit_path, '/') - kit_path), kit_path);
    CU_ASSERT_EQUAL(chmod(kit_path, 0444), 0);
    CU_ASSERT_EQUAL(chmod(folder, 0777), 0);
    CU_ASSERT_EQUAL(open_as_nobody_says("the file cannot be written"), WEIR_E_READONLY);
    CU_ASSERT_FALSE(lies_beside("-wal") || lies_beside("-shm"));
    CU_ASSERT_EQUAL(chmod(folder, 0555), 0);
    CU_ASSERT_EQUAL(open_as_nobody_says("the file cannot be written"), WEIR_E_READONLY);
    CU_ASSERT_EQUAL(chmod(folder, 0755), 0);
    CU_ASSERT_EQUAL(chmod(kit_path, 0644), 0);
}

static void
a_folder_that_cannot_be_written_is_told(void)
{
    char folder[256];
    int code;

    weir_broker_close(kit_open("", NULL));
    snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(kit_path, '/') - kit_path), kit_path);
    CU_ASSERT_EQUAL(chmod(kit_path, 0666), 0);
    CU_ASSERT_EQUAL(chmod(folder, 0555), 0);
    code = open_as_nobody();
    CU_ASSERT(code == WEIR_E_READONLY || code == WEIR_E_IO);
    CU_ASSERT_EQUAL(chmod(folder, 0755), 0);
}

static void
a_lock_that_is_held_too_long_is_busy_and_then_it_goes_on(void)
{
    weir_broker *broker = kit_open("?busy_timeout=20ms", NULL);
    sqlite3 *other = kit_connect();
    weir_error err = {0};

    CU_ASSERT_EQUAL(kit_sql(other, "BEGIN IMMEDIATE"), SQLITE_OK);
    CU_ASSERT_EQUAL(kit_put(broker, "a", 1, &err), WEIR_E_BUSY);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "lock"));
    CU_ASSERT_EQUAL(kit_sql(other, "ROLLBACK"), SQLITE_OK);
    CU_ASSERT_EQUAL(kit_put(broker, "a", 1, NULL), 0);
    CU_ASSERT_EQUAL(kit_pending(broker), 1);
    sqlite3_close(other);
    weir_broker_close(broker);
}

static void
reading_does_not_wait_for_a_writer(void)
{
    weir_broker *broker = kit_open("?busy_timeout=20ms", NULL);
    sqlite3 *other = kit_connect();

    CU_ASSERT_EQUAL(kit_put(broker, "a", 1, NULL), 0);
    CU_ASSERT_EQUAL(kit_sql(other, "BEGIN IMMEDIATE"), SQLITE_OK);
    CU_ASSERT_EQUAL(kit_pending(broker), 1);
    sqlite3_close(other);
    weir_broker_close(broker);
}

static void
a_full_database_refuses_new_tasks_and_still_finishes_old_ones(void)
{
    weir_broker *broker = kit_open("", NULL);
    sqlite3 *db = kit_store(broker)->writer.conn.db;
    weir_error err = {0};

    CU_ASSERT_EQUAL(kit_put(broker, "a", 10, NULL), 0);
    CU_ASSERT_EQUAL(kit_sql(db, "PRAGMA max_page_count = 30"), SQLITE_OK);
    CU_ASSERT_EQUAL(kit_put(broker, "b", 1000000, &err), WEIR_E_FULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "full"));
    CU_ASSERT_EQUAL(kit_pending(broker), 1);
    CU_ASSERT_EQUAL(kit_work(broker, NULL), 1);
    CU_ASSERT_EQUAL(kit_sql(db, "PRAGMA max_page_count = 100000"), SQLITE_OK);
    CU_ASSERT_EQUAL(kit_put(broker, "b", 1000000, NULL), 0);
    CU_ASSERT_EQUAL(kit_work(broker, NULL), 1);
    weir_broker_close(broker);
}

/* The disk is full: files may not grow any more. In a child, because the limit is the process's. */
static void
run_on_a_full_disk(void)
{
    weir_broker *broker = kit_open("", NULL);
    struct rlimit limit;
    weir_error err = {0};
    bool fine = kit_put(broker, "a", 10, NULL) == 0;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 200000;
    setrlimit(RLIMIT_FSIZE, &limit);
    fine = fine && kit_put(broker, "b", 1000000, &err) != 0;
    fine = fine && (err.code == WEIR_E_FULL || err.code == WEIR_E_IO);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
    fine = fine && kit_pending(broker) == 1 && kit_put(broker, "b", 1000000, NULL) == 0 &&
           kit_work(broker, NULL) == 2;
    weir_broker_close(broker);
    _exit(fine ? 0 : 1);
}

static void
a_full_disk_is_told_and_then_it_goes_on(void)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        run_on_a_full_disk();
    waitpid(pid, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
}

static off_t
size_of_log(void)
{
    char name[300];
    struct stat log;

    snprintf(name, sizeof(name), "%s-wal", kit_path);
    return stat(name, &log) == 0 ? log.st_size : 0;
}

/* Not a byte more fits on the disk, but what the log holds has its place in the database. */
static void
finish_on_a_full_disk(void)
{
    weir_broker *broker = kit_open("", NULL);
    struct rlimit limit;
    bool fine = true;
    int done = 0;
    char id[16];

    for (int i = 0; i < 20; i++) {
        snprintf(id, sizeof(id), "t%d", i);
        fine = fine && kit_put(broker, id, 10, NULL) == 0;
    }
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = (rlim_t)size_of_log();
    setrlimit(RLIMIT_FSIZE, &limit);
    for (int tries = 0; tries < 4; tries++) {
        int count = kit_work(broker, NULL);
        done += count > 0 ? count : 0;
    }
    weir_broker_close(broker);
    _exit(fine && done == 20 ? 0 : 1);
}

static void
what_is_finished_on_a_full_disk_is_committed_where_the_log_was(void)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        finish_on_a_full_disk();
    waitpid(pid, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
}

static void
a_process_killed_in_the_middle_of_a_transaction_leaves_nothing(void)
{
    weir_broker *broker = kit_open("", NULL);
    int status;
    pid_t pid;

    CU_ASSERT_EQUAL(kit_put(broker, "a", 1, NULL), 0);
    pid = fork();
    if (pid == 0) {
        sqlite3 *db = kit_connect();

        kit_sql(db, "BEGIN IMMEDIATE; DELETE FROM weir_task; PRAGMA cache_spill = 1");
        kill(getpid(), SIGKILL);
    }
    waitpid(pid, &status, 0);
    CU_ASSERT(WIFSIGNALED(status));
    CU_ASSERT_EQUAL(kit_put(broker, "b", 1, NULL), 0);
    CU_ASSERT_EQUAL(kit_work(broker, NULL), 2);
    weir_broker_close(broker);
}

static void
a_damaged_page_is_told_as_such(void)
{
    weir_broker *broker = kit_open("", NULL);
    static const char junk[4096] = {'\x7f'};
    weir_error err = {0};
    FILE *file;

    for (int i = 0; i < 200; i++) {
        char id[16];

        snprintf(id, sizeof(id), "t%d", i);
        CU_ASSERT_EQUAL(kit_put(broker, id, 900, NULL), 0);
    }
    weir_broker_close(broker);
    file = fopen(kit_path, "r+");
    for (int page = 2; page < 60; page++) {
        fseek(file, page * 4096L, SEEK_SET);
        fwrite(junk, 1, sizeof(junk), file);
    }
    fclose(file);
    broker = kit_open("", &err);
    if (broker != NULL)
        kit_work(broker, &err);
    CU_ASSERT_EQUAL(err.code, WEIR_E_CORRUPT);
    weir_broker_close(broker);
}

static void
an_application_s_file_is_left_as_it_is(void)
{
    sqlite3 *db = kit_connect();
    int64_t version = 0;
    struct weir__conn conn;
    weir_broker *broker;

    CU_ASSERT_EQUAL(kit_sql(db, "CREATE TABLE account (id); PRAGMA user_version = 7"), SQLITE_OK);
    broker = kit_open("", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(broker);
    CU_ASSERT_EQUAL(kit_store(broker)->wal, false);
    CU_ASSERT_EQUAL(kit_put(broker, "a", 5000, NULL), 0);
    CU_ASSERT_EQUAL(kit_work(broker, NULL), 1);
    weir_broker_close(broker);
    weir__conn_wrap(&conn, db);
    CU_ASSERT_EQUAL(weir__conn_int(&conn, "PRAGMA user_version", 0, &version), 0);
    CU_ASSERT_EQUAL(version, 7);
    CU_ASSERT_EQUAL(kit_sql(db, "SELECT id FROM account"), SQLITE_OK);
    weir__conn_unwrap(&conn);
    sqlite3_close(db);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_file_that_is_no_database_is_refused_and_stays_as_it_is),
    HARNESS_TEST(a_newer_schema_is_refused_with_both_versions),
    HARNESS_TEST(a_url_with_something_unknown_or_wrong_is_refused_by_its_name),
    HARNESS_TEST(a_missing_folder_is_told_with_the_path_and_the_reason),
    HARNESS_TEST(a_file_that_cannot_be_written_is_read_only),
    HARNESS_TEST(a_folder_that_cannot_be_written_is_told),
    HARNESS_TEST(a_new_file_in_a_closed_folder_is_told_with_the_folder),
    HARNESS_TEST(a_lock_that_is_held_too_long_is_busy_and_then_it_goes_on),
    HARNESS_TEST(reading_does_not_wait_for_a_writer),
    HARNESS_TEST(a_full_database_refuses_new_tasks_and_still_finishes_old_ones),
    HARNESS_TEST(a_full_disk_is_told_and_then_it_goes_on),
    HARNESS_TEST(what_is_finished_on_a_full_disk_is_committed_where_the_log_was),
    HARNESS_TEST(a_process_killed_in_the_middle_of_a_transaction_leaves_nothing),
    HARNESS_TEST(a_damaged_page_is_told_as_such),
    HARNESS_TEST(an_application_s_file_is_left_as_it_is),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(sqlite_faults, tests, kit_setup, kit_teardown);

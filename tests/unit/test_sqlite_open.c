/* SPDX-License-Identifier: MIT */
/* Modes of opening: what is not to be made is not made, and reading needs no right to write. */
#include <config.h>

#include "harness.h"
#include "sqlite_kit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

/* Whether the database, or a file beside it, is there. */
static bool
is_there(const char *suffix)
{
    char name[300];

    snprintf(name, sizeof(name), "%s%s", kit_path, suffix);
    return access(name, F_OK) == 0;
}

static void
close_folder(mode_t mode)
{
    char folder[256];

    snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(kit_path, '/') - kit_path), kit_path);
    CU_ASSERT_EQUAL(chmod(folder, mode), 0);
}

static void
a_missing_file_is_told_and_not_made(void)
{
    kit_open_fails("?mode=ro", WEIR_E_UNAVAILABLE, "there is no such file");
    kit_open_fails("?mode=rw", WEIR_E_UNAVAILABLE, "there is no such file");
    CU_ASSERT_FALSE(is_there("") || is_there("-wal") || is_there("-weir"));
}

static void
an_empty_file_gets_tables_only_from_one_who_may_write(void)
{
    struct stat file;

    fclose(fopen(kit_path, "w"));
    kit_open_fails("?mode=ro", WEIR_E_STATE, "no tables in this file yet");
    stat(kit_path, &file);
    CU_ASSERT_EQUAL(file.st_size, 0);
    CU_ASSERT_FALSE(is_there("-weir"));
    weir_broker_close(kit_open("?mode=rw", NULL));
    weir_broker_close(kit_open("?mode=ro", NULL));
    stat(kit_path, &file);
    CU_ASSERT(file.st_size > 0);
}

static void
an_older_schema_is_told_with_both_versions_and_stays(void)
{
    sqlite3 *db;

    weir_broker_close(kit_open("", NULL));
    db = kit_connect();
    CU_ASSERT_EQUAL(kit_sql(db, "UPDATE weir_meta SET value = 1 WHERE name = 'schema'"), 0);
    sqlite3_close(db);
    kit_open_fails("?mode=ro", WEIR_E_STATE, "have version 1, this program needs version ");
    kit_open_fails("?mode=ro", WEIR_E_STATE, "brings them up to date");
}

static void
a_reader_sees_everything_and_changes_nothing(void)
{
    weir_broker *writer = kit_open("", NULL), *reader;
    weir_error err = {0};

    CU_ASSERT_EQUAL(kit_put(writer, "a", 10, NULL), 0);
    reader = kit_open("?mode=ro", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
    CU_ASSERT_EQUAL(kit_pending(reader), 1);
    CU_ASSERT_EQUAL(kit_put(reader, "b", 10, &err), WEIR_E_READONLY);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "reading only"));
    CU_ASSERT_EQUAL(kit_work(reader, NULL), WEIR_E_READONLY);
    CU_ASSERT_EQUAL(kit_put(writer, "c", 10, NULL), 0);
    CU_ASSERT_EQUAL(kit_pending(reader), 2);
    weir_broker_close(writer);
    CU_ASSERT_EQUAL(kit_pending(reader), 2);
    weir_broker_close(reader);
}

static void
a_reader_makes_no_file_beside_the_database_that_stays(void)
{
    char name[300];

    weir_broker_close(kit_open("", NULL));
    snprintf(name, sizeof(name), "%s-weir", kit_path);
    CU_ASSERT_EQUAL(unlink(name), 0);
    weir_broker_close(kit_open("?mode=ro", NULL));
    CU_ASSERT_FALSE(is_there("-weir") || is_there("-wal") || is_there("-shm"));
}

static void
the_stricter_of_url_and_options_holds(void)
{
    weir_broker_options options = {.mode = WEIR_OPEN_READ};
    weir_broker *broker;
    char url[300];

    snprintf(url, sizeof(url), "sqlite:%s?mode=rwc", kit_path);
    CU_ASSERT_EQUAL(weir_broker_open(&broker, url, &options, NULL), WEIR_E_UNAVAILABLE);
    weir_broker_close(kit_open("", NULL));
    CU_ASSERT_EQUAL(weir_broker_open(&broker, url, &options, NULL), 0);
    CU_ASSERT_EQUAL(kit_put(broker, "a", 1, NULL), WEIR_E_READONLY);
    weir_broker_close(broker);
    options.mode = WEIR_OPEN_EXISTING;
    snprintf(url, sizeof(url), "sqlite:%s?mode=ro", kit_path);
    CU_ASSERT_EQUAL(weir_broker_open(&broker, url, &options, NULL), 0);
    CU_ASSERT_EQUAL(kit_put(broker, "a", 1, NULL), WEIR_E_READONLY);
    weir_broker_close(broker);
}

static void
a_mode_that_is_none_is_refused(void)
{
    weir_broker_options options = {.mode = (weir_open_mode)3};
    weir_broker *broker;

    kit_open_fails("?mode=r", WEIR_E_URL, "mode must be rwc, rw or ro");
    CU_ASSERT_EQUAL(weir_broker_open(&broker, "sqlite::memory:", &options, NULL), WEIR_E_INVALID);
}

static void
a_store_in_memory_is_made_in_any_mode(void)
{
    weir_broker_options options = {.mode = WEIR_OPEN_READ};
    weir_broker *broker;

    CU_ASSERT_EQUAL_FATAL(weir_broker_open(&broker, "sqlite::memory:", &options, NULL), 0);
    CU_ASSERT_EQUAL(kit_put(broker, "a", 1, NULL), 0);
    weir_broker_close(broker);
}

/* Reads as somebody without rights here: the number of pending tasks, or minus the code of opening; 100 when the text
 * of a failure lacks the words. */
static int
read_as_nobody(const char *words)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        weir_error err = {0};
        weir_broker *reader;

        if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
            _exit(101);
        reader = kit_open("?mode=ro", &err);
        if (reader == NULL)
            _exit(strstr(err.text, words) != NULL ? -err.code : 100);
        status = kit_pending(reader);
        weir_broker_close(reader);
        _exit(status);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 102;
}

static void
reading_needs_no_right_to_write_while_a_program_has_it_open(void)
{
    weir_broker *writer = kit_open("", NULL);

    CU_ASSERT_EQUAL(kit_put(writer, "a", 10, NULL), 0);
    CU_ASSERT_EQUAL(chmod(kit_path, 0644), 0);
    close_folder(0555);
    CU_ASSERT_EQUAL(read_as_nobody(""), 1);
    close_folder(0755);
    CU_ASSERT_EQUAL(kit_put(writer, "b", 10, NULL), 0);
    weir_broker_close(writer);
}

/* Neither in an open folder: the files of the log would be there to stay, and nobody else's to write. */
static void
reading_without_the_right_to_write_makes_no_log(void)
{
    weir_broker *writer = kit_open("", NULL);

    CU_ASSERT_EQUAL(kit_put(writer, "a", 10, NULL), 0);
    weir_broker_close(writer);
    CU_ASSERT_EQUAL(chmod(kit_path, 0444), 0);
    close_folder(0555);
    CU_ASSERT_EQUAL(read_as_nobody("while another program has it open"), -WEIR_E_READONLY);
    close_folder(0777);
    CU_ASSERT_EQUAL(read_as_nobody("while another program has it open"), -WEIR_E_READONLY);
    CU_ASSERT_FALSE(is_there("-wal") || is_there("-shm"));
    close_folder(0755);
    CU_ASSERT_EQUAL(chmod(kit_path, 0644), 0);
    writer = kit_open("", NULL);
    CU_ASSERT_EQUAL(kit_put(writer, "b", 10, NULL), 0);
    weir_broker_close(writer);
}

static void
a_folder_where_no_log_can_be_made_is_told(void)
{
    weir_broker_close(kit_open("", NULL));
    CU_ASSERT_EQUAL(chmod(kit_path, 0666), 0);
    close_folder(0555);
    CU_ASSERT_EQUAL(read_as_nobody("the right to write in the folder /"), -WEIR_E_READONLY);
    close_folder(0755);
}

static void
a_rollback_journal_s_file_is_read_without_the_right_to_write(void)
{
    sqlite3 *db = kit_connect();
    weir_broker *writer;

    CU_ASSERT_EQUAL(kit_sql(db, "CREATE TABLE account (id)"), SQLITE_OK);
    sqlite3_close(db);
    writer = kit_open("", NULL);
    CU_ASSERT_EQUAL(kit_put(writer, "a", 10, NULL), 0);
    weir_broker_close(writer);
    close_folder(0555);
    CU_ASSERT_EQUAL(chmod(kit_path, 0444), 0);
    CU_ASSERT_EQUAL(read_as_nobody(""), 1);
    close_folder(0755);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_missing_file_is_told_and_not_made),
    HARNESS_TEST(an_empty_file_gets_tables_only_from_one_who_may_write),
    HARNESS_TEST(an_older_schema_is_told_with_both_versions_and_stays),
    HARNESS_TEST(a_reader_sees_everything_and_changes_nothing),
    HARNESS_TEST(a_reader_makes_no_file_beside_the_database_that_stays),
    HARNESS_TEST(the_stricter_of_url_and_options_holds),
    HARNESS_TEST(a_mode_that_is_none_is_refused),
    HARNESS_TEST(a_store_in_memory_is_made_in_any_mode),
    HARNESS_TEST(reading_needs_no_right_to_write_while_a_program_has_it_open),
    HARNESS_TEST(reading_without_the_right_to_write_makes_no_log),
    HARNESS_TEST(a_folder_where_no_log_can_be_made_is_told),
    HARNESS_TEST(a_rollback_journal_s_file_is_read_without_the_right_to_write),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(sqlite_open, tests, kit_setup, kit_teardown);

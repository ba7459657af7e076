/* SPDX-License-Identifier: MIT */
/* A disk that fails to sync: the outcome of the commit is unknown, and whoever tries again does nothing twice. */
#include <config.h>

#include "harness.h"
#include "sqlite_kit.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A VFS whose files are the default's, but for their sync. */
static sqlite3_vfs *real;
static sqlite3_vfs faulty;
static sqlite3_io_methods methods;
static int (*real_sync)(sqlite3_file *file, int flags);
static bool sync_fails;

static int
faulty_sync(sqlite3_file *file, int flags)
{
    return sync_fails ? SQLITE_IOERR_FSYNC : real_sync(file, flags);
}

static int
faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    int rc = real->xOpen(real, name, file, flags, out);

    (void)vfs;
    if (rc == SQLITE_OK && (flags & SQLITE_OPEN_WAL)) {
        methods = *file->pMethods;
        real_sync = methods.xSync;
        methods.xSync = faulty_sync;
        file->pMethods = &methods;
    }
    return rc;
}

static weir_broker *
open_faulty(void)
{
    weir_broker *broker;

    real = sqlite3_vfs_find(NULL);
    faulty = *real;
    faulty.zName = "faulty";
    faulty.xOpen = faulty_open;
    sync_fails = false;
    sqlite3_vfs_register(&faulty, 1);
    broker = kit_open("", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(broker);
    return broker;
}

static void
close_faulty(weir_broker *broker)
{
    sync_fails = false;
    weir_broker_close(broker);
    sqlite3_vfs_unregister(&faulty);
    sqlite3_vfs_register(real, 1);
}

static void
an_enqueue_whose_sync_fails_is_unknown_and_can_be_tried_again(void)
{
    weir_broker *broker = open_faulty();
    weir_error err = {0};

    CU_ASSERT_EQUAL(kit_put(broker, "a", 10, NULL), 0);
    sync_fails = true;
    CU_ASSERT_EQUAL(kit_put(broker, "b", 10, &err), WEIR_E_UNKNOWN);
    CU_ASSERT_EQUAL(err.code, WEIR_E_UNKNOWN);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "disk I/O error"));
    sync_fails = false;
    CU_ASSERT_EQUAL(kit_put(broker, "b", 10, NULL), 0);
    CU_ASSERT_EQUAL(kit_pending(broker), 2);
    close_faulty(broker);
}

static void
a_finish_whose_sync_fails_is_unknown_and_can_be_tried_again(void)
{
    weir_broker *broker = open_faulty();
    weir_take_queue queue = {.name = "q", .want = 1};
    weir__want want = {&queue, 1, 1, 1, 10000, 0};
    weir_claim claim = {0};
    weir__claims claims = {&claim, 0};
    weir_finish finish = {.claim = &claim, .kind = WEIR_FINISH_DONE};

    CU_ASSERT_EQUAL(kit_put(broker, "a", 10, NULL), 0);
    CU_ASSERT_EQUAL(weir__consume(broker, NULL, 0, NULL, 0, &want, &claims, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(claims.count, 1);
    sync_fails = true;
    CU_ASSERT_EQUAL(weir__consume(broker, &finish, 1, NULL, 0, NULL, NULL, NULL), WEIR_E_UNKNOWN);
    CU_ASSERT_EQUAL(finish.outcome, WEIR_E_UNKNOWN);
    sync_fails = false;
    CU_ASSERT_EQUAL(weir__consume(broker, &finish, 1, NULL, 0, NULL, NULL, NULL), 0);
    CU_ASSERT_EQUAL(finish.outcome, 0);
    CU_ASSERT_EQUAL(weir__consume(broker, &finish, 1, NULL, 0, NULL, NULL, NULL), 0);
    CU_ASSERT_EQUAL(finish.outcome, WEIR_E_STALE);
    weir__claim_release(&claim);
    close_faulty(broker);
}

/* In a child: enqueues a task, is told that nobody knows, and dies before anything else is written. */
static void
put_and_die(void)
{
    weir_broker *broker = open_faulty();

    if (kit_put(broker, "a", 10, NULL) != 0)
        _exit(1);
    sync_fails = true;
    if (kit_put(broker, "b", 10, NULL) != WEIR_E_UNKNOWN)
        _exit(2);
    kill(getpid(), SIGKILL);
}

static void
what_was_unknown_may_be_there_after_a_crash_and_is_not_doubled(void)
{
    weir_broker *broker;
    int status, again;
    pid_t pid = fork();

    if (pid == 0)
        put_and_die();
    waitpid(pid, &status, 0);
    CU_ASSERT(WIFSIGNALED(status));
    broker = kit_open("", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(broker);
    again = kit_put(broker, "b", 10, NULL);
    CU_ASSERT(again == WEIR_E_CONFLICT || again == 0);
    CU_ASSERT_EQUAL(kit_pending(broker), 2);
    weir_broker_close(broker);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(an_enqueue_whose_sync_fails_is_unknown_and_can_be_tried_again),
    HARNESS_TEST(a_finish_whose_sync_fails_is_unknown_and_can_be_tried_again),
    HARNESS_TEST(what_was_unknown_may_be_there_after_a_crash_and_is_not_doubled),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(sqlite_sync, tests, kit_setup, kit_teardown);

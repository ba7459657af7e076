/* SPDX-License-Identifier: MIT */
/* Sweeps: every cent is somewhere, and a sweep that runs twice moves nothing twice. */
#include <config.h>

#include "harness.h"
#include "ledger.h"
#include "scratch.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

static void
setup(void)
{
    scratch_setup();
    scratch_sql_file("ledger.db", "doc/examples/sweep/ledger.sql");
    scratch_sql("ledger.db",
                "INSERT INTO accounts VALUES (1, 'main', 0), (7, 'seven', 1234),"
                " (8, 'eight', -50);"
                "INSERT INTO entries VALUES (7, 'opening', 1234), (8, 'opening', -50)");
}

static int
sweep(int64_t account, const char *reference, int64_t *moved_cents, bool *is_new, weir_error *err)
{
    return ledger_sweep(scratch_path("ledger.db"), account, 1, reference, moved_cents, is_new, err);
}

static long long
balance(int account)
{
    return scratch_sql("ledger.db", account == 1 ? "SELECT balance_cents FROM accounts WHERE id = 1"
                                    : account == 7
                                        ? "SELECT balance_cents FROM accounts WHERE id = 7"
                                        : "SELECT balance_cents FROM accounts WHERE id = 8");
}

static void
assert_books_balance(void)
{
    CU_ASSERT_EQUAL(scratch_sql("ledger.db", "SELECT sum(balance_cents) FROM accounts"), 1184);
    CU_ASSERT_EQUAL(scratch_sql("ledger.db", "SELECT count(*) FROM accounts WHERE balance_cents <>"
                                             " (SELECT ifnull(sum(amount_cents), 0) FROM entries"
                                             "  WHERE account_id = accounts.id)"),
                    0);
}

static void
a_sweep_moves_the_whole_balance(void)
{
    int64_t moved_cents = 0;
    bool is_new = false;

    CU_ASSERT_EQUAL(sweep(7, "default/a", &moved_cents, &is_new, NULL), 0);
    CU_ASSERT_EQUAL(moved_cents, 1234);
    CU_ASSERT_TRUE(is_new);
    CU_ASSERT_EQUAL(balance(7), 0);
    CU_ASSERT_EQUAL(balance(1), 1234);
    assert_books_balance();
}

static void
the_same_sweep_again_moves_nothing(void)
{
    int64_t moved_cents = 0;
    bool is_new = true;

    CU_ASSERT_EQUAL(sweep(7, "default/a", &moved_cents, &is_new, NULL), 0);
    scratch_sql("ledger.db", "UPDATE accounts SET balance_cents = 100 WHERE id = 7");
    CU_ASSERT_EQUAL(sweep(7, "default/a", &moved_cents, &is_new, NULL), 0);
    CU_ASSERT_EQUAL(moved_cents, 1234);
    CU_ASSERT_FALSE(is_new);
    CU_ASSERT_EQUAL(balance(7), 100);
    CU_ASSERT_EQUAL(balance(1), 1234);
}

static void
another_sweep_moves_what_came_since(void)
{
    int64_t moved_cents = 0;
    bool is_new = true;

    CU_ASSERT_EQUAL(sweep(7, "default/a", &moved_cents, &is_new, NULL), 0);
    scratch_sql("ledger.db", "UPDATE accounts SET balance_cents = 100 WHERE id = 7");
    CU_ASSERT_EQUAL(sweep(7, "default/b", &moved_cents, &is_new, NULL), 0);
    CU_ASSERT_EQUAL(moved_cents, 100);
    CU_ASSERT_EQUAL(balance(1), 1334);
}

static void
an_overdrawn_account_is_left_alone(void)
{
    int64_t moved_cents = -1;
    bool is_new = false;

    CU_ASSERT_EQUAL(sweep(8, "default/a", &moved_cents, &is_new, NULL), 0);
    CU_ASSERT_EQUAL(moved_cents, 0);
    CU_ASSERT_EQUAL(balance(8), -50);
    assert_books_balance();
}

static void
accounts_that_cannot_be_swept_are_named(void)
{
    int64_t moved_cents;
    bool is_new;
    weir_error err = {0};

    CU_ASSERT_EQUAL(sweep(99, "default/a", &moved_cents, &is_new, &err), WEIR_E_INVALID);
    CU_ASSERT_STRING_EQUAL(err.text, "no account has the id 99");
    weir_error_clear(&err);
    CU_ASSERT_EQUAL(sweep(1, "default/a", &moved_cents, &is_new, &err), WEIR_E_INVALID);
    CU_ASSERT_STRING_EQUAL(err.text, "account 1 is the main account");
    CU_ASSERT_EQUAL(scratch_sql("ledger.db", "SELECT count(*) FROM entries"), 2);
}

static void
a_missing_ledger_is_not_for_good(void)
{
    int64_t moved_cents;
    bool is_new;
    weir_error err = {0};

    CU_ASSERT_EQUAL(ledger_sweep(scratch_path("none.db"), 7, 1, "a", &moved_cents, &is_new, &err),
                    WEIR_E_IO);
}

static void *
sweep_on_a_thread(void *arg)
{
    for (int i = 0; i < 10; i++) {
        int64_t moved_cents;
        bool is_new = false;

        CU_ASSERT_EQUAL(sweep(7, "default/a", &moved_cents, &is_new, NULL), 0);
        *(int *)arg += is_new;
    }
    return NULL;
}

static void
two_attempts_at_once_move_once(void)
{
    pthread_t threads[4];
    int new_count[4] = {0};

    for (size_t i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, sweep_on_a_thread, &new_count[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    CU_ASSERT_EQUAL(new_count[0] + new_count[1] + new_count[2] + new_count[3], 1);
    assert_books_balance();
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_sweep_moves_the_whole_balance),
    HARNESS_TEST(the_same_sweep_again_moves_nothing),
    HARNESS_TEST(another_sweep_moves_what_came_since),
    HARNESS_TEST(an_overdrawn_account_is_left_alone),
    HARNESS_TEST(accounts_that_cannot_be_swept_are_named),
    HARNESS_TEST(a_missing_ledger_is_not_for_good),
    HARNESS_TEST(two_attempts_at_once_move_once),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(ledger, tests, setup, scratch_teardown);

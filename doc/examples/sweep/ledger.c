/* SPDX-License-Identifier: MIT */
/*
 * BEGIN IMMEDIATE takes the write lock before the balance is read, so nothing changes it before it is
 * booked. The first of the two entries decides whether the reference is new.
 */
#include "ledger.h"

#include <sqlite3.h>
#include <stddef.h>

#define BUSY_TIMEOUT_MS 5000

/* A sweep under way. */
struct sweep {
    sqlite3 *db;
    const char *database;
    const char *reference;
    int64_t account;
    int64_t main_account;
    int64_t amount_cents;
    bool is_new;
};

static int
database_error(const struct sweep *s, weir_error *err)
{
    int code = sqlite3_errcode(s->db);
    int kind = code == SQLITE_BUSY || code == SQLITE_LOCKED ? WEIR_E_BUSY : WEIR_E_IO;

    return weir_error_set(err, kind, "ledger %s: %s", s->database, sqlite3_errmsg(s->db));
}

/* Runs a statement with account, amount and reference as ?1, ?2 and ?3; a column of the first row, if
 * any, goes into *value. Returns SQLITE_ROW, SQLITE_DONE or an error. */
static int
run(const struct sweep *s, const char *sql, int64_t account, int64_t amount_cents, int64_t *value)
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        return SQLITE_ERROR;
    }

    const int wanted = sqlite3_bind_parameter_count(stmt);

    sqlite3_bind_int64(stmt, 1, account);
    if (wanted >= 2) {
        sqlite3_bind_int64(stmt, 2, amount_cents);
    }
    if (wanted >= 3) {
        sqlite3_bind_text(stmt, 3, s->reference, -1, SQLITE_STATIC);
    }

    int step = sqlite3_step(stmt);

    if (step == SQLITE_ROW && value != NULL) {
        *value = sqlite3_column_int64(stmt, 0);
    }
    sqlite3_finalize(stmt);
    return step;
}

static int
check_account(const struct sweep *s, int64_t account, int64_t *balance_cents, weir_error *err)
{
    int step =
        run(s, "SELECT balance_cents FROM accounts WHERE id = ?1", account, 0, balance_cents);

    if (step == SQLITE_DONE) {
        return weir_error_set(err, WEIR_E_INVALID, "no account has the id %lld",
                              (long long)account);
    }
    return step == SQLITE_ROW ? 0 : database_error(s, err);
}

static int
book(const struct sweep *s, int64_t account, int64_t amount_cents, weir_error *err)
{
    static const char *const statements[] = {
        "INSERT INTO entries (account_id, amount_cents, reference) VALUES (?1, ?2, ?3)",
        "UPDATE accounts SET balance_cents = balance_cents + ?2 WHERE id = ?1",
    };

    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        if (run(s, statements[i], account, amount_cents, NULL) != SQLITE_DONE) {
            return database_error(s, err);
        }
    }
    return 0;
}

static int
sweep_locked(struct sweep *s, weir_error *err)
{
    int64_t balance_cents = 0, main_balance_cents, booked_cents = 0;
    int step = run(s,
                   "SELECT amount_cents FROM entries"
                   " WHERE account_id = ?1 AND ?2 = 0 AND reference = ?3",
                   s->account, 0, &booked_cents);

    if (step == SQLITE_ROW) {
        s->amount_cents = -booked_cents;
        return 0;
    }
    if (step != SQLITE_DONE) {
        return database_error(s, err);
    }

    int result = check_account(s, s->account, &balance_cents, err);

    if (result == 0) {
        result = check_account(s, s->main_account, &main_balance_cents, err);
    }
    if (result != 0) {
        return result;
    }
    s->is_new = true;
    s->amount_cents = balance_cents > 0 ? balance_cents : 0;
    result = book(s, s->account, -s->amount_cents, err);
    return result == 0 ? book(s, s->main_account, s->amount_cents, err) : result;
}

static int
sweep_in_transaction(struct sweep *s, weir_error *err)
{
    if (sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) {
        return database_error(s, err);
    }

    int result = sweep_locked(s, err);

    if (result == 0 && sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
        result = database_error(s, err);
    }
    if (result != 0) {
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return result;
}

int
ledger_sweep(const char *database, int64_t account, int64_t main_account, const char *reference,
             int64_t *moved_cents, bool *is_new, weir_error *err)
{
    struct sweep s = {
        .database = database,
        .reference = reference,
        .account = account,
        .main_account = main_account,
    };
    int result;

    if (account == main_account) {
        return weir_error_set(err, WEIR_E_INVALID, "account %lld is the main account",
                              (long long)account);
    }
    if (sqlite3_open_v2(database, &s.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
        SQLITE_OK) {
        sqlite3_busy_timeout(s.db, BUSY_TIMEOUT_MS);
        sqlite3_exec(s.db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
        result = sweep_in_transaction(&s, err);
    } else {
        result = database_error(&s, err);
    }
    sqlite3_close(s.db);
    *moved_cents = s.amount_cents;
    *is_new = s.is_new;
    return result;
}

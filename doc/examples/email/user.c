/* SPDX-License-Identifier: MIT */
/*
 * One look-up is one read-only connection: handlers run on several threads, opening costs far less than
 * sending a mail, and a database that was replaced or unreachable for a while needs no care.
 */
#include "user.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_TIMEOUT_MS 5000

static int
database_error(sqlite3 *db, const char *database, weir_error *err)
{
    int code = sqlite3_errcode(db);
    int kind = code == SQLITE_BUSY || code == SQLITE_LOCKED ? WEIR_E_BUSY : WEIR_E_IO;

    return weir_error_set(err, kind, "user database %s: %s", database, sqlite3_errmsg(db));
}

static char *
column_copy(sqlite3_stmt *stmt, int column)
{
    const unsigned char *text = sqlite3_column_text(stmt, column);

    return strdup(text == NULL ? "" : (const char *)text);
}

static int
read_row(struct user *user, sqlite3_stmt *stmt, weir_error *err)
{
    user->name = column_copy(stmt, 0);
    user->address = column_copy(stmt, 1);
    if (user->name == NULL || user->address == NULL) {
        user_release(user);
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    return 0;
}

static int
select_user(struct user *user, sqlite3 *db, const char *database, int64_t id, weir_error *err)
{
    static const char sql[] = "SELECT name, email FROM users WHERE id = ?";
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        return database_error(db, database, err);
    }
    sqlite3_bind_int64(stmt, 1, id);

    int step = sqlite3_step(stmt);
    int result = step == SQLITE_ROW ? read_row(user, stmt, err)
                 : step == SQLITE_DONE
                     ? weir_error_set(err, WEIR_E_INVALID, "no user has the id %lld", (long long)id)
                     : database_error(db, database, err);

    sqlite3_finalize(stmt);
    return result;
}

int
user_find(struct user *user, const char *database, int64_t id, weir_error *err)
{
    sqlite3 *db = NULL;
    int result;

    memset(user, 0, sizeof(*user));
    if (sqlite3_open_v2(database, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) ==
        SQLITE_OK) {
        sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
        result = select_user(user, db, database, id, err);
    } else {
        result = database_error(db, database, err);
    }
    sqlite3_close(db);
    return result;
}

void
user_release(struct user *user)
{
    free(user->name);
    free(user->address);
    memset(user, 0, sizeof(*user));
}

/* SPDX-License-Identifier: MIT */
/*
 * producer BROKER DATABASE NAME ADDRESS - registers a user, then enqueues the welcome mail at once and a
 * reminder for ten minutes later. The tasks' ids come from the user's, so running it again after a failure
 * half way adds what is missing and nothing twice (as long as the broker still holds the tasks).
 *
 * It uses SQLite itself: cc producer.c $(pkg-config --cflags --libs weir) -lsqlite3
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <weir.h>

#define REMINDER_IN_MS (10 * 60 * 1000)
#define RETENTION_MS (24 * 60 * 60 * 1000)

static int
database_error(sqlite3 *db, weir_error *err)
{
    return weir_error_set(err, WEIR_E_IO, "user database: %s", sqlite3_errmsg(db));
}

static int
upsert(sqlite3 *db, const char *name, const char *address, int64_t *id, weir_error *err)
{
    static const char sql[] =
        "INSERT INTO users (name, email) VALUES (?, ?)"
        " ON CONFLICT (email) DO UPDATE SET name = excluded.name RETURNING id";
    sqlite3_stmt *stmt = NULL;
    int result = 0;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        return database_error(db, err);
    }
    sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, address, -1, SQLITE_STATIC);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        *id = sqlite3_column_int64(stmt, 0);
    }
    if (sqlite3_finalize(stmt) != SQLITE_OK) {
        result = database_error(db, err);
    }
    return result;
}

static int
register_user(const char *database, const char *name, const char *address, int64_t *id,
              weir_error *err)
{
    static const char schema[] = "CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY,"
                                 " name TEXT NOT NULL, email TEXT NOT NULL UNIQUE)";
    sqlite3 *db = NULL;
    int result;

    if (sqlite3_open(database, &db) != SQLITE_OK || sqlite3_busy_timeout(db, 5000) != SQLITE_OK ||
        sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK) {
        result = database_error(db, err);
    } else {
        result = upsert(db, name, address, id, err);
    }
    sqlite3_close(db);
    return result;
}

static int
enqueue_mail(weir_client *client, int64_t user_id, const char *what, const char *subject,
             int64_t in_ms, weir_error *err)
{
    char payload[256], id[64];
    int len = snprintf(payload, sizeof(payload), "{\"user_id\":%" PRId64 ",\"subject\":\"%s\"}",
                       user_id, subject);
    const weir_task task = {
        .type = "email:deliver",
        .payload = payload,
        .payload_len = (size_t)len,
        .id = id,
        .process_in_ms = in_ms,
        .max_retry = 5,
        .timeout_ms = 60 * 1000,
        .retention_ms = RETENTION_MS,
    };
    weir_receipt receipt;

    snprintf(id, sizeof(id), "%s-%" PRId64, what, user_id);

    int result = weir_enqueue(client, &task, &receipt, err);

    if (result == WEIR_E_CONFLICT) {
        printf("%s: enqueued before\n", id);
        weir_error_clear(err);
        return 0;
    }
    if (result == 0) {
        printf("%s: %s\n", receipt.id, weir_state_name(receipt.state));
    }
    return result;
}

static int
enqueue_mails(const char *url, int64_t user_id, weir_error *err)
{
    weir_broker *broker = NULL;
    weir_client *client = NULL;
    int result = weir_broker_open(&broker, url, NULL, err);

    if (result == 0) {
        result = weir_client_new(&client, broker, err);
    }
    if (result == 0) {
        result = enqueue_mail(client, user_id, "welcome", "Welcome!", 0, err);
    }
    if (result == 0) {
        result = enqueue_mail(client, user_id, "reminder", "Please confirm your address",
                              REMINDER_IN_MS, err);
    }
    weir_client_free(client);
    weir_broker_close(broker);
    return result;
}

int
main(int argc, char **argv)
{
    int64_t user_id = 0;
    weir_error err = {0};

    if (argc != 5) {
        fprintf(stderr, "usage: producer BROKER DATABASE NAME ADDRESS\n");
        return 2;
    }
    if (register_user(argv[2], argv[3], argv[4], &user_id, &err) != 0 ||
        enqueue_mails(argv[1], user_id, &err) != 0) {
        fprintf(stderr, "producer: %s\n", err.text);
        return 1;
    }
    return 0;
}

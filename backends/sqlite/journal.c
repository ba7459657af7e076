/* SPDX-License-Identifier: MIT */
/*
 * The journal mode of a database that is opened.
 *
 * A database file of our own is put into WAL mode; one that holds an application's tables too is taken as it is, with a
 * hint in the log when that is slower.
 */
#include <config.h>

#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int
journal_is_wal(struct weir__conn *conn, const char *pragma, bool *wal)
{
    sqlite3_stmt *stmt;
    int rc = sqlite3_prepare_v2(conn->db, pragma, -1, &stmt, NULL);

    if (rc != SQLITE_OK)
        return weir__conn_fail(conn, rc);
    rc = sqlite3_step(stmt);
    *wal = rc == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW ? 0 : weir__conn_fail(conn, rc);
}

/* Switching to WAL needs the file for itself and does not wait by itself. */
static int
switch_to_wal(struct weir__store *store, struct weir__conn *conn)
{
    const struct timespec pause = {0, 1000000};
    int64_t end_ms = weir__monotonic_ms() + store->options.busy_timeout_ms;
    int code;

    for (;;) {
        weir_error_clear(&conn->err);
        code = journal_is_wal(conn, "PRAGMA journal_mode = WAL", &store->wal);
        if (code != WEIR_E_BUSY || weir__monotonic_ms() >= end_ms)
            return code;
        nanosleep(&pause, NULL);
    }
}

int
weir__journal_choose(struct weir__store *store, struct weir__conn *conn)
{
    bool shared;
    int code;

    if (store->in_memory)
        return 0;
    code = journal_is_wal(conn, "PRAGMA journal_mode", &store->wal);
    if (code != 0 || store->wal)
        return code;
    code = weir__schema_is_shared(conn, &shared);
    if (code != 0)
        return code;
    if (!shared)
        return switch_to_wal(store, conn);
    weir_log(store->logger, WEIR_LOG_WARN,
             "sqlite: the database is an application's and not in WAL mode: slower",
             weir_log_str("database", store->path));
    return 0;
}

/* ---- reading only ---- */

/* Whether the file's header says that there is a log. By SQLite's own descriptor: closing another one would drop its locks. */
static bool
header_is_wal(struct weir__conn *conn)
{
    enum {
        VERSION_TO_READ = 19,
        WAL = 2
    };

    unsigned char header[VERSION_TO_READ + 1] = {0};
    sqlite3_file *file = NULL;

    if (sqlite3_file_control(conn->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        file == NULL || file->pMethods == NULL)
        return false;
    return file->pMethods->xRead(file, header, sizeof(header), 0) == SQLITE_OK &&
           header[VERSION_TO_READ] == WAL;
}

/*
 * Reading with a log needs the files of the log. Where they are missing SQLite makes them; made by somebody who may not
 * write the database they would stay, as his, and be in the way of those who may.
 */
static bool
would_make_log(const struct weir__store *store, struct weir__conn *conn)
{
    size_t size = strlen(store->path) + sizeof("-shm");
    char *name;
    bool missing;

    if (sqlite3_db_readonly(conn->db, "main") != 1 || !header_is_wal(conn))
        return false;
    name = malloc(size);
    if (name == NULL)
        return true;
    snprintf(name, size, "%s-shm", store->path);
    missing = access(name, F_OK) != 0;
    free(name);
    return missing;
}

int
weir__journal_spare(const struct weir__store *store, struct weir__conn *conn)
{
    if (!would_make_log(store, conn))
        return 0;
    return weir_error_set(&conn->err, WEIR_E_READONLY,
                          "%s: you may not write this file, and then it can be read only while "
                          "another program has it open: start a worker on it, or get the right "
                          "to write it",
                          store->path);
}

int
weir__journal_find(struct weir__store *store, struct weir__conn *conn)
{
    return journal_is_wal(conn, "PRAGMA journal_mode", &store->wal);
}

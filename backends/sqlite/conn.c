/* SPDX-License-Identifier: MIT */
/*
 * Connections: opening, waiting for locks, prepared statements and their parameters.
 *
 * Who wants a lock that another connection holds sleeps until somebody gives it back (board.h). As that may be a connection
 * that tells nobody, or a process that died, it is asked for in between as well: after 1 ms, and then at distances that grow, as the tries
 * of many would leave the holder no processor.
 */
#include <config.h>

#include "conn.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LEAST_PAUSE_US 1000
#define MOST_PAUSE_US 16000

static const char *const names[] = {
#define WEIR__STATEMENT_NAME(name) #name,
    WEIR__STATEMENT_MAP(WEIR__STATEMENT_NAME)
#undef WEIR__STATEMENT_NAME
};

int64_t
weir__monotonic_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
weir__monotonic_ms(void)
{
    return weir__monotonic_us() / 1000;
}

/* The first try after the one that failed comes at once: what is given back from now on is not slept over. */
static int
wait_for_lock(void *arg, int tries)
{
    struct weir__conn *conn = arg;
    int64_t left_us;

    if (tries == 0) {
        conn->busy_since_ms = weir__monotonic_ms();
        conn->pause_us = LEAST_PAUSE_US;
        conn->turn = weir__board_turn(conn->board);
        return conn->busy_timeout_ms > 0;
    }
    left_us = (conn->busy_since_ms + conn->busy_timeout_ms - weir__monotonic_ms()) * 1000;
    if (left_us <= 0)
        return 0;
    if (!weir__board_await_turn(conn->board, conn->turn,
                                conn->pause_us < left_us ? conn->pause_us : left_us) &&
        conn->pause_us < MOST_PAUSE_US)
        conn->pause_us *= 2;
    conn->turn = weir__board_turn(conn->board);
    return 1;
}

int
weir__conn_open(struct weir__conn *conn, const char *path, const char *name,
                int64_t busy_timeout_ms, bool create)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
    int rc, code;

    memset(conn, 0, sizeof(*conn));
    conn->name = name;
    conn->busy_timeout_ms = busy_timeout_ms;
    rc = sqlite3_open_v2(path, &conn->db, flags, NULL);
    if (conn->db == NULL)
        return weir_error_set(&conn->err, WEIR_E_NOMEM, NULL);
    if (rc != SQLITE_OK) {
        code = weir__conn_fail(conn, rc);
        weir__conn_close(conn);
        return code;
    }
    sqlite3_extended_result_codes(conn->db, 1);
    /* Plans do not depend on what is bound: else "state = ?" is planned anew each time, for the indexes of one state. */
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
    sqlite3_busy_handler(conn->db, wait_for_lock, conn);
    return 0;
}

void
weir__conn_wrap(struct weir__conn *conn, sqlite3 *db)
{
    memset(conn, 0, sizeof(*conn));
    conn->db = db;
    conn->name = sqlite3_db_filename(db, "main");
}

void
weir__conn_unwrap(struct weir__conn *conn)
{
    size_t i;

    for (i = 0; i < WEIR__SQL_COUNT; i++)
        sqlite3_finalize(conn->statements[i]);
    memset(conn->statements, 0, sizeof(conn->statements));
    conn->db = NULL;
}

bool
weir__conn_has_moved(struct weir__conn *conn)
{
    int moved = 0;

    if (conn->db != NULL)
        sqlite3_file_control(conn->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved != 0;
}

int
weir__conn_fail_moved(struct weir__conn *conn)
{
    weir_error_clear(&conn->err);
    return weir_error_set(
        &conn->err, WEIR_E_IO,
        "%s: the file was deleted or replaced while it was open; a new one is used after a restart",
        conn->name);
}

void
weir__conn_close(struct weir__conn *conn)
{
    sqlite3 *db = conn->db;

    weir__conn_unwrap(conn);
    sqlite3_close(db);
}

const char *
weir__statement_name(enum weir__statement id)
{
    return names[id];
}

int
weir__conn_exec(struct weir__conn *conn, const char *sql)
{
    int rc = sqlite3_exec(conn->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : weir__conn_fail(conn, rc);
}

int
weir__conn_int(struct weir__conn *conn, const char *sql, int64_t otherwise, int64_t *value)
{
    sqlite3_stmt *stmt;
    int rc = sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL);
    int code = 0;

    if (rc != SQLITE_OK)
        return weir__conn_fail(conn, rc);
    rc = sqlite3_step(stmt);
    *value = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : otherwise;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        code = weir__conn_fail(conn, rc);
    sqlite3_finalize(stmt);
    return code;
}

int
weir__conn_prepare(struct weir__conn *conn, enum weir__statement id, sqlite3_stmt **stmt)
{
    char *text;
    int rc;

    *stmt = conn->statements[id];
    if (*stmt != NULL)
        return 0;
    text = weir__statement_text(names[id]);
    if (text == NULL)
        return weir_error_set(&conn->err, WEIR_E_INTERNAL, "no SQL statement %s", names[id]);
    rc = sqlite3_prepare_v3(conn->db, text, -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL);
    free(text);
    if (rc != SQLITE_OK)
        return weir__conn_fail(conn, rc);
    conn->statements[id] = *stmt;
    return 0;
}

static int
bind_blob(sqlite3_stmt *stmt, int at, const void *data, size_t len)
{
    if (data == NULL)
        return sqlite3_bind_null(stmt, at);
    return sqlite3_bind_blob64(stmt, at, len > 0 ? data : "", len, SQLITE_STATIC);
}

static int
bind_values(sqlite3_stmt *stmt, int at, const char *format, va_list values)
{
    int rc = SQLITE_OK;
    const void *data;

    for (; *format != '\0' && rc == SQLITE_OK; format++, at++) {
        if (*format == 'i') {
            rc = sqlite3_bind_int64(stmt, at, va_arg(values, int64_t));
        } else if (*format == 's') {
            rc = sqlite3_bind_text(stmt, at, va_arg(values, const char *), -1, SQLITE_STATIC);
        } else {
            data = va_arg(values, const void *);
            rc = bind_blob(stmt, at, data, va_arg(values, size_t));
        }
    }
    return rc;
}

static int
start(struct weir__conn *conn, enum weir__statement id, sqlite3_stmt **stmt, const char *format,
      va_list values)
{
    int code = weir__conn_prepare(conn, id, stmt);
    int rc;

    if (code != 0)
        return code;
    rc = bind_values(*stmt, 1, format, values);
    return rc == SQLITE_OK ? 0 : weir__conn_fail(conn, rc);
}

int
weir__conn_start(struct weir__conn *conn, enum weir__statement id, sqlite3_stmt **stmt,
                 const char *format, ...)
{
    va_list values;
    int code;

    va_start(values, format);
    code = start(conn, id, stmt, format, values);
    va_end(values);
    return code;
}

int
weir__conn_bind(struct weir__conn *conn, sqlite3_stmt *stmt, int *at, const char *format, ...)
{
    va_list values;
    int rc;

    va_start(values, format);
    rc = bind_values(stmt, *at, format, values);
    va_end(values);
    *at += (int)strlen(format);
    return rc == SQLITE_OK ? 0 : weir__conn_fail(conn, rc);
}

int
weir__conn_complete(struct weir__conn *conn, sqlite3_stmt *stmt, int *changed)
{
    int code;

    do {
        code = weir__conn_step(conn, stmt);
    } while (code > 0);
    if (changed != NULL)
        *changed = sqlite3_changes(conn->db);
    weir__conn_end(stmt);
    return code;
}

int
weir__conn_run(struct weir__conn *conn, enum weir__statement id, int *changed, const char *format,
               ...)
{
    sqlite3_stmt *stmt;
    va_list values;
    int code;

    va_start(values, format);
    code = start(conn, id, &stmt, format, values);
    va_end(values);
    return code != 0 ? code : weir__conn_complete(conn, stmt, changed);
}

int
weir__conn_commit(struct weir__conn *conn, enum weir__statement id)
{
    int code = weir__conn_run(conn, id, NULL, "");
    int rc = code != 0 ? sqlite3_extended_errcode(conn->db) : SQLITE_OK;

    if (rc != SQLITE_IOERR_FSYNC && rc != SQLITE_IOERR_DIR_FSYNC && rc != SQLITE_IOERR_DELETE &&
        rc != SQLITE_IOERR_TRUNCATE)
        return code;
    conn->err.code = WEIR_E_UNKNOWN;
    return WEIR_E_UNKNOWN;
}

int
weir__conn_step(struct weir__conn *conn, sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW)
        return 1;
    return rc == SQLITE_DONE ? 0 : weir__conn_fail(conn, rc);
}

void
weir__conn_end(sqlite3_stmt *stmt)
{
    sqlite3_reset(stmt);
}

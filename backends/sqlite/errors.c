/* SPDX-License-Identifier: MIT */
/*
 * What SQLite's result codes mean to a caller: one table from primary codes to WEIR_E codes. The text names the
 * database and says what SQLite and the system said; the one about locks says for how long it was tried.
 */
#include <config.h>

#include "conn.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct meaning {
    int rc;
    int code;
} meanings[] = {
    {SQLITE_BUSY, WEIR_E_BUSY},        {SQLITE_LOCKED, WEIR_E_BUSY},
    {SQLITE_FULL, WEIR_E_FULL},        {SQLITE_READONLY, WEIR_E_READONLY},
    {SQLITE_PERM, WEIR_E_READONLY},    {SQLITE_CANTOPEN, WEIR_E_IO},
    {SQLITE_IOERR, WEIR_E_IO},         {SQLITE_NOLFS, WEIR_E_IO},
    {SQLITE_PROTOCOL, WEIR_E_BUSY},    {SQLITE_CORRUPT, WEIR_E_CORRUPT},
    {SQLITE_NOTADB, WEIR_E_CORRUPT},   {SQLITE_NOMEM, WEIR_E_NOMEM},
    {SQLITE_TOOBIG, WEIR_E_TOO_BIG},   {SQLITE_CONSTRAINT, WEIR_E_CORRUPT},
    {SQLITE_MISMATCH, WEIR_E_CORRUPT},
};

static int
code_of(int rc)
{
    size_t i;

    for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (meanings[i].rc == (rc & 0xff))
            return meanings[i].code;
    }
    return WEIR_E_INTERNAL;
}

/* Failures in which the system's own word helps. */
static bool
has_system_error(int rc)
{
    return (rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_IOERR;
}

/* Failures that may be those to make a file. */
static bool
lacks_files(int rc)
{
    return (rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY;
}

/* Whether nothing may be made in the file's folder, whose name is written. */
static bool
folder_is_closed(const char *path, char *folder, size_t size)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);

    if (len >= size)
        return false;
    snprintf(folder, size, "%.*s", (int)len, path);
    if (len == 0)
        snprintf(folder, size, "%s", slash == NULL ? "." : "/");
    return access(folder, W_OK | X_OK) != 0 && (errno == EACCES || errno == EROFS);
}

/*
 * What cannot be opened in a folder where nothing may be made. SQLite has "No such file" for a database that it may not make,
 * and less for a log.
 */
static int
fail_in_closed_folder(struct weir__conn *conn, int code, const char *name, const char *folder)
{
    int why = errno;

    if (access(name, F_OK) != 0)
        return weir_error_set(&conn->err, code, "%s: cannot be made in the folder %s: %s", name,
                              folder, strerror(why));
    return weir_error_set(&conn->err, code,
                          "%s: cannot be opened: it takes a program that has it open, or the "
                          "right to write in the folder %s: %s",
                          name, folder, strerror(why));
}

int
weir__conn_fail(struct weir__conn *conn, int rc)
{
    char folder[4096];

    const char *name = conn->name != NULL ? conn->name : "database";
    int code = code_of(rc);
    int system_error = has_system_error(rc) ? sqlite3_system_errno(conn->db) : 0;

    weir_error_clear(&conn->err);
    if (code == WEIR_E_BUSY && conn->busy_timeout_ms >= 1000)
        return weir_error_set(&conn->err, code, "%s: locked by another process for %" PRId64 " s",
                              name, conn->busy_timeout_ms / 1000);
    if (lacks_files(rc) && folder_is_closed(name, folder, sizeof(folder)))
        return fail_in_closed_folder(conn, code, name, folder);
    if (system_error != 0)
        return weir_error_set(&conn->err, code, "%s: %s: %s", name, sqlite3_errmsg(conn->db),
                              strerror(system_error));
    return weir_error_set(&conn->err, code, "%s: %s", name, sqlite3_errmsg(conn->db));
}

/* SPDX-License-Identifier: MIT */
/*
 * The schema and its versions.
 *
 * schema/NNN_name.sql brings version NNN - 1 to NNN; all that are missing run in one transaction when a database is
 * opened. The version is kept in weir_meta, so that an application may use its file's user_version
 * as it likes; tables that are not ours are never touched.
 */
#include <config.h>

#include "sql.h"
#include "store.h"

#include <inttypes.h>
#include <stdlib.h>

#define FIND_META "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'weir_meta'"
#define GET_VERSION "SELECT value FROM weir_meta WHERE name = 'schema'"
#define MAKE_META                                                                                  \
    "CREATE TABLE IF NOT EXISTS weir_meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID"
#define FIND_OTHERS                                                                                \
    "SELECT count(*) FROM sqlite_master WHERE substr(tbl_name, 1, 5) <> 'weir_'"                   \
    " AND substr(name, 1, 7) <> 'sqlite_'"

/* The version a file of schema/ brings about; 0: it is another file. */
static int64_t
version_of(const struct weir__sqlite_sql *file)
{
    return strtoll(file->name, NULL, 10);
}

static int64_t
newest(void)
{
    const struct weir__sqlite_sql *file;
    int64_t version = 0;

    for (file = weir__sqlite_sql; file->name != NULL; file++)
        version = version_of(file) > version ? version_of(file) : version;
    return version;
}

static int
read_version(struct weir__conn *conn, int64_t *version)
{
    int64_t tables;
    int code = weir__conn_int(conn, FIND_META, 0, &tables);

    *version = 0;
    if (code != 0 || tables == 0)
        return code;
    return weir__conn_int(conn, GET_VERSION, 0, version);
}

static int
refuse_newer(struct weir__conn *conn, int64_t version)
{
    return weir_error_set(&conn->err, WEIR_E_VERSION,
                          "%s: its schema has version %" PRId64
                          ", this program knows version %" PRId64 " and older",
                          conn->name, version, newest());
}

static int
apply(struct weir__conn *conn, int64_t version)
{
    const struct weir__sqlite_sql *file;
    char set_version[128];
    int code = weir__conn_exec(conn, MAKE_META);

    for (file = weir__sqlite_sql; file->name != NULL && code == 0; file++) {
        if (version_of(file) > version)
            code = weir__conn_exec(conn, file->text);
    }
    if (code != 0)
        return code;
    snprintf(set_version, sizeof(set_version),
             "INSERT OR REPLACE INTO weir_meta (name, value) VALUES ('schema', %" PRId64 ")",
             newest());
    return weir__conn_exec(conn, set_version);
}

/* In a transaction: the version may have changed since it was read. */
static int
migrate(struct weir__conn *conn)
{
    int64_t version;
    int code = read_version(conn, &version);

    if (code != 0)
        return code;
    if (version > newest())
        return refuse_newer(conn, version);
    return version < newest() ? apply(conn, version) : 0;
}

int
weir__schema_migrate(struct weir__conn *conn)
{
    int64_t version;
    int code = read_version(conn, &version);

    if (code != 0)
        return code;
    if (version == newest())
        return 0;
    if (version > newest())
        return refuse_newer(conn, version);
    code = weir__conn_exec(conn, "BEGIN IMMEDIATE");
    if (code != 0)
        return code;
    code = migrate(conn);
    if (code == 0)
        code = weir__conn_exec(conn, "COMMIT");
    if (code != 0 && !sqlite3_get_autocommit(conn->db))
        sqlite3_exec(conn->db, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

int
weir__schema_check(struct weir__conn *conn)
{
    int64_t version;
    int code = read_version(conn, &version);

    if (code != 0)
        return code;
    if (version > newest())
        return refuse_newer(conn, version);
    if (version == newest())
        return 0;
    if (version == 0)
        return weir_error_set(&conn->err, WEIR_E_STATE,
                              "%s: weir has no tables in this file yet: enqueue a task or start "
                              "a worker on it, which makes them",
                              conn->name);
    return weir_error_set(&conn->err, WEIR_E_STATE,
                          "%s: weir's tables in this file have version %" PRId64
                          ", this program needs version %" PRId64
                          ": enqueue a task or start a worker of this version on it, which "
                          "brings them up to date",
                          conn->name, version, newest());
}

int
weir__schema_is_shared(struct weir__conn *conn, bool *shared)
{
    int64_t others = 0;
    int code = weir__conn_int(conn, FIND_OTHERS, 0, &others);

    *shared = others > 0;
    return code;
}

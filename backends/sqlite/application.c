/* SPDX-License-Identifier: MIT */
/*
 * Enqueueing on an application's connection, inside its transaction. A savepoint makes the call one step: all of it
 * or nothing when the database fails. Outside a transaction the savepoint is one.
 */
#include <config.h>

#include "calls.h"
#include "sqlite.h"

static int
insert_all(struct weir__conn *conn, int64_t now_ms, weir_enqueue_item *items, size_t count)
{
    struct weir__tx tx;
    int code = weir__schema_check(conn);
    size_t i;

    weir__tx_init(&tx, conn);
    for (i = 0; i < count && code == 0; i++)
        code = weir__insert(&tx, now_ms, &items[i]);
    return code != 0 ? code : weir__tx_flush(&tx);
}

/* The transaction may be gone already: some failures end it whole. */
static void
undo(struct weir__conn *conn)
{
    weir_error why = conn->err;

    if (!sqlite3_get_autocommit(conn->db)) {
        weir__conn_run(conn, WEIR__SQL_rollback_to, NULL, "");
        weir__conn_run(conn, WEIR__SQL_release, NULL, "");
    }
    conn->err = why;
}

int
weir__sqlite_enqueue_into(struct sqlite3 *db, int64_t now_ms, weir_enqueue_item *items,
                          size_t count, weir_error *err)
{
    struct weir__conn conn;
    int code;
    size_t i;

    weir__conn_wrap(&conn, db);
    code = weir__conn_run(&conn, WEIR__SQL_savepoint, NULL, "");
    if (code == 0) {
        code = insert_all(&conn, now_ms, items, count);
        if (code == 0)
            code = weir__conn_commit(&conn, WEIR__SQL_release);
        if (code != 0)
            undo(&conn);
    }
    weir__report(&conn, code, err);
    for (i = 0; i < count && code != 0; i++)
        items[i].result = code;
    weir__conn_unwrap(&conn);
    return code;
}

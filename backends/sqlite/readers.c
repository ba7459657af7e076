/* SPDX-License-Identifier: MIT */
/*
 * Connections that read: taken for a call, given back after it, so that inspection never waits for a writer. Each call
 * reads in one snapshot. A database in memory has one connection, which is then held.
 */
#include <config.h>

#include "store.h"

#include <stdlib.h>

static struct weir__conn *
take_idle(struct weir__readers *readers)
{
    struct weir__conn *conn = NULL;

    pthread_mutex_lock(&readers->lock);
    if (readers->count > 0)
        conn = readers->idle[--readers->count];
    pthread_mutex_unlock(&readers->lock);
    return conn;
}

static bool
keep_idle(struct weir__readers *readers, struct weir__conn *conn)
{
    bool kept;

    pthread_mutex_lock(&readers->lock);
    kept = readers->count < WEIR__READERS_KEPT;
    if (kept)
        readers->idle[readers->count++] = conn;
    pthread_mutex_unlock(&readers->lock);
    return kept;
}

static int
open_reader(struct weir__store *store, struct weir__conn **conn, weir_error *err)
{
    int code;

    *conn = malloc(sizeof(**conn));
    if (*conn == NULL)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    code = weir__store_connect(store, *conn, err);
    if (code != 0)
        free(*conn);
    return code;
}

static int
acquire(struct weir__store *store, struct weir__conn **conn, weir_error *err)
{
    if (store->in_memory) {
        weir__writer_hold(&store->writer);
        *conn = &store->writer.conn;
        return 0;
    }
    *conn = take_idle(&store->readers);
    return *conn != NULL ? 0 : open_reader(store, conn, err);
}

static void
give_back(struct weir__store *store, struct weir__conn *conn)
{
    if (store->in_memory) {
        weir__writer_free(&store->writer);
    } else if (!keep_idle(&store->readers, conn)) {
        weir__conn_close(conn);
        free(conn);
    }
}

int
weir__read_begin(struct weir__store *store, struct weir__conn **conn, weir_error *err)
{
    int code = acquire(store, conn, err);

    if (code != 0)
        return code;
    weir_error_clear(&(*conn)->err);
    code = weir__conn_run(*conn, WEIR__SQL_begin_read, NULL, "");
    if (code != 0) {
        weir__report(*conn, code, err);
        give_back(store, *conn);
    }
    return code;
}

void
weir__read_end(struct weir__store *store, struct weir__conn *conn)
{
    if (!sqlite3_get_autocommit(conn->db))
        weir__conn_run(conn, WEIR__SQL_rollback, NULL, "");
    give_back(store, conn);
}

int
weir__read_queue(struct weir__conn *conn, const char *name, int64_t *qid)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(conn, WEIR__SQL_queue_get, &stmt, "s", name);

    *qid = 0;
    if (code != 0)
        return code;
    code = weir__conn_step(conn, stmt);
    if (code == 1 && sqlite3_column_int(stmt, 2) != 0)
        *qid = sqlite3_column_int64(stmt, 0);
    weir__conn_end(stmt);
    return code < 0 ? code : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Lists of tasks to be deleted or moved: see remove.h.
 */
#include <config.h>

#include "remove.h"

#include "calls.h"

#include <stdlib.h>
#include <string.h>

static int
read_removal(struct weir__conn *conn, sqlite3_stmt *stmt, int with_state,
             struct weir__removal *removal)
{
    const char *key = (const char *)sqlite3_column_text(stmt, 2 + with_state);
    const char *id = (const char *)sqlite3_column_text(stmt, 3 + with_state);

    memset(removal, 0, sizeof(*removal));
    removal->seq = sqlite3_column_int64(stmt, 0);
    if (with_state)
        removal->state = sqlite3_column_int64(stmt, 1);
    removal->big = sqlite3_column_int64(stmt, 1 + with_state);
    removal->unique_key = key != NULL ? strdup(key) : NULL;
    if (id == NULL || (key != NULL && removal->unique_key == NULL))
        return weir_error_set(&conn->err, WEIR_E_NOMEM, NULL);
    snprintf(removal->id, sizeof(removal->id), "%s", id);
    return 0;
}

int
weir__removals_read(struct weir__conn *conn, sqlite3_stmt *stmt, int with_state,
                    struct weir__removal *list, size_t *count)
{
    int code;

    *count = 0;
    while ((code = weir__conn_step(conn, stmt)) == 1) {
        code = read_removal(conn, stmt, with_state, &list[(*count)++]);
        if (code != 0)
            break;
    }
    weir__conn_end(stmt);
    if (code != 0)
        weir__removals_release(list, *count);
    return code;
}

int
weir__removal_run(struct weir__tx *tx, int64_t qid, const struct weir__removal *removal)
{
    int code = weir__conn_run(tx->conn, WEIR__SQL_remove, NULL, "i", removal->seq);

    if (code == 0 && removal->big != 0)
        code = weir__conn_run(tx->conn, WEIR__SQL_payload_drop, NULL, "i", removal->seq);
    return code != 0 ? code : weir__unlock(tx, qid, removal->unique_key, removal->id);
}

int
weir__removals_run(struct weir__tx *tx, int64_t qid, struct weir__removal *list, size_t *count,
                   struct weir__piece *piece)
{
    size_t listed = *count;
    bool full = false;
    int code = 0;

    for (*count = 0; *count < listed && code == 0 && !full;) {
        code = weir__removal_run(tx, qid, &list[*count]);
        full = piece != NULL && weir__piece_add(piece, list[*count].big);
        ++*count;
    }
    weir__removals_release(list, listed);
    return code;
}

void
weir__removals_release(struct weir__removal *list, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        free(list[i].unique_key);
}

/* SPDX-License-Identifier: MIT */
/*
 * A task in a result row, seen as a weir_task_info. Statements that give tasks have these columns first:
 *   seq, token, started, state, ord, since, lease, boot, retried, max_retry, timeout, deadline,
 *   retention, archive_for, enqueued_at, failed_at, id, type, unique_key, grp, headers, error, payload, result
 */
#ifndef WEIR_SQLITE_ROW_H
#define WEIR_SQLITE_ROW_H

#include "store.h"

/* A view of a row; zero-filled at first, reused from row to row, ends with weir__row_release(). */
struct weir__row {
    weir_task_info info;
    int64_t seq;
    bool started;
    weir_header *headers;
    size_t header_room;
};

/* Fills the view; it is valid until the statement steps or ends. 0 or WEIR_E_NOMEM. */
int weir__row_read(struct weir__row *row, const struct weir__store *store, sqlite3_stmt *stmt,
                   const char *queue);
void weir__row_release(struct weir__row *row);

/* Headers as they are stored: name NUL value NUL, in one block for the caller to free. NULL, 0 without any. */
int weir__headers_encode(const weir_task_info *info, char **block, size_t *len);

#endif

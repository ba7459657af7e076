/* SPDX-License-Identifier: MIT */
/*
 * Rows to tasks and headers to blobs.
 *
 * Headers are stored as their strings, each with its NUL, so that reading one is pointing at it.
 */
#include <config.h>

#include "row.h"

#include <stdlib.h>
#include <string.h>

enum column {
    C_SEQ,
    C_TOKEN,
    C_STARTED,
    C_STATE,
    C_ORD,
    C_SINCE,
    C_LEASE,
    C_BOOT,
    C_RETRIED,
    C_MAX_RETRY,
    C_TIMEOUT,
    C_DEADLINE,
    C_RETENTION,
    C_ARCHIVE_FOR,
    C_ENQUEUED_AT,
    C_FAILED_AT,
    C_ID,
    C_TYPE,
    C_UNIQUE_KEY,
    C_GRP,
    C_HEADERS,
    C_ERROR,
    C_PAYLOAD,
    C_RESULT
};

/* A blob column; NULL only for NULL, and never without memory for it. */
static int
read_blob(sqlite3_stmt *stmt, int column, const void **data, size_t *len)
{
    *data = NULL;
    *len = 0;
    if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
        return 0;
    *data = sqlite3_column_blob(stmt, column);
    *len = (size_t)sqlite3_column_bytes(stmt, column);
    if (*data == NULL && *len > 0)
        return WEIR_E_NOMEM;
    if (*data == NULL)
        *data = "";
    return 0;
}

static const char *
read_text(sqlite3_stmt *stmt, int column)
{
    return (const char *)sqlite3_column_text(stmt, column);
}

static size_t
count_strings(const char *block, size_t len)
{
    size_t i, n = 0;

    for (i = 0; i < len; i++)
        n += block[i] == '\0';
    return n;
}

static int
make_room(struct weir__row *row, size_t count)
{
    weir_header *headers;

    if (count <= row->header_room)
        return 0;
    headers = realloc(row->headers, count * sizeof(*headers));
    if (headers == NULL)
        return WEIR_E_NOMEM;
    row->headers = headers;
    row->header_room = count;
    return 0;
}

static int
read_headers(struct weir__row *row, sqlite3_stmt *stmt)
{
    const void *data;
    const char *at;
    size_t len, count, i;
    int code = read_blob(stmt, C_HEADERS, &data, &len);

    if (code != 0 || len == 0)
        return code;
    count = count_strings(data, len) / 2;
    code = make_room(row, count);
    if (code != 0)
        return code;
    for (i = 0, at = data; i < count; i++) {
        row->headers[i].name = at;
        at += strlen(at) + 1;
        row->headers[i].value = at;
        at += strlen(at) + 1;
    }
    row->info.headers = row->headers;
    row->info.header_count = count;
    return 0;
}

/* Lease times are on the clock of a boot; a person wants the wall's. */
static void
read_lease(weir_task_info *info, const struct weir__store *store, sqlite3_stmt *stmt)
{
    int64_t left_ms = sqlite3_column_int64(stmt, C_LEASE) - weir__boot_ms(store);
    int64_t boot = sqlite3_column_int64(stmt, C_BOOT), own = weir__boot_number(store);
    bool comparable = boot == own || boot == 0 || own == 0;

    info->is_orphaned = !comparable || left_ms < 0;
    info->lease_expires_at_ms = comparable ? store->clock->wall_ms(store->clock->ctx) + left_ms : 0;
}

/* What ord and since mean depends on the state. */
static void
read_times(weir_task_info *info, const struct weir__store *store, sqlite3_stmt *stmt)
{
    int64_t ord = sqlite3_column_int64(stmt, C_ORD);
    int64_t since = sqlite3_column_int64(stmt, C_SINCE);

    if (info->state == WEIR_STATE_SCHEDULED || info->state == WEIR_STATE_RETRY)
        info->next_process_at_ms = ord;
    else if (info->state == WEIR_STATE_PENDING)
        info->pending_since_ms = since;
    else if (info->state == WEIR_STATE_ACTIVE)
        read_lease(info, store, stmt);
    else
        info->state_since_ms = since;
}

static void
read_numbers(weir_task_info *info, sqlite3_stmt *stmt)
{
    info->state = (weir_state)sqlite3_column_int(stmt, C_STATE);
    info->retried = sqlite3_column_int(stmt, C_RETRIED);
    info->max_retry = sqlite3_column_int(stmt, C_MAX_RETRY);
    info->timeout_ms = sqlite3_column_int64(stmt, C_TIMEOUT);
    info->deadline_ms = sqlite3_column_int64(stmt, C_DEADLINE);
    info->retention_ms = sqlite3_column_int64(stmt, C_RETENTION);
    info->archive_for_ms = sqlite3_column_int64(stmt, C_ARCHIVE_FOR);
    info->enqueued_at_ms = sqlite3_column_int64(stmt, C_ENQUEUED_AT);
    info->last_failed_at_ms = sqlite3_column_int64(stmt, C_FAILED_AT);
}

int
weir__row_read(struct weir__row *row, const struct weir__store *store, sqlite3_stmt *stmt,
               const char *queue)
{
    weir_task_info *info = &row->info;
    int code;

    memset(info, 0, sizeof(*info));
    row->seq = sqlite3_column_int64(stmt, C_SEQ);
    row->started = sqlite3_column_int(stmt, C_STARTED) != 0;
    info->queue = queue;
    read_numbers(info, stmt);
    read_times(info, store, stmt);
    info->id = read_text(stmt, C_ID);
    info->type = read_text(stmt, C_TYPE);
    info->unique_key = read_text(stmt, C_UNIQUE_KEY);
    info->group = read_text(stmt, C_GRP);
    info->last_error = read_text(stmt, C_ERROR);
    if (info->id == NULL || info->type == NULL)
        return WEIR_E_NOMEM;
    code = read_blob(stmt, C_PAYLOAD, &info->payload, &info->payload_len);
    if (code == 0)
        code = read_blob(stmt, C_RESULT, &info->result, &info->result_len);
    return code != 0 ? code : read_headers(row, stmt);
}

void
weir__row_release(struct weir__row *row)
{
    free(row->headers);
    memset(row, 0, sizeof(*row));
}

int
weir__headers_encode(const weir_task_info *info, char **block, size_t *len)
{
    char *at;
    size_t i;

    *block = NULL;
    *len = 0;
    if (info->header_count == 0)
        return 0;
    for (i = 0; i < info->header_count; i++)
        *len += strlen(info->headers[i].name) + strlen(info->headers[i].value) + 2;
    at = *block = malloc(*len);
    if (at == NULL)
        return WEIR_E_NOMEM;
    for (i = 0; i < info->header_count; i++) {
        at = stpcpy(at, info->headers[i].name) + 1;
        at = stpcpy(at, info->headers[i].value) + 1;
    }
    return 0;
}

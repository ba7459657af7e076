/* SPDX-License-Identifier: MIT */
/*
 * Looking: each call reads one snapshot from a reading connection. Counts are counted in an index, not kept, so
 * that they cost nothing while tasks run.
 */
#include <config.h>

#include "calls.h"

#include <inttypes.h>
#include <string.h>

int
weir__sqlite_queues(void *self, weir_name_sink sink, void *arg, weir_error *err)
{
    struct weir__conn *conn;
    sqlite3_stmt *stmt;
    int code = weir__read_begin(self, &conn, err);

    if (code != 0)
        return code;
    code = weir__conn_start(conn, WEIR__SQL_queues, &stmt, "");
    if (code == 0) {
        while ((code = weir__conn_step(conn, stmt)) == 1) {
            code = sink(arg, (const char *)sqlite3_column_text(stmt, 0));
            if (code != 0)
                break;
        }
        weir__conn_end(stmt);
    }
    weir__report(conn, code, err);
    weir__read_end(self, conn);
    return code;
}

static int
no_queue(struct weir__conn *conn, const char *queue)
{
    return weir_error_set(&conn->err, WEIR_E_NO_QUEUE, "queue \"%s\" not found", queue);
}

static int
require_queue(struct weir__conn *conn, const char *queue, int64_t *qid)
{
    int code = weir__read_queue(conn, queue, qid);

    if (code != 0)
        return code;
    return *qid != 0 ? 0 : no_queue(conn, queue);
}

/* ---- a queue ---- */

static size_t *
count_of(weir_queue_info *info, int64_t state)
{
    size_t *const counts[] = {
        [WEIR_STATE_SCHEDULED] = &info->scheduled, [WEIR_STATE_AGGREGATING] = &info->aggregating,
        [WEIR_STATE_PENDING] = &info->pending,     [WEIR_STATE_ACTIVE] = &info->active,
        [WEIR_STATE_RETRY] = &info->retry,         [WEIR_STATE_ARCHIVED] = &info->archived,
        [WEIR_STATE_COMPLETED] = &info->completed,
    };

    return counts[state]; /* 1 to 7 by the schema */
}

/* Runs a statement of one row with the queue and maybe one more number; what it gives is left in *stmt to read and end. */
static int
ask(struct weir__conn *conn, enum weir__statement id, int64_t qid, sqlite3_stmt **stmt)
{
    int code = weir__conn_start(conn, id, stmt, "i", qid);

    return code != 0 ? code : weir__conn_step(conn, *stmt);
}

static int
average_size(struct weir__conn *conn, int64_t qid, int64_t state, double *bytes)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(conn, WEIR__SQL_memory, &stmt, "ii", qid, state);

    if (code == 0)
        code = weir__conn_step(conn, stmt);
    if (code >= 0)
        *bytes = sqlite3_column_double(stmt, 0);
    if (code >= 0)
        weir__conn_end(stmt);
    return code < 0 ? code : 0;
}

static int
read_counts(struct weir__conn *conn, int64_t qid, weir_queue_info *info)
{
    sqlite3_stmt *stmt;
    double bytes = 0;
    int64_t state;
    size_t count;
    int code = weir__conn_start(conn, WEIR__SQL_count_states, &stmt, "i", qid);

    if (code != 0)
        return code;
    while ((code = weir__conn_step(conn, stmt)) == 1) {
        state = sqlite3_column_int64(stmt, 0);
        count = (size_t)sqlite3_column_int64(stmt, 1);
        *count_of(info, state) = count;
        info->size += count;
        code = average_size(conn, qid, state, &bytes);
        if (code != 0)
            break;
        info->memory_bytes += (int64_t)(bytes * (double)count);
    }
    weir__conn_end(stmt);
    return code;
}

static int
read_latency(struct weir__conn *conn, int64_t qid, int64_t now_ms, weir_queue_info *info)
{
    sqlite3_stmt *stmt;
    int code = ask(conn, WEIR__SQL_oldest_pending, qid, &stmt);

    if (code < 0)
        return code;
    if (code == 1 && sqlite3_column_int64(stmt, 0) < now_ms)
        info->latency_ms = now_ms - sqlite3_column_int64(stmt, 0);
    weir__conn_end(stmt);
    return 0;
}

static int
read_groups(struct weir__conn *conn, int64_t qid, weir_queue_info *info)
{
    sqlite3_stmt *stmt;
    int code = ask(conn, WEIR__SQL_count_groups, qid, &stmt);

    if (code < 0)
        return code;
    info->groups = (size_t)sqlite3_column_int64(stmt, 0);
    weir__conn_end(stmt);
    return 0;
}

static int
read_day(struct weir__conn *conn, int64_t qid, int64_t day, int64_t *processed, int64_t *failed)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(conn, WEIR__SQL_day, &stmt, "ii", qid, day);

    *processed = *failed = 0;
    if (code != 0)
        return code;
    code = weir__conn_step(conn, stmt);
    if (code == 1) {
        *processed = sqlite3_column_int64(stmt, 0);
        *failed = sqlite3_column_int64(stmt, 1);
    }
    weir__conn_end(stmt);
    return code < 0 ? code : 0;
}

static int
add_totals(struct weir__conn *conn, int64_t qid, weir_queue_info *info)
{
    sqlite3_stmt *stmt;
    int code = ask(conn, WEIR__SQL_totals, qid, &stmt);

    if (code < 0)
        return code;
    info->processed_total += sqlite3_column_int64(stmt, 0);
    info->failed_total += sqlite3_column_int64(stmt, 1);
    weir__conn_end(stmt);
    return 0;
}

static int
read_head(struct weir__conn *conn, const char *queue, weir_queue_info *info, int64_t *qid)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(conn, WEIR__SQL_queue, &stmt, "s", queue);

    if (code != 0)
        return code;
    code = weir__conn_step(conn, stmt);
    if (code == 1) {
        *qid = sqlite3_column_int64(stmt, 0);
        info->paused = sqlite3_column_int(stmt, 1) != 0;
        info->processed_total = sqlite3_column_int64(stmt, 2);
        info->failed_total = sqlite3_column_int64(stmt, 3);
    }
    weir__conn_end(stmt);
    if (code == 0)
        return no_queue(conn, queue);
    return code < 0 ? code : 0;
}

static int
read_queue(struct weir__conn *conn, const char *queue, int64_t now_ms, weir_queue_info *info)
{
    int64_t qid = 0;
    int code = read_head(conn, queue, info, &qid);

    if (code == 0)
        code = read_counts(conn, qid, info);
    if (code == 0)
        code = read_latency(conn, qid, now_ms, info);
    if (code == 0 && info->aggregating > 0)
        code = read_groups(conn, qid, info);
    if (code == 0)
        code = add_totals(conn, qid, info);
    if (code == 0)
        code =
            read_day(conn, qid, weir__day_of(now_ms), &info->processed_today, &info->failed_today);
    return code;
}

int
weir__sqlite_queue(void *self, const char *queue, int64_t now_ms, weir_queue_info *info,
                   weir_error *err)
{
    weir_queue_info found = {.name = info->name, .taken_at_ms = info->taken_at_ms};
    struct weir__conn *conn;
    int code = weir__read_begin(self, &conn, err);

    if (code != 0)
        return code;
    code = read_queue(conn, queue, now_ms, &found);
    weir__report(conn, code, err);
    weir__read_end(self, conn);
    if (code == 0)
        *info = found;
    return code;
}

/* ---- history ---- */

/* Days since 1970 of a date YYYY-MM-DD (a year counted from March has its leap day at the end). */
static int64_t
day_of_date(const char *date)
{
    int y = 1970, m = 1, d = 1;
    int64_t year, day;

    sscanf(date, "%d-%d-%d", &y, &m, &d);
    year = m <= 2 ? y - 1 : y;
    day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return year * 365 + year / 4 - year / 100 + year / 400 + day - 719468;
}

int
weir__sqlite_history(void *self, const char *queue, weir_day *days, size_t count, weir_error *err)
{
    struct weir__conn *conn;
    int64_t qid;
    int code = weir__read_begin(self, &conn, err);
    size_t i;

    if (code != 0)
        return code;
    code = require_queue(conn, queue, &qid);
    for (i = 0; i < count && code == 0; i++)
        code = read_day(conn, qid, day_of_date(days[i].date), &days[i].processed, &days[i].failed);
    weir__report(conn, code, err);
    weir__read_end(self, conn);
    return code;
}

/* ---- tasks ---- */

struct show {
    const struct weir__store *store;
    const char *queue;
    weir_task_sink sink;
    void *arg;
};

/* Shows the rows of a started statement, which ends. */
static int
show_rows(const struct show *show, struct weir__conn *conn, sqlite3_stmt *stmt, size_t *shown)
{
    struct weir__row row = {0};
    int code;

    *shown = 0;
    while ((code = weir__conn_step(conn, stmt)) == 1) {
        code = weir__row_read(&row, show->store, stmt, show->queue);
        if (code == 0)
            code = show->sink(show->arg, &row.info);
        if (code != 0)
            break;
        (*shown)++;
    }
    weir__conn_end(stmt);
    weir__row_release(&row);
    return code;
}

static int
start_page(struct weir__conn *conn, sqlite3_stmt **stmt, int64_t qid, weir_state state,
           const char *group, size_t offset, size_t limit)
{
    int64_t rows = limit > INT64_MAX ? INT64_MAX : (int64_t)limit;
    int64_t skip = offset > INT64_MAX ? INT64_MAX : (int64_t)offset;

    if (state == WEIR_STATE_AGGREGATING && group != NULL)
        return weir__conn_start(conn, WEIR__SQL_tasks_of_group, stmt, "isii", qid, group, rows,
                                skip);
    return weir__conn_start(conn, WEIR__SQL_tasks, stmt, "iiii", qid, (int64_t)state, rows, skip);
}

int
weir__sqlite_tasks(void *self, const char *queue, weir_state state, const char *group,
                   size_t offset, size_t limit, weir_task_sink sink, void *arg, weir_error *err)
{
    const struct show show = {self, queue, sink, arg};
    struct weir__conn *conn;
    sqlite3_stmt *stmt;
    int64_t qid;
    size_t shown;
    int code = weir__read_begin(self, &conn, err);

    if (code != 0)
        return code;
    code = require_queue(conn, queue, &qid);
    if (code == 0)
        code = start_page(conn, &stmt, qid, state, group, offset, limit);
    if (code == 0)
        code = show_rows(&show, conn, stmt, &shown);
    weir__report(conn, code, err);
    weir__read_end(self, conn);
    return code;
}

int
weir__sqlite_task(void *self, const char *queue, const char *id, weir_task_sink sink, void *arg,
                  weir_error *err)
{
    const struct show show = {self, queue, sink, arg};
    struct weir__conn *conn;
    sqlite3_stmt *stmt;
    int64_t qid;
    size_t shown = 0;
    int code = weir__read_begin(self, &conn, err);

    if (code != 0)
        return code;
    code = require_queue(conn, queue, &qid);
    if (code == 0)
        code = weir__conn_start(conn, WEIR__SQL_task, &stmt, "is", qid, id);
    if (code == 0)
        code = show_rows(&show, conn, stmt, &shown);
    if (code == 0 && shown == 0)
        code = weir_error_set(&conn->err, WEIR_E_NO_TASK, "task \"%s\" not found in queue \"%s\"",
                              id, queue);
    weir__report(conn, code, err);
    weir__read_end(self, conn);
    return code;
}

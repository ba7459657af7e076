/* SPDX-License-Identifier: MIT */
/*
 * Periodic tasks: ticks by compare-and-advance, what they enqueued, and the entries of schedulers. A tick is one
 * job of the writer: the comparison, the task, the new last tick and the history are one transaction.
 */
#include <config.h>

#include "calls.h"
#include "pack.h"

#include <stdlib.h>

#define EVENTS_KEPT 1000

struct tick {
    int64_t now_ms;
    const char *entry;
    int64_t expected;
    int64_t last;
    int64_t tick_at;
    weir_enqueue_item *item;
};

static int
read_last(struct weir__conn *conn, int64_t qid, const char *entry, int64_t *last)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(conn, WEIR__SQL_tick_last, &stmt, "is", qid, entry);

    *last = 0;
    if (code != 0)
        return code;
    code = weir__conn_step(conn, stmt);
    if (code == 1)
        *last = sqlite3_column_int64(stmt, 0);
    weir__conn_end(stmt);
    return code < 0 ? code : 0;
}

static int
note_event(struct weir__tx *tx, const struct tick *call)
{
    int code = weir__conn_run(tx->conn, WEIR__SQL_tick_note, NULL, "ssi", call->entry,
                              call->item->task->id, call->now_ms);

    return code != 0 ? code
                     : weir__conn_run(tx->conn, WEIR__SQL_tick_trim, NULL, "si", call->entry,
                                      (int64_t)EVENTS_KEPT);
}

static int
run_tick(struct weir__tx *tx, void *arg)
{
    struct tick *call = arg;
    struct weir__tx_queue *queue;
    int64_t qid;
    int code = weir__tx_queue(tx, call->item->task->queue, true, &queue);

    if (code != 0)
        return code;
    qid = queue->qid;
    code = read_last(tx->conn, qid, call->entry, &call->last);
    call->item->result = call->last == call->expected ? 0 : WEIR_E_STALE;
    if (code != 0 || call->item->result != 0)
        return code;
    code = weir__insert(tx, call->now_ms, call->item);
    if (code == 0)
        code = weir__conn_run(tx->conn, WEIR__SQL_tick_set, NULL, "isi", qid, call->entry,
                              call->tick_at);
    return code == 0 && call->item->result == 0 ? note_event(tx, call) : code;
}

int
weir__sqlite_tick(void *self, const weir_request_id *request, int64_t now_ms, const char *entry_id,
                  int64_t *last_at_ms, int64_t tick_at_ms, weir_enqueue_item *item, weir_error *err)
{
    struct tick call = {.now_ms = now_ms,
                        .entry = entry_id,
                        .expected = *last_at_ms,
                        .tick_at = tick_at_ms,
                        .item = item};
    int code = weir__writer_run(self, run_tick, &call, err);

    (void)request; /* replies are sure */
    if (code != 0)
        item->result = code;
    else if (item->result == WEIR_E_STALE)
        *last_at_ms = call.last;
    return code;
}

int
weir__sqlite_last_tick(void *self, const char *queue, const char *entry_id, int64_t *last_at_ms,
                       weir_error *err)
{
    struct weir__conn *conn;
    int64_t qid;
    int code = weir__read_begin(self, &conn, err);

    if (code != 0)
        return code;
    code = weir__read_queue(conn, queue, &qid);
    if (code == 0)
        code = read_last(conn, qid, entry_id, last_at_ms);
    weir__report(conn, code, err);
    weir__read_end(self, conn);
    return code;
}

struct beat {
    const char *id;
    int64_t now_ms;
    int64_t ttl_ms;
    const void *entries; /* NULL: none any more */
    size_t len;
};

static int
run_beat(struct weir__tx *tx, void *arg)
{
    const struct beat *call = arg;
    int code = weir__conn_run(tx->conn, WEIR__SQL_schedulers_expired, NULL, "i", call->now_ms);

    if (code != 0)
        return code;
    if (call->entries == NULL)
        return weir__conn_run(tx->conn, WEIR__SQL_scheduler_leave, NULL, "s", call->id);
    return weir__conn_run(tx->conn, WEIR__SQL_scheduler_beat, NULL, "sib", call->id,
                          call->now_ms + call->ttl_ms, call->entries, call->len);
}

int
weir__sqlite_scheduler_beat(void *self, int64_t now_ms, const char *scheduler_id,
                            const weir_scheduler_entry *entries, size_t count, int64_t ttl_ms,
                            weir_error *err)
{
    struct beat call = {.id = scheduler_id, .now_ms = now_ms, .ttl_ms = ttl_ms};
    void *packed = count > 0 ? weir__entries_pack(entries, count, &call.len) : NULL;
    int code;

    if (count > 0 && packed == NULL)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    call.entries = packed;
    code = weir__writer_run(self, run_beat, &call, err);
    free(packed);
    return code;
}

int
weir__sqlite_scheduler_entries(void *self, int64_t now_ms, weir_entry_sink sink, void *arg,
                               weir_error *err)
{
    struct weir__conn *conn;
    sqlite3_stmt *stmt;
    int code = weir__read_begin(self, &conn, err);

    if (code != 0)
        return code;
    code = weir__conn_start(conn, WEIR__SQL_schedulers, &stmt, "i", now_ms);
    if (code == 0) {
        while ((code = weir__conn_step(conn, stmt)) == 1) {
            code = weir__entries_show(sqlite3_column_blob(stmt, 1),
                                      (size_t)sqlite3_column_bytes(stmt, 1), sink, arg);
            if (code != 0 && code != WEIR_E_CORRUPT) /* of another version: not for us to show */
                break;
        }
        weir__conn_end(stmt);
    }
    weir__report(conn, code, err);
    weir__read_end(self, conn);
    return code;
}

int
weir__sqlite_scheduler_history(void *self, const char *entry_id, size_t offset, size_t limit,
                               weir_event_sink sink, void *arg, weir_error *err)
{
    struct weir__conn *conn;
    sqlite3_stmt *stmt;
    int code = weir__read_begin(self, &conn, err);

    if (code != 0)
        return code;
    code = weir__conn_start(conn, WEIR__SQL_tick_events, &stmt, "sii", entry_id, (int64_t)limit,
                            (int64_t)offset);
    if (code == 0) {
        while ((code = weir__conn_step(conn, stmt)) == 1) {
            code = sink(arg, (const char *)sqlite3_column_text(stmt, 0),
                        sqlite3_column_int64(stmt, 1));
            if (code != 0)
                break;
        }
        weir__conn_end(stmt);
    }
    weir__report(conn, code, err);
    weir__read_end(self, conn);
    return code;
}

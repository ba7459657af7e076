/* SPDX-License-Identifier: MIT */
/*
 * Who is there: servers with what they run, and leaderships. A server is listed until its time is over on the
 * wall clock; a leadership is a lease and uses the clock that leases use.
 */
#include <config.h>

#include "calls.h"
#include "pack.h"

#include <stdlib.h>

struct beat {
    const char *id;
    int64_t now_ms;
    int64_t ttl_ms;
    const void *info;
    size_t info_len;
};

static int
run_beat(struct weir__tx *tx, void *arg)
{
    const struct beat *call = arg;
    int code = weir__conn_run(tx->conn, WEIR__SQL_servers_expired, NULL, "i", call->now_ms);

    if (code != 0)
        return code;
    return weir__conn_run(tx->conn, WEIR__SQL_beat, NULL, "sib", call->id,
                          call->now_ms + call->ttl_ms, call->info, call->info_len);
}

int
weir__sqlite_beat(void *self, int64_t now_ms, const weir_server_info *server, int64_t ttl_ms,
                  weir_error *err)
{
    struct beat call = {.id = server->id, .now_ms = now_ms, .ttl_ms = ttl_ms};
    void *info = weir__server_pack(server, &call.info_len);
    int code;

    if (info == NULL)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    call.info = info;
    code = weir__writer_run(self, run_beat, &call, err);
    free(info);
    return code;
}

static int
run_leave(struct weir__tx *tx, void *arg)
{
    const weir_server_info *server = arg;

    return weir__conn_run(tx->conn, WEIR__SQL_leave, NULL, "s", server->id);
}

int
weir__sqlite_leave(void *self, const weir_server_info *server, weir_error *err)
{
    return weir__writer_run(self, run_leave, (void *)server, err);
}

static int
show_server(struct weir__conn *conn, sqlite3_stmt *stmt, weir_server_sink sink, void *arg)
{
    struct weir__server_view view;
    int code = weir__server_unpack(&view, sqlite3_column_blob(stmt, 1),
                                   (size_t)sqlite3_column_bytes(stmt, 1));

    if (code == WEIR_E_CORRUPT)
        return 0; /* of a version that packs otherwise: not for us to show */
    if (code != 0)
        return weir_error_set(&conn->err, code, NULL);
    code = sink(arg, &view.info);
    weir__server_release(&view);
    return code;
}

int
weir__sqlite_servers(void *self, int64_t now_ms, weir_server_sink sink, void *arg, weir_error *err)
{
    struct weir__conn *conn;
    sqlite3_stmt *stmt;
    int code = weir__read_begin(self, &conn, err);

    if (code != 0)
        return code;
    code = weir__conn_start(conn, WEIR__SQL_servers, &stmt, "i", now_ms);
    if (code == 0) {
        while ((code = weir__conn_step(conn, stmt)) == 1) {
            code = show_server(conn, stmt, sink, arg);
            if (code != 0)
                break;
        }
        weir__conn_end(stmt);
    }
    weir__report(conn, code, err);
    weir__read_end(self, conn);
    return code;
}

struct lead {
    const char *name;
    const char *holder;
    int64_t lease;
    int64_t boot;
    int64_t boot_now;
    bool leads;
};

static int
run_lead(struct weir__tx *tx, void *arg)
{
    struct lead *call = arg;
    int changed = 0;
    int code = weir__conn_run(tx->conn, WEIR__SQL_lead, &changed, "ssiii", call->name, call->holder,
                              call->lease, call->boot, call->boot_now);

    call->leads = changed > 0;
    return code;
}

int
weir__sqlite_lead(void *self, const char *name, const char *holder, int64_t ttl_ms, bool *leads,
                  weir_error *err)
{
    struct lead call = {
        .name = name,
        .holder = holder,
        .boot = weir__boot_number(self),
        .boot_now = weir__boot_ms(self),
    };
    int code;

    call.lease = call.boot_now + ttl_ms;
    code = weir__writer_run(self, run_lead, &call, err);
    *leads = code == 0 && call.leads;
    return code;
}

static int
run_resign(struct weir__tx *tx, void *arg)
{
    const struct lead *call = arg;

    return weir__conn_run(tx->conn, WEIR__SQL_resign, NULL, "ss", call->name, call->holder);
}

int
weir__sqlite_resign(void *self, const char *name, const char *holder, weir_error *err)
{
    struct lead call = {.name = name, .holder = holder};

    return weir__writer_run(self, run_resign, &call, err);
}

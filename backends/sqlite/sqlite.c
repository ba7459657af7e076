/* SPDX-License-Identifier: MIT */
/*
 * The SQLite backend: its table, opening and closing, and what the other files share.
 *
 * A database file of our own is put into WAL mode; one that holds an application's tables too is taken as it is, with a
 * hint in the log when that is slower.
 */
#include <config.h>

#include "calls.h"
#include "sqlite.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

int
weir__report(const struct weir__conn *conn, int code, weir_error *err)
{
    if (code == 0)
        return 0;
    if (conn->err.code == 0)
        return weir_error_set(err, code, NULL);
    return weir_error_set(err, code, "%s", conn->err.text);
}

int64_t
weir__boot_ms(const struct weir__store *store)
{
    return store->clock->boot_ms(store->clock->ctx);
}

int64_t
weir__boot_number(const struct weir__store *store)
{
    const char *at = store->clock->boot_id;
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    if (at == NULL)
        at = weir_clock_system()->boot_id;
    for (; at != NULL && *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 1099511628211u;
    return (int64_t)(hash >> 1);
}

int64_t
weir__new_token(const struct weir__store *store)
{
    uint64_t token = 0;

    do {
        store->clock->random(store->clock->ctx, &token, sizeof(token));
        token >>= 1;
    } while (token == 0);
    return (int64_t)token;
}

/* Only the first connection makes the file: a later one that finds none must not put an empty one in its place, whose
 * last user would remove the log of the lost one. */
int
weir__store_connect(struct weir__store *store, struct weir__conn *conn, weir_error *err)
{
    bool normal = store->options.sync_normal;
    bool first = conn == &store->writer.conn;
    int code =
        weir__conn_open(conn, store->path, store->path, store->options.busy_timeout_ms, first);

    if (code == 0)
        code = weir__conn_exec(conn, normal ? "PRAGMA synchronous = NORMAL"
                                            : "PRAGMA synchronous = FULL");
    if (code == 0)
        code = weir__conn_exec(conn, "PRAGMA wal_autocheckpoint = 0");
    if (code == 0)
        return 0;
    weir__report(conn, code, err);
    if (conn->db != NULL)
        weir__conn_close(conn);
    return code;
}

static int
journal_is_wal(struct weir__conn *conn, const char *pragma, bool *wal)
{
    sqlite3_stmt *stmt;
    int rc = sqlite3_prepare_v2(conn->db, pragma, -1, &stmt, NULL);

    if (rc != SQLITE_OK)
        return weir__conn_fail(conn, rc);
    rc = sqlite3_step(stmt);
    *wal = rc == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW ? 0 : weir__conn_fail(conn, rc);
}

/* Switching to WAL needs the file for itself and does not wait by itself. */
static int
switch_to_wal(struct weir__store *store, struct weir__conn *conn)
{
    const struct timespec pause = {0, 1000000};
    int64_t end_ms = weir__monotonic_ms() + store->options.busy_timeout_ms;
    int code;

    for (;;) {
        weir_error_clear(&conn->err);
        code = journal_is_wal(conn, "PRAGMA journal_mode = WAL", &store->wal);
        if (code != WEIR_E_BUSY || weir__monotonic_ms() >= end_ms)
            return code;
        nanosleep(&pause, NULL);
    }
}

static int
choose_journal(struct weir__store *store, struct weir__conn *conn)
{
    bool shared;
    int code;

    if (store->in_memory)
        return 0;
    code = journal_is_wal(conn, "PRAGMA journal_mode", &store->wal);
    if (code != 0 || store->wal)
        return code;
    code = weir__schema_is_shared(conn, &shared);
    if (code != 0)
        return code;
    if (!shared)
        return switch_to_wal(store, conn);
    weir_log(store->logger, WEIR_LOG_WARN,
             "sqlite: the database is an application's and not in WAL mode: slower",
             weir_log_str("database", store->path));
    return 0;
}

static int
check_writable(struct weir__conn *conn)
{
    if (sqlite3_db_readonly(conn->db, "main") != 1)
        return 0;
    return weir_error_set(&conn->err, WEIR_E_READONLY, "%s: the file cannot be written",
                          conn->name);
}

/* Opens the connection that writes, and makes the database ready. */
static int
open_writing(struct weir__store *store, weir_error *err)
{
    struct weir__conn *conn = &store->writer.conn;
    int code = weir__store_connect(store, conn, err);

    if (code != 0)
        return code;
    code = check_writable(conn);
    if (code == 0)
        code = choose_journal(store, conn);
    if (code == 0)
        code = weir__schema_migrate(conn);
    if (code != 0) {
        weir__report(conn, code, err);
        weir__conn_close(conn);
    }
    return code;
}

/* SQLite's own idea of the file's absolute name: the base of the files beside it. */
static int
keep_full_path(struct weir__store *store, weir_error *err)
{
    const char *full = sqlite3_db_filename(store->writer.conn.db, "main");
    char *path;

    if (store->in_memory || full == NULL || full[0] == '\0')
        return 0;
    path = strdup(full);
    if (path == NULL)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    free(store->path);
    store->path = path;
    return 0;
}

static int
store_init(struct weir__store *store, const weir_backend_open *how, weir_error *err)
{
    int code = weir__options_parse(&store->options, how->url, err);

    if (code != 0)
        return code;
    store->clock = how->clock;
    store->logger = how->logger;
    store->in_memory = strcmp(store->options.path, ":memory:") == 0;
    store->path = strdup(store->options.path);
    if (store->path == NULL || pthread_mutex_init(&store->readers.lock, NULL) != 0) {
        free(store->path);
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    store->options.path = NULL; /* the URL is not ours to keep */
    return 0;
}

static void
store_release(struct weir__store *store)
{
    pthread_mutex_destroy(&store->readers.lock);
    free(store->path);
    free(store);
}

static int
store_open(struct weir__store *store, weir_error *err)
{
    int code = weir__writer_init(&store->writer);

    if (code != 0)
        return weir_error_set(err, code, NULL);
    code = open_writing(store, err);
    if (code != 0)
        goto no_connection;
    code = keep_full_path(store, err);
    if (code != 0)
        goto no_path;
    store->writer.conn.name = store->path;
    if (store->wal)
        weir__checkpoint_watch(&store->checkpoint, &store->writer.conn);
    code = weir__hub_init(&store->hub, store);
    if (code == 0)
        return 0;
    weir_error_set(err, code, NULL);
no_path:
    weir__conn_close(&store->writer.conn);
no_connection:
    weir__writer_release(&store->writer);
    return code;
}

static int
sqlite_open(void **self, const weir_backend_open *how, weir_error *err)
{
    struct weir__store *store = calloc(1, sizeof(*store));
    int code;

    if (store == NULL)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    code = store_init(store, how, err);
    if (code != 0) {
        free(store);
        return code;
    }
    code = store_open(store, err);
    if (code != 0) {
        store_release(store);
        return code;
    }
    *self = store;
    return 0;
}

/* The writing connection goes last: SQLite then moves the rest of the log, with the file locked for itself. */
static void
sqlite_close(void *self)
{
    struct weir__store *store = self;
    size_t i;

    weir__hub_release(&store->hub);
    for (i = 0; i < store->readers.count; i++) {
        weir__conn_close(store->readers.idle[i]);
        free(store->readers.idle[i]);
    }
    if (store->checkpoint.conn.db != NULL)
        weir__conn_close(&store->checkpoint.conn);
    weir__conn_close(&store->writer.conn);
    weir__writer_release(&store->writer);
    store_release(store);
}

static unsigned
sqlite_capabilities(void *self)
{
    const struct weir__store *store = self;
    unsigned bits = WEIR_CAP_SURE_REPLIES | WEIR_CAP_PUSH | WEIR_CAP_STEER | WEIR_CAP_LEADER |
                    WEIR_CAP_PERIODIC | WEIR_CAP_GROUPS;

    return store->in_memory ? bits : bits | WEIR_CAP_PERSISTENT | WEIR_CAP_SHARED;
}

static int
sqlite_ping(void *self, weir_error *err)
{
    struct weir__conn *conn;
    int64_t qid;
    int code = weir__read_begin(self, &conn, err);

    if (code != 0)
        return code;
    code = weir__read_queue(conn, "", &qid);
    weir__report(conn, code, err);
    weir__read_end(self, conn);
    return code;
}

static int
sqlite_wait(void *self, weir_wait *wait, weir_error *err)
{
    struct weir__store *store = self;

    return weir__hub_wait(&store->hub, wait, err);
}

static void
sqlite_interrupt(void *self)
{
    struct weir__store *store = self;

    weir__hub_interrupt(&store->hub);
}

static const char *const schemes[] = {"sqlite", NULL};

const weir_backend weir__sqlite_backend = {
    .abi = WEIR_BROKER_ABI,
    .name = "sqlite",
    .schemes = schemes,
    .open = sqlite_open,
    .close = sqlite_close,
    .capabilities = sqlite_capabilities,
    .ping = sqlite_ping,
    .enqueue = weir__sqlite_enqueue,
    .consume = weir__sqlite_consume,
    .extend = weir__sqlite_extend,
    .wait = sqlite_wait,
    .interrupt = sqlite_interrupt,
    .forward = weir__sqlite_forward,
    .recover = weir__sqlite_recover,
    .expire = weir__sqlite_expire,
    .beat = weir__sqlite_beat,
    .leave = weir__sqlite_leave,
    .servers = weir__sqlite_servers,
    .queues = weir__sqlite_queues,
    .queue = weir__sqlite_queue,
    .history = weir__sqlite_history,
    .tasks = weir__sqlite_tasks,
    .task = weir__sqlite_task,
    .steer = weir__sqlite_steer,
    .steer_all = weir__sqlite_steer_all,
    .amend = weir__sqlite_amend,
    .pause = weir__sqlite_pause,
    .remove_queue = weir__sqlite_remove_queue,
    .cancel = weir__sqlite_cancel,
    .groups = weir__sqlite_groups,
    .group_stage = weir__sqlite_group_stage,
    .group_commit = weir__sqlite_group_commit,
    .group_reclaim = weir__sqlite_group_reclaim,
    .lead = weir__sqlite_lead,
    .resign = weir__sqlite_resign,
    .tick = weir__sqlite_tick,
    .last_tick = weir__sqlite_last_tick,
    .scheduler_beat = weir__sqlite_scheduler_beat,
    .scheduler_entries = weir__sqlite_scheduler_entries,
    .scheduler_history = weir__sqlite_scheduler_history,
};

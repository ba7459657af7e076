/* SPDX-License-Identifier: MIT */
/*
 * The SQLite backend: its table, opening and closing, and what the other files share.
 */
#include <config.h>

#include "calls.h"
#include "sqlite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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
    if (at == NULL || *at == '\0')
        return 0;
    for (; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 1099511628211u;
    return (int64_t)(hash >> 1 | 1);
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

/* Asked before anything is read: reading makes the files of the log, and they would stay as those of a user who was refused. */
static int
check_writable(struct weir__conn *conn)
{
    if (sqlite3_db_readonly(conn->db, "main") != 1)
        return 0;
    return weir_error_set(&conn->err, WEIR_E_READONLY, "%s: the file cannot be written",
                          conn->name);
}

/* What each connection is told. A reading one may write all the same where SQLite must to be able to read: a log or a
 * journal that a dead process has left. */
static int
set_up(const struct weir__store *store, struct weir__conn *conn)
{
    bool reads = store->options.mode == WEIR_OPEN_READ;
    bool first = conn == &store->writer.conn;
    int code = 0;

    if (reads)
        code = weir__journal_spare(store, conn);
    else if (first)
        code = check_writable(conn);

    if (code == 0)
        code = weir__conn_exec(conn, store->options.sync_normal ? "PRAGMA synchronous = NORMAL"
                                                                : "PRAGMA synchronous = FULL");
    if (code == 0)
        code = weir__conn_exec(conn, "PRAGMA wal_autocheckpoint = 0");
    if (code == 0 && reads)
        code = weir__conn_exec(conn, "PRAGMA query_only = ON");
    return code;
}

/* Only the first connection makes the file: a later one that finds none must not put an empty one in its place, whose
 * last user would remove the log of the lost one. */
int
weir__store_connect(struct weir__store *store, struct weir__conn *conn, weir_error *err)
{
    bool first = conn == &store->writer.conn;
    bool create = first && store->options.mode == WEIR_OPEN_CREATE;
    int code =
        weir__conn_open(conn, store->path, store->path, store->options.busy_timeout_ms, create);

    if (code == WEIR_E_IO && first && !create && access(store->path, F_OK) != 0 && errno == ENOENT)
        return weir_error_set(err, WEIR_E_UNAVAILABLE, "%s: there is no such file", store->path);
    if (code == 0)
        code = set_up(store, conn);
    if (code == 0)
        return 0;
    weir__report(conn, code, err);
    if (conn->db != NULL)
        weir__conn_close(conn);
    return code;
}

static int
make_ready(struct weir__store *store, struct weir__conn *conn)
{
    int code = weir__journal_choose(store, conn);

    return code != 0 ? code : weir__schema_migrate(conn);
}

static int
check_ready(struct weir__store *store, struct weir__conn *conn)
{
    int code = weir__journal_find(store, conn);

    return code != 0 ? code : weir__schema_check(conn);
}

/* Opens the connection that writes, and makes the database ready; or finds it so. */
static int
open_writing(struct weir__store *store, weir_error *err)
{
    struct weir__conn *conn = &store->writer.conn;
    int code = weir__store_connect(store, conn, err);

    if (code != 0)
        return code;
    code = store->options.mode == WEIR_OPEN_READ ? check_ready(store, conn)
                                                 : make_ready(store, conn);
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
    if (how->mode > store->options.mode)
        store->options.mode = how->mode;
    if (store->in_memory)
        store->options.mode = WEIR_OPEN_CREATE; /* there is nothing that could be there */
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
    if (code == 0) {
        store->writer.conn.board = &store->hub.board;
        return 0;
    }
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
                    WEIR_CAP_PERIODIC | WEIR_CAP_GROUPS | WEIR_CAP_SHOW;

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
    .show = weir__sqlite_show,
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

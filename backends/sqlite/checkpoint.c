/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints under the write lock: see checkpoint.h.
 *
 * A reader that keeps an old snapshot keeps the log from being moved; the next try then comes when it has grown by
 * as much again, and a warning when it is large.
 */
#include <config.h>

#include "store.h"

#define WARN_BYTES ((int64_t)64 * 1024 * 1024)
#define WARN_EVERY_MS 60000
#define WAL_FRAME_BYTES 4120 /* of the default page size */

static int
on_commit(void *arg, sqlite3 *db, const char *database, int pages)
{
    struct weir__checkpoint *checkpoint = arg;

    (void)db;
    (void)database;
    checkpoint->pages = pages;
    if (pages < WEIR__CHECKPOINT_PAGES)
        checkpoint->due_at = WEIR__CHECKPOINT_PAGES;
    return SQLITE_OK;
}

void
weir__checkpoint_watch(struct weir__checkpoint *checkpoint, struct weir__conn *writing)
{
    checkpoint->due_at = WEIR__CHECKPOINT_PAGES;
    sqlite3_wal_hook(writing->db, on_commit, checkpoint);
}

bool
weir__checkpoint_is_due(const struct weir__checkpoint *checkpoint)
{
    return checkpoint->due_at > 0 &&
           (checkpoint->wanted || checkpoint->pages >= checkpoint->due_at);
}

void
weir__checkpoint_after_failure(struct weir__checkpoint *checkpoint, int code)
{
    checkpoint->wanted = code == WEIR_E_FULL || code == WEIR_E_IO;
}

static void
warn_if_large(struct weir__store *store, int pages)
{
    struct weir__checkpoint *checkpoint = &store->checkpoint;
    int64_t now_ms = weir__monotonic_ms();
    int64_t bytes = (int64_t)pages * WAL_FRAME_BYTES;

    if (bytes < WARN_BYTES)
        return;
    if (checkpoint->warned_at_ms != 0 && now_ms - checkpoint->warned_at_ms < WARN_EVERY_MS)
        return;
    checkpoint->warned_at_ms = now_ms;
    weir_log(store->logger, WEIR_LOG_WARN, "sqlite: a reader keeps the log of the database growing",
             weir_log_str("database", store->path), weir_log_int("bytes", bytes));
}

static int
run(struct weir__store *store, int *left)
{
    struct weir__checkpoint *checkpoint = &store->checkpoint;
    int pages = 0, moved = 0, rc, code;

    if (weir__conn_has_moved(&store->writer.conn)) /* what has its name now is not ours */
        return weir__conn_fail_moved(&store->writer.conn);
    if (checkpoint->conn.db == NULL) {
        code = weir__store_connect(store, &checkpoint->conn, NULL);
        if (code != 0)
            return code;
    }
    code = weir__conn_run(&store->writer.conn, WEIR__SQL_begin, NULL, "");
    if (code != 0)
        return code;
    rc = sqlite3_wal_checkpoint_v2(checkpoint->conn.db, "main", SQLITE_CHECKPOINT_PASSIVE, &pages,
                                   &moved);
    weir__conn_run(&store->writer.conn, WEIR__SQL_rollback, NULL, "");
    weir__board_pass_turn(&store->hub.board);
    *left = pages - moved;
    return rc == SQLITE_OK ? 0 : weir__conn_fail(&checkpoint->conn, rc);
}

void
weir__checkpoint_run(struct weir__store *store)
{
    struct weir__checkpoint *checkpoint = &store->checkpoint;
    int left = 0;
    int code = run(store, &left);

    if (code != 0 && !checkpoint->wanted)
        weir_log(store->logger, WEIR_LOG_WARN, "sqlite: checkpoint failed",
                 weir_log_str("database", store->path), weir_log_str("error", weir_strerror(code)));
    if (code != 0 || left > 0)
        warn_if_large(store, checkpoint->pages);
    checkpoint->wanted = false;
    checkpoint->due_at = checkpoint->pages + WEIR__CHECKPOINT_PAGES;
    if (code == 0 && left == 0)
        checkpoint->pages = 0; /* the next commit restarts the log and says so */
}

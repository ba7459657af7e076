/* SPDX-License-Identifier: MIT */
/*
 * A connection to the database with its prepared statements.
 *
 * A connection is used by one thread at a time; who that is, is the affair of the writer (writer.h) and the
 * readers (store.h). Statements are written in statements/NAME.sql as sections "-- @name" and named here
 * once in WEIR__STATEMENT_MAP; each is prepared when it is first used.
 *
 * Functions return 0 or a negative WEIR_E code; what happened is then in conn->err, in words.
 */
#ifndef WEIR_SQLITE_CONN_H
#define WEIR_SQLITE_CONN_H

#include "board.h"

#include <weir/error.h>

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEIR__STATEMENT_MAP(X)                                                                     \
    X(begin)                                                                                       \
    X(begin_read)                                                                                  \
    X(commit)                                                                                      \
    X(rollback)                                                                                    \
    X(savepoint)                                                                                   \
    X(release)                                                                                     \
    X(rollback_to)                                                                                 \
    X(queue_get)                                                                                   \
    X(queue_add)                                                                                   \
    X(ends)                                                                                        \
    X(head)                                                                                        \
    X(tail)                                                                                        \
    X(count_day)                                                                                   \
    X(task_exists)                                                                                 \
    X(lock_take)                                                                                   \
    X(lock_drop)                                                                                   \
    X(insert)                                                                                      \
    X(insert_rows)                                                                                 \
    X(payload_put)                                                                                 \
    X(payload_drop)                                                                                \
    X(take)                                                                                        \
    X(hold_range)                                                                                  \
    X(hold_rows)                                                                                   \
    X(start_range)                                                                                 \
    X(start_rows)                                                                                  \
    X(extend)                                                                                      \
    X(show)                                                                                        \
    X(holds)                                                                                       \
    X(finish_done_range)                                                                           \
    X(finish_done_rows)                                                                            \
    X(finish_complete)                                                                             \
    X(finish_retry)                                                                                \
    X(finish_archive)                                                                              \
    X(finish_requeue)                                                                              \
    X(due)                                                                                         \
    X(forward)                                                                                     \
    X(next_due)                                                                                    \
    X(dead)                                                                                        \
    X(reclaim)                                                                                     \
    X(expired)                                                                                     \
    X(archive_heads)                                                                               \
    X(archive_cut)                                                                                 \
    X(archive_count)                                                                               \
    X(remove)                                                                                      \
    X(locks_expired)                                                                               \
    X(locks_expire)                                                                                \
    X(days_old)                                                                                    \
    X(days_fold)                                                                                   \
    X(days_drop)                                                                                   \
    X(beat)                                                                                        \
    X(leave)                                                                                       \
    X(servers)                                                                                     \
    X(servers_expired)                                                                             \
    X(lead)                                                                                        \
    X(resign)                                                                                      \
    X(tick_last)                                                                                   \
    X(tick_set)                                                                                    \
    X(tick_note)                                                                                   \
    X(tick_trim)                                                                                   \
    X(tick_events)                                                                                 \
    X(scheduler_beat)                                                                              \
    X(scheduler_leave)                                                                             \
    X(schedulers)                                                                                  \
    X(schedulers_expired)                                                                          \
    X(queue_ticks_drop)                                                                            \
    X(groups)                                                                                      \
    X(group)                                                                                       \
    X(group_tasks)                                                                                 \
    X(set_join)                                                                                    \
    X(set_add)                                                                                     \
    X(set_get)                                                                                     \
    X(set_tasks)                                                                                   \
    X(set_drop)                                                                                    \
    X(set_dissolve)                                                                                \
    X(sets_over)                                                                                   \
    X(sets_drop)                                                                                   \
    X(joined)                                                                                      \
    X(queues)                                                                                      \
    X(queue)                                                                                       \
    X(count_states)                                                                                \
    X(count_groups)                                                                                \
    X(oldest_pending)                                                                              \
    X(memory)                                                                                      \
    X(totals)                                                                                      \
    X(day)                                                                                         \
    X(tasks)                                                                                       \
    X(tasks_of_group)                                                                              \
    X(task)                                                                                        \
    X(look)                                                                                        \
    X(data_version)                                                                                \
    X(steer_get)                                                                                   \
    X(steer_list)                                                                                  \
    X(steer_list_of_group)                                                                         \
    X(steer_run)                                                                                   \
    X(steer_archive)                                                                               \
    X(amend_due)                                                                                   \
    X(amend_payload)                                                                               \
    X(pause)                                                                                       \
    X(any_task)                                                                                    \
    X(any_active)                                                                                  \
    X(queue_tasks)                                                                                 \
    X(queue_days_drop)                                                                             \
    X(queue_locks_drop)                                                                            \
    X(queue_drop)                                                                                  \
    X(cancel)                                                                                      \
    X(cancel_note)

enum weir__statement {
#define WEIR__STATEMENT_ENUM(name) WEIR__SQL_##name,
    WEIR__STATEMENT_MAP(WEIR__STATEMENT_ENUM)
#undef WEIR__STATEMENT_ENUM
    WEIR__SQL_COUNT
};

struct weir__conn {
    sqlite3 *db;
    const char *name;          /* of the database, for messages; borrowed */
    int64_t busy_timeout_ms;   /* how long to wait for a lock */
    struct weir__board *board; /* where it is told that the lock is free; NULL: nowhere. Borrowed */
    int64_t busy_since_ms;     /* when the present wait began */
    int64_t pause_us;          /* how long it sleeps for a turn that does not come */
    uint32_t turn;             /* the one that was seen before the last try */
    weir_error err;            /* of the last failure */
    sqlite3_stmt *statements[WEIR__SQL_COUNT];
};

/* Opens a database and makes the connection ours (busy handling, limits of our own); path as for
 * sqlite3_open_v2; without `create` it has to be there. On failure nothing stays open. */
int weir__conn_open(struct weir__conn *conn, const char *path, const char *name,
                    int64_t busy_timeout_ms, bool create);

/* Wraps a connection of somebody else's, which stays theirs and as it is. */
void weir__conn_wrap(struct weir__conn *conn, sqlite3 *db);

/* Ends the prepared statements, and the connection with it (close) or not (unwrap). */
void weir__conn_close(struct weir__conn *conn);
void weir__conn_unwrap(struct weir__conn *conn);

/* True when the name of the database's file stands for another file, or for none, than the one that is open: what
 * is written would be lost. weir__conn_fail_moved() notes it as this connection's failure and returns its code. */
bool weir__conn_has_moved(struct weir__conn *conn);
int weir__conn_fail_moved(struct weir__conn *conn);

/* Notes the failure rc of this connection in conn->err and returns its WEIR_E code (errors.c). */
int weir__conn_fail(struct weir__conn *conn, int rc);

/* Tasks of a statement whose name ends with "_rows". */
#define WEIR__ROWS 16

/*
 * The text of a statement, for prepare; NULL if there is none of that name, or no memory; for the caller to free. That of NAME_rows is
 * the section NAME_rows, or NAME, with what stands between its marks repeated WEIR__ROWS times.
 */
char *weir__statement_text(const char *name);
const char *weir__statement_name(enum weir__statement id);

/* Runs SQL text that returns nothing of interest. */
int weir__conn_exec(struct weir__conn *conn, const char *sql);

/* Runs SQL text and gives the first column of its first row, or otherwise if there is no row. */
int weir__conn_int(struct weir__conn *conn, const char *sql, int64_t otherwise, int64_t *value);

/*
 * Binds the parameters ?1, ?2, ... as `format` says, one letter for each:
 *   i  int64_t
 *   s  const char *, NULL allowed
 *   b  const void *, size_t; a NULL pointer is NULL, length 0 is an empty blob
 * The values must live until the statement is reset.
 *
 * _start: puts the statement, bound, into *stmt; step with weir__conn_step, end with weir__conn_end.
 * _run:   runs it to its end; *changed (may be NULL) is the number of rows changed.
 */
int weir__conn_start(struct weir__conn *conn, enum weir__statement id, sqlite3_stmt **stmt,
                     const char *format, ...);
int weir__conn_run(struct weir__conn *conn, enum weir__statement id, int *changed,
                   const char *format, ...);

/*
 * The same in steps, for a statement whose parameters come in several parts: _prepare puts it into *stmt, _bind binds
 * `format` from parameter *at on and advances *at, _complete runs it to its end.
 */
int weir__conn_prepare(struct weir__conn *conn, enum weir__statement id, sqlite3_stmt **stmt);
int weir__conn_bind(struct weir__conn *conn, sqlite3_stmt *stmt, int *at, const char *format, ...);
int weir__conn_complete(struct weir__conn *conn, sqlite3_stmt *stmt, int *changed);

/*
 * Runs a statement that ends a transaction. WEIR_E_UNKNOWN when all of it was written and could not be brought to the disk: it
 * is undone for those who have the file open, but a start after a crash may find it whole.
 */
int weir__conn_commit(struct weir__conn *conn, enum weir__statement id);

/* 1: a row; 0: no more; negative: failed. */
int weir__conn_step(struct weir__conn *conn, sqlite3_stmt *stmt);
void weir__conn_end(sqlite3_stmt *stmt);

/* Monotonic time, for timeouts. */
int64_t weir__monotonic_ms(void);
int64_t weir__monotonic_us(void);

#endif

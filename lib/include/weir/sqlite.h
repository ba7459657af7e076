/* SPDX-License-Identifier: MIT */
/*
 * Enqueueing inside an application's own SQLite transaction: the task exists if and only if the
 * application's data does. For queues that live in the application's database file.
 *
 * Installed only where weir was built with SQLite, and not part of <weir.h>. Link the same libsqlite3.
 */
#ifndef WEIR_SQLITE_H
#define WEIR_SQLITE_H

#include <weir/api.h>
#include <weir/client.h>
#include <weir/task.h>

WEIR_BEGIN_DECLS

struct sqlite3;

/*
 * Enqueues tasks on the application's connection, as weir_enqueue_many() does on a client, in the
 * transaction that is open on it, or in one of its own when none is. The tasks can be taken once that
 * transaction is committed, and workers are woken by the commit; when it is rolled back they never were. The
 * connection's pragmas stay as they are: durability is that of the application's commit. The file must hold
 * weir's tables already (open it once as a broker, "sqlite:PATH"). receipts[i] says how tasks[i] fared and may be NULL.
 *
 * Returns 0 when all were put in, else the code of the first that was not; those that were refused by
 * themselves (WEIR_E_INVALID, WEIR_E_CONFLICT, WEIR_E_DUPLICATE, ...) leave the others in place. When the
 * database fails (WEIR_E_BUSY, WEIR_E_FULL, WEIR_E_IO, ...) none of the call is in it, and the application
 * decides about its transaction. Begin it with BEGIN IMMEDIATE: one that has read before it writes can be
 * refused as WEIR_E_BUSY at once, by SQLite's rules.
 * Errors: also WEIR_E_STATE (the file has no tables of weir), WEIR_E_VERSION.
 * One thread at a time on one connection, as for SQLite itself. Since 0.1.
 */
WEIR_API int weir_sqlite_enqueue(struct sqlite3 *db, const weir_task *tasks, size_t count,
                                 weir_receipt *receipts, weir_error *err);

WEIR_END_DECLS

#endif

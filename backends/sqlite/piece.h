/* SPDX-License-Identifier: MIT */
/*
 * Work on many tasks, in pieces: each is a transaction of its own that is kept short, and others may write between two.
 *
 * A piece ends when it has done WEIR__PIECE_UNITS or has held the write lock for WEIR__PIECE_MS. A task is one unit and one more
 * for each 4 KiB that go with it, whose pages SQLite has to visit.
 */
#ifndef WEIR_SQLITE_PIECE_H
#define WEIR_SQLITE_PIECE_H

#include "writer.h"

#define WEIR__PIECE_UNITS 256
#define WEIR__PIECE_MS 5

struct weir__piece {
    int64_t end_ms; /* monotonic */
    int64_t units;
    bool full; /* there may be more to do */
};

/*
 * Runs a job again and again until a run does not fill its piece. *done, which the job counts up, is what was committed, also
 * after a failure.
 */
int weir__pieces_run(struct weir__store *store, struct weir__piece *piece, weir__job_run run,
                     void *arg, size_t *done, weir_error *err);

/* Notes that a task with so many bytes beside its row was dealt with. Returns whether the piece is full. */
bool weir__piece_add(struct weir__piece *piece, int64_t bytes);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Pieces of work: see piece.h. Those who wait for the write lock in other processes look for it every millisecond; between two
 * pieces it is left to them for longer than that.
 */
#include <config.h>

#include "piece.h"

#include "store.h"

#include <time.h>

#define UNIT_BYTES 4096
#define REST_NS 2000000

struct piece_job {
    struct weir__piece *piece;
    weir__job_run run;
    void *arg;
};

/* The time counts from when the write lock is there. */
static int
run_piece(struct weir__tx *tx, void *arg)
{
    const struct piece_job *job = arg;

    *job->piece = (struct weir__piece){.end_ms = weir__monotonic_ms() + WEIR__PIECE_MS};
    return job->run(tx, job->arg);
}

int
weir__pieces_run(struct weir__store *store, struct weir__piece *piece, weir__job_run run, void *arg,
                 size_t *done, weir_error *err)
{
    const struct timespec rest = {0, REST_NS};
    struct piece_job job = {piece, run, arg};
    size_t before = *done;
    int code;

    while ((code = weir__writer_run(store, run_piece, &job, err)) == 0 && piece->full) {
        before = *done;
        nanosleep(&rest, NULL);
    }
    if (code != 0)
        *done = before;
    return code;
}

bool
weir__piece_add(struct weir__piece *piece, int64_t bytes)
{
    piece->units += 1 + bytes / UNIT_BYTES;
    piece->full = piece->units >= WEIR__PIECE_UNITS || weir__monotonic_ms() > piece->end_ms;
    return piece->full;
}

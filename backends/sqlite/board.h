/* SPDX-License-Identifier: MIT */
/*
 * The board: a page of memory that all processes on a database share, through PATH-weir, the file beside it.
 *
 * What stands on it are hints. Whoever reads it must be right, and go on, whatever it says: processes die between any two steps,
 * some cannot write the file, and connections of somebody else's know nothing of it. It is never synced.
 *
 * The turn: SQLite has no queue for its write lock, only the answer "busy". Whoever gives the lock back passes the turn on, which wakes one of
 * those who sleep until then; each of them looks for itself as well, at growing distances. So sixteen who want the lock cost no more than two, and
 * do not keep the one who has it from the processor.
 */
#ifndef WEIR_SQLITE_BOARD_H
#define WEIR_SQLITE_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The file is as long as this, so that writing to the page never has to find room for it. */
#define WEIR__BOARD_BYTES 4096

struct weir__board_page {
    char touched[64]; /* the first byte is read to tell those who watch (watch.c) */
    _Atomic uint32_t turn;
    /* Who sleeps until then. A process that dies asleep is counted for ever, which costs a system call each turn. */
    _Atomic uint32_t sleepers;
};

_Static_assert(sizeof(struct weir__board_page) <= WEIR__BOARD_BYTES, "the board is one page");

struct weir__board {
    struct weir__board_page *page; /* NULL: no memory for it */
};

/* A board of this process alone, until it is shared. Where there is no memory for it nothing but the time wakes anybody. */
void weir__board_init(struct weir__board *board);
void weir__board_release(struct weir__board *board);

/* Lays the file's page in the place of the present one; others of this process may be using the board. The file must have
 * WEIR__BOARD_BYTES bytes and be open for reading and writing. */
void weir__board_share(struct weir__board *board, int fd);

/* The present turn. */
uint32_t weir__board_turn(const struct weir__board *board);

/* Sleeps until the turn is another one than `seen`, for `us` microseconds at most. False: it was for as long. */
bool weir__board_await_turn(struct weir__board *board, uint32_t seen, int64_t us);

/* After the write lock was given back. */
void weir__board_pass_turn(struct weir__board *board);

#endif

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
 *
 * The offers: for each queue how many tasks were put into it, how many of them somebody went for, and up to which a take found the
 * queue empty (heed.h). The numbers only grow.
 */
#ifndef WEIR_SQLITE_BOARD_H
#define WEIR_SQLITE_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The file is as long as this, so that writing to the page never has to find room for it. */
#define WEIR__BOARD_BYTES 4096

#define WEIR__BOARD_QUEUES 120

struct weir__board_queue {
    _Atomic uint64_t key; /* of its name; 0: free. A queue keeps its place */
    _Atomic uint64_t offered, claimed, drained;
};

struct weir__board_page {
    char touched[64]; /* the first byte is read to tell those who watch (watch.c) */
    _Atomic uint32_t turn;
    /* Who sleeps until then. A process that dies asleep is counted for ever, which costs a system call each turn. */
    _Atomic uint32_t sleepers;
    _Atomic uint32_t told; /* how often anything was told */
    _Atomic uint32_t all;  /* how often of something that is for all */
    char unused[48];
    struct weir__board_queue queues[WEIR__BOARD_QUEUES];
};

_Static_assert(sizeof(struct weir__board_page) <= WEIR__BOARD_BYTES, "the board is one page");

struct weir__board {
    struct weir__board_page *page; /* NULL: no memory for it */
    atomic_bool shared;            /* with other processes */
};

struct weir__board_news {
    uint32_t told, all;
};

/* A board of this process alone, until it is shared. Where there is no memory for it nothing but the time wakes anybody. */
void weir__board_init(struct weir__board *board);
void weir__board_release(struct weir__board *board);

/* Lays the file's page in the place of the present one; others of this process may be using the board. The file must have
 * WEIR__BOARD_BYTES bytes and be open for reading and writing. */
void weir__board_share(struct weir__board *board, int fd);

/* The file is lost: what is offered on its page reaches nobody any more. */
void weir__board_unshare(struct weir__board *board);

/* The present turn. */
uint32_t weir__board_turn(const struct weir__board *board);

/* Sleeps until the turn is another one than `seen`, for `us` microseconds at most. False: it was for as long. */
bool weir__board_await_turn(struct weir__board *board, uint32_t seen, int64_t us);

/* After the write lock was given back. */
void weir__board_pass_turn(struct weir__board *board);

/* Whether the offers mean anything: they do between processes only. */
bool weir__board_is_shared(const struct weir__board *board);

/* A number for a queue's name, never 0. */
uint64_t weir__board_key(const char *queue);

/* The place of a queue; NULL: it has none, or (with `make`) there is no room for it. */
struct weir__board_queue *weir__board_place(struct weir__board *board, uint64_t key, bool make);

/* Tasks were put into the queue; one of them is claimed already (own). */
void weir__board_offer(struct weir__board_queue *place, uint32_t tasks, bool own);
/* Claims a task that was offered. False: others have claimed them all. */
bool weir__board_claim(struct weir__board_queue *place);
/* A take that is committed has found the queue empty, when so many had been offered. */
void weir__board_drain(struct weir__board *board, uint64_t key, uint64_t offered);
/* Whether that is so of all that was offered. NULL: nothing was. */
bool weir__board_is_drained(const struct weir__board_queue *place);

/* Counts that something is told; what is told to everybody was not offered. */
void weir__board_tell(struct weir__board *board, bool everybody);
struct weir__board_news weir__board_news(const struct weir__board *board);

#endif

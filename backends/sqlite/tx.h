/* SPDX-License-Identifier: MIT */
/*
 * A write transaction, as the calls that run in it see it.
 *
 * It remembers the queues that were met (name to number, both ends of the pending list, what was counted),
 * so that a batch looks each of them up once, and collects what those who wait must hear of after the commit. Names are
 * borrowed from the calls: their callers are blocked until the transaction has ended.
 */
#ifndef WEIR_SQLITE_TX_H
#define WEIR_SQLITE_TX_H

#include "conn.h"

#include <weir/task.h>

#define WEIR__TX_QUEUES 8
#define WEIR__TX_NOTES 16

struct weir__tx_queue {
    const char *name; /* NULL: free */
    int64_t qid;      /* 0: there is no such queue */
    bool known;
    bool paused;
    bool has_head, has_tail;
    int64_t head, tail;             /* next free places at the ends of pending */
    int64_t day, processed, failed; /* not yet written */
    int64_t joins;                  /* to groups; not yet written */
};

/* Something that a waiter may want to know (WEIR_WAKE_ bits) about a queue; name NULL: about all. */
struct weir__note {
    const char *queue;
    unsigned what;
    int64_t due_at_ms; /* WEIR_WAKE_DUE: the earliest */
    uint32_t tasks;    /* WEIR_WAKE_WORK: how many, and so how many of those who wait are enough */
};

/* A queue in which a take found nothing more, when so many had been offered (board.h). */
struct weir__drain {
    uint64_t key; /* 0: nothing was offered yet */
    uint64_t offered;
};

struct weir__tx_state {
    struct weir__tx_queue queues[WEIR__TX_QUEUES];
    size_t next; /* the one to give up next */
    struct weir__drain drains[WEIR__TX_QUEUES];
    size_t drain_count;
};

struct weir__tx {
    struct weir__conn *conn;
    struct weir__tx_state state;
    struct weir__note notes[WEIR__TX_NOTES];
    size_t note_count;
};

void weir__tx_init(struct weir__tx *tx, struct weir__conn *conn);

/* Finds a queue; create: makes it and makes it known. *queue is valid until the next call. */
int weir__tx_queue(struct weir__tx *tx, const char *name, bool create,
                   struct weir__tx_queue **queue);

/* Whether a queue is remembered: else finding it may forget another one, and with it the places that were given out there. */
bool weir__tx_remembers(const struct weir__tx *tx, const char *name);

/* Forgets what is remembered of queues (after one was removed). */
void weir__tx_forget(struct weir__tx *tx);

/* The lowest and highest places of a queue's tasks in a state. 1; 0 and zeros: there are none; negative: failed. */
int weir__tx_ends(struct weir__tx *tx, int64_t qid, weir_state state, int64_t *low, int64_t *high);

/* Next place at the tail or the head of the queue's pending list. */
int weir__tx_tail(struct weir__tx *tx, struct weir__tx_queue *queue, int64_t *place);
int weir__tx_head(struct weir__tx *tx, struct weir__tx_queue *queue, int64_t *place);
/* Next place in the queue's groups. */
int weir__tx_group_tail(struct weir__tx *tx, struct weir__tx_queue *queue, int64_t *place);

/* Notes that a task has joined a group of the queue, or came back to one. */
void weir__tx_join(struct weir__tx *tx, struct weir__tx_queue *queue);

/* Counts attempts that ended at now_ms. */
int weir__tx_count(struct weir__tx *tx, struct weir__tx_queue *queue, int64_t now_ms,
                   int64_t processed, int64_t failed);

/* Writes what was counted. Before the commit. */
int weir__tx_flush(struct weir__tx *tx);

/* Notes that a take found the queue empty; what was offered was read before. Those for which there is no room are forgotten. */
void weir__tx_drained(struct weir__tx *tx, struct weir__drain drain);
/* Says so on the board. After the commit. */
void weir__tx_tell_drained(const struct weir__tx *tx);

/* The queue has so many tasks more to take than were noted. */
void weir__tx_note_tasks(struct weir__tx *tx, const char *queue, uint32_t tasks);

/* Has waiters told after the commit. due_at_ms only with WEIR_WAKE_DUE; WEIR_WAKE_WORK: of one task. */
void weir__tx_note(struct weir__tx *tx, const char *queue, unsigned what, int64_t due_at_ms);

/* Days since 1970-01-01 UTC. */
int64_t weir__day_of(int64_t at_ms);

#endif

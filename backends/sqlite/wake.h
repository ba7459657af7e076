/* SPDX-License-Identifier: MIT */
/*
 * Waiting for changes, within the process and across processes, without polling.
 *
 * The hub counts events with a generation number. For each queue that anybody has waited for it keeps the generation of the
 * last event of each kind; a wait returns when one of them is newer than the generation it was given, so nothing that happens
 * between two waits is lost.
 *
 * Changes of this process arrive through weir__hub_notify() after the commit. Those of others arrive through two inotify
 * watches:
 *  - on PATH-weir, a small file beside the database (board.h). Whoever has committed something of interest reads its first byte,
 *    which watchers see at once.
 *  - on PATH-wal, for programs that write through a connection of their own (an application's transaction). The
 *    event comes before the commit can be seen, so the hub looks several times with growing pauses, and never more
 *    often than that however busy the others are.
 * After an event of others the hub looks: has data_version changed; then, for each queue, whether there is work that may be
 * taken, a due time earlier than forward() told, a cancellation more than before. When a neighbour is busy with what is of no
 * interest here, looks come every few milliseconds and not with each of its commits. Of several processes that wait for the same work one is
 * enough: heed.h.
 *
 * One of the waiting threads does the polling, the others wait for it; an idle one makes no system call.
 * Without inotify or without the file beside the database it looks every half second (said in the log).
 */
#ifndef WEIR_SQLITE_WAKE_H
#define WEIR_SQLITE_WAKE_H

#include "board.h"
#include "conn.h"
#include "tx.h"

#include <weir/broker.h>

#include <pthread.h>

struct weir__store;

struct weir__waiter {
    weir_wait *wait;
    int64_t end_ms; /* monotonic; INT64_MAX: never */
    pthread_cond_t wake;
    struct weir__waiter *next;
};

struct weir__hub_queue {
    struct weir__hub_queue *next;
    uint64_t work, due, cancel, group; /* generations of the last events */
    int64_t told_due_at_ms;            /* what forward() said */
    int64_t cancels, joins;            /* seen in the database */
    uint64_t key;                      /* on the board */
    uint64_t offered;                  /* seen there */
    bool ours;                         /* the present look is for a task that was claimed there */
    char name[];
};

struct weir__hub {
    struct weir__store *store;
    pthread_mutex_t lock;
    uint64_t generation;  /* of the last event */
    uint64_t interrupted; /* generation of the last interrupt */
    struct weir__hub_queue *queues;
    struct weir__waiter *waiters;
    struct weir__waiter *poller; /* the one that polls, or NULL */
    bool polling;                /* it is in poll() */

    struct weir__board board;

    int event_fd;        /* wakes the poller */
    int touch_fd;        /* inotify on PATH-weir */
    int wal_fd;          /* inotify on PATH-wal */
    int beside_fd;       /* PATH-weir, to touch */
    bool armed;          /* the watches are set, or were found impossible */
    bool rearm;          /* the file beside the database is gone: set them again */
    bool blind;          /* no watches: look every half second */
    int64_t blind_at_us; /* then the next time, monotonic, whatever else wakes the poller */

    struct weir__conn conn; /* of the poller */
    int64_t data_version;
    int step;              /* looks since the last event on the log; -1: none to come */
    bool quiet;            /* no event on the log between the last two looks */
    int64_t look_at_us;    /* when the next one is, monotonic */
    bool gone;             /* what the poller has seen: the file beside the database is gone */
    bool touched;          /* what woke it: a touch */
    bool concerned;        /* something was offered of a queue that is watched here */
    bool stepped;          /* the series, or the time of one who is blind */
    bool net_due;          /* the look that was put off (heed.h) */
    int futile;            /* such looks, one after another, that found nothing */
    int64_t looked_at_us;  /* the last of them */
    int64_t calm_until_us; /* touches are not heeded before; then they are still there */

    struct weir__board_news news; /* seen on the board */
    int64_t net_us;               /* how long a look is put off */
    int64_t net_at_us;            /* when it is, monotonic; 0: there is none */
    bool unexplained;             /* it must be, whatever the board says */
    bool renewed;   /* the watches were set once more: a look is owed, the board may be another's */
    bool must_look; /* the present look: even if nothing was written since the last one */
    bool takes_all; /* and all work that is found is to be taken */
};

int weir__hub_init(struct weir__hub *hub, struct weir__store *store);
void weir__hub_release(struct weir__hub *hub);

/* After a commit: tells the waiters of this process and of others. */
void weir__hub_notify(struct weir__hub *hub, const struct weir__note *notes, size_t count);

int weir__hub_wait(struct weir__hub *hub, weir_wait *wait, weir_error *err);
void weir__hub_interrupt(struct weir__hub *hub);

/* What forward() has said of a queue. */
void weir__hub_told_due(struct weir__hub *hub, const char *queue, int64_t due_at_ms);

#endif

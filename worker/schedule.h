/* SPDX-License-Identifier: MIT */
/*
 * The periodic tasks of a server. The set may be changed by any thread; the keeper works on a copy of its own
 * (tickers), which it renews when the set's generation has changed, so that no lock is held across calls
 * to the broker.
 *
 * Who leads is decided for a set of entries: servers with the same set share a leadership, and those with another do
 * not keep them from it. While two sets overlap, two may tick one entry; the broker lets one of them win.
 */
#ifndef WEIR_WORKER_SCHEDULE_H
#define WEIR_WORKER_SCHEDULE_H

#include "periodic.h"

#include <pthread.h>
#include <weir/broker.h>

/* An entry as the keeper sees it. */
struct weir__ticker {
    struct weir__periodic *entry;
    int64_t since_boot_ms; /* watched since */
    bool known;            /* last_ms is the store's */
    int64_t last_ms;       /* the last tick; 0: never */
    int64_t floor_ms;      /* ticks up to here are not made up for: last_ms was of a wrong clock */
    int64_t given_up_ms;   /* a tick that the broker will never take */
    int64_t next_ms;       /* WEIR_CRON_NEVER: none */
};

struct weir__schedule {
    pthread_mutex_t lock; /* guards what follows, to the blank line */
    bool has_lock;
    struct weir__periodic **entries;
    size_t count;
    uint64_t generation;

    /* The keeper's. */
    uint64_t seen; /* generation of the tickers */
    struct weir__ticker *tickers;
    weir_scheduler_entry *shown;
    size_t ticker_count;
    char leadership[64];
    bool leads;
    bool listed;
    int64_t renew_at_ms;   /* boot */
    int64_t leads_till_ms; /* boot: then it is somebody else's to take */
    int64_t due[WEIR_MISSED_MAX];
};

int weir__schedule_init(struct weir__schedule *schedule);
void weir__schedule_release(struct weir__schedule *schedule);

/*
 * Takes over a changed set; *changed tells whether it was, `leadership` the name of who leads the set then. 0, or
 * WEIR_E_NOMEM: the tickers are as they were.
 */
int weir__schedule_sync(struct weir__schedule *schedule, int64_t boot_ms, char leadership[64],
                        bool *changed);

#endif

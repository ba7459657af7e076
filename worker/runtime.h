/* SPDX-License-Identifier: MIT */
/*
 * What a server is made of. doc/threads.md tells how its threads work together.
 *
 * One lock (weir_server.lock) guards the slots and the mover's list; it is held for a few
 * instructions, never across a call to the broker, to a handler or to a function of the application's. Locks are
 * taken in this order: the server's, then a keeper's or a context's.
 */
#ifndef WEIR_WORKER_RUNTIME_H
#define WEIR_WORKER_RUNTIME_H

#include "aggregator.h"
#include "calls.h"
#include "context.h"
#include "id.h"
#include "keeper.h"
#include "mux.h"
#include "order.h"
#include "schedule.h"
#include "settings.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

enum {
    WEIR__MOVE_MAX = 256 /* finishes, and tasks taken, in one call */
};

enum weir__phase {
    WEIR__NEW,
    WEIR__RUNNING,
    WEIR__QUIET,
    WEIR__STOPPING,
    WEIR__STOPPED
};

/* What the broker knows of a slot's task. */
enum weir__hold {
    WEIR__HOLD_NONE,    /* no claim, or its outcome is committed or refused */
    WEIR__HOLD_CLAIMED, /* a claim without outcome */
    WEIR__HOLD_QUEUED,  /* its outcome waits for the mover */
    WEIR__HOLD_MOVING   /* its outcome is in the mover's call */
};

/*
 * A slot: one worker thread and the task it has. It is free when its handler has returned and its outcome
 * is committed; so there are never more claims than slots, and nothing is allocated for an outcome.
 */
struct weir__slot {
    weir_server *server;
    struct weir__slot *next; /* in the list of free ones, or of outcomes */
    pthread_t thread;
    sem_t ready;  /* posted when there is a task, or the end */
    bool running; /* the handler has not returned */
    enum weir__hold hold;
    bool pinned;          /* a heartbeat looks at the claim's task */
    bool unsure;          /* the fate of the outcome's last call is not known */
    bool lost;            /* the lease is lost */
    bool overdue;         /* its deadline has passed, the context is cancelled */
    bool stuck;           /* did not return after its deadline and grace */
    atomic_bool stopping; /* a stop has cancelled it */
    atomic_bool decided;  /* whoever sets it says how the attempt ended */
    weir_claim claim;
    weir_finish finish;
    uint64_t number; /* counts what was taken */
    int64_t started_at_ms;
    int64_t end_boot_ms; /* of timeout and deadline; WEIR_NEVER: none */
    int64_t lease_end_boot_ms;
    struct weir_context context;
};

/* The mover's call; of use to its thread alone. */
struct weir__move {
    weir_finish finishes[WEIR__MOVE_MAX];
    struct weir__slot *slots[WEIR__MOVE_MAX];
    size_t count;
    weir_claim claims[WEIR__MOVE_MAX];
    struct weir__slot *assigned[WEIR__MOVE_MAX];
    size_t assigned_count;
    size_t want;
    int64_t finish_at_ms; /* monotonic: not before; 0: no outage */
    int64_t take_at_ms;
};

/* The heartbeat's lists, with room for each slot. */
struct weir__beat_lists {
    struct weir__slot **slots; /* pinned */
    weir_extend_item *items;   /* of those with a hold */
    weir_claim *claims;
    struct weir__slot **item_slots;
    weir_worker_info *workers; /* of those that run */
};

/* Of use to the heartbeat's thread alone. */
struct weir__beat {
    struct weir__beat_lists lists;
    size_t count;
    size_t item_count;
    size_t worker_count;
    int64_t beat_at_ms;   /* boot: when presence is due */
    int64_t clock_gap_ms; /* wall clock less boot clock at the last beat */
    const char *status;   /* that was published last */
};

/* Who has trouble with the broker. */
enum weir__party {
    WEIR__PARTY_FINISH,
    WEIR__PARTY_TAKE,
    WEIR__PARTY_LISTENER,
    WEIR__PARTY_HEARTBEAT,
    WEIR__PARTY_FORWARD,
    WEIR__PARTY_RECOVER,
    WEIR__PARTY_JANITOR,
    WEIR__PARTY_PERIODIC,
    WEIR__PARTY_GROUPS,
    WEIR__PARTY_COUNT
};

struct weir_server {
    struct weir__settings settings;
    weir_broker *broker;
    const weir_mux *mux;
    weir_logger *logger;
    char id[WEIR__ID_SIZE];
    char host[256];
    int64_t started_at_ms;
    atomic_int refs;    /* the owner, and each worker thread */
    atomic_int running; /* handlers */
    atomic_int stuck;
    atomic_int concurrency;     /* how many slots there are to be */
    atomic_bool presence_stale; /* to be published before its time */

    pthread_mutex_t
        change_lock; /* held by start, changes and the end of the workers, before `lock` */

    pthread_mutex_t lock; /* guards what follows, to the next comment that says otherwise */
    enum weir__phase phase;
    bool more;      /* the queues may have work */
    bool cut_short; /* a stop waits no longer */
    bool run_ended; /* weir_server_run() was told to end */
    bool mover_waits;
    bool mover_ends;
    bool mover_ended;
    bool listener_muted;    /* it does not listen for work */
    int64_t flush_until_ms; /* monotonic: then the mover gives up */
    size_t held;            /* slots with a hold */
    size_t given_back;      /* tasks that a stop has put back, as committed */
    uint64_t taken;
    struct weir__slot **slots; /* all there are; those of worker threads first */
    size_t slot_count;
    struct weir__slot *free;
    size_t free_count;
    struct weir__slot *parked; /* more than the server is to have; see weir__slots_fit() */
    size_t parked_count;
    struct weir__queue_set *queues;
    struct weir__queue_set *next_set; /* for the mover to take over, with next_order; or NULL */
    struct weir__order next_order;
    struct weir__beat_lists next_lists; /* for the heartbeat to take over; or empty */
    struct weir__slot *outcomes;
    struct weir__slot **outcomes_end;
    weir_claim *graves; /* claims to release when the heartbeat has looked at them */
    size_t grave_count;
    pthread_cond_t mover_wake;
    pthread_cond_t changed; /* phase, running, held; for stop and run */

    /* Each of one thread, or constant. */
    struct weir__order order;
    struct weir__queue_set *order_set; /* whose names the order uses */
    struct weir__move move;
    struct weir__beat beat;
    int attempts[WEIR__PARTY_COUNT]; /* failures in a row; each party its own */
    int64_t janitor_at_ms;
    struct weir__schedule schedule;
    struct weir__keeper keeper; /* duties that call the broker */
    struct weir__keeper watch;  /* duties that do not, so that a slow broker does not delay them */

    struct weir__aggregator aggregator;

    atomic_uint parties_down;
    atomic_llong down_since_ms; /* boot */
    atomic_llong trouble_at_ms; /* boot: last outage, suspension or clock jump */

    pthread_t mover_thread;
    pthread_t listener_thread;
    size_t worker_threads; /* started; guarded by change_lock */
    pthread_rwlock_t policy_lock;
    bool mover_started;
    bool listener_started;
    atomic_bool listener_ends;
};

/* The duties of the two keepers, by their place. */
enum {
    WEIR__DUTY_HEARTBEAT,
    WEIR__DUTY_FORWARD,
    WEIR__DUTY_RECOVER,
    WEIR__DUTY_JANITOR,
    WEIR__DUTY_HEALTH,
    WEIR__DUTY_PERIODIC,
    WEIR__DUTY_COUNT
};
enum {
    WEIR__WATCH_DEADLINES
};

/* slots.c */
int weir__slots_init(weir_server *server);
void weir__slots_release(weir_server *server);
/*
 * Adds slots, parked, with their threads if the server has started. WEIR_E_NOMEM: there may be more parked
 * ones than before. With change_lock held.
 */
int weir__slots_add(weir_server *server, size_t count, weir_error *err);
/* Starts the thread of the next slot that has none. With change_lock held. */
int weir__slots_start_next(weir_server *server, weir_error *err);

/* With the lock held: */
/*
 * Parks free slots or frees parked ones, so that there are as many as the server is to have; returns how many busy ones
 * are too many. Only for the mover, when no call is under way: that counts on the free slots it saw.
 */
size_t weir__slots_fit(weir_server *server);
/* Takes a free slot for a claim, which it owns from then on. */
struct weir__slot *weir__slot_take(weir_server *server, const weir_claim *claim, int64_t now_ms,
                                   int64_t boot_ms, int64_t lease_end_boot_ms);
/* Hands slot->finish to the mover. */
void weir__slot_resolve(struct weir__slot *slot);
/* The outcome is committed, or refused for good. */
void weir__slot_settle(struct weir__slot *slot);
/* The handler has returned. */
void weir__slot_return(struct weir__slot *slot);

/* server.c */
void weir__server_unref(weir_server *server);
/* The queues to serve, with a reference for the caller. Without the lock. */
struct weir__queue_set *weir__server_queues(weir_server *server);
/* True from the begin of a stop on. Without the lock. */
bool weir__server_stops(weir_server *server);

/* pool.c: runs the slot's task on this thread, and leaves its outcome for the mover. Without the lock. */
void weir__slot_run(struct weir__slot *slot);

/* show.c: stores the result that the slot's context has. Only on the handler's thread. */
int weir__slot_show(void *slot, weir_error *err);

/* pool.c, mover.c, listener.c: the threads' functions. */
void *weir__worker_main(void *slot);
void *weir__mover_main(void *server);
void *weir__listener_main(void *server);
/* With the lock held. */
void weir__mover_wake(weir_server *server);
/* There may be work: makes the mover look. Any thread, without the lock. */
void weir__mover_look(weir_server *server);

/* The duties: forward.c, heartbeat.c, recover.c, janitor.c, health.c, periodic.c, deadlines.c. Each returns when it is
 * to run again, boot clock. */
int64_t weir__forward_duty(void *server);
int64_t weir__heartbeat_duty(void *server);
int64_t weir__recover_duty(void *server);
int64_t weir__janitor_duty(void *server);
int64_t weir__health_duty(void *server);
int64_t weir__periodic_duty(void *server);
int64_t weir__deadlines_duty(void *server);
/* A task will be due at this time. */
void weir__forward_by(weir_server *server, int64_t at_ms);

/*
 * periodic.c: for a server without threads. Enqueues the ticks that are due; *next_at_ms is the wall clock's time of the
 * next one, or WEIR_NEVER.
 */
int weir__periodic_turn(weir_server *server, int64_t *next_at_ms, weir_error *err);

/* periodic.c: gives up the leadership of the periodic tasks, where it is this server's. */
void weir__periodic_leave(weir_server *server);

/* heartbeat.c */
int weir__beat_lists_init(struct weir__beat_lists *lists, size_t count);
void weir__beat_lists_release(struct weir__beat_lists *lists);
/* Has the server published at once. */
void weir__beat_soon(weir_server *server);
/* presence.c: publishes the server with beat->workers. */
int weir__presence_beat(weir_server *server, const char *status, weir_error *err);
void weir__presence_leave(weir_server *server);

/* outage.c */
/* Notes that a call failed: logs the begin of an outage, returns how long to wait, ms. */
int64_t weir__outage_failed(weir_server *server, enum weir__party party, const char *what,
                            const weir_error *err);
/* Notes that a call succeeded: logs the end of an outage. */
void weir__outage_over(weir_server *server, enum weir__party party);
/* Notes anything after which recovery waits. */
void weir__trouble(weir_server *server);

/* threads.c */
/* Starts a thread with its name and with signals blocked. WEIR_E_NOMEM. */
int weir__thread_start(pthread_t *thread, const char *name, void *(*main)(void *), void *arg,
                       weir_error *err);
int weir__cond_init(pthread_cond_t *cond); /* on the monotonic clock; 0 or WEIR_E_NOMEM */
int64_t weir__mono_ms(void);
/* Waits until mono_ms, or for ever with WEIR_NEVER. */
void weir__cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t mono_ms);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What a server is made of. doc/threads.md tells how its threads work together.
 *
 * One lock (weir_server.lock) guards slots, jobs and lists; it is held for a few
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
    WEIR__TAKE_MAX = 256,   /* tasks taken in one call */
    WEIR__START_MAX = 512,  /* tasks started in one call */
    WEIR__FINISH_MAX = 1000 /* outcomes in one call */
};

enum weir__phase {
    WEIR__NEW,
    WEIR__RUNNING,
    WEIR__QUIET,
    WEIR__STOPPING,
    WEIR__STOPPED
};

/* Where a job stands. */
enum weir__hold {
    WEIR__HOLD_NONE,     /* its outcome is committed or refused */
    WEIR__HOLD_WAITING,  /* in the ring */
    WEIR__HOLD_STARTING, /* its start is in the mover's call */
    WEIR__HOLD_CLAIMED,  /* a handler has it */
    WEIR__HOLD_QUEUED,   /* its outcome waits for the mover */
    WEIR__HOLD_MOVING    /* its outcome is in the mover's call */
};

struct weir__slot;

/*
 * A job: a claim, from the call that took it until its outcome is committed or refused, and its handler has returned.
 * The mover makes jobs and uses them again, so that nothing is allocated for an outcome.
 */
struct weir__job {
    struct weir__job *next; /* in the list that it is in */
    size_t place;           /* in weir_server.jobs */
    enum weir__hold hold;
    struct weir__slot *slot;    /* whose handler has it, or NULL */
    bool pinned;                /* a heartbeat looks at the claim's task */
    bool dead;                  /* to be freed by that heartbeat */
    bool unsure;                /* the fate of the outcome's last call is not known */
    bool lost;                  /* the lease is lost */
    weir_cancel_mode cancelled; /* it was asked for before a handler had the task */
    weir_claim claim;
    weir_finish finish;
    char *text;       /* of finish, or NULL */
    void *result;     /* of finish, or NULL */
    uint64_t number;  /* counts what was taken */
    int64_t taken_us; /* monotonic */
    int64_t lease_end_boot_ms;
};

/* Jobs in the order in which they came. */
struct weir__jobs {
    struct weir__job *first;
    struct weir__job *last;
    size_t count;
};

/*
 * What was taken before a worker was free for it. `ahead` is not started: it goes back without a retry when this server
 * dies. `ready` is, and the workers take from it by themselves. depth decides how much that is (ring.c).
 */
struct weir__ring {
    struct weir__jobs ahead;
    struct weir__jobs ready;
    unsigned depth_16ths; /* tasks that end while one call is under way, in sixteenths */
    bool starved;         /* workers had nothing to do when the last call ended */
    bool starts_soon;     /* the broker starts what it gives ahead, where it may */
    int64_t call_us;      /* how long a call takes */
    int64_t loaded_us;    /* monotonic: when the last call was loaded */
    size_t task_bytes;    /* the payload of a task, as those were that came last */
};

/* A slot: one worker thread, and the attempt that it makes. */
struct weir__slot {
    weir_server *server;
    struct weir__slot *next; /* in the list of idle or parked ones, or of those to wake */
    pthread_t thread;
    sem_t ready;           /* posted when it is called, and at the end */
    bool called;           /* to look for a job */
    bool wakes_mover;      /* once it has given up the lock */
    struct weir__job *job; /* NULL: none */
    bool overdue;          /* its deadline has passed, the context is cancelled */
    bool stuck;            /* did not return after its deadline and grace */
    atomic_bool stopping;  /* a stop has cancelled it */
    atomic_bool decided;   /* whoever sets it says how the attempt ended */
    int64_t now_ms;        /* wall and boot clock, when its thread looked last */
    int64_t boot_ms;
    int64_t started_at_ms;
    int64_t end_boot_ms; /* of timeout and deadline; WEIR_NEVER: none */
    struct weir_context context;
};

/* The mover's call; of use to its thread alone. */
struct weir__move {
    weir_finish finishes[WEIR__FINISH_MAX];
    struct weir__job *jobs[WEIR__FINISH_MAX]; /* NULL: to be tried again, or still in use */
    size_t count;
    weir_start starts[WEIR__START_MAX];
    struct weir__job *starting[WEIR__START_MAX];
    size_t start_count;
    weir_claim claims[WEIR__TAKE_MAX];
    size_t want;
    size_t start;            /* how many of these have a free worker */
    size_t start_soon;       /* how many more will have one soon */
    struct weir__jobs spare; /* jobs to use again */
    int64_t finish_at_ms;    /* monotonic: not before; 0: no outage */
    int64_t take_at_ms;
};

/* The heartbeat's lists, with room for each job. */
struct weir__beat_lists {
    struct weir__job **jobs; /* pinned */
    weir_extend_item *items; /* of those with a hold */
    weir_claim *claims;
    struct weir__job **item_jobs;
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
    bool plenty;    /* the last take left some behind: `more`, or the next take is under way */
    bool cut_short; /* a stop waits no longer */
    bool run_ended; /* weir_server_run() was told to end */
    bool mover_waits;
    bool mover_replaced; /* another thread makes a call in its place */
    bool mover_ends;
    bool mover_ended;
    bool workers_end;
    bool listener_muted;    /* it does not listen for work */
    int64_t mover_until_ms; /* monotonic: when the mover wakes of itself, if it waits */
    int64_t flush_until_ms; /* monotonic: then the mover gives up */
    int64_t
        watch_at_boot_ms; /* no running job has an earlier end that the watch does not know of */
    size_t held;          /* jobs with a hold */
    size_t given_back;    /* tasks that a stop has put back, as committed */
    uint64_t taken;
    struct weir__job **jobs; /* all there are */
    size_t job_count;
    size_t job_room;
    struct weir__ring ring;
    struct weir__jobs outcomes;
    struct weir__slot **slots; /* all there are; those of worker threads first */
    size_t slot_count;
    struct weir__slot *idle;
    size_t idle_count;
    size_t called_count;       /* slots that were called and did not look yet */
    struct weir__slot *parked; /* more than the server is to have; see weir__slots_fit() */
    size_t parked_count;
    struct weir__queue_set *queues;
    struct weir__queue_set *next_set; /* for the mover to take over, with next_order; or NULL */
    struct weir__order next_order;
    struct weir__beat_lists next_lists; /* for the heartbeat to take over; or empty */
    pthread_cond_t mover_wake;
    pthread_cond_t changed; /* phase, running, held, stuck; for stop and run */

    /* Each of one thread, or constant. */
    struct weir__order order;
    struct weir__queue_set *order_set; /* whose names the order uses */
    struct weir__move move;
    struct weir__beat beat;
    int attempts[WEIR__PARTY_COUNT]; /* failures in a row; each party its own */
    int64_t janitor_at_ms;
    int stuck_ms; /* pause of forwarding while what is due does not move; 0: it does */
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
/* Parks idle slots or makes parked ones idle, so that there are as many as the server is to have. */
void weir__slots_fit(weir_server *server);
/* True when there are more than the server is to have: this one is not to go on. */
bool weir__slots_too_many(const weir_server *server);
/* Makes the slot idle, or parks it. */
void weir__slot_rest(struct weir__slot *slot);
/* Begins an attempt with the job, at slot->now_ms. */
void weir__slot_begin(struct weir__slot *slot, struct weir__job *job);
/* The handler has returned. */
void weir__slot_return(struct weir__slot *slot);
/* Calls idle workers for what is ready; a list for weir__slots_wake(). */
struct weir__slot *weir__slots_call(weir_server *server);
/* Wakes called workers. Without the lock. */
void weir__slots_wake(struct weir__slot *called);

/* jobs.c, with the lock held: */
void weir__jobs_append(struct weir__jobs *jobs, struct weir__job *job);
struct weir__job *weir__jobs_shift(struct weir__jobs *jobs);
/* Puts the jobs of a list in front of another. */
void weir__jobs_prepend(struct weir__jobs *jobs, struct weir__jobs *front);
/* Makes a zero-filled job hold the claim, which it owns from then on. */
void weir__job_hold(weir_server *server, struct weir__job *job, const weir_claim *claim,
                    int64_t lease_end_boot_ms);
/* Hands job->finish to the mover, which is not woken. */
void weir__job_resolve(weir_server *server, struct weir__job *job);
/* Has the job's task go back to the head of its queue, uncounted. */
void weir__job_give_back(weir_server *server, struct weir__job *job);
/* The outcome is committed, or refused for good. True: the job is the caller's to clear and use again. */
bool weir__job_settle(weir_server *server, struct weir__job *job);
/* Nobody but its owner knows of the job any more, if that is so: true. */
bool weir__job_leave(weir_server *server, struct weir__job *job);
/* Frees what the job has; it is zero-filled then. Without the lock. */
void weir__job_clear(struct weir__job *job);
void weir__job_free(struct weir__job *job);

/* ring.c, with the lock held: */
/* The next job for a worker, or NULL. */
struct weir__job *weir__ring_next(weir_server *server, int64_t boot_ms);
/* Whether workers will soon have nothing to do: before that a call is not worth its while for their sake alone. */
bool weir__ring_is_low(const weir_server *server);
/* How many jobs may be started now, `most` at most. */
size_t weir__ring_startable(const weir_server *server, size_t most);
/* How many tasks may be taken. */
size_t weir__ring_room(const weir_server *server);
/* How many of `want` tasks to be taken have a free worker that nothing waits for. */
size_t weir__ring_unserved(const weir_server *server, size_t want);
/* How many more of them may start at once, as workers will soon have time for them. */
size_t weir__ring_served_soon(const weir_server *server, size_t want);
/* All that waits goes back, in its order. */
void weir__ring_give_back(weir_server *server);
/* What is of queues that are not served any more goes back. */
void weir__ring_keep_queues(weir_server *server, const struct weir__queue_set *queues);
/* When, by the monotonic clock, what waits has waited too long, or WEIR_NEVER. */
int64_t weir__ring_patience_us(const weir_server *server);
/* Gives what has waited too long back. */
void weir__ring_review(weir_server *server, int64_t now_us);
/* Notes that a call with so many outcomes is loaded; and that it has ended, before what it brought is in the ring. */
void weir__ring_note_load(weir_server *server, size_t outcomes, int64_t now_us);
void weir__ring_note_call(weir_server *server, int64_t took_us);
/* Notes how large tasks are that were taken: a ring of large ones is shorter. */
void weir__ring_note_take(weir_server *server, const weir__claims *claims);

/* server.c */
void weir__server_unref(weir_server *server);
/* The queues to serve, with a reference for the caller. Without the lock. */
struct weir__queue_set *weir__server_queues(weir_server *server);
/* True from the begin of a stop on. Without the lock. */
bool weir__server_stops(weir_server *server);

/* pool.c */
/* Sets now_ms and boot_ms. */
void weir__slot_look_at_clocks(struct weir__slot *slot);
/* Runs the job that was begun, on this thread, and leaves its outcome for the mover. With the lock held, which it gives up
 * meanwhile. */
void weir__slot_run(struct weir__slot *slot);

/* show.c: stores the result that the slot's context has. Only on the handler's thread. */
int weir__slot_show(void *slot, weir_error *err);

/* move.c, with the lock held: */
/* Whether there are outcomes, and nothing to wait for with them. */
bool weir__move_can_finish(const weir_server *server, int64_t now_ms);
/* Fills server->move with all that may go now. */
void weir__move_load(weir_server *server, int64_t now_ms);
/* Makes the call that was loaded. Without the lock. */
void weir__move_make(weir_server *server);

/* pool.c, mover.c, listener.c: the threads' functions. */
void *weir__worker_main(void *slot);
void *weir__mover_main(void *server);
void *weir__listener_main(void *server);
/* With the lock held. */
void weir__mover_wake(weir_server *server);
/* The same for one who signals mover_wake himself, when he has given up the lock: true if he is to. */
bool weir__mover_call(weir_server *server);
/* There may be work: makes the mover look. Any thread, without the lock. */
void weir__mover_look(weir_server *server);
/*
 * The same, but where the mover sleeps and workers are free this thread makes the mover's call at once: one change of threads
 * less for a task that comes to an idle server. Without the lock.
 */
void weir__mover_replace(weir_server *server);

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

/* heartbeat.c: lists for so many jobs. */
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
int64_t weir__mono_us(void);
/* Waits until mono_ms, or for ever with WEIR_NEVER. */
void weir__cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t mono_ms);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The broker contract: what a backend does. A backend is a const table of functions; this header is
 * all it includes of weir. doc/states.md has the states, doc/broker-contract.md the rules that hold
 * for every function; the comment at each function says what is its own.
 *
 * WEIR_BROKER_ABI numbers the table and all structs that go through it. While it stays the same a backend runs, as it was
 * built, with every weir that has the number; a table made for another number is refused. doc/adding-a-backend.md tells
 * what may change under a number.
 *
 * Rules in short:
 *  - Only the wrappers (lib/calls*.c, and lib/open.c to open and close) call the table. They check
 *    arguments, so a backend need not.
 *  - Every function may be called from any thread, several at once.
 *  - Every function that touches tasks takes a batch. Each task of it is atomic, the batch is not:
 *    each item carries its own `result`, which the backend always sets. A call returns 0 when every
 *    item has its true result; else it failed as a whole, and items whose fate is not known have
 *    WEIR_E_UNKNOWN, items that were certainly not touched have the call's code.
 *  - When a call returns, what it reports is durable, as durable as the broker's URL asks.
 *  - What goes in is borrowed for the call. What comes out is given to a sink of the caller as a
 *    view that is valid during the sink's call only: a backend never hands out memory. A sink must
 *    not call the backend. A sink may be called on another thread than the caller's, before the
 *    call returns.
 *  - All times are int64 ms: `now_ms` is the caller's wall clock. Only leases use another clock:
 *    the store's own, or boot_ms.
 */
#ifndef WEIR_BROKER_H
#define WEIR_BROKER_H

#include <weir/api.h>
#include <weir/clock.h>
#include <weir/error.h>
#include <weir/group.h>
#include <weir/inspector.h>
#include <weir/log.h>
#include <weir/open.h>
#include <weir/task.h>

WEIR_BEGIN_DECLS

#define WEIR_BROKER_ABI 1
#define WEIR_NEVER INT64_MAX /* a time that does not come */

/*
 * Names one attempt to change something. A call that is repeated with the same id because its
 * reply was lost returns what the first one did and changes nothing more. A lane has one request
 * outstanding: number n + 1 comes only when n is resolved, and never one below n, so a backend
 * remembers one request per lane (for at least an hour), not one per call. A lane whose request
 * could not be resolved is not used again. Backends with WEIR_CAP_SURE_REPLIES need not look at it.
 *
 * tries is no part of the id: two calls that differ in nothing else have the same one.
 */
typedef struct weir_request_id {
    uint64_t instance; /* random, one for each opened broker */
    uint32_t lane;
    uint32_t tries;  /* how often the call was made before; each may still reach the store */
    uint64_t number; /* from 1, ascending in its lane */
} weir_request_id;

/* Most items in one call, of each kind; the core cuts longer batches up. */
#define WEIR_BATCH_MAX 1000

/* What a backend can do beyond the core of the contract. The core refuses what is missing with
 * WEIR_E_UNSUPPORTED; conformance cases that need it are reported as skipped. */
enum {
    WEIR_CAP_SURE_REPLIES = 1 << 0, /* a reply is never lost, request ids are not needed */
    WEIR_CAP_PERSISTENT = 1 << 1,   /* outlives the handle */
    WEIR_CAP_SHARED = 1 << 2,       /* several handles and processes see one store */
    WEIR_CAP_PUSH = 1 << 3,         /* wait() wakes without polling */
    WEIR_CAP_GROUPS = 1 << 4,       /* group_* */
    WEIR_CAP_STEER = 1 << 5,        /* steer*, amend, pause, remove_queue, cancel */
    WEIR_CAP_LEADER = 1 << 6,       /* lead, resign */
    WEIR_CAP_PERIODIC = 1 << 7,     /* tick, scheduler_* */
    WEIR_CAP_SHOW = 1 << 8          /* show */
};

/* ---- opening ---- */

typedef struct weir_url_param {
    const char *name;
    const char *value;
} weir_url_param;

typedef struct weir_url_host {
    const char *name;
    int port; /* 0: not given */
} weir_url_host;

/* A parsed broker URL, percent-decoded. Absent parts are NULL. */
typedef struct weir_url {
    const char *scheme;
    const char *opaque; /* what stands behind "scheme:" where no "//" does, without parameters */
    const char *user;
    const char *password;
    const weir_url_host *hosts;
    size_t host_count;
    const char *path; /* with its leading '/' */
    const weir_url_param *params;
    size_t param_count;
} weir_url;

typedef struct weir_backend_open {
    const weir_url *url;
    const weir_clock *clock; /* never NULL */
    weir_logger *logger;     /* may be NULL */
    weir_open_mode mode;     /* what opening may make; of no meaning where it makes nothing */
} weir_backend_open;

/* ---- producing ---- */

/*
 * One task to enqueue. The task is complete: id, limits and state are set (pending, scheduled with
 * next_process_at_ms, or aggregating with group; a scheduled one may have a group, which it joins
 * when due).
 */
typedef struct weir_enqueue_item {
    const weir_task_info *task;
    int64_t unique_ttl_ms; /* > 0: take task->unique_key for so long, counted from now */
    int result;            /* out: 0, WEIR_E_CONFLICT, WEIR_E_DUPLICATE, ... */
    bool fresh;            /* the id was made for this task: none in the store has it, but for an
                              earlier try of this call */
} weir_enqueue_item;

/* ---- consuming ---- */

/*
 * A task held under a lease. Made by the core from what a backend tells a weir_claim_sink. token
 * and ref are the backend's: it gets them back unchanged. A token is never 0 and differs between
 * two leases on one task; claims of one call may share theirs. It proves a claim together with the
 * task's queue and id only.
 */
typedef struct weir_claim {
    weir_task_info *task;
    uint64_t token;
    uint64_t ref;
    bool started; /* false: taken ahead of a free worker; must not run before weir_start */
} weir_claim;

/*
 * Told of each task that was taken. Returns 0, or a negative code (out of memory): the backend then
 * takes no more, and the task in question must not stay taken.
 */
typedef int (*weir_claim_sink)(void *arg, const weir_task_info *task, uint64_t token, uint64_t ref,
                               bool started);

typedef enum weir_finish_kind {
    WEIR_FINISH_DONE = 1, /* delete the task and its lock; counts as processed */
    WEIR_FINISH_COMPLETE, /* keep it as completed until at_ms, unlocked; counts as processed */
    WEIR_FINISH_RETRY,    /* to retry, due at at_ms; keeps its lock */
    WEIR_FINISH_ARCHIVE,  /* to archived; keeps its lock; counts as processed and failed */
    WEIR_FINISH_REQUEUE   /* back to the head of pending, as it was; counts as nothing. Of those in
                             one call the first is taken first */
} weir_finish_kind;

/*
 * How an attempt ended, for the broker. Refused with WEIR_E_STALE, changing nothing, when the claim
 * is not the present one on its task.
 */
typedef struct weir_finish {
    const weir_claim *claim;
    weir_finish_kind kind;
    int64_t at_ms;      /* COMPLETE: end of retention; RETRY: due time */
    bool counted;       /* RETRY: a failure: retried + 1, counts as processed and failed */
    const char *error;  /* RETRY, ARCHIVE: sets last_error and last_failed_at; NULL: unchanged */
    const void *result; /* COMPLETE: what the handler wrote; NULL: what was there before stays */
    size_t result_len;
    int outcome; /* out: 0 or WEIR_E_STALE ... */
} weir_finish;

/*
 * A claim that was taken ahead and whose handler is about to run. Until its start is committed the
 * task counts as never started, and goes back without using up a retry when its server dies.
 */
typedef struct weir_start {
    const weir_claim *claim;
    int result; /* out: 0, or WEIR_E_STALE: the handler must not run */
} weir_start;

/* One queue to take from. */
typedef struct weir_take_queue {
    const char *name;
    size_t want; /* its share of this call */
    size_t left; /* out: a hint: how many are still to be taken; 0 when empty or paused */
} weir_take_queue;

/*
 * What to take: up to `want` from each queue, in this order; then, as long as there are fewer than
 * max, more from the queues that have more, in the same order. Never more than max. The sum of the
 * wants is at most max.
 */
typedef struct weir_take {
    weir_take_queue *queues;
    size_t queue_count;
    size_t max;   /* tasks; 0: none */
    size_t start; /* the first so many given to the sink are started at once */
    /* So many more, at most, may be started as well, but none on its last attempt (retried >= max_retry): their workers will be
     * free soon. A backend may start fewer of them, or none. */
    size_t start_soon;
    int64_t lease_ms; /* > 0 */
    weir_claim_sink sink;
    void *sink_arg;
} weir_take;

/* The work of one consume call, in the order in which it is done; each part may be absent. */
typedef struct weir_consume {
    weir_finish *finishes;
    size_t finish_count;
    weir_start *starts;
    size_t start_count;
    weir_take *take; /* NULL: none */
} weir_consume;

/* A claim to keep. */
typedef struct weir_extend_item {
    const weir_claim *claim;
    int result; /* out: 0, or WEIR_E_STALE: the lease is lost */
    /* out: 0, or how somebody asked for the task's cancellation; of several the greatest */
    weir_cancel_mode cancelled;
} weir_extend_item;

/* What a handler wrote so far. */
typedef struct weir_show {
    const weir_claim *claim;
    const void *result; /* not NULL */
    size_t result_len;
    int outcome; /* out: 0, or WEIR_E_STALE: nothing is stored */
} weir_show;

/* ---- waiting ---- */

enum {
    WEIR_WAKE_WORK = 1 << 0,      /* one of the queues may have a task to take */
    WEIR_WAKE_DUE = 1 << 1,       /* a task may have become due earlier than forward() said */
    WEIR_WAKE_CANCEL = 1 << 2,    /* a cancellation was asked for: extend() tells whose */
    WEIR_WAKE_TIMEOUT = 1 << 3,   /* timeout_ms is over */
    WEIR_WAKE_INTERRUPT = 1 << 4, /* interrupt() was called */
    WEIR_WAKE_GROUP = 1 << 5      /* a task has joined a group */
};

typedef struct weir_wait {
    const char *const *queues;
    size_t queue_count;
    unsigned interest;   /* WEIR_WAKE_WORK, _DUE, _CANCEL, _GROUP: what to wake for */
    int64_t timeout_ms;  /* < 0: none */
    uint64_t generation; /* in: what the last call gave, 0 at first; out: the present one */
    unsigned reasons;    /* out: at least one bit when 0 is returned; may be more than true */
} weir_wait;

/* ---- upkeep ---- */

typedef struct weir_forward {
    const char *const *queues;
    size_t queue_count;
    size_t max;             /* tasks to move in this call */
    size_t moved;           /* out */
    int64_t next_due_at_ms; /* out: due time of the next task not moved, or WEIR_NEVER */
} weir_forward;

typedef struct weir_recover {
    const char *const *queues;
    size_t queue_count;
    size_t max;
    int64_t lease_ms; /* of the claims given to the sink */
    weir_claim_sink sink;
    void *sink_arg;
    size_t repaired; /* out: orphans and damaged entries that were put right */
} weir_recover;

typedef struct weir_expire {
    const char *const *queues;
    size_t queue_count;
    size_t max;             /* tasks to delete in this call */
    int64_t archive_max;    /* archived tasks to keep in a queue; -1: all */
    int64_t archive_age_ms; /* of tasks without a time of their own; -1: for ever */
    size_t removed;         /* out; == max: there may be more */
} weir_expire;

/* ---- groups ---- */

/* Told of each group. */
typedef int (*weir_group_sink)(void *arg, const weir_group_info *group);

/* Told of each task of a staged set, in the order in which they joined the group. */
typedef int (*weir_task_sink)(void *arg, const weir_task_info *task);

/* ---- inspection ---- */

typedef int (*weir_name_sink)(void *arg, const char *name);
typedef int (*weir_server_sink)(void *arg, const weir_server_info *server);

typedef struct weir_steer_item {
    const char *id;
    int result; /* out: 0, WEIR_E_NO_TASK, WEIR_E_STATE */
} weir_steer_item;

/* A change to a waiting task; what is absent stays. */
typedef struct weir_amend {
    const void *payload; /* NULL: unchanged */
    size_t payload_len;
    int64_t process_at_ms; /* scheduled, retry: new due time; 0: unchanged */
} weir_amend;

/*
 * A periodic task as shown by tools. A backend keeps the options as they are: those of other
 * programs may be of forms that weir does not make.
 */
typedef struct weir_scheduler_entry {
    const char *id;
    const char *spec;
    const weir_task_info *task; /* of it: type, payload, payload_len and queue, no more */
    const char *const *options; /* asynq's printed forms: Queue("low"), MaxRetry(3), ... */
    size_t option_count;
    int64_t next_at_ms; /* 0: never */
    int64_t prev_at_ms; /* 0: never */
} weir_scheduler_entry;

typedef int (*weir_entry_sink)(void *arg, const weir_scheduler_entry *entry);
typedef int (*weir_event_sink)(void *arg, const char *task_id, int64_t enqueued_at_ms);

/* ---- the table ---- */

typedef struct weir_backend {
    unsigned abi; /* WEIR_BROKER_ABI */
    const char *name;
    const char *const *schemes; /* URL schemes, NULL-terminated */

    /* Opens the store and puts the instance into *self. On failure nothing stays behind. */
    int (*open)(void **self, const weir_backend_open *how, weir_error *err);
    /* Ends an instance. No other call on it is under way or comes later. Must not fail: what is
     * acknowledged is durable already. */
    void (*close)(void *self);
    /* WEIR_CAP_ bits of this instance. */
    unsigned (*capabilities)(void *self);
    /* Checks that the store answers: 0 or the reason. */
    int (*ping)(void *self, weir_error *err);

    /*
     * Puts tasks into their queues, which come into being with their first task. Refuses an id that
     * exists in the queue, in any state (WEIR_E_CONFLICT), then a lock that is held
     * (WEIR_E_DUPLICATE); a refused task changes nothing, not even the lock. Tasks of one queue are
     * taken in the order of their items.
     */
    int (*enqueue)(void *self, const weir_request_id *request, int64_t now_ms,
                   weir_enqueue_item *items, size_t count, weir_error *err);

    /*
     * Finishes tasks, marks starts and takes new tasks, in one trip where the store allows it.
     * Parts on different queues are not atomic together. Paused queues give nothing. Tasks are
     * taken oldest first, each at most once, and become active under a new token. When the call
     * fails, claims already given to the sink are not held: the store returns them, as never
     * started, when their leases end, or a resend gives them again. Only where the caller died with
     * the reply may those that were to start at once count as started. A resend gives only those
     * tasks whose token still holds, never others instead. Finishing goes on when the store is
     * full, as far as the store can.
     */
    int (*consume)(void *self, const weir_request_id *request, int64_t now_ms, weir_consume *work,
                   weir_error *err);

    /* Renews leases to lease_ms from now and tells what was cancelled; tokens stay. */
    int (*extend)(void *self, int64_t now_ms, int64_t lease_ms, weir_extend_item *items,
                  size_t count, weir_error *err);

    /*
     * Blocks until something of interest may have happened since `generation` was given out, or the
     * time is over. With generation 0 it returns at once with the present one (reasons
     * WEIR_WAKE_TIMEOUT): whoever looks after that misses nothing. Never sleeps over a change; may
     * wake too often, but not busily: an empty or paused queue must not keep it awake. When the
     * backend cannot tell what was missed (a reconnect), it reports all reasons of interest. That a
     * queue was resumed is WORK.
     */
    int (*wait)(void *self, weir_wait *wait, weir_error *err);
    /*
     * Makes each wait() that runs or begins with an older generation return with
     * WEIR_WAKE_INTERRUPT. Does not block; safe from any thread, not from a signal handler.
     */
    void (*interrupt)(void *self);

    /* Moves due tasks of scheduled and retry to pending (tail, in order of due time) or, where they
     * have a group, to their group. Never before their time. */
    int (*forward)(void *self, int64_t now_ms, weir_forward *forward, weir_error *err);
    /*
     * Re-claims active tasks whose lease has ended: gives them to the sink under a new token and
     * lease, `started` telling whether they ever were. The caller finishes each, and never runs one
     * under this claim. Puts right what no other call would ever find.
     */
    int (*recover)(void *self, const weir_request_id *request, int64_t now_ms,
                   weir_recover *recover, weir_error *err);
    /*
     * Deletes completed tasks whose retention is over, archived ones that are older than archive_age_ms (than their own
     * archive_for_ms, where they have one), and archived ones beyond the number, first those that would be the next to
     * go for their age. Each kind oldest first.
     */
    int (*expire)(void *self, int64_t now_ms, weir_expire *expire, weir_error *err);

    /* Publishes a server and what it runs; it is listed until ttl_ms from now. */
    int (*beat)(void *self, int64_t now_ms, const weir_server_info *server, int64_t ttl_ms,
                weir_error *err);
    /* Removes a server from the list. */
    int (*leave)(void *self, const weir_server_info *server, weir_error *err);
    int (*servers)(void *self, int64_t now_ms, weir_server_sink sink, void *arg, weir_error *err);

    /* Queue names in order. */
    int (*queues)(void *self, weir_name_sink sink, void *arg, weir_error *err);
    /* Fills info but for name and taken_at_ms. WEIR_E_NO_QUEUE. */
    int (*queue)(void *self, const char *queue, int64_t now_ms, weir_queue_info *info,
                 weir_error *err);
    /* Fills processed and failed of days[i], whose date is set. WEIR_E_NO_QUEUE. */
    int (*history)(void *self, const char *queue, weir_day *days, size_t count, weir_error *err);
    /* Pages: pending and active oldest first, others by time; where archived tasks with a time of their own stand among
     * the others is the backend's choice. Returns 1 where there is more behind a page with fewer than `limit` tasks (some
     * that stood there are gone by now). WEIR_E_NO_QUEUE. */
    int (*tasks)(void *self, const char *queue, weir_state state, const char *group, size_t offset,
                 size_t limit, weir_task_sink sink, void *arg, weir_error *err);
    /* WEIR_E_NO_QUEUE, WEIR_E_NO_TASK. */
    int (*task)(void *self, const char *queue, const char *id, weir_task_sink sink, void *arg,
                weir_error *err);

    /* ---- WEIR_CAP_STEER ---- */

    /* Runs, archives or deletes tasks that are not active. Deleting releases the lock. */
    int (*steer)(void *self, int64_t now_ms, weir_verb verb, const char *queue,
                 weir_steer_item *items, size_t count, weir_error *err);
    /* The same for up to max tasks of a state; *done < max: there are no more. */
    int (*steer_all)(void *self, int64_t now_ms, weir_verb verb, const char *queue,
                     weir_state state, const char *group, size_t max, size_t *done,
                     weir_error *err);
    /* Changes a scheduled, retry or pending task in place. WEIR_E_NO_TASK, WEIR_E_STATE (the text
     * names the state). */
    int (*amend)(void *self, int64_t now_ms, const char *queue, const char *id,
                 const weir_amend *amend, weir_error *err);
    /* WEIR_E_STATE when it is so already. A queue comes into being when it is paused, and stays when it is resumed. */
    int (*pause)(void *self, int64_t now_ms, const char *queue, bool paused, weir_error *err);
    /* Removes a queue and all that belongs to it, at most max tasks a call; *done < max: it is
     * gone. WEIR_E_NOT_EMPTY without force, WEIR_E_STATE with active tasks, WEIR_E_NO_QUEUE. */
    int (*remove_queue)(void *self, int64_t now_ms, const char *queue, bool force, size_t max,
                        size_t *done, weir_error *err);
    /*
     * Asks for the cancellation of an active task; remembered until its attempt ends, with its mode,
     * which only the servers look at. WEIR_E_NO_TASK where the store can tell.
     */
    int (*cancel)(void *self, int64_t now_ms, const char *queue, const char *id,
                  weir_cancel_mode mode, weir_error *err);

    /* ---- WEIR_CAP_GROUPS ---- */

    /*
     * The groups that have tasks which are not staged, in order of their names; none when there is
     * no such queue. A size is counted up to count_to only (0: to its end).
     */
    int (*groups)(void *self, const char *queue, size_t count_to, weir_group_sink sink, void *arg,
                  weir_error *err);
    /*
     * Stages up to max_size tasks of the group, WEIR_GROUP_SET_MAX at most, if the policy says so:
     * they leave the group and are given to the sink; set_id names the set, which goes back to the
     * group when it is not committed within ttl_ms. Nothing due: set_id is "". Staged tasks are
     * aggregating still, but steer() refuses them (WEIR_E_STATE), and steer_all() passes them by.
     */
    int (*group_stage)(void *self, const weir_request_id *request, int64_t now_ms,
                       const char *queue, const char *group, const weir_group_policy *policy,
                       int64_t ttl_ms, char set_id[64], weir_task_sink sink, void *arg,
                       weir_error *err);
    /*
     * Enqueues the aggregated task and deletes the set with its tasks and their locks, in one step.
     * Returns WEIR_E_STALE when the set was reclaimed, or the code with which the task was refused:
     * nothing changed. The item's result is the same.
     */
    int (*group_commit)(void *self, const weir_request_id *request, int64_t now_ms,
                        const char *queue, const char *set_id, weir_enqueue_item *item,
                        weir_error *err);
    /* Puts sets whose time is over, max at most, back into their groups, where their tasks have the
     * places that they had. */
    int (*group_reclaim)(void *self, int64_t now_ms, const char *const *queues, size_t queue_count,
                         size_t max, size_t *reclaimed, weir_error *err);

    /* ---- WEIR_CAP_LEADER ---- */

    /* Takes or renews the named leadership for ttl_ms; *leads tells whether the holder has it. */
    int (*lead)(void *self, const char *name, const char *holder, int64_t ttl_ms, bool *leads,
                weir_error *err);
    int (*resign)(void *self, const char *name, const char *holder, weir_error *err);

    /* ---- WEIR_CAP_PERIODIC ---- */

    /*
     * Enqueues one tick of a periodic task if the entry's last tick in the task's queue is still
     * *last_at_ms (0: it never had one), and sets it to tick_at_ms; else *last_at_ms is what it is
     * and the item's result is WEIR_E_STALE. Both are one step. A task that is refused
     * (WEIR_E_CONFLICT, WEIR_E_DUPLICATE) is not enqueued, but the tick is over: the last tick is
     * set all the same. A task that was enqueued goes into the entry's history with now_ms, of
     * which the last 1000 are kept; the newest line may follow in a step of its own.
     */
    int (*tick)(void *self, const weir_request_id *request, int64_t now_ms, const char *entry_id,
                int64_t *last_at_ms, int64_t tick_at_ms, weir_enqueue_item *item, weir_error *err);
    /* The entry's last tick, 0 for never. The queue need not exist. */
    int (*last_tick)(void *self, const char *queue, const char *entry_id, int64_t *last_at_ms,
                     weir_error *err);
    /* Publishes a scheduler's entries in place of those before; listed until ttl_ms from now.
     * scheduler_id is HOST:PID:UUID. count 0 removes them. */
    int (*scheduler_beat)(void *self, int64_t now_ms, const char *scheduler_id,
                          const weir_scheduler_entry *entries, size_t count, int64_t ttl_ms,
                          weir_error *err);
    /* The entries of all schedulers that are listed. */
    int (*scheduler_entries)(void *self, int64_t now_ms, weir_entry_sink sink, void *arg,
                             weir_error *err);
    /* What an entry enqueued, the latest first. An entry that nobody knows has none. */
    int (*scheduler_history)(void *self, const char *entry_id, size_t offset, size_t limit,
                             weir_event_sink sink, void *arg, weir_error *err);

    /* ---- WEIR_CAP_SHOW ---- */

    /*
     * Stores results of active tasks before they end, where task() and tasks() show them. What is stored stays with the
     * task, also when the attempt fails, until something else is stored there.
     */
    int (*show)(void *self, int64_t now_ms, weir_show *items, size_t count, weir_error *err);
} weir_backend;

/* ---- backends from outside ---- */

/*
 * Adds a backend for its URL schemes, for the life of the process; the table must live as long. Any thread. Errors:
 * WEIR_E_VERSION (made for another WEIR_BROKER_ABI), WEIR_E_INVALID (incomplete), WEIR_E_CONFLICT (a scheme is taken),
 * WEIR_E_FULL (16 are the most). Since 0.1.
 */
WEIR_API int weir_backend_register(const weir_backend *backend, weir_error *err);

#define WEIR_BACKEND_SYMBOL "weir_backend_entry"

#ifdef __cplusplus
#define WEIR_BACKEND_EXPORT extern "C" WEIR_API
#else
#define WEIR_BACKEND_EXPORT WEIR_API
#endif

/*
 * Loads a shared object and registers the weir_backend that it defines under the name weir_backend_entry:
 *
 *   WEIR_BACKEND_EXPORT const weir_backend weir_backend_entry = {.abi = WEIR_BROKER_ABI, ...};
 *
 * A path without '/' is a file in the current folder. Nothing happens when it was loaded before; it is never unloaded.
 * Any thread. Errors: WEIR_E_MODULE (cannot be loaded, or defines no backend), and those of registering. Since 0.1.
 */
WEIR_API int weir_backend_load(const char *path, weir_error *err);

WEIR_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the server share: a broker, a client, an inspector, a mux and a server, and a
 * handler that does what its task's payload says.
 *
 *   "done"    succeeds, with the result "ok"        "fail"    fails with "broken"
 *   "skip"    skips its retries                     "revoke"  revokes itself
 *   "snooze"  snoozes for 20 ms once, then succeeds
 *   "wait"    waits until it is cancelled, then fails without a text
 *   "poll"    the same with its file descriptor     "stay"    stays until world_release(), then succeeds
 *   "late"    waits until it is cancelled, then succeeds              "nap"     succeeds after 100 ms
 *
 * Nothing sleeps for a fixed time: world_until() looks again and again until a condition holds, for
 * ten seconds at most.
 */
#ifndef WORLD_H
#define WORLD_H

#include "calls.h"

#include <stdatomic.h>
#include <weir.h>

struct world {
    weir_broker *broker;
    weir_client *client;
    weir_inspector *inspector;
    weir_logger *logger;
    weir_mux *mux;
    weir_server *server;
    char dir[64];
    atomic_int begun;       /* handlers that were called */
    atomic_int ended;       /* handlers that returned */
    atomic_int inside;      /* handlers that run */
    atomic_int most_inside; /* at any time */
    atomic_int cancelled;   /* the code that "wait", "poll" and "late" saw */
    atomic_int errors;      /* calls of on_error */
    atomic_int outages;     /* log lines of an outage's begin */
    atomic_int recoveries;  /* log lines of its end */
    atomic_int jumps;       /* log lines of clocks that stepped */
    atomic_llong jumped_ms; /* when the last of them was written */
    atomic_bool released;
    char queues[1024][16]; /* the queues of the tasks, in the order in which they began */
};

extern struct world world;

/* Opens everything but the server, on ":memory:" or a file in a folder of its own. */
void world_open_memory(void);
void world_open_file(void);
void world_open_flaky(void);
/* The same on any broker; it must be empty. */
void world_open_url(const char *url);
/* Stops and frees everything and removes the folder; releases handlers first. */
void world_close(void);
/* The same on a redis-server of its own (world_redis.c). */
void world_open_redis(void);
void world_close_redis(void);

/* Has a function told of each line that is logged, until the world is opened again. NULL: none. */
void world_hear(void (*hear)(const weir_log_record *record));

/* Small times for every option; change what the test needs. */
weir_server_options world_options(void);
/* Makes and starts the server. */
void world_serve(const weir_server_options *options);

/* Enqueues a task of the type, to do `what`. The id is "1", "2", ... unless the task has one. */
void world_enqueue(const char *what);
void world_enqueue_task(weir_task task, const char *what);
/* Steps the clocks of the broker. */
void world_step_clocks(int64_t wall_ms, int64_t boot_ms);
/* Lets "stay" go. */
void world_release(void);

/* Waits until test(arg) is true; false after ten seconds. */
bool world_until(bool (*test)(long arg), long arg);
bool world_begun(long count);
bool world_ended(long count);

/* Looks a task of the queue "default" up; the state is none where there is no such task. */
struct world_task {
    weir_state state;
    int retried;
    char error[256];
    char result[64];
    int64_t next_process_at_ms;
};
struct world_task world_task(const char *id);
/* Waits until the task is in a state. */
bool world_reaches(const char *id, weir_state state);
/* Waits until a task has run and is in no queue any more. */
bool world_ended_and_gone(const char *id);

int64_t world_now_ms(void);

#endif

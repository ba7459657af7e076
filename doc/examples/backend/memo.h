/* SPDX-License-Identifier: MIT */
/*
 * The private header of the example backend: what a memo holds, and what its files share. Functions that no other comment
 * is about are the slots of the table in memo.c, see <weir/broker.h>; the others are called with the lock held.
 */
#ifndef MEMO_H
#define MEMO_H

#include <weir/broker.h>

#include <pthread.h>

#define DAY_MS INT64_C(86400000)
#define DAYS 90

struct queue {
    struct queue *next;
    int64_t processed, failed;
    int64_t day[DAYS], day_processed[DAYS], day_failed[DAYS]; /* by day % DAYS */
    char name[WEIR_NAME_MAX + 1];
};

struct task {
    struct task *next;
    weir_task_info *info; /* what was enqueued, and what an outcome made of it */
    struct queue *queue;
    int64_t place; /* pending, active: order; else its time */
    uint64_t token;
    int64_t lease_end_ms; /* boot clock */
    bool started;
};

struct lock {
    struct lock *next;
    struct queue *queue;
    int64_t until_ms;
    char *key, *id;
};

struct server {
    struct server *next;
    int64_t until_ms;
    weir_server_info info; /* a copy, down to the last text */
};

struct memo {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const weir_clock *clock;
    struct queue *queues; /* by name */
    struct task *tasks;   /* by place */
    struct lock *locks;
    struct server *servers;
    int64_t head, tail; /* places before the first and behind the last */
    uint64_t token, generation, interrupted;
};

/* ---- store.c ---- */

/* Fills err; returns WEIR_E_NOMEM. */
int memo_no_memory(weir_error *err);
/* Something changed: wakes all who wait. */
void memo_touch(struct memo *memo);
int64_t memo_boot_ms(const struct memo *memo);
/* NULL when there is none. */
struct queue *memo_find_queue(struct memo *memo, const char *name);
/* Finds or makes one; NULL when memory ran out. */
struct queue *memo_make_queue(struct memo *memo, const char *name);
struct task *memo_find_task(struct memo *memo, const char *queue, const char *id);
/* Puts a task into the list by its place, behind those of the same place. */
void memo_put_in_place(struct memo *memo, struct task *task);
void memo_take_out(struct memo *memo, struct task *task);
void memo_free_task(struct task *task);
/* Moves a task into a state, at a place. */
void memo_enter(struct memo *memo, struct task *task, weir_state state, int64_t place);
/* Replaces what is known of a task. */
int memo_rewrite(struct task *task, const weir_task_info *changed);
/* Adds to the figures of a day. */
void memo_count(struct queue *queue, int64_t now_ms, int processed, int failed);

/* ---- locks.c ---- */

/* Where the lock of a key hangs, or where the list ends. */
struct lock **memo_find_lock(struct memo *memo, const struct queue *queue, const char *key);
void memo_drop_lock(struct lock **at);
/* Frees the task's uniqueness lock. */
void memo_unlock(struct memo *memo, const struct task *task);
/* The key must be free, or its lock over. WEIR_E_NOMEM. */
int memo_take_lock(struct memo *memo, struct queue *queue, const weir_enqueue_item *item,
                   int64_t now_ms);

/* ---- produce.c ---- */

int memo_enqueue(void *self, const weir_request_id *request, int64_t now_ms,
                 weir_enqueue_item *items, size_t item_count, weir_error *err);

/* ---- consume.c ---- */

/* Gives a task out under a new token and lease. */
int memo_claim(struct memo *memo, struct task *task, bool started, int64_t lease_ms,
               weir_claim_sink sink, void *arg);
int memo_consume(void *self, const weir_request_id *request, int64_t now_ms, weir_consume *work,
                 weir_error *err);
int memo_extend(void *self, int64_t now_ms, int64_t lease_ms, weir_extend_item *items,
                size_t item_count, weir_error *err);

/* ---- wait.c ---- */

int memo_wait(void *self, weir_wait *wait, weir_error *err);
void memo_interrupt(void *self);

/* ---- upkeep.c ---- */

int memo_forward(void *self, int64_t now_ms, weir_forward *forward, weir_error *err);
int memo_recover(void *self, const weir_request_id *request, int64_t now_ms, weir_recover *recover,
                 weir_error *err);
int memo_expire(void *self, int64_t now_ms, weir_expire *expire, weir_error *err);

/* ---- presence.c ---- */

void memo_free_server(struct server *server);
int memo_leave(void *self, const weir_server_info *info, weir_error *err);
int memo_beat(void *self, int64_t now_ms, const weir_server_info *info, int64_t ttl_ms,
              weir_error *err);
int memo_servers(void *self, int64_t now_ms, weir_server_sink sink, void *arg, weir_error *err);

/* ---- look.c ---- */

int memo_queues(void *self, weir_name_sink sink, void *arg, weir_error *err);
int memo_queue(void *self, const char *name, int64_t now_ms, weir_queue_info *info,
               weir_error *err);
int memo_history(void *self, const char *name, weir_day *days, size_t day_count, weir_error *err);
int memo_tasks(void *self, const char *name, weir_state state, const char *group, size_t offset,
               size_t limit, weir_task_sink sink, void *arg, weir_error *err);
int memo_task(void *self, const char *queue, const char *id, weir_task_sink sink, void *arg,
              weir_error *err);

#endif

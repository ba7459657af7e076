/* SPDX-License-Identifier: MIT */
/*
 * The instance behind a weir_backend of Redis, and the functions of its table, by file.
 */
#ifndef WEIR_REDIS_BACKEND_H
#define WEIR_REDIS_BACKEND_H

#include "poolconn.h"
#include "script.h"

#include <weir/broker.h>

#include <stdatomic.h>

struct weir__lost;
struct weir__redis_listener;

struct weir__redis_backend {
    struct weir__redis *conns;
    struct weir__redis_listener *listener;
    struct weir__lost *lost;
    const char *prefix; /* of all keys; belongs to the connections' options */
    const weir_clock *clock;
    weir_logger *logger;
    struct weir__digests digests;
    atomic_uint next_token;
    atomic_uint sweep_window;      /* where recovery looks next for active ids without a lease */
    _Atomic uint64_t sweep_cursor; /* where the scan for stray tasks goes on */
    atomic_bool plain_used;        /* a transaction was sent (plain.h) */
    atomic_bool plain_refused;     /* the server, or the user's rights, do not have them */
};

/* In weir__redis_conn_note(): a bit for each script that the connection sent, and that it watches (plain.h). */
#define WEIR__NOTE_SCRIPT(script) (UINT64_C(1) << (script))
#define WEIR__NOTE_WATCHES (UINT64_C(1) << 63)
_Static_assert(WEIR__SCRIPT_COUNT <= 63, "one bit for each script");

/* A new token: 1 to 2^20 - 1, never the same twice in a million leases of this instance. */
unsigned weir__token(struct weir__redis_backend *b);

/* enqueue.c */
int weir__redis_enqueue(void *self, const weir_request_id *request, int64_t now_ms,
                        weir_enqueue_item *items, size_t count, weir_error *err);
/* consume.c */
int weir__redis_consume(void *self, const weir_request_id *request, int64_t now_ms,
                        weir_consume *work, weir_error *err);
/* extend.c */
int weir__redis_extend(void *self, int64_t now_ms, int64_t lease_ms, weir_extend_item *items,
                       size_t count, weir_error *err);
/* upkeep.c, recover.c */
int weir__redis_forward(void *self, int64_t now_ms, weir_forward *forward, weir_error *err);
int weir__redis_expire(void *self, int64_t now_ms, weir_expire *expire, weir_error *err);
int weir__redis_recover(void *self, const weir_request_id *request, int64_t now_ms,
                        weir_recover *recover, weir_error *err);
/* presence.c */
int weir__redis_beat(void *self, int64_t now_ms, const weir_server_info *server, int64_t ttl_ms,
                     weir_error *err);
int weir__redis_leave(void *self, const weir_server_info *server, weir_error *err);
int weir__redis_servers(void *self, int64_t now_ms, weir_server_sink sink, void *arg,
                        weir_error *err);
/* inspect.c, page.c */
int weir__redis_queues(void *self, weir_name_sink sink, void *arg, weir_error *err);
int weir__redis_queue(void *self, const char *queue, int64_t now_ms, weir_queue_info *info,
                      weir_error *err);
int weir__redis_history(void *self, const char *queue, weir_day *days, size_t count,
                        weir_error *err);
int weir__redis_tasks(void *self, const char *queue, weir_state state, const char *group,
                      size_t offset, size_t limit, weir_task_sink sink, void *arg, weir_error *err);
int weir__redis_task(void *self, const char *queue, const char *id, weir_task_sink sink, void *arg,
                     weir_error *err);
/* steer.c, queue.c */
int weir__redis_steer(void *self, int64_t now_ms, weir_verb verb, const char *queue,
                      weir_steer_item *items, size_t count, weir_error *err);
int weir__redis_steer_all(void *self, int64_t now_ms, weir_verb verb, const char *queue,
                          weir_state state, const char *group, size_t max, size_t *done,
                          weir_error *err);
int weir__redis_show(void *self, int64_t now_ms, weir_show *items, size_t count, weir_error *err);
int weir__redis_amend(void *self, int64_t now_ms, const char *queue, const char *id,
                      const weir_amend *amend, weir_error *err);
int weir__redis_pause(void *self, int64_t now_ms, const char *queue, bool paused, weir_error *err);
int weir__redis_remove_queue(void *self, int64_t now_ms, const char *queue, bool force, size_t max,
                             size_t *done, weir_error *err);
int weir__redis_cancel(void *self, int64_t now_ms, const char *queue, const char *id,
                       weir_cancel_mode mode, weir_error *err);
/* aggregate.c, aggregated.c */
int weir__redis_groups(void *self, const char *queue, size_t count_to, weir_group_sink sink,
                       void *arg, weir_error *err);
int weir__redis_group_stage(void *self, const weir_request_id *request, int64_t now_ms,
                            const char *queue, const char *group, const weir_group_policy *policy,
                            int64_t ttl_ms, char set_id[64], weir_task_sink sink, void *arg,
                            weir_error *err);
int weir__redis_group_commit(void *self, const weir_request_id *request, int64_t now_ms,
                             const char *queue, const char *set_id, weir_enqueue_item *item,
                             weir_error *err);
int weir__redis_group_reclaim(void *self, int64_t now_ms, const char *const *queues,
                              size_t queue_count, size_t max, size_t *reclaimed, weir_error *err);
/* periodic.c, schedulers.c */
int weir__redis_tick(void *self, const weir_request_id *request, int64_t now_ms,
                     const char *entry_id, int64_t *last_at_ms, int64_t tick_at_ms,
                     weir_enqueue_item *item, weir_error *err);
int weir__redis_last_tick(void *self, const char *queue, const char *entry_id, int64_t *last_at_ms,
                          weir_error *err);
int weir__redis_scheduler_beat(void *self, int64_t now_ms, const char *scheduler_id,
                               const weir_scheduler_entry *entries, size_t count, int64_t ttl_ms,
                               weir_error *err);
int weir__redis_scheduler_entries(void *self, int64_t now_ms, weir_entry_sink sink, void *arg,
                                  weir_error *err);
int weir__redis_scheduler_history(void *self, const char *entry_id, size_t offset, size_t limit,
                                  weir_event_sink sink, void *arg, weir_error *err);
/* leader.c */
int weir__redis_lead(void *self, const char *name, const char *holder, int64_t ttl_ms, bool *leads,
                     weir_error *err);
int weir__redis_resign(void *self, const char *name, const char *holder, weir_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The functions of the backend's table, by the file that holds them. What each does is said in <weir/broker.h>.
 */
#ifndef WEIR_SQLITE_CALLS_H
#define WEIR_SQLITE_CALLS_H

#include "row.h"
#include "several.h"
#include "store.h"

/* work.c */
int weir__sqlite_enqueue(void *self, const weir_request_id *request, int64_t now_ms,
                         weir_enqueue_item *items, size_t count, weir_error *err);
int weir__sqlite_consume(void *self, const weir_request_id *request, int64_t now_ms,
                         weir_consume *work, weir_error *err);
int weir__sqlite_extend(void *self, int64_t now_ms, int64_t lease_ms, weir_extend_item *items,
                        size_t count, weir_error *err);

/* insert.c: puts one task into its queue; the result is the item's. */
int weir__insert(struct weir__tx *tx, int64_t now_ms, weir_enqueue_item *item);
/* The same for several, in their order. */
int weir__insert_all(struct weir__tx *tx, int64_t now_ms, weir_enqueue_item *items, size_t count);
/* Payloads above this many bytes are kept apart, so that state changes do not rewrite them. */
#define WEIR__INLINE_MAX 1024

/* finish.c: what happens to one claim; the outcome is the finish's. */
int weir__finish(struct weir__tx *tx, int64_t now_ms, weir_finish *finish);
/* The same for several that are done, of different tasks, as weir__claimed_sort() has put them in order; their items are
 * indexes of finishes. */
int weir__finish_done(struct weir__tx *tx, int64_t now_ms, weir_finish *finishes,
                      struct weir__claimed *claims, size_t count);
/* Releases a task's lock where it is still its own. */
int weir__unlock(struct weir__tx *tx, int64_t qid, const char *unique_key, const char *id);

/* group.c */
int weir__sqlite_groups(void *self, const char *queue, size_t count_to, weir_group_sink sink,
                        void *arg, weir_error *err);
int weir__sqlite_group_stage(void *self, const weir_request_id *request, int64_t now_ms,
                             const char *queue, const char *group, const weir_group_policy *policy,
                             int64_t ttl_ms, char set_id[64], weir_task_sink sink, void *arg,
                             weir_error *err);
int weir__sqlite_group_commit(void *self, const weir_request_id *request, int64_t now_ms,
                              const char *queue, const char *set_id, weir_enqueue_item *item,
                              weir_error *err);
int weir__sqlite_group_reclaim(void *self, int64_t now_ms, const char *const *queues,
                               size_t queue_count, size_t max, size_t *reclaimed, weir_error *err);

/* upkeep.c */
int weir__sqlite_forward(void *self, int64_t now_ms, weir_forward *forward, weir_error *err);
int weir__sqlite_recover(void *self, const weir_request_id *request, int64_t now_ms,
                         weir_recover *recover, weir_error *err);
int weir__sqlite_expire(void *self, int64_t now_ms, weir_expire *expire, weir_error *err);

/* presence.c */
int weir__sqlite_beat(void *self, int64_t now_ms, const weir_server_info *server, int64_t ttl_ms,
                      weir_error *err);
int weir__sqlite_leave(void *self, const weir_server_info *server, weir_error *err);
int weir__sqlite_servers(void *self, int64_t now_ms, weir_server_sink sink, void *arg,
                         weir_error *err);
int weir__sqlite_lead(void *self, const char *name, const char *holder, int64_t ttl_ms, bool *leads,
                      weir_error *err);
int weir__sqlite_resign(void *self, const char *name, const char *holder, weir_error *err);

/* periodic.c */
int weir__sqlite_tick(void *self, const weir_request_id *request, int64_t now_ms,
                      const char *entry_id, int64_t *last_at_ms, int64_t tick_at_ms,
                      weir_enqueue_item *item, weir_error *err);
int weir__sqlite_last_tick(void *self, const char *queue, const char *entry_id, int64_t *last_at_ms,
                           weir_error *err);
int weir__sqlite_scheduler_beat(void *self, int64_t now_ms, const char *scheduler_id,
                                const weir_scheduler_entry *entries, size_t count, int64_t ttl_ms,
                                weir_error *err);
int weir__sqlite_scheduler_entries(void *self, int64_t now_ms, weir_entry_sink sink, void *arg,
                                   weir_error *err);
int weir__sqlite_scheduler_history(void *self, const char *entry_id, size_t offset, size_t limit,
                                   weir_event_sink sink, void *arg, weir_error *err);

/* inspect.c */
int weir__sqlite_queues(void *self, weir_name_sink sink, void *arg, weir_error *err);
int weir__sqlite_queue(void *self, const char *queue, int64_t now_ms, weir_queue_info *info,
                       weir_error *err);
int weir__sqlite_history(void *self, const char *queue, weir_day *days, size_t count,
                         weir_error *err);
int weir__sqlite_tasks(void *self, const char *queue, weir_state state, const char *group,
                       size_t offset, size_t limit, weir_task_sink sink, void *arg,
                       weir_error *err);
int weir__sqlite_task(void *self, const char *queue, const char *id, weir_task_sink sink, void *arg,
                      weir_error *err);

/* steer.c */
int weir__sqlite_steer(void *self, int64_t now_ms, weir_verb verb, const char *queue,
                       weir_steer_item *items, size_t count, weir_error *err);
int weir__sqlite_steer_all(void *self, int64_t now_ms, weir_verb verb, const char *queue,
                           weir_state state, const char *group, size_t max, size_t *done,
                           weir_error *err);
int weir__sqlite_show(void *self, int64_t now_ms, weir_show *items, size_t count, weir_error *err);
int weir__sqlite_amend(void *self, int64_t now_ms, const char *queue, const char *id,
                       const weir_amend *amend, weir_error *err);
int weir__sqlite_pause(void *self, int64_t now_ms, const char *queue, bool paused, weir_error *err);
int weir__sqlite_remove_queue(void *self, int64_t now_ms, const char *queue, bool force, size_t max,
                              size_t *done, weir_error *err);
int weir__sqlite_cancel(void *self, int64_t now_ms, const char *queue, const char *id,
                        weir_cancel_mode mode, weir_error *err);

#endif

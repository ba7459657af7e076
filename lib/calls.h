/* SPDX-License-Identifier: MIT */
/*
 * Calls to a broker: the only door to the backend's table (see <weir/broker.h> for what each
 * function does). The wrappers check arguments and results, give out request ids, repeat a call
 * whose reply was lost under the same id, refuse what the backend cannot do, and own the memory
 * that backends only show.
 *
 * A reply that was lost: enqueue, consume, recover, tick, group_stage and group_commit are repeated
 * under the same request id, up to three times, when the call or one of its items comes back as WEIR_E_UNKNOWN; not with
 * WEIR_CAP_SURE_REPLIES. What is then still WEIR_E_UNKNOWN stays so: a later try that did not reach
 * the store says nothing about an earlier one.
 *
 * Batches of more than WEIR_BATCH_MAX items go ahead in pieces, in order; after a piece that failed
 * the rest is not sent and has the call's code. What is taken is never more than WEIR_BATCH_MAX
 * tasks: a greater max is refused.
 *
 * All of them may be called from any thread. Arguments are borrowed for the call.
 *
 * Client, inspector and the server runtime are written against these; nothing above them knows
 * which backend it has.
 */
#ifndef WEIR_LIB_CALLS_H
#define WEIR_LIB_CALLS_H

#include <weir/broker.h>
#include <weir/open.h>

/* What to take in weir__consume(). */
typedef struct weir__want {
    weir_take_queue *queues; /* name and want; left is set */
    size_t queue_count;
    size_t max;
    size_t start;
    int64_t lease_ms;
    size_t start_soon;
} weir__want;

/*
 * Claims that a call has made; the array is the caller's (room for max), tasks in it are freed with
 * weir__claim_release().
 */
typedef struct weir__claims {
    weir_claim *items;
    size_t count;
} weir__claims;

void weir__claim_release(weir_claim *claim);

int64_t weir__broker_now_ms(const weir_broker *broker);
int64_t weir__broker_boot_ms(const weir_broker *broker);
weir_logger *weir__broker_logger(const weir_broker *broker);
unsigned weir__broker_capabilities(const weir_broker *broker);

int weir__ping(weir_broker *broker, weir_error *err);
int weir__enqueue(weir_broker *broker, weir_enqueue_item *items, size_t count, weir_error *err);
/* One task, in one call to the backend with those that other threads enqueue at the same time (gather.h). Returns the
 * item's result; err has the text of a call that failed. */
int weir__enqueue_one(weir_broker *broker, weir_enqueue_item *item, weir_error *err);
/*
 * The whole of <weir/broker.h>'s consume. finishes and starts may be absent (count 0); want and
 * claims are both NULL when nothing is to be taken. On failure claims->count is 0 and nothing new
 * is held; finishes and starts have their own results.
 */
int weir__consume(weir_broker *broker, weir_finish *finishes, size_t finish_count,
                  weir_start *starts, size_t start_count, weir__want *want, weir__claims *claims,
                  weir_error *err);
int weir__extend(weir_broker *broker, int64_t lease_ms, weir_extend_item *items, size_t count,
                 weir_error *err);
int weir__show(weir_broker *broker, weir_show *items, size_t count, weir_error *err);
int weir__wait(weir_broker *broker, weir_wait *wait, weir_error *err);
void weir__interrupt(weir_broker *broker);

int weir__forward(weir_broker *broker, weir_forward *forward, weir_error *err);
/* Room for max claims. *repaired may be NULL. */
int weir__recover(weir_broker *broker, const char *const *queues, size_t queue_count, size_t max,
                  int64_t lease_ms, weir__claims *claims, size_t *repaired, weir_error *err);
int weir__expire(weir_broker *broker, weir_expire *expire, weir_error *err);

/* A staged set, ended by weir__staged_release(); zero-filled: none. */
typedef struct weir__staged {
    char set_id[64]; /* "": nothing was due */
    weir_task_info **tasks;
    size_t count;
    size_t room;
} weir__staged;

void weir__staged_release(weir__staged *staged);

int weir__groups(weir_broker *broker, const char *queue, size_t count_to, weir_group_sink sink,
                 void *arg, weir_error *err);
/* *staged needs not be set before; on failure it is empty. */
int weir__group_stage(weir_broker *broker, const char *queue, const char *group,
                      const weir_group_policy *policy, int64_t ttl_ms, weir__staged *staged,
                      weir_error *err);
int weir__group_commit(weir_broker *broker, const char *queue, const char *set_id,
                       weir_enqueue_item *item, weir_error *err);
int weir__group_reclaim(weir_broker *broker, const char *const *queues, size_t queue_count,
                        size_t max, size_t *reclaimed, weir_error *err);

int weir__beat(weir_broker *broker, const weir_server_info *server, int64_t ttl_ms,
               weir_error *err);
int weir__leave(weir_broker *broker, const weir_server_info *server, weir_error *err);
int weir__servers(weir_broker *broker, weir_server_sink sink, void *arg, weir_error *err);

int weir__queues(weir_broker *broker, weir_name_sink sink, void *arg, weir_error *err);
int weir__queue(weir_broker *broker, const char *queue, weir_queue_info *info, weir_error *err);
int weir__history(weir_broker *broker, const char *queue, weir_day *days, size_t count,
                  weir_error *err);
int weir__tasks(weir_broker *broker, const char *queue, weir_state state, const char *group,
                size_t offset, size_t limit, weir_task_sink sink, void *arg, weir_error *err);
int weir__task(weir_broker *broker, const char *queue, const char *id, weir_task_sink sink,
               void *arg, weir_error *err);

int weir__steer(weir_broker *broker, weir_verb verb, const char *queue, weir_steer_item *items,
                size_t count, weir_error *err);
int weir__steer_all(weir_broker *broker, weir_verb verb, const char *queue, weir_state state,
                    const char *group, size_t max, size_t *done, weir_error *err);
int weir__amend(weir_broker *broker, const char *queue, const char *id, const weir_amend *amend,
                weir_error *err);
int weir__pause(weir_broker *broker, const char *queue, bool paused, weir_error *err);
int weir__remove_queue(weir_broker *broker, const char *queue, bool force, size_t max, size_t *done,
                       weir_error *err);
int weir__cancel(weir_broker *broker, const char *queue, const char *id, weir_cancel_mode mode,
                 weir_error *err);

int weir__lead(weir_broker *broker, const char *name, const char *holder, int64_t ttl_ms,
               bool *leads, weir_error *err);
int weir__resign(weir_broker *broker, const char *name, const char *holder, weir_error *err);

/*
 * Enqueues a tick. Repeated under its request id like an enqueue; when that leaves its fate open,
 * the result is WEIR_E_UNKNOWN, and a later call for the same tick finds out: it succeeds, or is
 * WEIR_E_STALE with *last_at_ms == tick_at_ms. *last_at_ms is what the store said, also on success.
 */
int weir__tick(weir_broker *broker, const char *entry_id, int64_t *last_at_ms, int64_t tick_at_ms,
               weir_enqueue_item *item, weir_error *err);
int weir__last_tick(weir_broker *broker, const char *queue, const char *entry_id,
                    int64_t *last_at_ms, weir_error *err);
int weir__scheduler_beat(weir_broker *broker, const char *scheduler_id,
                         const weir_scheduler_entry *entries, size_t count, int64_t ttl_ms,
                         weir_error *err);
int weir__scheduler_entries(weir_broker *broker, weir_entry_sink sink, void *arg, weir_error *err);
int weir__scheduler_history(weir_broker *broker, const char *entry_id, size_t offset, size_t limit,
                            weir_event_sink sink, void *arg, weir_error *err);

#endif

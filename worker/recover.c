/* SPDX-License-Identifier: MIT */
/*
 * Recovery: takes over tasks whose server died, and gives them what their policy says. One that was
 * started has failed ("asynq: task lease expired"); one that was not goes back to the head of its queue.
 *
 * After trouble (an outage, a suspension, a clock step) it waits for one heartbeat: the others' leases may have ended
 * only because nobody could renew them, and they do that first.
 */
#include <config.h>

#include "runtime.h"

enum {
    RECOVER_MAX = 64,
    RECLAIM_MAX = 8 /* sets */
};

static void
decide_all(weir_server *server, const weir__claims *claims, weir_finish *finishes)
{
    static const struct weir__ending expired = {.outcome = WEIR_RETRY,
                                                .error = WEIR__TEXT_LEASE_EXPIRED};
    int64_t now_ms = weir__broker_now_ms(server->broker);

    for (size_t i = 0; i < claims->count; i++) {
        if (claims->items[i].started) {
            weir__outcome_decide(&server->settings.rules, &claims->items[i], &expired, now_ms,
                                 &finishes[i]);
        } else {
            weir__outcome_give_back(&claims->items[i], &finishes[i]);
        }
    }
}

/* Tells the mover and the forward duty what has changed. */
static void
tell_changes(weir_server *server, const weir_finish *finishes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (finishes[i].outcome == 0) {
            weir__outcome_tell(&server->settings.rules, &finishes[i]);
        }
        if (finishes[i].outcome == 0 && finishes[i].kind == WEIR_FINISH_RETRY) {
            weir__forward_by(server, finishes[i].at_ms);
        } else if (finishes[i].outcome == 0 && finishes[i].kind == WEIR_FINISH_REQUEUE) {
            weir__mover_look(server);
        }
    }
}

/* Recovers one batch. What cannot be finished stays under the new lease, and its turn comes again. */
static int
recover_batch(weir_server *server, size_t *found, weir_error *err)
{
    weir_claim items[RECOVER_MAX];
    weir_finish finishes[RECOVER_MAX];
    weir__claims claims = {.items = items};
    size_t repaired = 0;
    struct weir__queue_set *queues = weir__server_queues(server);
    int code = weir__recover(server->broker, queues->names, queues->count, RECOVER_MAX,
                             server->settings.lease_ms, &claims, &repaired, err);

    *found = claims.count + repaired;
    if (claims.count > 0) {
        decide_all(server, &claims, finishes);
        code = weir__consume(server->broker, finishes, claims.count, NULL, 0, NULL, NULL, err);
        tell_changes(server, finishes, claims.count);
    }
    if (code == 0 && *found > 0) {
        weir_log(server->logger, WEIR_LOG_WARN, "recovered tasks of servers that are gone",
                 weir_log_uint("tasks", claims.count), weir_log_uint("repaired", repaired));
    }
    for (size_t i = 0; i < claims.count; i++) {
        weir__claim_release(&items[i]);
    }
    weir__queue_set_unref(queues);
    return code;
}

/* Puts sets of groups that nobody committed in time back; any server does, those with an aggregator hear of it. */
static int
reclaim_sets(weir_server *server, weir_error *err)
{
    struct weir__queue_set *queues;
    size_t reclaimed = 0;

    if ((weir__broker_capabilities(server->broker) & WEIR_CAP_GROUPS) == 0) {
        return 0;
    }
    queues = weir__server_queues(server);
    int code = weir__group_reclaim(server->broker, queues->names, queues->count, RECLAIM_MAX,
                                   &reclaimed, err);
    weir__queue_set_unref(queues);
    if (reclaimed > 0) {
        weir_log(server->logger, WEIR_LOG_WARN, "put tasks back into their groups",
                 weir_log_uint("sets", reclaimed));
    }
    return code;
}

static int64_t
waits_until(weir_server *server)
{
    return atomic_load(&server->trouble_at_ms) + server->settings.heartbeat_ms;
}

int64_t
weir__recover_duty(void *arg)
{
    weir_server *server = arg;
    weir_error err = {0};
    size_t found = 0;
    int64_t now_ms = weir__broker_boot_ms(server->broker);

    if (weir__server_stops(server)) {
        return WEIR_NEVER;
    }
    if (now_ms < waits_until(server)) {
        return waits_until(server);
    }
    int code = recover_batch(server, &found, &err);
    if (code == 0) {
        code = reclaim_sets(server, &err);
    }
    now_ms = weir__broker_boot_ms(server->broker);
    if (code != 0) {
        return now_ms + weir__outage_failed(server, WEIR__PARTY_RECOVER, "recover", &err);
    }
    weir__outage_over(server, WEIR__PARTY_RECOVER);
    return found >= RECOVER_MAX ? now_ms : now_ms + server->settings.recover_ms;
}

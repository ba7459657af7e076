/* SPDX-License-Identifier: MIT */
/*
 * Changing a server that runs. Everything that can fail is done first; what then happens under the lock cannot. The
 * parts that belong to one thread (the mover's order, the heartbeat's lists) are laid down for that thread, which takes
 * them over at the begin of its next round.
 *
 * The logger hears of a change when no lock is held. change_lock keeps two changes, a change and the start, and a change and the end of the workers apart.
 */
#include <config.h>

#include "runtime.h"

/* What is laid down for the mover. */
struct plan {
    struct weir__queue_set *set;
    struct weir__order order;
};

static int
plan_queues(struct plan *plan, const weir_queue_weight *queues, size_t count, bool strict,
            weir_error *err)
{
    int code = weir__queue_set_new(&plan->set, queues, count, strict, err);

    if (code != 0) {
        return code;
    }
    if (!weir__order_init(&plan->order, plan->set->items, plan->set->count, strict)) {
        weir__queue_set_unref(plan->set);
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    return 0;
}

static void
drop_plan(struct plan *plan)
{
    weir__order_release(&plan->order);
    weir__queue_set_unref(plan->set);
}

static int
refuse(weir_error *err)
{
    return weir_error_set(err, WEIR_E_STATE, "the server has stopped");
}

/* Exchanges the plans; the old one, taken over or not, is left in *plan. False: too late. */
static bool
lay_down(weir_server *server, struct plan *plan)
{
    pthread_mutex_lock(&server->lock);
    bool alive = server->phase < WEIR__STOPPING;
    if (alive) {
        struct plan before = {server->next_set, server->next_order};
        weir__queue_set_unref(server->queues);
        server->queues = weir__queue_set_ref(plan->set);
        server->next_set = plan->set;
        server->next_order = plan->order;
        server->more = true;
        weir__mover_wake(server);
        *plan = before;
    }
    pthread_mutex_unlock(&server->lock);
    return alive;
}

/* Everybody who works on queues has to look at the new ones. */
static void
tell_all(weir_server *server)
{
    int64_t now_ms = weir__broker_boot_ms(server->broker);

    weir__interrupt(server->broker);
    weir__keeper_call(&server->keeper, WEIR__DUTY_FORWARD, now_ms);
    weir__keeper_call(&server->keeper, WEIR__DUTY_RECOVER, now_ms);
    weir__keeper_call(&server->keeper, WEIR__DUTY_JANITOR, now_ms);
    weir__beat_soon(server);
}

int
weir_server_set_queues(weir_server *server, const weir_queue_weight *queues, size_t count,
                       bool strict_priority, weir_error *err)
{
    struct plan plan = {0};
    int code = plan_queues(&plan, queues, count, strict_priority, err);

    if (code != 0) {
        return code;
    }
    size_t served = plan.set->count;
    pthread_mutex_lock(&server->change_lock);
    bool alive = lay_down(server, &plan);
    bool started = alive && server->worker_threads > 0;
    drop_plan(&plan);
    if (started) {
        tell_all(server);
    }
    pthread_mutex_unlock(&server->change_lock);
    if (started) {
        weir_log(server->logger, WEIR_LOG_INFO, "server has other queues",
                 weir_log_uint("queues", served), weir_log_bool("strict", strict_priority));
    }
    return alive ? 0 : refuse(err);
}

static bool
is_alive(weir_server *server)
{
    return !weir__server_stops(server);
}

static int
change_concurrency(weir_server *server, int concurrency, weir_error *err)
{
    size_t wanted = (size_t)concurrency;

    if (!is_alive(server)) {
        return refuse(err);
    }
    if (wanted > server->slot_count) {
        int code = weir__slots_add(server, wanted - server->slot_count, err);
        if (code != 0) {
            return code;
        }
    }
    pthread_mutex_lock(&server->lock);
    atomic_store(&server->concurrency, concurrency);
    weir__slots_fit(server);
    struct weir__slot *called = weir__slots_call(server);
    weir__mover_wake(server);
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    weir__slots_wake(called);
    if (server->worker_threads > 0) {
        weir__beat_soon(server);
    }
    return 0;
}

int
weir_server_set_concurrency(weir_server *server, int concurrency, weir_error *err)
{
    int code = weir__settings_concurrency(concurrency, &concurrency, err);

    if (code != 0) {
        return code;
    }
    pthread_mutex_lock(&server->change_lock);
    code = change_concurrency(server, concurrency, err);
    bool started = code == 0 && server->worker_threads > 0;
    pthread_mutex_unlock(&server->change_lock);
    if (started) {
        weir_log(server->logger, WEIR_LOG_INFO, "server has another concurrency",
                 weir_log_int("concurrency", concurrency));
    }
    return code;
}

int
weir_server_set_retries(weir_server *server, const weir_retry_policy *retry,
                        const weir_type_retry *type_retries, size_t type_retry_count,
                        weir_error *err)
{
    static const weir_retry_policy fallback;
    struct weir__rules *rules = &server->settings.rules;
    struct weir__rules made = {0};
    int code = weir__rules_set_policies(&made, retry != NULL ? retry : &fallback, type_retries,
                                        type_retry_count, err);

    if (code == 0) {
        pthread_rwlock_wrlock(&server->policy_lock);
        struct weir__rules before =
            (struct weir__rules){.types = rules->types, .type_count = rules->type_count};
        rules->retry = made.retry;
        rules->types = made.types;
        rules->type_count = made.type_count;
        pthread_rwlock_unlock(&server->policy_lock);
        made = before;
    }
    weir__rules_drop_policies(&made);
    return code;
}

int
weir_server_set_groups(weir_server *server, const weir_group_policy *group,
                       const weir_type_group *type_groups, size_t type_group_count,
                       int64_t group_timeout_ms, weir_error *err)
{
    const weir_server_options options = {.group = group != NULL ? *group : (weir_group_policy){0},
                                         .type_groups = type_groups,
                                         .type_group_count = type_group_count,
                                         .group_timeout_ms = group_timeout_ms};
    struct weir__group_rules rules;
    int code = weir__group_rules_init(&rules, &options, err);

    if (code == 0) {
        weir__aggregator_set_rules(server, &rules);
    }
    weir__group_rules_drop(&rules);
    return code;
}

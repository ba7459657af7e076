/* SPDX-License-Identifier: MIT */
/*
 * The server as a whole: made, started, quieted, asked, freed. stop.c ends it.
 *
 * It is freed with its last reference: the owner has one, and each worker thread, so that a handler that
 * never returned in time finds its server when it does.
 */
#include <config.h>

#include "runtime.h"
#include "stop.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
release_parts(weir_server *server)
{
    weir__schedule_release(&server->schedule);
    weir__slots_release(server);
    weir__beat_lists_release(&server->beat.lists);
    weir__beat_lists_release(&server->next_lists);
    weir__order_release(&server->order);
    weir__order_release(&server->next_order);
    weir__queue_set_unref(server->order_set);
    weir__queue_set_unref(server->next_set);
    weir__queue_set_unref(server->queues);
    weir__settings_release(&server->settings);
    weir_broker_close(server->broker);
    free(server);
}

static void
release_locks(weir_server *server)
{
    weir__keeper_release(&server->keeper);
    weir__keeper_release(&server->watch);
    weir__aggregator_release(server);
    pthread_cond_destroy(&server->mover_wake);
    pthread_cond_destroy(&server->changed);
    pthread_rwlock_destroy(&server->policy_lock);
    pthread_mutex_destroy(&server->change_lock);
    pthread_mutex_destroy(&server->lock);
}

static void
destroy(weir_server *server)
{
    release_locks(server);
    release_parts(server);
}

void
weir__server_unref(weir_server *server)
{
    if (atomic_fetch_sub(&server->refs, 1) == 1) {
        destroy(server);
    }
}

static int
init_keepers(weir_server *server)
{
    const weir_clock *clock = server->settings.rules.clock;

    if (weir__keeper_init(&server->keeper, "weir-keeper", clock, server) != 0) {
        return WEIR_E_NOMEM;
    }
    if (weir__keeper_init(&server->watch, "weir-watch", clock, server) != 0) {
        goto no_watch;
    }
    if (weir__aggregator_init(server) == 0) {
        return 0;
    }
    weir__keeper_release(&server->watch);
no_watch:
    weir__keeper_release(&server->keeper);
    return WEIR_E_NOMEM;
}

static int
init_locks(weir_server *server)
{
    if (pthread_mutex_init(&server->lock, NULL) != 0) {
        return WEIR_E_NOMEM;
    }
    if (pthread_mutex_init(&server->change_lock, NULL) != 0) {
        goto no_change_lock;
    }
    if (pthread_rwlock_init(&server->policy_lock, NULL) != 0) {
        goto no_policy_lock;
    }
    if (weir__cond_init(&server->mover_wake) != 0) {
        goto no_mover_wake;
    }
    if (weir__cond_init(&server->changed) != 0) {
        goto no_changed;
    }
    if (init_keepers(server) == 0) {
        return 0;
    }
    pthread_cond_destroy(&server->changed);
no_changed:
    pthread_cond_destroy(&server->mover_wake);
no_mover_wake:
    pthread_rwlock_destroy(&server->policy_lock);
no_policy_lock:
    pthread_mutex_destroy(&server->change_lock);
no_change_lock:
    pthread_mutex_destroy(&server->lock);
    return WEIR_E_NOMEM;
}

static bool
init_parts(weir_server *server)
{
    struct weir__settings *settings = &server->settings;

    settings->rules.policy_lock = &server->policy_lock;
    if (weir__schedule_init(&server->schedule) != 0) {
        return false;
    }
    weir__id_new(settings->rules.clock, server->id);
    if (gethostname(server->host, sizeof(server->host) - 1) != 0) {
        snprintf(server->host, sizeof(server->host), "localhost");
    }
    server->beat.status = "";
    server->watch_at_boot_ms = WEIR_NEVER;
    server->queues = weir__queue_set_ref(settings->queues);
    server->order_set = weir__queue_set_ref(settings->queues);
    return weir__order_init(&server->order, settings->queues->items, settings->queues->count,
                            settings->queues->strict) &&
           weir__slots_init(server) == 0;
}

static void
init_atomics(weir_server *server)
{
    atomic_init(&server->refs, 1);
    atomic_init(&server->running, 0);
    atomic_init(&server->stuck, 0);
    atomic_init(&server->concurrency, server->settings.concurrency);
    atomic_init(&server->presence_stale, false);
    atomic_init(&server->parties_down, 0);
    atomic_init(&server->down_since_ms, 0);
    atomic_init(&server->trouble_at_ms, INT64_MIN / 2);
    atomic_init(&server->listener_ends, false);
}

int
weir_server_new(weir_server **server_out, weir_broker *broker, weir_mux *mux,
                const weir_server_options *options, weir_error *err)
{
    *server_out = NULL;
    if (broker == NULL || mux == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "%s is NULL", broker == NULL ? "broker" : "mux");
    }
    weir_server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    int code = weir__settings_init(&server->settings, options, err);
    if (code != 0) {
        free(server);
        return code;
    }
    init_atomics(server);
    server->broker = weir_broker_ref(broker);
    server->mux = mux;
    if (server->settings.rules.logger == NULL) {
        server->settings.rules.logger = weir__broker_logger(broker);
    }
    server->logger = server->settings.rules.logger;
    server->settings.rules.clock = weir_broker_clock(broker);
    if (init_locks(server) != 0) {
        release_parts(server);
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    if (!init_parts(server)) {
        destroy(server);
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    if (options != NULL && options->periodic_count > 0) {
        code = weir_server_periodic_set(server, options->periodic, options->periodic_count, err);
        if (code != 0) {
            destroy(server);
            return code;
        }
    }
    *server_out = server;
    return 0;
}

static void
add_duties(weir_server *server)
{
    int64_t now_ms = weir__broker_boot_ms(server->broker);
    const struct weir__settings *settings = &server->settings;

    server->started_at_ms = weir__broker_now_ms(server->broker);
    server->beat.beat_at_ms = now_ms;
    server->beat.clock_gap_ms = server->started_at_ms - now_ms;
    weir__keeper_add(&server->keeper, weir__heartbeat_duty, now_ms);
    weir__keeper_add(&server->keeper, weir__forward_duty, now_ms);
    weir__keeper_add(&server->keeper, weir__recover_duty, now_ms + settings->recover_ms);
    weir__keeper_add(&server->keeper, weir__janitor_duty, now_ms + settings->janitor_ms);
    weir__keeper_add(&server->keeper, weir__health_duty, now_ms + settings->health_ms);
    weir__keeper_add(&server->keeper, weir__periodic_duty, now_ms);
    weir__keeper_add(&server->watch, weir__deadlines_duty, WEIR_NEVER);
}

static int
start_workers(weir_server *server, weir_error *err)
{
    int code = 0;

    while (code == 0 && server->worker_threads < server->slot_count) {
        code = weir__slots_start_next(server, err);
    }
    return code;
}

static int
start_threads(weir_server *server, weir_error *err)
{
    int code = start_workers(server, err);

    if (code == 0) {
        code = weir__keeper_start(&server->watch, err);
    }
    if (code == 0) {
        code = weir__keeper_start(&server->keeper, err);
    }
    if (code == 0) {
        code =
            weir__thread_start(&server->mover_thread, "weir-mover", weir__mover_main, server, err);
        server->mover_started = code == 0;
    }
    if (code == 0) {
        code = weir__aggregator_start(server, err);
    }
    if (code == 0) {
        code = weir__thread_start(&server->listener_thread, "weir-listener", weir__listener_main,
                                  server, err);
        server->listener_started = code == 0;
    }
    return code;
}

static void
log_started(weir_server *server)
{
    weir_log(server->logger, WEIR_LOG_INFO, "server started", weir_log_str("server", server->id),
             weir_log_int("concurrency", atomic_load(&server->concurrency)),
             weir_log_uint("queues", server->settings.queues->count),
             weir_log_str("broker", weir_broker_url(server->broker)));
    if (weir__mux_aggregates(server->mux) && !weir__aggregator_runs(server)) {
        weir_log(server->logger, WEIR_LOG_WARN,
                 "this broker has no groups: the aggregators are of no use");
    }
}

int
weir_server_start(weir_server *server, weir_error *err)
{
    pthread_mutex_lock(&server->lock);
    bool is_new = server->phase == WEIR__NEW;
    if (is_new) {
        server->phase = WEIR__RUNNING;
        server->more = true;
    }
    pthread_mutex_unlock(&server->lock);
    if (!is_new) {
        return weir_error_set(err, WEIR_E_STATE, "the server was started before");
    }
    pthread_mutex_lock(&server->change_lock);
    add_duties(server);
    int code = start_threads(server, err);
    pthread_mutex_unlock(&server->change_lock);
    if (code != 0 && server->mover_started) {
        weir_server_stop(server);
        return code;
    }
    if (code != 0) {
        weir__stop_threads(server);
        return code;
    }
    log_started(server);
    return 0;
}

void
weir_server_quiet(weir_server *server)
{
    pthread_mutex_lock(&server->lock);
    bool was_running = server->phase == WEIR__RUNNING;
    if (was_running) {
        server->phase = WEIR__QUIET;
        weir__ring_give_back(server);
        weir__mover_wake(server);
    }
    pthread_mutex_unlock(&server->lock);
    if (was_running) {
        weir__keeper_call(&server->keeper, WEIR__DUTY_HEARTBEAT,
                          weir__broker_boot_ms(server->broker));
        weir_log(server->logger, WEIR_LOG_INFO, "server takes no more tasks");
    }
}

bool
weir__server_stops(weir_server *server)
{
    pthread_mutex_lock(&server->lock);
    bool stops = server->phase >= WEIR__STOPPING;
    pthread_mutex_unlock(&server->lock);
    return stops;
}

struct weir__queue_set *
weir__server_queues(weir_server *server)
{
    pthread_mutex_lock(&server->lock);
    struct weir__queue_set *set = weir__queue_set_ref(server->queues);
    pthread_mutex_unlock(&server->lock);
    return set;
}

int
weir_server_active(const weir_server *server)
{
    return atomic_load(&server->running);
}

bool
weir_server_stuck(const weir_server *server)
{
    return atomic_load(&server->stuck) >= atomic_load(&server->concurrency);
}

const char *
weir_server_id(const weir_server *server)
{
    return server->id;
}

void
weir_server_free(weir_server *server)
{
    if (server == NULL) {
        return;
    }
    weir_server_stop(server);
    weir__server_unref(server);
}

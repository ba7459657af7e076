/* SPDX-License-Identifier: MIT */
/*
 * The graceful stop, step by step:
 *
 *   1. the mover takes no more; what its present call brings goes back, and what waits for a worker
 *   2. handlers have shutdown_timeout_ms to end; leases are renewed and outcomes committed meanwhile
 *   3. the contexts of the rest are cancelled, and they have cancel_grace_ms (2 s at most) to react
 *   4. the tasks of those that did not go back to the head of their queues, in the order they had
 *   5. the mover commits what there is, and gives up after one lease (5 s at least): by then others
 *      would have taken the tasks over anyway
 *   6. presence is withdrawn and the threads end. Handlers that still run keep theirs
 */
#include <config.h>

#include "stop.h"
#include "runtime.h"

enum {
    LONGEST_REACTION_MS = 2000,
    SHORTEST_FLUSH_MS = 5000
};

/* Waits until no handler that was not given up runs, or the time is over, or the wait is cut short. */
static void
wait_for_handlers(weir_server *server, int64_t timeout_ms, bool may_cut)
{
    int64_t until_ms = weir__mono_ms() + timeout_ms;

    while (atomic_load(&server->running) > atomic_load(&server->stuck) &&
           !(may_cut && server->cut_short) && weir__mono_ms() < until_ms) {
        weir__cond_wait_until(&server->changed, &server->lock, until_ms);
    }
}

static void
cancel_handlers(weir_server *server)
{
    for (size_t i = 0; i < server->slot_count; i++) {
        struct weir__slot *slot = server->slots[i];
        if (slot->job != NULL && !slot->stuck) {
            atomic_store(&slot->stopping, true);
            weir__context_cancel(&slot->context, WEIR_E_CANCELED);
        }
    }
}

/* The running slot with the lowest number from `from` on whose outcome is open. */
static struct weir__slot *
oldest_from(weir_server *server, uint64_t from)
{
    struct weir__slot *oldest = NULL;

    for (size_t i = 0; i < server->slot_count; i++) {
        struct weir__slot *slot = server->slots[i];
        if (slot->job != NULL && slot->job->number >= from && !atomic_load(&slot->decided) &&
            (oldest == NULL || slot->job->number < oldest->job->number)) {
            oldest = slot;
        }
    }
    return oldest;
}

/* In the order in which they were taken: what goes back in one call keeps its order. */
static void
give_back_tasks(weir_server *server)
{
    struct weir__slot *slot;
    uint64_t from = 0;

    while ((slot = oldest_from(server, from)) != NULL) {
        from = slot->job->number + 1;
        if (!atomic_exchange(&slot->decided, true)) {
            weir__job_give_back(server, slot->job);
        }
    }
}

static void
flush_outcomes(weir_server *server)
{
    int64_t flush_ms = server->settings.lease_ms;

    server->flush_until_ms = weir__mono_ms() +
                             (flush_ms > SHORTEST_FLUSH_MS ? flush_ms : SHORTEST_FLUSH_MS);
    server->mover_ends = true;
    weir__mover_wake(server);
    while (!server->mover_ended) {
        pthread_cond_wait(&server->changed, &server->lock);
    }
}

static void
stop_worker(weir_server *server, struct weir__slot *slot)
{
    pthread_mutex_lock(&server->lock);
    bool running = slot->job != NULL;
    pthread_mutex_unlock(&server->lock);
    if (running) {
        pthread_detach(slot->thread);
    }
    sem_post(&slot->ready);
    if (!running) {
        pthread_join(slot->thread, NULL);
    }
}

void
weir__stop_threads(weir_server *server)
{
    if (server->listener_started) {
        atomic_store(&server->listener_ends, true);
        pthread_mutex_lock(&server->lock);
        pthread_cond_broadcast(&server->changed);
        pthread_mutex_unlock(&server->lock);
        weir__interrupt(server->broker);
        pthread_join(server->listener_thread, NULL);
    }
    if (server->mover_started) {
        pthread_mutex_lock(&server->lock);
        server->mover_ends = true;
        weir__mover_wake(server);
        pthread_mutex_unlock(&server->lock);
        pthread_join(server->mover_thread, NULL);
    }
    weir__aggregator_stop(server, weir__mono_ms());
    weir__keeper_stop(&server->keeper);
    weir__keeper_stop(&server->watch);
    pthread_mutex_lock(&server->change_lock);
    pthread_mutex_lock(&server->lock);
    server->workers_end = true;
    pthread_mutex_unlock(&server->lock);
    for (size_t i = 0; i < server->worker_threads; i++) {
        stop_worker(server, server->slots[i]);
    }
    pthread_mutex_unlock(&server->change_lock);
    pthread_mutex_lock(&server->lock);
    server->phase = WEIR__STOPPED;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static void
log_stopped(weir_server *server, size_t held, size_t given_back, int running)
{
    if (held > 0) {
        weir_log(server->logger, WEIR_LOG_ERROR,
                 "the broker did not take all outcomes, their tasks will run again",
                 weir_log_uint("tasks", held));
    }
    weir_log(server->logger, WEIR_LOG_INFO, "server stopped",
             weir_log_uint("given_back", given_back), weir_log_int("running", running));
}

/* True for the one who is to stop the server; others wait until it is done. Sets *code. */
static bool
begin_stop(weir_server *server, int *code)
{
    *code = 0;
    if (server->phase == WEIR__NEW) {
        *code = WEIR_E_STATE;
        return false;
    }
    if (server->phase < WEIR__STOPPING) {
        server->phase = WEIR__STOPPING;
        server->run_ended = true;
        weir__ring_give_back(server);
        weir__mover_wake(server);
        pthread_cond_broadcast(&server->changed);
        return true;
    }
    while (server->phase != WEIR__STOPPED) {
        pthread_cond_wait(&server->changed, &server->lock);
    }
    return false;
}

static void
end_handlers(weir_server *server)
{
    int64_t reaction_ms = server->settings.cancel_grace_ms;

    wait_for_handlers(server, server->settings.shutdown_timeout_ms, true);
    cancel_handlers(server);
    wait_for_handlers(server, reaction_ms < LONGEST_REACTION_MS ? reaction_ms : LONGEST_REACTION_MS,
                      false);
    give_back_tasks(server);
}

int
weir_server_stop(weir_server *server)
{
    int64_t until_ms = weir__mono_ms() + server->settings.shutdown_timeout_ms;
    int code;

    pthread_mutex_lock(&server->lock);
    if (!begin_stop(server, &code)) {
        pthread_mutex_unlock(&server->lock);
        return code != 0 ? code : weir_server_active(server);
    }
    pthread_mutex_unlock(&server->lock);
    int64_t now_ms = weir__broker_boot_ms(server->broker);
    weir__keeper_call(&server->keeper, WEIR__DUTY_HEARTBEAT, now_ms);
    weir__keeper_call(&server->keeper, WEIR__DUTY_PERIODIC, now_ms);
    weir_log(server->logger, WEIR_LOG_INFO, "server stops",
             weir_log_int("running", weir_server_active(server)));
    weir__aggregator_end(server);
    pthread_mutex_lock(&server->lock);
    end_handlers(server);
    flush_outcomes(server);
    size_t given_back = server->given_back;
    size_t held = server->held;
    pthread_mutex_unlock(&server->lock);
    weir__keeper_stop(&server->keeper);
    weir__periodic_leave(server);
    int rounds = weir__aggregator_stop(server, until_ms);
    weir__presence_leave(server);
    weir__stop_threads(server);
    int running = weir_server_active(server) + rounds;
    log_stopped(server, held, given_back, running);
    return running;
}

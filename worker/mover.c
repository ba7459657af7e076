/* SPDX-License-Identifier: MIT */
/*
 * The mover: one thread that brings outcomes to the broker and tasks from it, both in one call.
 *
 * What is in a call, and what becomes of it, is in move.c.
 *
 * `more` says that the queues may have work. It is cleared before a call and set again when that call left
 * something behind; the listener sets it for every change after the generation it knows, so that a change
 * during the call is seen after it. While it is clear the mover sleeps.
 *
 * While it sleeps with nothing to do, the listener makes its call for what has come (weir__mover_replace).
 */
#include <config.h>

#include "runtime.h"

void
weir__mover_wake(weir_server *server)
{
    if (server->mover_waits) {
        pthread_cond_signal(&server->mover_wake);
    }
}

/* When the mover is to look at what waits, by the monotonic clock. */
static int64_t
patience_ms(const weir_server *server)
{
    int64_t patience_us = weir__ring_patience_us(server);

    return patience_us == WEIR_NEVER ? WEIR_NEVER : patience_us / 1000 + 1;
}

bool
weir__mover_call(weir_server *server)
{
    bool has_time = server->idle_count > 0 && (server->more || server->ring.ahead.first != NULL);
    bool calls = server->mover_waits && (server->outcomes.first != NULL || has_time ||
                                         patience_ms(server) < server->mover_until_ms);

    if (calls) {
        server->mover_waits = false;
    }
    return calls;
}

void
weir__mover_look(weir_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->more = true;
    weir__mover_wake(server);
    pthread_mutex_unlock(&server->lock);
}

/* Whether there is something to start or to take, but for the time. */
static bool
wants_tasks(const weir_server *server)
{
    return server->phase == WEIR__RUNNING && weir__ring_is_low(server) &&
           (weir__ring_startable(server, 1) > 0 || (server->more && weir__ring_room(server) > 0));
}

static bool
has_work(const weir_server *server, int64_t now_ms)
{
    return weir__move_can_finish(server, now_ms) ||
           (server->move.take_at_ms <= now_ms && wants_tasks(server));
}

/* The time, as far as it matters: it is asked for in an outage and at the end only. */
static int64_t
time_now(const weir_server *server)
{
    bool matters = server->mover_ends || server->move.finish_at_ms > 0 ||
                   server->move.take_at_ms > 0;

    return matters ? weir__mono_ms() : 0;
}

static bool
is_over(const weir_server *server, int64_t now_ms)
{
    return server->mover_ends && (server->held == 0 || now_ms >= server->flush_until_ms);
}

static int64_t
wait_until(const weir_server *server)
{
    int64_t until_ms = server->mover_ends ? server->flush_until_ms : WEIR_NEVER;
    int64_t look_ms = patience_ms(server);

    if (server->outcomes.first != NULL && server->move.finish_at_ms < until_ms) {
        until_ms = server->move.finish_at_ms;
    }
    if (wants_tasks(server) && server->move.take_at_ms < until_ms) {
        until_ms = server->move.take_at_ms;
    }
    return look_ms < until_ms ? look_ms : until_ms;
}

/* A listener that does not listen for work has to before the mover may sleep. True when the lock was
 * given up for that. */
static bool
unmute_listener(weir_server *server)
{
    if (!server->listener_muted || server->phase != WEIR__RUNNING || server->more) {
        return false;
    }
    server->listener_muted = false;
    pthread_mutex_unlock(&server->lock);
    weir__interrupt(server->broker);
    pthread_mutex_lock(&server->lock);
    return true;
}

/* Sleeps until there is something to do, whose time is then *now_ms; false: the end. */
static bool
wait_for_work(weir_server *server, int64_t *now_ms)
{
    for (;;) {
        while (server->mover_replaced) {
            server->mover_until_ms = WEIR_NEVER;
            pthread_cond_wait(&server->mover_wake, &server->lock);
        }
        server->mover_waits = false;
        *now_ms = time_now(server);
        if (weir__ring_patience_us(server) != WEIR_NEVER) {
            weir__ring_review(server, weir__mono_us());
        }
        if (is_over(server, *now_ms)) {
            return false;
        }
        if (has_work(server, *now_ms)) {
            return true;
        }
        if (unmute_listener(server)) {
            continue;
        }
        server->mover_waits = true;
        server->mover_until_ms = wait_until(server);
        weir__cond_wait_until(&server->mover_wake, &server->lock, server->mover_until_ms);
    }
}

/* Whether the mover sleeps with nothing to do but what is new, and workers are free for that. */
static bool
can_replace(const weir_server *server)
{
    return server->mover_waits && server->idle_count > 0 && server->outcomes.first == NULL &&
           server->move.finish_at_ms == 0 && server->move.take_at_ms == 0 && wants_tasks(server);
}

/* Afterwards the mover is waiting as before, unless it has something to do, or a time to look at. */
static void
replace_mover(weir_server *server)
{
    server->mover_waits = false;
    server->mover_replaced = true;
    weir__move_load(server, 0);
    pthread_mutex_unlock(&server->lock);
    weir__move_make(server);
    pthread_mutex_lock(&server->lock);
    server->mover_replaced = false;
    server->mover_waits = true;
    if (has_work(server, time_now(server)) || wait_until(server) != WEIR_NEVER) {
        weir__mover_wake(server);
    }
}

void
weir__mover_replace(weir_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->more = true;
    if (can_replace(server)) {
        replace_mover(server);
    } else {
        weir__mover_wake(server);
    }
    pthread_mutex_unlock(&server->lock);
}

void *
weir__mover_main(void *arg)
{
    weir_server *server = arg;
    int64_t now_ms;

    pthread_mutex_lock(&server->lock);
    weir__slots_fit(server);
    while (wait_for_work(server, &now_ms)) {
        weir__move_load(server, now_ms);
        pthread_mutex_unlock(&server->lock);
        weir__move_make(server);
        pthread_mutex_lock(&server->lock);
    }
    server->mover_ended = true;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

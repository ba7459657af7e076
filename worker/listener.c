/* SPDX-License-Identifier: MIT */
/*
 * The listener: hears from the broker that something changed, and tells whom it concerns.
 *
 * WORK makes the mover look, DUE the forward duty, CANCEL the heartbeat, which learns from extending
 * whom a cancellation concerns.
 *
 * While the mover knows of work already, and every slot is busy or there is plenty of it, more news of work are of no use: the
 * listener then stops listening for them. It is woken to listen again when the mover has found the queues
 * empty; what came between its last generation and that moment it cannot know, so it then has the mover look once more.
 */
#include <config.h>

#include "runtime.h"

#define ALL_REASONS (WEIR_WAKE_WORK | WEIR_WAKE_DUE | WEIR_WAKE_CANCEL | WEIR_WAKE_GROUP)

/* Whether the mover looks at the queues again anyhow, before a worker has nothing to do for want of news. */
static bool
knows_of_work(const weir_server *server)
{
    return server->plenty || (server->more && server->idle_count == 0);
}

static unsigned
choose_interest(weir_server *server, bool was_muted)
{
    unsigned interest = WEIR_WAKE_DUE | WEIR_WAKE_CANCEL;

    if (weir__aggregator_runs(server)) {
        interest |= WEIR_WAKE_GROUP;
    }
    pthread_mutex_lock(&server->lock);
    if (server->phase != WEIR__RUNNING || knows_of_work(server)) {
        server->listener_muted = true;
    } else {
        server->listener_muted = false;
        interest |= WEIR_WAKE_WORK;
        if (was_muted) {
            server->more = true;
            weir__mover_wake(server);
        }
    }
    pthread_mutex_unlock(&server->lock);
    return interest;
}

static void
tell(weir_server *server, unsigned reasons)
{
    int64_t now_ms = weir__broker_boot_ms(server->broker);

    if ((reasons & WEIR_WAKE_WORK) != 0) {
        weir__mover_replace(server);
    }
    if ((reasons & WEIR_WAKE_DUE) != 0) {
        weir__keeper_call(&server->keeper, WEIR__DUTY_FORWARD, now_ms);
    }
    if ((reasons & WEIR_WAKE_CANCEL) != 0) {
        weir__keeper_call(&server->keeper, WEIR__DUTY_HEARTBEAT, now_ms);
    }
    if ((reasons & WEIR_WAKE_GROUP) != 0) {
        weir__aggregator_call(server);
    }
}

/* Sleeps after a failed call, but not past the end of the server. */
static void
pause_listener(weir_server *server, int64_t delay_ms)
{
    int64_t until_ms = weir__mono_ms() + delay_ms;

    pthread_mutex_lock(&server->lock);
    while (!atomic_load(&server->listener_ends) && weir__mono_ms() < until_ms) {
        weir__cond_wait_until(&server->changed, &server->lock, until_ms);
    }
    pthread_mutex_unlock(&server->lock);
}

/* Until the broker answers again nothing is heard: all may have changed at any time. */
static void
start_again(weir_server *server, weir_wait *wait, const weir_error *err)
{
    wait->generation = 0;
    pause_listener(server, weir__outage_failed(server, WEIR__PARTY_LISTENER, "wait", err));
    tell(server, ALL_REASONS);
}

/* Other queues are another thing to wait for: their news begin anew. */
static struct weir__queue_set *
choose_queues(weir_server *server, struct weir__queue_set *queues, weir_wait *wait)
{
    struct weir__queue_set *present = weir__server_queues(server);

    if (present != queues) {
        wait->queues = present->names;
        wait->queue_count = present->count;
        wait->generation = 0;
    }
    weir__queue_set_unref(queues);
    return present;
}

void *
weir__listener_main(void *arg)
{
    weir_server *server = arg;
    weir_wait wait = {.timeout_ms = -1};
    struct weir__queue_set *queues = NULL;
    bool muted = false;

    while (!atomic_load(&server->listener_ends)) {
        weir_error err = {0};
        queues = choose_queues(server, queues, &wait);
        bool first = wait.generation == 0;
        wait.interest = choose_interest(server, muted);
        muted = (wait.interest & WEIR_WAKE_WORK) == 0;
        if (weir__wait(server->broker, &wait, &err) != 0) {
            start_again(server, &wait, &err);
            continue;
        }
        weir__outage_over(server, WEIR__PARTY_LISTENER);
        tell(server, first ? ALL_REASONS : wait.reasons);
    }
    weir__queue_set_unref(queues);
    return NULL;
}

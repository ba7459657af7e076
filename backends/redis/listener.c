/* SPDX-License-Identifier: MIT */
/*
 * Any number of threads may wait; one of them at a time is the driver, who alone uses the two
 * connections (channel.h) and sleeps in poll on them and on an eventfd. The others sleep on a condition. A waiter
 * that has keys to look at first asks the driver, through the eventfd, for the place. Whoever finds reasons newer
 * than its generation returns.
 *
 * Generations: each event takes the next number. A wait returns the present one, having looked at every
 * key of its interest or found it armed, so that what comes later has a higher number. After a
 * reconnect nothing is known, which is itself an event (lost_gen) that concerns everybody.
 */
#include <config.h>

#include "waiting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* Queues that were not waited for in so many waits are forgotten. */
#define PRUNE_EVERY 1024
/* Sleeping on the condition has an end, far away. */
#define FOLLOW_MS 60000
/* How long the place of the driver is left to those who asked for it. */
#define HAND_OVER_MS 100
#define ALL (WEIR_WAKE_WORK | WEIR_WAKE_DUE | WEIR_WAKE_CANCEL | WEIR_WAKE_GROUP)

/* ---- life ---- */

static int
init_sync(struct weir__redis_listener *l)
{
    pthread_condattr_t attr;

    if (pthread_mutex_init(&l->lock, NULL) != 0) {
        return -1;
    }
    if (pthread_condattr_init(&attr) != 0) {
        goto out_mutex;
    }
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    int rc = pthread_cond_init(&l->changed, &attr);
    pthread_condattr_destroy(&attr);
    if (rc != 0) {
        goto out_mutex;
    }
    if (weir__redis_cancels_init(&l->cancels) == 0) {
        return 0;
    }
    pthread_cond_destroy(&l->changed);
out_mutex:
    pthread_mutex_destroy(&l->lock);
    return -1;
}

int
weir__redis_listener_new(struct weir__redis_listener **listener, struct weir__redis *r,
                         const weir_clock *clock, weir_logger *logger, weir_error *err)
{
    struct weir__redis_listener *l = calloc(1, sizeof *l);

    *listener = NULL;
    if (l == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    l->r = r;
    l->generation = 1;
    atomic_init(&l->interrupts, 0);
    weir__redis_watch_init(&l->watch, weir__redis_options(r)->prefix, &l->generation);
    int rc = weir__redis_channel_init(&l->channel, r, clock, logger, err);
    if (rc != 0) {
        goto out_free;
    }
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->wake_fd < 0) {
        rc = weir_error_set(err, WEIR_E_IO, "eventfd: %s", strerror(errno));
        goto out_free;
    }
    if (init_sync(l) != 0) {
        rc = weir_error_set(err, WEIR_E_NOMEM, NULL);
        close(l->wake_fd);
        goto out_free;
    }
    *listener = l;
    return 0;
out_free:
    free(l);
    return rc;
}

void
weir__redis_listener_free(struct weir__redis_listener *l)
{
    if (l == NULL) {
        return;
    }
    weir__redis_channel_close(&l->channel);
    weir__redis_watch_release(&l->watch);
    weir__redis_cancels_release(&l->cancels);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    close(l->wake_fd);
    free(l);
}

/* ---- waking ---- */

static void
poke(struct weir__redis_listener *l)
{
    uint64_t one = 1;

    /* A full counter wakes as well. */
    while (write(l->wake_fd, &one, sizeof one) < 0 && errno == EINTR) {}
}

void
weir__redis_listener_interrupt(struct weir__redis_listener *l)
{
    atomic_fetch_add(&l->interrupts, 1);
    poke(l);
}

bool
weir__redis_interrupted(const struct weir__redis_listener *l)
{
    return atomic_load(&l->interrupts) != l->interrupts_seen;
}

unsigned
weir__redis_reasons(struct weir__redis_call *call)
{
    struct weir__redis_listener *l = call->l;
    uint64_t since = call->wait->generation;
    unsigned found = 0;

    if (weir__redis_interrupted(l)) {
        l->interrupts_seen = atomic_load(&l->interrupts);
        l->interrupt_gen = ++l->generation;
        pthread_cond_broadcast(&l->changed);
    }
    if (since == 0) {
        return call->looked ? WEIR_WAKE_TIMEOUT : 0;
    }
    if (l->lost_gen > since) {
        found |= ALL & call->wait->interest;
    }
    if (l->cancel_gen > since) {
        found |= WEIR_WAKE_CANCEL & call->wait->interest;
    }
    if (l->interrupt_gen > since) {
        found |= WEIR_WAKE_INTERRUPT;
    }
    return found | weir__redis_watch_reasons(&l->watch, call->wait);
}

bool
weir__redis_listener_cancelled(struct weir__redis_listener *l, const char *id)
{
    return weir__redis_cancels_has(&l->cancels, id, weir__redis_now_ms());
}

void
weir__redis_listener_forget(struct weir__redis_listener *l, const char *id)
{
    weir__redis_cancels_forget(&l->cancels, id);
}

/* ---- waiting ---- */

/* Until when this waiter may sleep without looking at anything first; 0: not at all. */
static int64_t
may_sleep_until(const struct weir__redis_call *call)
{
    return call->looked ? weir__redis_watch_rests_until(&call->l->watch, call->wait) : 0;
}

static void
follow(struct weir__redis_call *call, int64_t until_ms)
{
    struct weir__redis_listener *l = call->l;
    int64_t far_ms = weir__redis_now_ms() + FOLLOW_MS;
    int64_t at_ms = until_ms < call->end_ms ? until_ms : call->end_ms;

    at_ms = at_ms < far_ms ? at_ms : far_ms;
    struct timespec at = {.tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000};
    pthread_cond_timedwait(&l->changed, &l->lock, &at);
}

/* Another one drives: asks for the place if need be. */
static void
wait_for_driver(struct weir__redis_call *call, int64_t now_ms)
{
    struct weir__redis_listener *l = call->l;
    int64_t until_ms = may_sleep_until(call);

    if (until_ms > now_ms) {
        follow(call, until_ms);
        return;
    }
    l->wanted++;
    poke(l);
    while (l->driven && weir__redis_now_ms() < call->end_ms) {
        follow(call, INT64_MAX);
    }
    l->wanted--;
}

static int
turn(struct weir__redis_call *call, int64_t now_ms, weir_error *err)
{
    struct weir__redis_listener *l = call->l;

    if (l->driven) {
        wait_for_driver(call, now_ms);
        return 0;
    }
    if (l->wanted > 0 && may_sleep_until(call) > now_ms) {
        follow(call, now_ms + HAND_OVER_MS);
        return 0;
    }
    l->driven = true;
    int rc = weir__redis_drive(call, err);
    l->driven = false;
    pthread_cond_broadcast(&l->changed);
    return rc;
}

static int
wait_locked(struct weir__redis_call *call, weir_error *err)
{
    for (;;) {
        int64_t now_ms = weir__redis_now_ms();
        bool over = now_ms >= call->end_ms;
        unsigned reasons = weir__redis_reasons(call);
        if (reasons == 0 && over && (call->looked || call->losses > 0 || call->turns > 1)) {
            reasons = WEIR_WAKE_TIMEOUT;
        }
        if (reasons != 0) {
            call->wait->reasons = reasons;
            call->wait->generation = call->l->generation;
            return 0;
        }
        call->turns++;
        int rc = turn(call, now_ms, err);
        if (rc != 0) {
            return rc;
        }
    }
}

int
weir__redis_listener_wait(struct weir__redis_listener *l, weir_wait *wait, weir_error *err)
{
    struct weir__redis_call call = {.l = l, .wait = wait, .end_ms = INT64_MAX};

    if (wait->timeout_ms >= 0) {
        int64_t now_ms = weir__redis_now_ms();
        call.end_ms = wait->timeout_ms < INT64_MAX - now_ms ? now_ms + wait->timeout_ms : INT64_MAX;
    }
    pthread_mutex_lock(&l->lock);
    l->waiters++;
    if (++l->waits % PRUNE_EVERY == 0 && l->waiters == 1) {
        weir__redis_watch_prune(&l->watch, l->waits - PRUNE_EVERY);
    }
    int rc = weir__redis_watch_add(&l->watch, wait, l->waits, err);
    if (rc == 0) {
        rc = wait_locked(&call, err);
    }
    l->waiters--;
    pthread_mutex_unlock(&l->lock);
    return rc;
}

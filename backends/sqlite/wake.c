/* SPDX-License-Identifier: MIT */
/*
 * The hub: who waits, for what, and what has happened. See wake.h; the watches and looks are in watch.c.
 */
#include <config.h>

#include "heed.h"
#include "store.h"
#include "watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
weir__hub_init(struct weir__hub *hub, struct weir__store *store)
{
    memset(hub, 0, sizeof(*hub));
    hub->store = store;
    hub->generation = 1;
    hub->step = -1;
    hub->net_us = WEIR__NET_US;
    hub->touch_fd = hub->wal_fd = hub->beside_fd = hub->event_fd = -1;
    if (pthread_mutex_init(&hub->lock, NULL) != 0)
        return WEIR_E_NOMEM;
    if (!store->in_memory)
        weir__board_init(&hub->board);
    if (weir__watch_prepare(hub) == 0)
        return 0;
    weir__board_release(&hub->board);
    pthread_mutex_destroy(&hub->lock);
    return WEIR_E_IO;
}

void
weir__hub_release(struct weir__hub *hub)
{
    struct weir__hub_queue *queue;

    weir__watch_end(hub);
    weir__board_release(&hub->board);
    while ((queue = hub->queues) != NULL) {
        hub->queues = queue->next;
        free(queue);
    }
    pthread_mutex_destroy(&hub->lock);
}

static struct weir__hub_queue *
find(struct weir__hub *hub, const char *name)
{
    struct weir__hub_queue *queue = hub->queues;

    while (queue != NULL && strcmp(queue->name, name) != 0)
        queue = queue->next;
    return queue;
}

/* A queue that nobody waited for before: everything may have happened to it. */
static struct weir__hub_queue *
learn(struct weir__hub *hub, const char *name)
{
    size_t len = strlen(name) + 1;
    struct weir__hub_queue *queue = calloc(1, sizeof(*queue) + len);

    if (queue == NULL)
        return NULL;
    memcpy(queue->name, name, len);
    queue->told_due_at_ms = WEIR_NEVER;
    queue->key = weir__board_key(name);
    queue->work = queue->due = queue->cancel = queue->group = ++hub->generation;
    queue->next = hub->queues;
    hub->queues = queue;
    return queue;
}

/* ---- what happened since ---- */

static unsigned
reasons_of(const struct weir__hub_queue *queue, uint64_t generation)
{
    return (queue->work > generation ? WEIR_WAKE_WORK : 0) |
           (queue->due > generation ? WEIR_WAKE_DUE : 0) |
           (queue->cancel > generation ? WEIR_WAKE_CANCEL : 0) |
           (queue->group > generation ? WEIR_WAKE_GROUP : 0);
}

static unsigned
reasons_for(struct weir__hub *hub, const weir_wait *wait)
{
    unsigned reasons = 0;
    size_t i;

    for (i = 0; i < wait->queue_count; i++)
        reasons |= reasons_of(find(hub, wait->queues[i]), wait->generation);
    reasons &= wait->interest;
    if (hub->interrupted > wait->generation)
        reasons |= WEIR_WAKE_INTERRUPT;
    return reasons;
}

/* Wakes those whose wait is over, the poller included. */
static void
wake_concerned(struct weir__hub *hub)
{
    struct weir__waiter *waiter;

    for (waiter = hub->waiters; waiter != NULL; waiter = waiter->next) {
        if (reasons_for(hub, waiter->wait) == 0)
            continue;
        pthread_cond_signal(&waiter->wake);
        if (waiter == hub->poller && hub->polling)
            weir__watch_poke(hub);
    }
}

static void
mark(struct weir__hub *hub, struct weir__hub_queue *queue, const struct weir__note *note)
{
    if (note->what & WEIR_WAKE_WORK)
        queue->work = hub->generation;
    if (note->what & WEIR_WAKE_CANCEL)
        queue->cancel = hub->generation;
    if (note->what & WEIR_WAKE_GROUP)
        queue->group = hub->generation;
    if ((note->what & WEIR_WAKE_DUE) && note->due_at_ms < queue->told_due_at_ms) {
        queue->told_due_at_ms = note->due_at_ms;
        queue->due = hub->generation;
    }
}

/* With the lock held. */
static void
mark_note(struct weir__hub *hub, const struct weir__note *note)
{
    struct weir__hub_queue *queue;

    for (queue = hub->queues; queue != NULL; queue = queue->next) {
        if (note->queue == NULL || strcmp(note->queue, queue->name) == 0)
            mark(hub, queue, note);
    }
}

void
weir__hub_notify(struct weir__hub *hub, const struct weir__note *notes, size_t count)
{
    size_t i;

    if (count == 0)
        return;
    pthread_mutex_lock(&hub->lock);
    for (i = 0; i < count && weir__board_is_shared(&hub->board); i++)
        weir__heed_offer(hub, &notes[i]);
    weir__watch_touch(hub);
    hub->generation++;
    for (i = 0; i < count; i++)
        mark_note(hub, &notes[i]);
    wake_concerned(hub);
    pthread_mutex_unlock(&hub->lock);
}

void
weir__hub_interrupt(struct weir__hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    hub->interrupted = ++hub->generation;
    wake_concerned(hub);
    pthread_mutex_unlock(&hub->lock);
}

void
weir__hub_told_due(struct weir__hub *hub, const char *name, int64_t due_at_ms)
{
    struct weir__hub_queue *queue;

    pthread_mutex_lock(&hub->lock);
    queue = find(hub, name);
    if (queue != NULL)
        queue->told_due_at_ms = due_at_ms;
    pthread_mutex_unlock(&hub->lock);
}

/* ---- waiting ---- */

static int
learn_queues(struct weir__hub *hub, const weir_wait *wait)
{
    size_t i;

    for (i = 0; i < wait->queue_count; i++) {
        if (find(hub, wait->queues[i]) == NULL && learn(hub, wait->queues[i]) == NULL)
            return WEIR_E_NOMEM;
    }
    return 0;
}

static void
enlist(struct weir__hub *hub, struct weir__waiter *waiter)
{
    waiter->next = hub->waiters;
    hub->waiters = waiter;
}

/* Leaves the list; if nobody polls now, another one has to. */
static void
delist(struct weir__hub *hub, struct weir__waiter *waiter)
{
    struct weir__waiter **at = &hub->waiters;

    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
    if (hub->poller == waiter)
        hub->poller = NULL;
    if (hub->poller == NULL && hub->waiters != NULL)
        pthread_cond_signal(&hub->waiters->wake);
}

static void
sleep_until(struct weir__hub *hub, struct weir__waiter *waiter)
{
    struct timespec end;

    if (waiter->end_ms == INT64_MAX) {
        pthread_cond_wait(&waiter->wake, &hub->lock);
        return;
    }
    end.tv_sec = (time_t)(waiter->end_ms / 1000);
    end.tv_nsec = (long)(waiter->end_ms % 1000) * 1000000;
    pthread_cond_timedwait(&waiter->wake, &hub->lock, &end);
}

/*
 * One round of the poller: blocks in poll() without the lock, then looks if others have written. When the watches were set anew
 * nobody has seen what came before: then it looks at once.
 */
static void
poll_once(struct weir__hub *hub, struct weir__waiter *waiter)
{
    int64_t end_ms = hub->renewed ? 0 : waiter->end_ms;
    bool look;

    hub->polling = true;
    pthread_mutex_unlock(&hub->lock);
    look = weir__watch_block(hub, end_ms);
    pthread_mutex_lock(&hub->lock);
    hub->polling = false;
    hub->rearm = hub->rearm || hub->gone;
    hub->gone = false;
    if ((look || hub->renewed) && weir__watch_look(hub))
        wake_concerned(hub);
}

static bool
is_over(const struct weir__waiter *waiter)
{
    return waiter->end_ms != INT64_MAX && weir__monotonic_ms() >= waiter->end_ms;
}

/* Until there is a reason; with the lock held. */
static unsigned
wait_for_reason(struct weir__hub *hub, struct weir__waiter *waiter)
{
    unsigned reasons;

    for (;;) {
        reasons = reasons_for(hub, waiter->wait);
        if (reasons != 0)
            return reasons;
        if (is_over(waiter))
            return WEIR_WAKE_TIMEOUT;
        if (hub->poller == NULL)
            hub->poller = waiter;
        if (hub->poller == waiter && !hub->store->in_memory)
            poll_once(hub, waiter);
        else
            sleep_until(hub, waiter);
    }
}

/* The first wait of a series: sets the watches before anybody looks. */
static int
begin(struct weir__hub *hub, weir_wait *wait)
{
    int code = learn_queues(hub, wait);

    if (code != 0)
        return code;
    weir__watch_arm(hub);
    wait->reasons = wait->generation == 0 ? WEIR_WAKE_TIMEOUT : 0;
    return 0;
}

static int
wait_locked(struct weir__hub *hub, weir_wait *wait)
{
    struct weir__waiter waiter = {.wait = wait, .end_ms = INT64_MAX};
    pthread_condattr_t attr;
    int code = begin(hub, wait);

    if (code != 0 || wait->reasons != 0)
        return code;
    if (wait->timeout_ms >= 0)
        waiter.end_ms = weir__monotonic_ms() + wait->timeout_ms;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    code = pthread_cond_init(&waiter.wake, &attr) == 0 ? 0 : WEIR_E_NOMEM;
    pthread_condattr_destroy(&attr);
    if (code != 0)
        return code;
    enlist(hub, &waiter);
    wait->reasons = wait_for_reason(hub, &waiter);
    delist(hub, &waiter);
    pthread_cond_destroy(&waiter.wake);
    return 0;
}

int
weir__hub_wait(struct weir__hub *hub, weir_wait *wait, weir_error *err)
{
    int code;

    pthread_mutex_lock(&hub->lock);
    code = wait_locked(hub, wait);
    wait->generation = hub->generation;
    pthread_mutex_unlock(&hub->lock);
    return code == 0 ? 0 : weir_error_set(err, code, NULL);
}

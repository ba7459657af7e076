/* SPDX-License-Identifier: MIT */
/*
 * The life of a slot:
 *
 *   free --take--> running, claimed --resolve--> queued --(mover)--> moving --settle--> none
 *                     '--return--> not running
 *
 * Both ends must be reached, in either order, before the slot is free again: an outcome may be
 * committed while its handler still runs (it was given up), or wait for the broker long after it returned.
 *
 * When the server is to have fewer slots, free ones are parked with their threads; parked ones are the first to be used
 * again. Slots are never given back before the end: handlers that nobody waits for may sit in any of them.
 */
#include <config.h>

#include "runtime.h"

#include <stdio.h>
#include <stdlib.h>

static void
free_slot(struct weir__slot *slot)
{
    if (slot->claim.task != NULL) {
        weir__claim_release(&slot->claim);
    }
    weir__context_release(&slot->context);
    sem_destroy(&slot->ready);
    free(slot);
}

static struct weir__slot *
new_slot(weir_server *server)
{
    struct weir__slot *slot = calloc(1, sizeof(*slot));

    if (slot == NULL) {
        return NULL;
    }
    slot->server = server;
    atomic_init(&slot->stopping, false);
    atomic_init(&slot->decided, false);
    if (sem_init(&slot->ready, 0, 0) != 0) {
        free(slot);
        return NULL;
    }
    if (weir__context_init(&slot->context, server->logger) != 0) {
        sem_destroy(&slot->ready);
        free(slot);
        return NULL;
    }
    slot->context.show = weir__slot_show;
    slot->context.show_arg = slot;
    return slot;
}

/* Makes room for `count` slots in all lists that have one place for each. */
static int
make_room(weir_server *server, size_t count)
{
    struct weir__slot **slots = calloc(count, sizeof(struct weir__slot *));
    weir_claim *graves = calloc(count, sizeof(*graves));
    struct weir__beat_lists lists = {0};

    if (slots == NULL || graves == NULL || weir__beat_lists_init(&lists, count) != 0) {
        free(slots);
        free(graves);
        return WEIR_E_NOMEM;
    }
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->slot_count; i++) {
        slots[i] = server->slots[i];
    }
    for (size_t i = 0; i < server->grave_count; i++) {
        graves[i] = server->graves[i];
    }
    free(server->slots);
    free(server->graves);
    weir__beat_lists_release(&server->next_lists);
    server->slots = slots;
    server->graves = graves;
    server->next_lists = lists;
    pthread_mutex_unlock(&server->lock);
    return 0;
}

static int
start_thread(weir_server *server, struct weir__slot *slot, weir_error *err)
{
    char name[32];

    snprintf(name, sizeof(name), "weir-%zu", server->worker_threads);
    atomic_fetch_add(&server->refs, 1);
    int code = weir__thread_start(&slot->thread, name, weir__worker_main, slot, err);
    if (code != 0) {
        atomic_fetch_sub(&server->refs, 1);
        return code;
    }
    server->worker_threads++;
    return 0;
}

int
weir__slots_start_next(weir_server *server, weir_error *err)
{
    return start_thread(server, server->slots[server->worker_threads], err);
}

static void
publish(weir_server *server, struct weir__slot *slot)
{
    pthread_mutex_lock(&server->lock);
    server->slots[server->slot_count++] = slot;
    slot->next = server->parked;
    server->parked = slot;
    server->parked_count++;
    pthread_mutex_unlock(&server->lock);
}

/* Its thread comes first: once a slot is published, the mover may use it at any time. */
static int
add_slot(weir_server *server, bool started, weir_error *err)
{
    struct weir__slot *slot = new_slot(server);

    if (slot == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    int code = started ? start_thread(server, slot, err) : 0;
    if (code != 0) {
        free_slot(slot);
        return code;
    }
    publish(server, slot);
    return 0;
}

int
weir__slots_add(weir_server *server, size_t count, weir_error *err)
{
    bool started = server->worker_threads > 0;
    int code = make_room(server, server->slot_count + count);

    if (code != 0) {
        return weir_error_set(err, code, NULL);
    }
    for (size_t i = 0; i < count && code == 0; i++) {
        code = add_slot(server, started, err);
    }
    return code;
}

int
weir__slots_init(weir_server *server)
{
    server->outcomes_end = &server->outcomes;
    return weir__slots_add(server, (size_t)server->settings.concurrency, NULL);
}

void
weir__slots_release(weir_server *server)
{
    for (size_t i = 0; i < server->slot_count; i++) {
        free_slot(server->slots[i]);
    }
    for (size_t i = 0; i < server->grave_count; i++) {
        weir__claim_release(&server->graves[i]);
    }
    free(server->slots);
    free(server->graves);
}

/* Moves the first slot of a list to the front of another. */
static void
shift(struct weir__slot **from, size_t *from_count, struct weir__slot **to, size_t *to_count)
{
    struct weir__slot *slot = *from;

    *from = slot->next;
    slot->next = *to;
    *to = slot;
    (*from_count)--;
    (*to_count)++;
}

size_t
weir__slots_fit(weir_server *server)
{
    size_t wanted = (size_t)atomic_load(&server->concurrency);

    while (server->slot_count - server->parked_count > wanted && server->free != NULL) {
        shift(&server->free, &server->free_count, &server->parked, &server->parked_count);
    }
    while (server->slot_count - server->parked_count < wanted && server->parked != NULL) {
        shift(&server->parked, &server->parked_count, &server->free, &server->free_count);
    }
    size_t used = server->slot_count - server->parked_count;
    return used > wanted ? used - wanted : 0;
}

/* When the attempt must end, wall clock, 0 for never. */
static int64_t
attempt_end(const weir_task_info *task, int64_t now_ms)
{
    int64_t end_ms = task->deadline_ms;

    if (task->timeout_ms > 0 && task->timeout_ms < WEIR_NEVER - now_ms &&
        (end_ms <= 0 || now_ms + task->timeout_ms < end_ms)) {
        end_ms = now_ms + task->timeout_ms;
    }
    return end_ms > 0 ? end_ms : 0;
}

struct weir__slot *
weir__slot_take(weir_server *server, const weir_claim *claim, int64_t now_ms, int64_t boot_ms,
                int64_t lease_end_boot_ms)
{
    struct weir__slot *slot = server->free;
    int64_t end_ms = attempt_end(claim->task, now_ms);

    server->free = slot->next;
    server->free_count--;
    server->held++;
    atomic_fetch_add(&server->running, 1);
    slot->next = NULL;
    slot->running = true;
    slot->hold = WEIR__HOLD_CLAIMED;
    slot->unsure = slot->lost = slot->overdue = slot->stuck = false;
    atomic_store(&slot->stopping, false);
    atomic_store(&slot->decided, false);
    slot->claim = *claim;
    slot->number = server->taken++;
    slot->started_at_ms = now_ms;
    slot->end_boot_ms = end_ms == 0 ? WEIR_NEVER : boot_ms + (end_ms - now_ms);
    slot->lease_end_boot_ms = lease_end_boot_ms;
    weir__context_begin(&slot->context, end_ms);
    return slot;
}

/* Frees the slot if both ends are reached. */
static void
vacate(struct weir__slot *slot)
{
    weir_server *server = slot->server;

    if (slot->running || slot->hold != WEIR__HOLD_NONE) {
        return;
    }
    if (slot->pinned) {
        slot->pinned = false;
        server->graves[server->grave_count++] = slot->claim;
    } else {
        weir__claim_release(&slot->claim);
    }
    slot->claim = (weir_claim){0};
    slot->next = server->free;
    server->free = slot;
    server->free_count++;
    weir__mover_wake(server);
}

void
weir__slot_resolve(struct weir__slot *slot)
{
    weir_server *server = slot->server;

    slot->hold = WEIR__HOLD_QUEUED;
    slot->next = NULL;
    *server->outcomes_end = slot;
    server->outcomes_end = &slot->next;
    weir__mover_wake(server);
}

void
weir__slot_settle(struct weir__slot *slot)
{
    weir_server *server = slot->server;

    slot->hold = WEIR__HOLD_NONE;
    server->held--;
    if (server->phase == WEIR__STOPPING) {
        pthread_cond_broadcast(&server->changed);
    }
    vacate(slot);
}

void
weir__slot_return(struct weir__slot *slot)
{
    weir_server *server = slot->server;

    slot->running = false;
    if (slot->stuck) {
        slot->stuck = false;
        atomic_fetch_sub(&server->stuck, 1);
    }
    atomic_fetch_sub(&server->running, 1);
    if (server->phase == WEIR__STOPPING) {
        pthread_cond_broadcast(&server->changed);
    }
    vacate(slot);
}

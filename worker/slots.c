/* SPDX-License-Identifier: MIT */
/*
 * The life of a slot:
 *
 *   free --take--> running, claimed --resolve--> queued --(mover)--> moving --settle--> none
 *                     '--return--> not running
 *
 * Both ends must be reached, in either order, before the slot is free again: an outcome may be
 * committed while its handler still runs (it was given up), or wait for the broker long after it returned.
 */
#include <config.h>

#include "runtime.h"

#include <stdlib.h>

static int
init_slot(weir_server *server, struct weir__slot *slot)
{
    slot->server = server;
    atomic_init(&slot->stopping, false);
    atomic_init(&slot->decided, false);
    if (sem_init(&slot->ready, 0, 0) != 0) {
        return WEIR_E_NOMEM;
    }
    int code = weir__context_init(&slot->context, server->logger);
    if (code != 0) {
        sem_destroy(&slot->ready);
        return code;
    }
    slot->next = server->free;
    server->free = slot;
    server->free_count++;
    return 0;
}

int
weir__slots_init(weir_server *server)
{
    size_t count = (size_t)server->settings.concurrency;

    server->outcomes_end = &server->outcomes;
    server->slots = calloc(count, sizeof(*server->slots));
    server->graves = calloc(count, sizeof(*server->graves));
    if (server->slots == NULL || server->graves == NULL) {
        return WEIR_E_NOMEM;
    }
    for (; server->slot_count < count; server->slot_count++) {
        int code = init_slot(server, &server->slots[server->slot_count]);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

void
weir__slots_release(weir_server *server)
{
    for (size_t i = 0; i < server->slot_count; i++) {
        struct weir__slot *slot = &server->slots[i];
        if (slot->claim.task != NULL) {
            weir__claim_release(&slot->claim);
        }
        weir__context_release(&slot->context);
        sem_destroy(&slot->ready);
    }
    for (size_t i = 0; i < server->grave_count; i++) {
        weir__claim_release(&server->graves[i]);
    }
    free(server->slots);
    free(server->graves);
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

/* SPDX-License-Identifier: MIT */
/*
 * The list is under the lock. An entry is its thread's own again once it is done or leads: whoever sets either under
 * the lock does not touch it afterwards.
 */
#include <config.h>

#include "gather.h"

#include "broker.h"
#include "calls.h"

#include <stddef.h>

/* A caller that waits. */
struct weir__gathered {
    struct weir__gathered *next;
    weir_enqueue_item *item;
    weir_error *err;
    bool leads; /* is to make the next call */
    bool done;
    pthread_cond_t wake;
};

/* What one call is made of: the leader's task, then those of others. */
struct crew {
    struct weir__gathered *members[WEIR__GATHER_MOST];
    size_t count;
};

int
weir__gather_init(struct weir__gather *gather)
{
    gather->calls = 0;
    gather->told = false;
    gather->waiting = 0;
    gather->first = NULL;
    gather->last = &gather->first;
    return pthread_mutex_init(&gather->lock, NULL) == 0 ? 0 : WEIR_E_NOMEM;
}

void
weir__gather_release(struct weir__gather *gather)
{
    pthread_mutex_destroy(&gather->lock);
}

static void
append(struct weir__gather *gather, struct weir__gathered *entry)
{
    entry->next = NULL;
    *gather->last = entry;
    gather->last = &entry->next;
    gather->waiting++;
}

static struct weir__gathered *
pop(struct weir__gather *gather)
{
    struct weir__gathered *entry = gather->first;

    gather->first = entry->next;
    if (!gather->first)
        gather->last = &gather->first;
    gather->waiting--;
    return entry;
}

/* Waits, with the lock held, until the entry was served or its thread is to lead. */
static int
await_turn(struct weir__gather *gather, struct weir__gathered *entry)
{
    if (pthread_cond_init(&entry->wake, NULL) != 0)
        return WEIR_E_NOMEM;
    append(gather, entry);
    while (!entry->done && !entry->leads)
        pthread_cond_wait(&entry->wake, &gather->lock);
    pthread_cond_destroy(&entry->wake);
    return 0;
}

static void
call_store(weir_broker *broker, struct crew *crew)
{
    weir_enqueue_item items[WEIR__GATHER_MOST];
    weir_error why;

    weir_error_clear(&why);
    for (size_t i = 0; i < crew->count; i++)
        items[i] = *crew->members[i]->item;
    weir__enqueue(broker, items, crew->count, &why);
    for (size_t i = 0; i < crew->count; i++) {
        struct weir__gathered *member = crew->members[i];

        member->item->result = items[i].result;
        if (why.code != 0 && items[i].result == why.code)
            weir_error_set(member->err, why.code, "%s", why.text);
    }
}

/* Tells one of those who wait to make the next call, unless one is told already. */
static void
tell_next(struct weir__gather *gather)
{
    struct weir__gathered *next;

    if (!gather->first || gather->told || gather->calls == WEIR__GATHER_CALLS)
        return;
    next = pop(gather);
    next->leads = true;
    gather->told = true;
    gather->calls++;
    pthread_cond_signal(&next->wake);
}

/* Makes one call of everything that waits; with the lock held, which is given up meanwhile. */
static void
lead(weir_broker *broker, struct weir__gathered *own)
{
    struct weir__gather *gather = &broker->gather;
    struct crew crew = {.count = 1};

    crew.members[0] = own;
    while (gather->first && crew.count < WEIR__GATHER_MOST)
        crew.members[crew.count++] = pop(gather);
    tell_next(gather);
    pthread_mutex_unlock(&gather->lock);
    call_store(broker, &crew);
    pthread_mutex_lock(&gather->lock);
    for (size_t i = 1; i < crew.count; i++) {
        crew.members[i]->done = true;
        pthread_cond_signal(&crew.members[i]->wake);
    }
    gather->calls--;
    tell_next(gather);
}

static int
enqueue_with_others(weir_broker *broker, weir_enqueue_item *item, weir_error *err)
{
    struct weir__gather *gather = &broker->gather;
    struct weir__gathered own = {.item = item, .err = err};
    int rc = 0;

    pthread_mutex_lock(&gather->lock);
    if (gather->calls == WEIR__GATHER_CALLS)
        rc = await_turn(gather, &own);
    else
        gather->calls++;
    if (own.leads)
        gather->told = false;
    if (rc == 0 && !own.done)
        lead(broker, &own);
    pthread_mutex_unlock(&gather->lock);
    if (rc < 0)
        item->result = weir_error_set(err, rc, NULL);
    return item->result;
}

int
weir__enqueue_one(weir_broker *broker, weir_enqueue_item *item, weir_error *err)
{
    bool has_trips = (broker->capabilities & WEIR_CAP_SURE_REPLIES) == 0;

    if (has_trips && item->task->payload_len <= WEIR__GATHER_BYTES)
        return enqueue_with_others(broker, item, err);
    weir__enqueue(broker, item, 1, err);
    return item->result;
}

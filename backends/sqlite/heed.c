/* SPDX-License-Identifier: MIT */
/*
 * Who goes for new work: see heed.h.
 */
#include <config.h>

#include "heed.h"

#include <string.h>
#include <unistd.h>

static bool
waits_for_work(const weir_wait *wait, const char *queue)
{
    size_t i;

    for (i = 0; (wait->interest & WEIR_WAKE_WORK) != 0 && i < wait->queue_count; i++) {
        if (strcmp(wait->queues[i], queue) == 0)
            return true;
    }
    return false;
}

static bool
is_awaited(const struct weir__hub *hub, const char *queue)
{
    const struct weir__waiter *waiter = hub->waiters;

    while (waiter != NULL && !waits_for_work(waiter->wait, queue))
        waiter = waiter->next;
    return waiter != NULL;
}

/* Those of this process are woken in any case, and stand for one that claims. */
void
weir__heed_offer(struct weir__hub *hub, const struct weir__note *note)
{
    struct weir__board_queue *place = NULL;
    bool work = (note->what & WEIR_WAKE_WORK) != 0;

    if (work && note->queue != NULL)
        place = weir__board_place(&hub->board, weir__board_key(note->queue), true);
    if (place != NULL)
        weir__board_offer(place, note->tasks, is_awaited(hub, note->queue));
    weir__board_tell(&hub->board, place == NULL || (note->what & ~(unsigned)WEIR_WAKE_WORK) != 0);
}

static void
put_off(struct weir__hub *hub)
{
    if (hub->net_at_us == 0)
        hub->net_at_us = weir__monotonic_us() + hub->net_us + hub->net_us * (getpid() % 16) / 16;
}

/* What was offered since the last time: claimed, or put off. True: claimed. */
static bool
heed_queue(struct weir__hub *hub, struct weir__hub_queue *queue)
{
    struct weir__board_queue *place = weir__board_place(&hub->board, queue->key, false);
    uint64_t offered = place != NULL ? atomic_load(&place->offered) : queue->offered;

    if (offered == queue->offered)
        return false;
    queue->offered = offered;
    hub->concerned = true;
    queue->ours = is_awaited(hub, queue->name) && weir__board_claim(place);
    if (!queue->ours)
        put_off(hub);
    return queue->ours;
}

static bool
heed_touch(struct weir__hub *hub)
{
    struct weir__board_news news = weir__board_news(&hub->board);
    struct weir__hub_queue *queue;
    bool looks = news.all != hub->news.all;

    if (news.told ==
        hub->news.told) { /* by somebody who cannot write on the board, or heard before */
        hub->unexplained = true;
        put_off(hub);
    }
    hub->news = news;
    for (queue = hub->queues; queue != NULL; queue = queue->next) {
        if (heed_queue(hub, queue)) {
            looks = true;
            hub->must_look = true;
        }
    }
    return looks;
}

/* The look that was put off: needed but where takes have found the queues empty since. */
static bool
heed_net(struct weir__hub *hub)
{
    const struct weir__hub_queue *queue;
    bool looks = hub->unexplained;

    for (queue = hub->queues; queue != NULL && !looks; queue = queue->next)
        looks = !weir__board_is_drained(weir__board_place(&hub->board, queue->key, false));
    hub->unexplained = false;
    hub->must_look = hub->must_look || looks;
    hub->takes_all = hub->takes_all || looks;
    return looks;
}

/* The watches were set anew, and the board may be another file, on which the numbers are others. */
static void
begin_anew(struct weir__hub *hub)
{
    struct weir__hub_queue *queue;

    for (queue = hub->queues; queue != NULL; queue = queue->next)
        queue->offered = 0;
    hub->news = (struct weir__board_news){0, 0};
    hub->renewed = false;
    hub->must_look = hub->takes_all = true;
}

bool
weir__heed_news(struct weir__hub *hub)
{
    bool looks = hub->stepped || hub->renewed;

    if (hub->renewed)
        begin_anew(hub);
    if (!weir__board_is_shared(&hub->board))
        return hub->touched || looks;
    if (hub->net_due)
        looks = heed_net(hub) || looks;
    if (hub->touched)
        looks = heed_touch(hub) || looks;
    return looks;
}

bool
weir__heed_work(struct weir__hub *hub, const struct weir__hub_queue *queue)
{
    if (queue->ours || hub->takes_all ||
        weir__board_is_drained(weir__board_place(&hub->board, queue->key, false)))
        return true;
    hub->unexplained = true; /* it may be another task than what was offered */
    put_off(hub);
    return false;
}

void
weir__heed_done(struct weir__hub *hub)
{
    struct weir__hub_queue *queue;

    for (queue = hub->queues; queue != NULL; queue = queue->next)
        queue->ours = false;
    hub->must_look = hub->takes_all = false;
}

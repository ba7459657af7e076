/* SPDX-License-Identifier: MIT */
/*
 * Each queue is asked for its want, and each reply says what is left there. Only when fewer came than
 * wanted, and a queue has more, is there a second trip; it has a memory of its own (":u"), because a resend
 * repeats both. The second trip of a resend asks for nothing new.
 *
 * How many of a queue's tasks start at once cannot be known while an earlier queue may give fewer than its want:
 * it is told the number that is certain, and the rest are started afterwards. Those that may start soon are started in the
 * first trip or not at all.
 */
#include <config.h>

#include "finish.h"
#include "take.h"

#include <string.h>

static bool
is_repeated(const weir_take *take, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (strcmp(take->queues[k].name, take->queues[i].name) == 0)
            return true;
    }
    return false;
}

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static struct weir__step *
add_step(struct weir__taking *taking, struct weir__trip *trip, size_t i, const char *part,
         size_t want, size_t start, size_t soon)
{
    struct weir__queue *queue = &taking->queues[i];
    struct weir__step *step;

    if (weir__queue_lane(queue, taking->request, part, &trip->space) < 0)
        return NULL;
    step = weir__trip_script(trip, WEIR__SCRIPT_TAKE, queue);
    weir__step_number(step, (int64_t)taking->request->number);
    weir__step_text(step, taking->again ? "repeat" : "take");
    weir__step_number(step, (int64_t)want);
    weir__step_number(step, weir__token(trip->b));
    weir__step_number(step, (int64_t)start);
    weir__step_number(step, (int64_t)soon);
    weir__step_number(step, taking->take->lease_ms);
    return step;
}

int
weir__take_add(struct weir__taking *taking, struct weir__trip *trip, int64_t now_ms)
{
    weir_take *take = taking->take;
    size_t start = take->start;
    size_t soon = take->start_soon;

    taking->queues = weir__space_alloc(&trip->space, take->queue_count * sizeof *taking->queues);
    taking->steps = weir__space_alloc(&trip->space, take->queue_count * sizeof *taking->steps);
    if (!taking->queues || !taking->steps)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < take->queue_count; i++) {
        size_t want = take->queues[i].want;
        size_t starting = least(want, start);
        size_t more = least(want - starting, soon);

        take->queues[i].left = 0;
        taking->steps[i] = NULL;
        if (weir__queue_init(&taking->queues[i], trip->b->prefix, take->queues[i].name, now_ms,
                             &trip->space) < 0)
            return WEIR_E_NOMEM;
        if (is_repeated(take, i))
            continue;
        taking->steps[i] = add_step(taking, trip, i, ":t", want, starting, more);
        if (!taking->steps[i])
            return WEIR_E_NOMEM;
        start -= starting;
        soon -= more;
    }
    return 0;
}

int
weir__take_add_more(struct weir__taking *taking, struct weir__trip *trip)
{
    weir_take *take = taking->take;
    size_t missing = take->max - taking->claims.count;
    size_t start = take->start > taking->claims.count ? take->start - taking->claims.count : 0;

    for (size_t i = 0; i < take->queue_count; i++) {
        size_t left = take->queues[i].left;
        size_t want = least(left, missing);
        size_t starting = least(want, start);

        taking->steps[i] = NULL;
        if (is_repeated(take, i) || (want == 0 && !taking->again))
            continue;
        taking->steps[i] = add_step(taking, trip, i, ":u", want, starting, 0);
        if (!taking->steps[i])
            return WEIR_E_NOMEM;
        missing -= want;
        start -= starting;
    }
    return 0;
}

int
weir__taken_read(struct weir__taken *taken, const redisReply *reply, weir_error *err)
{
    redisReply *const *rest;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 4 || reply->elements % 2 != 0)
        return weir__bad_reply(err, "take.lua");
    rest = reply->element + reply->elements - 4;
    taken->reply = reply;
    taken->count = (reply->elements - 4) / 2;
    taken->started = (size_t)weir__reply_number(rest[0]);
    taken->token = (uint64_t)weir__reply_number(rest[1]);
    taken->again = weir__reply_number(rest[2]) == 1;
    taken->left = (size_t)weir__reply_number(rest[3]);
    return 0;
}

const char *
weir__taken_id(const struct weir__taken *taken, size_t i)
{
    return weir__reply_text(taken->reply->element[2 * (taken->count - 1 - i)], NULL);
}

const char *
weir__taken_message(const struct weir__taken *taken, size_t i, size_t *len)
{
    return weir__reply_text(taken->reply->element[2 * (taken->count - 1 - i) + 1], len);
}

static int
read_claims(struct weir__taking *taking, const struct weir__taken *taken, size_t queue,
            struct weir__space *space)
{
    struct weir__claimed_list *list = &taking->claims;

    if (weir__claimed_reserve(list, taken->count, space) < 0)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < taken->count && list->count < taking->take->max; i++) {
        struct weir__claimed *claimed = &list->items[list->count];

        *claimed = (struct weir__claimed){
            .queue = &taking->queues[queue], .token = taken->token, .started = i < taken->started};
        claimed->id = weir__taken_id(taken, i);
        claimed->message = weir__taken_message(taken, i, &claimed->message_len);
        if (!claimed->id || !claimed->message)
            return WEIR_E_INTERNAL;
        list->count++;
    }
    return 0;
}

int
weir__take_read(struct weir__taking *taking, struct weir__trip *trip, weir_error *err)
{
    weir_take *take = taking->take;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < take->queue_count; i++) {
        const redisReply *reply = taking->steps[i] ? taking->steps[i]->reply : NULL;
        struct weir__taken taken;

        if (!reply)
            continue;
        rc = weir__taken_read(&taken, reply, err);
        if (rc < 0)
            break;
        take->queues[i].left = taken.left;
        taking->again = taking->again || taken.again;
        rc = read_claims(taking, &taken, i, &trip->space);
    }
    return rc < 0 ? weir_error_set(err, rc, NULL) : 0;
}

static void
add_start(struct weir__trip *trip, const struct weir__claimed *claimed)
{
    struct weir__queue queue = *claimed->queue;
    struct weir__step *step = weir__finish_step(trip, &queue, NULL, NULL, 0);

    weir__finish_run(step, claimed->token, "s", 1);
    weir__step_text(step, claimed->id);
}

int
weir__take_start(struct weir__taking *taking, struct weir__redis_backend *b, weir_error *err)
{
    struct weir__claimed_list *list = &taking->claims;
    struct weir__trip trip;
    int rc;

    if (taking->again)
        return 0;
    weir__trip_init(&trip, b);
    for (size_t i = 0; i < list->count && i < taking->take->start; i++) {
        if (!list->items[i].started)
            add_start(&trip, &list->items[i]);
    }
    rc = weir__trip_run(&trip, err);
    for (size_t i = 0; rc == 0 && i < list->count && i < taking->take->start; i++)
        list->items[i].started = true;
    weir__trip_release(&trip);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * Ticks, and what they enqueued. The last tick of an entry is in the slot of its task's queue, so that comparing,
 * enqueueing and advancing are one script (tick.lua). The history is asynq's and in a slot of its own: it is written
 * in a second trip, which may be repeated and may fail, because the event stays with the last tick and whoever
 * enqueues the next one writes it as well.
 */
#include <config.h>

#include "enqueue.h"
#include "listed.h"
#include "message.h"

#include <stdlib.h>
#include <string.h>

#define EVENTS_KEPT 1000

/* ---- the history ---- */

static const char *
history_key(struct weir__trip *trip, const char *entry_id)
{
    return weir__space_text(&trip->space, "%sscheduler_history:%s", trip->b->prefix, entry_id);
}

static const char *
pack_event(const char *task_id, int64_t now_ms, struct weir__space *space, size_t *len)
{
    Weir__SchedulerEnqueueEvent event = WEIR__SCHEDULER_ENQUEUE_EVENT__INIT;

    event.task_id = (char *)weir__message_text(task_id, space);
    event.enqueue_time = weir__time_pack(now_ms, space);
    return weir__message_pack(&event.base, space, len);
}

static const Weir__SchedulerEnqueueEvent *
unpack_event(const char *data, size_t len, struct weir__space *space)
{
    ProtobufCAllocator allocator = weir__message_allocator(space);

    return weir__scheduler_enqueue_event__unpack(&allocator, len, (const uint8_t *)data);
}

static void
add_event(struct weir__trip *trip, const char *key, int64_t seconds, const char *event, size_t len)
{
    struct weir__step *step = weir__trip_command(trip, "ZADD");

    weir__step_text(step, key);
    weir__step_number(step, seconds);
    weir__step_bytes(step, event, len);
}

/* ---- a tick ---- */

struct tick {
    struct weir__trip trip;
    struct weir__step *step;
    const char *entry_id;
    int64_t now_ms;
    const char *event; /* of this tick's task */
    size_t event_len;
};

static int
build(struct tick *tick, const weir_request_id *request, int64_t expected_ms, int64_t tick_at_ms,
      const weir_enqueue_item *item)
{
    struct weir__trip *trip = &tick->trip;
    struct weir__step *publish = weir__trip_command(trip, "SADD");
    struct weir__queue queue;

    if (weir__queue_init(&queue, trip->b->prefix, item->task->queue, tick->now_ms, &trip->space) <
            0 ||
        weir__queue_lane(&queue, request, "", &trip->space) < 0)
        return WEIR_E_NOMEM;
    weir__step_text(publish, weir__space_text(&trip->space, "%squeues", trip->b->prefix));
    weir__step_text(publish, queue.name);
    tick->event = pack_event(item->task->id, tick->now_ms, &trip->space, &tick->event_len);
    tick->step = weir__trip_script(trip, WEIR__SCRIPT_TICK, &queue);
    if (!tick->step)
        return WEIR_E_NOMEM;
    weir__step_number(tick->step, (int64_t)request->number);
    weir__step_number(tick->step, tick->now_ms);
    weir__step_text(tick->step, tick->entry_id);
    weir__step_number(tick->step, expected_ms);
    weir__step_number(tick->step, tick_at_ms);
    weir__step_bytes(tick->step, tick->event, tick->event_len);
    return weir__enqueue_add(tick->step, item, &queue);
}

/* Writes the event and the one that was kept before it. */
static void
write_history(struct tick *tick, const char *kept, size_t kept_len)
{
    struct weir__trip *trip = &tick->trip;
    struct weir__step **from = trip->last;
    const char *key = history_key(trip, tick->entry_id);
    const Weir__SchedulerEnqueueEvent *before =
        kept_len > 0 ? unpack_event(kept, kept_len, &trip->space) : NULL;
    struct weir__step *trim;

    if (before && before->enqueue_time)
        add_event(trip, key, before->enqueue_time->seconds, kept, kept_len);
    add_event(trip, key, weir__seconds_down(tick->now_ms), tick->event, tick->event_len);
    trim = weir__trip_command(trip, "ZREMRANGEBYRANK");
    weir__step_text(trim, key);
    weir__step_number(trim, 0);
    weir__step_number(trim, -EVENTS_KEPT - 1);
    (void)weir__trip_run_from(trip, from, NULL); /* if not, then with the next one */
}

static int
read_result(struct tick *tick, int64_t *last_at_ms, weir_enqueue_item *item, weir_error *err)
{
    static const struct {
        char letter;
        int code;
    } known[] = {{'o', 0}, {'c', WEIR_E_CONFLICT}, {'d', WEIR_E_DUPLICATE}, {'s', WEIR_E_STALE}};
    size_t len = 0;
    const char *text = weir__reply_text(tick->step->reply, &len);
    const char *blank = text && len > 1 ? memchr(text, ' ', len) : NULL;

    for (size_t i = 0; blank && i < sizeof known / sizeof known[0]; i++) {
        if (known[i].letter != text[0])
            continue;
        item->result = known[i].code;
        if (item->result == WEIR_E_STALE)
            *last_at_ms = strtoll(text + 1, NULL, 10);
        if (item->result == 0)
            write_history(tick, blank + 1, len - (size_t)(blank + 1 - text));
        return 0;
    }
    return weir__bad_reply(err, "a tick");
}

int
weir__redis_tick(void *self, const weir_request_id *request, int64_t now_ms, const char *entry_id,
                 int64_t *last_at_ms, int64_t tick_at_ms, weir_enqueue_item *item, weir_error *err)
{
    struct tick tick = {.entry_id = entry_id, .now_ms = now_ms};
    int rc;

    weir__trip_init(&tick.trip, self);
    tick.trip.writes = true;
    rc = build(&tick, request, *last_at_ms, tick_at_ms, item);
    rc = rc < 0 ? weir_error_set(err, rc, NULL) : weir__trip_run(&tick.trip, err);
    if (rc == 0)
        rc = read_result(&tick, last_at_ms, item, err);
    if (rc < 0)
        item->result = rc;
    weir__trip_release(&tick.trip);
    return rc;
}

int
weir__redis_last_tick(void *self, const char *queue_name, const char *entry_id, int64_t *last_at_ms,
                      weir_error *err)
{
    struct weir__queue queue;
    struct weir__step *step;
    struct weir__trip trip;
    int rc;

    weir__trip_init(&trip, self);
    rc = weir__queue_init(&queue, trip.b->prefix, queue_name, 0, &trip.space);
    step = rc == 0 ? weir__trip_command(&trip, "HGET") : NULL;
    if (step)
        weir__step_key(step, &queue, WEIR__KEY_TICK);
    weir__step_text(step, entry_id);
    rc = step ? weir__trip_run(&trip, err) : weir_error_set(err, WEIR_E_NOMEM, NULL);
    if (rc == 0)
        *last_at_ms = weir__reply_number(step->reply);
    weir__trip_release(&trip);
    return rc;
}

/* ---- reading the history ---- */

static int
show_events(const redisReply *events, weir_event_sink sink, void *arg, struct weir__space *space)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && events->type == REDIS_REPLY_ARRAY && i < events->elements; i++) {
        const redisReply *data = events->element[i];
        const Weir__SchedulerEnqueueEvent *event = unpack_event(data->str, data->len, space);

        if (event)
            rc =
                sink(arg, event->task_id ? event->task_id : "", weir__time_ms(event->enqueue_time));
    }
    return rc;
}

int
weir__redis_scheduler_history(void *self, const char *entry_id, size_t offset, size_t limit,
                              weir_event_sink sink, void *arg, weir_error *err)
{
    struct weir__trip trip;
    struct weir__step *step;
    int rc;

    if (limit == 0 || offset > INT32_MAX)
        return 0;
    weir__trip_init(&trip, self);
    step = weir__trip_command(&trip, "ZREVRANGE");
    weir__step_text(step, history_key(&trip, entry_id));
    weir__step_number(step, (int64_t)offset);
    weir__step_number(step, (int64_t)(offset + (limit < INT32_MAX ? limit : INT32_MAX) - 1));
    rc = weir__trip_run(&trip, err);
    if (rc == 0) {
        rc = show_events(step->reply, sink, arg, &trip.space);
        if (rc < 0)
            weir_error_set(err, rc, NULL);
    }
    weir__trip_release(&trip);
    return rc;
}

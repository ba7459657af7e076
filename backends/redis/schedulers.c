/* SPDX-License-Identifier: MIT */
/*
 * The entries of schedulers, where asynq's tools look for them: a list that lives as long as the scheduler beats. asynq's
 * entry has no queue but for the option of that name.
 */
#include <config.h>

#include "inspect.h"
#include "listed.h"
#include "message.h"

#include <string.h>

#define GO_ZERO_SECONDS INT64_C(-62135596800) /* the year 1, which Go shows as never */

/* ---- writing ---- */

static Weir__Time *
time_or_never(int64_t ms, struct weir__space *space)
{
    Weir__Time *time = weir__time_pack(ms ? ms : 1, space);

    if (time && ms == 0) {
        time->seconds = GO_ZERO_SECONDS;
        time->has_seconds = true;
        time->has_nanos = false;
    }
    return time;
}

static void
add_entry(struct weir__step *step, const weir_scheduler_entry *entry)
{
    struct weir__space *space = &step->trip->space;
    Weir__SchedulerEntry message = WEIR__SCHEDULER_ENTRY__INIT;
    const char *data = NULL;
    size_t len = 0;

    message.id = (char *)weir__message_text(entry->id, space);
    message.spec = (char *)weir__message_text(entry->spec, space);
    message.task_type = (char *)weir__message_text(entry->task->type, space);
    message.task_payload =
        (ProtobufCBinaryData){entry->task->payload_len, (uint8_t *)entry->task->payload};
    message.has_task_payload = entry->task->payload_len > 0;
    message.next_enqueue_time = time_or_never(entry->next_at_ms, space);
    message.prev_enqueue_time = time_or_never(entry->prev_at_ms, space);
    message.enqueue_options =
        weir__space_alloc(space, (entry->option_count + 1) * sizeof *message.enqueue_options);
    for (size_t i = 0; message.enqueue_options && i < entry->option_count; i++)
        message.enqueue_options[i] = (char *)weir__message_text(entry->options[i], space);
    message.n_enqueue_options = entry->option_count;
    if (message.enqueue_options)
        data = weir__message_pack(&message.base, space, &len);
    if (data)
        weir__step_bytes(step, data, len);
    else
        step->trip->nomem = true;
}

int
weir__redis_scheduler_beat(void *self, int64_t now_ms, const char *scheduler_id,
                           const weir_scheduler_entry *entries, size_t count, int64_t ttl_ms,
                           weir_error *err)
{
    struct weir__trip trip;
    struct weir__step *step;
    const char *key;
    int rc;

    weir__trip_init(&trip, self);
    key = weir__space_text(&trip.space, "%sschedulers:{%s}", trip.b->prefix,
                           weir__message_text(scheduler_id, &trip.space));
    if (count == 0) {
        weir__list_remove(&trip, "schedulers", key);
    } else {
        step = weir__trip_script_on(&trip, WEIR__SCRIPT_SCHEDULE, 1, &key);
        weir__step_number(step, ttl_ms);
        for (size_t i = 0; step && i < count; i++)
            add_entry(step, &entries[i]);
        weir__list_add(&trip, "schedulers", key, now_ms, ttl_ms);
    }
    rc = weir__trip_run(&trip, err);
    weir__trip_release(&trip);
    return rc;
}

/* ---- reading ---- */

/* The queue in Queue("..."), which Go has quoted; "default" when no option names one. */
static const char *
queue_of(const Weir__SchedulerEntry *message, struct weir__space *space)
{
    static const char head[] = "Queue(\"";
    size_t head_len = sizeof head - 1;
    size_t len = 0;
    char *name;

    for (size_t i = 0; i < message->n_enqueue_options; i++) {
        const char *at = message->enqueue_options[i];

        if (strncmp(at, head, head_len) != 0)
            continue;
        name = weir__space_alloc(space, strlen(at) + 1);
        for (at += head_len; name && *at != '\0' && *at != '"'; at++) {
            if (*at == '\\' && at[1] != '\0')
                at++;
            name[len++] = *at;
        }
        if (name)
            name[len] = '\0';
        return name;
    }
    return "default";
}

static int
show(const redisReply *data, weir_entry_sink sink, void *arg, struct weir__space *space)
{
    ProtobufCAllocator allocator = weir__message_allocator(space);
    const Weir__SchedulerEntry *message =
        weir__scheduler_entry__unpack(&allocator, data->len, (const uint8_t *)data->str);
    weir_scheduler_entry entry = {0};
    weir_task_info task = {0};

    if (!message)
        return 0;
    task.type = message->task_type ? message->task_type : "";
    task.queue = queue_of(message, space);
    task.payload = message->task_payload.data;
    task.payload_len = message->task_payload.len;
    if (!task.queue)
        return WEIR_E_NOMEM;
    entry.id = message->id ? message->id : "";
    entry.spec = message->spec ? message->spec : "";
    entry.task = &task;
    entry.options = (const char *const *)message->enqueue_options;
    entry.option_count = message->n_enqueue_options;
    entry.next_at_ms = weir__time_ms(message->next_enqueue_time);
    entry.prev_at_ms = weir__time_ms(message->prev_enqueue_time);
    return sink(arg, &entry);
}

/* Entries of schedulers that have just ended, or cannot be read, are not shown. */
int
weir__redis_scheduler_entries(void *self, int64_t now_ms, weir_entry_sink sink, void *arg,
                              weir_error *err)
{
    struct weir__step **from;
    struct weir__step *live;
    struct weir__trip trip;
    int rc;

    weir__trip_init(&trip, self);
    live = weir__listed(&trip, "schedulers", now_ms);
    rc = weir__trip_run(&trip, err);
    from = trip.last;
    if (rc == 0)
        weir__sort_names(live->reply);
    for (size_t i = 0; rc == 0 && i < live->reply->elements; i++) {
        struct weir__step *step = weir__trip_command(&trip, "LRANGE");

        weir__step_text(step, live->reply->element[i]->str);
        weir__step_number(step, 0);
        weir__step_number(step, -1);
    }
    if (rc == 0)
        rc = weir__trip_run_from(&trip, from, err);
    for (struct weir__step *step = *from; rc == 0 && step; step = step->next) {
        for (size_t i = 0; rc == 0 && i < step->reply->elements; i++)
            rc = show(step->reply->element[i], sink, arg, &trip.space);
    }
    if (rc < 0)
        weir_error_set(err, rc, NULL);
    weir__trip_release(&trip);
    return rc;
}

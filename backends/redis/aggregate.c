/* SPDX-License-Identifier: MIT */
/*
 * Groups: which there are, and staging (stage.lua). A set is named by a random UUID, as asynq names its own. What the core
 * gets as its id is "<score>/<UUID>": by the score a commit finds the set among the others, and the group in its key, so
 * that nothing but asynq's own keys is kept.
 *
 * A task that cannot be read is set aside where it is met, so that its group goes on without it.
 */
#include <config.h>

#include "claims.h"
#include "inspect.h"
#include "message.h"

#include <stdio.h>
#include <string.h>

#define CHUNK 100 /* groups that one script looks at */

/* ---- which groups there are ---- */

struct listing {
    struct weir__redis_backend *b;
    struct weir__queue queue;
    size_t count_to;
    weir_group_sink sink;
    void *arg;
};

/* [name, size, when the oldest joined, the newest, id of the oldest, its message] */
static int
show_group(const struct listing *list, const redisReply *row, struct weir__space *space)
{
    size_t len = 0;
    size_t size = (size_t)weir__reply_number(weir__reply_at(row, 1));
    const char *name = weir__reply_text(weir__reply_at(row, 0), NULL);
    const char *id = weir__reply_text(weir__reply_at(row, 4), NULL);
    const char *message = weir__reply_text(weir__reply_at(row, 5), &len);
    weir_task_info oldest;
    weir_group_info group = {
        .name = name,
        .size = list->count_to > 0 && size > list->count_to ? list->count_to : size,
        .oldest_at_ms = weir__reply_number(weir__reply_at(row, 2)),
        .newest_at_ms = weir__reply_number(weir__reply_at(row, 3)),
    };

    if (!name || !id || !message)
        return WEIR_E_INTERNAL;
    if (weir__message_decode(message, len, id, &list->queue, space, &oldest) < 0) {
        weir__set_aside(list->b, &list->queue, id,
                        weir__space_text(space, "%sg:%s", list->queue.prefix, name));
        return 0; /* whoever waits for groups hears that this one has changed */
    }
    group.type = oldest.type;
    return list->sink(list->arg, &group);
}

static int
show_some(const struct listing *list, struct weir__trip *trip, const redisReply *names,
          size_t first, weir_error *err)
{
    struct weir__step *step = weir__trip_script(trip, WEIR__SCRIPT_STAGE, &list->queue);
    struct weir__space space;
    int rc;

    weir__step_text(step, "look");
    for (size_t i = first; i < names->elements && i < first + CHUNK; i++)
        weir__step_bytes(step, names->element[i]->str, names->element[i]->len);
    rc = weir__trip_run(trip, err);
    weir__space_init(&space);
    for (size_t i = 0; rc == 0 && i < step->reply->elements; i++) {
        rc = show_group(list, step->reply->element[i], &space);
        if (rc < 0)
            weir_error_set(err, rc, NULL);
        weir__space_release(&space);
    }
    weir__trip_clear(trip);
    return rc;
}

int
weir__redis_groups(void *self, const char *queue_name, size_t count_to, weir_group_sink sink,
                   void *arg, weir_error *err)
{
    struct listing list = {.b = self, .count_to = count_to, .sink = sink, .arg = arg};
    struct weir__step *step;
    struct weir__trip named;
    struct weir__trip trip;
    int rc;

    weir__trip_init(&named, self);
    weir__trip_init(&trip, self);
    rc = weir__queue_init(&list.queue, named.b->prefix, queue_name, 0, &named.space);
    step = rc == 0 ? weir__trip_command(&named, "SMEMBERS") : NULL;
    if (step)
        weir__step_key(step, &list.queue, WEIR__KEY_GROUPS);
    rc = step ? weir__trip_run(&named, err) : weir_error_set(err, WEIR_E_NOMEM, NULL);
    if (rc == 0)
        weir__sort_names(step->reply);
    for (size_t i = 0; rc == 0 && i < step->reply->elements; i += CHUNK)
        rc = show_some(&list, &trip, step->reply, i, err);
    weir__trip_release(&trip);
    weir__trip_release(&named);
    return rc;
}

/* ---- staging ---- */

struct staging {
    struct weir__trip trip;
    struct weir__queue queue;
    struct weir__step *step;
    const char *group;
    size_t shown;
    weir_task_sink sink;
    void *arg;
};

/* A random UUID (version 4). */
static const char *
new_set(struct weir__trip *trip)
{
    const weir_clock *clock = trip->b->clock;
    unsigned char b[16];

    clock->random(clock->ctx, b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    return weir__space_text(&trip->space,
                            "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                            b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
                            b[11], b[12], b[13], b[14], b[15]);
}

static int
build_stage(struct staging *call, const weir_request_id *request, int64_t now_ms,
            const weir_group_policy *policy, int64_t ttl_ms)
{
    struct weir__trip *trip = &call->trip;
    bool limited = policy->max_size > 0 && policy->max_size < WEIR_GROUP_SET_MAX;

    if (weir__queue_lane(&call->queue, request, "", &trip->space) < 0)
        return WEIR_E_NOMEM;
    call->step = weir__trip_script(trip, WEIR__SCRIPT_STAGE, &call->queue);
    weir__step_text(call->step, "stage");
    weir__step_number(call->step, (int64_t)request->number);
    weir__step_number(call->step, now_ms);
    weir__step_text(call->step, call->group);
    weir__step_text(call->step, new_set(trip));
    weir__step_number(call->step, weir__seconds_up(now_ms + ttl_ms));
    weir__step_number(call->step, limited ? policy->max_size : WEIR_GROUP_SET_MAX);
    weir__step_number(call->step, policy->max_size);
    weir__step_number(call->step, policy->max_delay_ms);
    weir__step_number(call->step, policy->grace_ms);
    return call->step ? 0 : WEIR_E_NOMEM;
}

static int
show_task(struct staging *call, redisReply *const *row, const char *set, struct weir__space *space)
{
    const char *id = weir__reply_text(row[0], NULL);
    size_t len = 0;
    const char *message = weir__reply_text(row[1], &len);
    weir_task_info task;

    if (!id || !message)
        return WEIR_E_INTERNAL;
    if (weir__message_decode(message, len, id, &call->queue, space, &task) < 0) {
        weir__set_aside(call->trip.b, &call->queue, id, set);
        return 0;
    }
    task.state = WEIR_STATE_AGGREGATING;
    task.group = call->group;
    task.state_since_ms = weir__reply_number(row[2]);
    call->shown++;
    return call->sink(call->arg, &task);
}

/* [id or "", key of the set, id, message, when it joined, ...] */
static int
show_set(struct staging *call, char set_id[64], weir_error *err)
{
    const redisReply *reply = call->step->reply;
    const char *name = weir__reply_text(weir__reply_at(reply, 0), NULL);
    const char *set = weir__reply_text(weir__reply_at(reply, 1), NULL);
    struct weir__space space;
    int rc = 0;

    if (!name || strlen(name) >= 64 || (name[0] != '\0' && !set))
        return weir__bad_reply(err, "stage.lua");
    weir__space_init(&space);
    for (size_t i = 2; rc == 0 && i + 2 < reply->elements; i += 3) {
        rc = show_task(call, &reply->element[i], set, &space);
        weir__space_release(&space);
    }
    if (rc == 0 && call->shown > 0)
        memcpy(set_id, name, strlen(name) + 1);
    return rc < 0 ? weir_error_set(err, rc, NULL) : 0;
}

int
weir__redis_group_stage(void *self, const weir_request_id *request, int64_t now_ms,
                        const char *queue, const char *group, const weir_group_policy *policy,
                        int64_t ttl_ms, char set_id[64], weir_task_sink sink, void *arg,
                        weir_error *err)
{
    struct staging call = {.group = group, .sink = sink, .arg = arg};
    int rc;

    set_id[0] = '\0';
    weir__trip_init(&call.trip, self);
    call.trip.writes = true;
    rc = weir__queue_init(&call.queue, call.trip.b->prefix, queue, now_ms, &call.trip.space);
    if (rc == 0)
        rc = build_stage(&call, request, now_ms, policy, ttl_ms);
    rc = rc < 0 ? weir_error_set(err, rc, NULL) : weir__trip_run(&call.trip, err);
    if (rc == 0)
        rc = show_set(&call, set_id, err);
    weir__trip_release(&call.trip);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * Servers and what they run, where asynq's tools look for them: keys that live as long as the server
 * beats, named in two sets whose scores are when they end. The keys of one server share a slot.
 */
#include <config.h>

#include "inspect.h"
#include "listed.h"
#include "message.h"

#include <string.h>

struct server_keys {
    const char *server;
    const char *workers;
};

static struct server_keys
keys_of(struct weir__trip *trip, const weir_server_info *server)
{
    const char *host = weir__message_text(server->host ? server->host : "", &trip->space);
    const char *prefix = trip->b->prefix;

    return (struct server_keys){
        weir__space_text(&trip->space, "%sservers:{%s:%d:%s}", prefix, host, server->pid,
                         server->id),
        weir__space_text(&trip->space, "%sworkers:{%s:%d:%s}", prefix, host, server->pid,
                         server->id),
    };
}

/* ---- writing ---- */

static void
set_queues(Weir__ServerInfo *info, const weir_server_info *server, struct weir__space *space)
{
    size_t count = server->queue_count;
    Weir__Weight *weights = weir__space_alloc(space, count * sizeof *weights);

    info->queues = weir__space_alloc(space, count * sizeof *info->queues);
    if (!weights || !info->queues)
        return;
    for (size_t i = 0; i < count; i++) {
        weir__weight__init(&weights[i]);
        weights[i].key = (char *)weir__message_text(server->queues[i].name, space);
        weights[i].value = server->queues[i].weight;
        weights[i].has_value = true;
        info->queues[i] = &weights[i];
    }
    info->n_queues = count;
}

static void
add_server(struct weir__step *step, const weir_server_info *server)
{
    struct weir__space *space = &step->trip->space;
    Weir__ServerInfo info = WEIR__SERVER_INFO__INIT;
    const char *data;
    size_t len = 0;

    info.host = (char *)weir__message_text(server->host, space);
    info.pid = server->pid;
    info.has_pid = server->pid != 0;
    info.server_id = (char *)weir__message_text(server->id, space);
    info.concurrency = server->concurrency;
    info.has_concurrency = server->concurrency != 0;
    info.strict_priority = server->strict_priority;
    info.has_strict_priority = server->strict_priority;
    info.status = (char *)weir__message_text(server->status, space);
    info.start_time = weir__time_pack(server->started_at_ms, space);
    info.active_worker_count = (int32_t)server->worker_count;
    info.has_active_worker_count = server->worker_count != 0;
    set_queues(&info, server, space);
    data = weir__message_pack(&info.base, space, &len);
    weir__step_bytes(step, data, len);
}

static void
add_worker(struct weir__step *step, const weir_server_info *server, const weir_worker_info *worker)
{
    struct weir__space *space = &step->trip->space;
    Weir__WorkerInfo info = WEIR__WORKER_INFO__INIT;
    const char *data;
    size_t len = 0;

    info.host = (char *)weir__message_text(server->host, space);
    info.pid = server->pid;
    info.has_pid = server->pid != 0;
    info.server_id = (char *)weir__message_text(server->id, space);
    info.task_id = (char *)weir__message_text(worker->task_id, space);
    info.task_type = (char *)weir__message_text(worker->task_type, space);
    info.task_payload = (ProtobufCBinaryData){worker->payload_len, (uint8_t *)worker->payload};
    info.has_task_payload = worker->payload_len > 0;
    info.queue = (char *)weir__message_text(worker->queue, space);
    info.start_time = weir__time_pack(worker->started_at_ms, space);
    info.deadline = weir__time_pack(worker->deadline_ms, space);
    data = weir__message_pack(&info.base, space, &len);
    weir__step_text(step, worker->task_id);
    weir__step_bytes(step, data, len);
}

int
weir__redis_beat(void *self, int64_t now_ms, const weir_server_info *server, int64_t ttl_ms,
                 weir_error *err)
{
    struct server_keys keys;
    struct weir__step *step;
    struct weir__trip trip;
    int rc;

    weir__trip_init(&trip, self);
    keys = keys_of(&trip, server);
    step = weir__trip_script_on(&trip, WEIR__SCRIPT_BEAT, 2,
                                (const char *const[]){keys.server, keys.workers});
    weir__step_number(step, ttl_ms);
    if (step)
        add_server(step, server);
    for (size_t i = 0; step && i < server->worker_count; i++)
        add_worker(step, server, &server->workers[i]);
    weir__list_add(&trip, "servers", keys.server, now_ms, ttl_ms);
    weir__list_add(&trip, "workers", keys.workers, now_ms, ttl_ms);
    rc = weir__trip_run(&trip, err);
    weir__trip_release(&trip);
    return rc;
}

int
weir__redis_leave(void *self, const weir_server_info *server, weir_error *err)
{
    struct server_keys keys;
    struct weir__trip trip;
    int rc;

    weir__trip_init(&trip, self);
    keys = keys_of(&trip, server);
    weir__list_remove(&trip, "servers", keys.server);
    weir__list_remove(&trip, "workers", keys.workers);
    rc = weir__trip_run(&trip, err);
    weir__trip_release(&trip);
    return rc;
}

/* ---- reading ---- */

static int
get_workers(weir_server_info *server, const redisReply *values, struct weir__space *space)
{
    ProtobufCAllocator allocator = weir__message_allocator(space);
    size_t count = values->elements;
    weir_worker_info *workers = weir__space_alloc(space, count * sizeof *workers);

    if (!workers)
        return WEIR_E_NOMEM;
    server->workers = workers;
    for (size_t i = 0; i < count; i++) {
        const redisReply *value = values->element[i];
        Weir__WorkerInfo *info =
            weir__worker_info__unpack(&allocator, value->len, (const uint8_t *)value->str);

        if (!info)
            continue;
        workers[server->worker_count++] = (weir_worker_info){
            .task_id = info->task_id ? info->task_id : "",
            .task_type = info->task_type ? info->task_type : "",
            .queue = info->queue ? info->queue : "",
            .payload = info->task_payload.data,
            .payload_len = info->task_payload.len,
            .started_at_ms = weir__time_ms(info->start_time),
            .deadline_ms = weir__time_ms(info->deadline),
        };
    }
    return 0;
}

static int
get_queues(weir_server_info *server, const Weir__ServerInfo *info, struct weir__space *space)
{
    weir_queue_weight *weights = weir__space_alloc(space, info->n_queues * sizeof *weights);

    if (!weights)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < info->n_queues; i++) {
        weights[i].name = info->queues[i]->key ? info->queues[i]->key : "";
        weights[i].weight = info->queues[i]->value;
    }
    server->queues = weights;
    server->queue_count = info->n_queues;
    return 0;
}

/* A server whose data cannot be read, or has just ended, is not shown. */
static int
show(const redisReply *data, const redisReply *workers, weir_server_sink sink, void *arg,
     struct weir__space *space)
{
    ProtobufCAllocator allocator = weir__message_allocator(space);
    weir_server_info server = {0};
    Weir__ServerInfo *info;

    if (data->type != REDIS_REPLY_STRING)
        return 0;
    info = weir__server_info__unpack(&allocator, data->len, (const uint8_t *)data->str);
    if (!info)
        return 0;
    server.id = info->server_id ? info->server_id : "";
    server.host = info->host ? info->host : "";
    server.pid = info->pid;
    server.concurrency = info->concurrency;
    server.strict_priority = info->strict_priority;
    server.status = info->status ? info->status : "";
    server.started_at_ms = weir__time_ms(info->start_time);
    if (get_queues(&server, info, space) < 0 || get_workers(&server, workers, space) < 0)
        return WEIR_E_NOMEM;
    return sink(arg, &server);
}

/* The key of a server's workers, made of the server's key. */
static const char *
workers_key(struct weir__trip *trip, const char *server)
{
    size_t len = strlen(trip->b->prefix) + strlen("servers");

    return weir__space_text(&trip->space, "%sworkers%s", trip->b->prefix,
                            strlen(server) > len ? server + len : "");
}

int
weir__redis_servers(void *self, int64_t now_ms, weir_server_sink sink, void *arg, weir_error *err)
{
    struct weir__step **from;
    struct weir__step *live;
    struct weir__step *step;
    struct weir__trip trip;
    int rc;

    weir__trip_init(&trip, self);
    live = weir__listed(&trip, "servers", now_ms);
    rc = weir__trip_run(&trip, err);
    from = trip.last;
    if (rc == 0)
        weir__sort_names(live->reply);
    for (size_t i = 0; rc == 0 && i < live->reply->elements; i++) {
        const char *key = live->reply->element[i]->str;

        weir__step_text(weir__trip_command(&trip, "GET"), key);
        weir__step_text(weir__trip_command(&trip, "HVALS"), workers_key(&trip, key));
    }
    if (rc == 0)
        rc = weir__trip_run_from(&trip, from, err);
    for (step = *from; rc == 0 && step; step = step->next->next)
        rc = show(step->reply, step->next->reply, sink, arg, &trip.space);
    weir__trip_release(&trip);
    return rc < 0 ? weir_error_set(err, rc, NULL) : 0;
}

/* SPDX-License-Identifier: MIT */
/* Presence: the server and what it runs, for people to see. Two heartbeats without a sign and it is gone. */
#include <config.h>

#include "runtime.h"

#include <unistd.h>

static weir_server_info
describe(const weir_server *server, const struct weir__queue_set *queues, const char *status)
{
    return (weir_server_info){
        .id = server->id,
        .host = server->host,
        .pid = (int)getpid(),
        .concurrency = atomic_load(&server->concurrency),
        .queues = queues->items,
        .queue_count = queues->count,
        .strict_priority = queues->strict,
        .status = status,
        .started_at_ms = server->started_at_ms,
        .workers = server->beat.lists.workers,
        .worker_count = server->beat.worker_count,
    };
}

int
weir__presence_beat(weir_server *server, const char *status, weir_error *err)
{
    struct weir__queue_set *queues = weir__server_queues(server);
    weir_server_info info = describe(server, queues, status);
    int code = weir__beat(server->broker, &info, 2 * server->settings.heartbeat_ms, err);

    weir__queue_set_unref(queues);
    return code;
}

void
weir__presence_leave(weir_server *server)
{
    weir_error err = {0};
    struct weir__queue_set *queues = weir__server_queues(server);
    weir_server_info info = describe(server, queues, "closed");

    info.worker_count = 0;
    if (weir__leave(server->broker, &info, &err) != 0) {
        weir_log(server->logger, WEIR_LOG_DEBUG, "could not take the server off the list",
                 weir_log_str("error", err.text));
    }
    weir__queue_set_unref(queues);
}

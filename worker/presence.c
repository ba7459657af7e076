/* SPDX-License-Identifier: MIT */
/* Presence: the server and what it runs, for people to see. Two heartbeats without a sign and it is gone. */
#include <config.h>

#include "runtime.h"

#include <unistd.h>

static weir_server_info
describe(const weir_server *server, const char *status)
{
    return (weir_server_info){
        .id = server->id,
        .host = server->host,
        .pid = (int)getpid(),
        .concurrency = server->settings.concurrency,
        .queues = server->settings.queues,
        .queue_count = server->settings.queue_count,
        .strict_priority = server->settings.strict,
        .status = status,
        .started_at_ms = server->started_at_ms,
        .workers = server->beat.workers,
        .worker_count = server->beat.worker_count,
    };
}

int
weir__presence_beat(weir_server *server, const char *status, weir_error *err)
{
    weir_server_info info = describe(server, status);

    return weir__beat(server->broker, &info, 2 * server->settings.heartbeat_ms, err);
}

void
weir__presence_leave(weir_server *server)
{
    weir_error err = {0};
    weir_server_info info = describe(server, "closed");

    info.worker_count = 0;
    if (weir__leave(server->broker, &info, &err) != 0) {
        weir_log(server->logger, WEIR_LOG_DEBUG, "could not take the server off the list",
                 weir_log_str("error", err.text));
    }
}

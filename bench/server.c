/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "server.h"

#include "bench.h"
#include "meter.h"
#include "place.h"

static weir_outcome
count_task(weir_context *ctx, const weir_task_info *task, void *arg)
{
    struct server *server = arg;
    size_t nth = atomic_fetch_add(&server->handled, 1);

    (void)ctx;
    if (nth == 0) {
        server->first_ns = meter_now_ns();
    }
    if (nth < server->wanted && server->each != NULL) {
        server->each(server->arg, task, nth);
    }
    if (nth + 1 == server->wanted) {
        server->last_ns = meter_now_ns();
        sem_post(&server->done);
    }
    return WEIR_DONE;
}

int
server_start(struct server *server, struct place *place, const int *weights, int concurrency,
             weir_error *err)
{
    weir_queue_weight queues[PLACE_QUEUES];
    weir_server_options options = {
        .queues = queues,
        .queue_count = place->queue_count,
        .concurrency = concurrency,
        .logger = place->logger,
    };

    for (size_t i = 0; i < place->queue_count; i++) {
        queues[i].name = place->queues[i];
        queues[i].weight = weights != NULL ? weights[i] : 1;
    }
    sem_init(&server->done, 0, 0);
    server->mux = weir_mux_new();
    if (server->mux == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    int rc = weir_mux_handle(server->mux, "bench", count_task, server, err);
    if (rc == 0) {
        rc = weir_server_new(&server->server, place->broker, server->mux, &options, err);
    }
    return rc == 0 ? weir_server_start(server->server, err) : rc;
}

static size_t
handled(void *arg)
{
    struct server *server = arg;

    return atomic_load(&server->handled);
}

int
server_await(struct server *server, weir_error *err)
{
    return bench_await(&server->done, handled, server, err);
}

void
server_end(struct server *server)
{
    if (server->server != NULL) {
        weir_server_stop(server->server);
    }
    weir_server_free(server->server);
    weir_mux_free(server->mux);
    sem_destroy(&server->done);
}

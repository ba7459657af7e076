/* SPDX-License-Identifier: MIT */
/* The world on a redis-server of its own; a program without Redis has none of these suites. */
#include <config.h>

#include "harness.h"
#include "redis_server.h"
#include "world.h"

static struct redis_server *server;

void
world_open_redis(void)
{
    server = redis_server_start(NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(server);
    world_open_url(redis_server_unix_url(server));
}

void
world_close_redis(void)
{
    world_close();
    redis_server_free(server);
    server = NULL;
}

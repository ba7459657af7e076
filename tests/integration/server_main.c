/* SPDX-License-Identifier: MIT */
/* All suites of the server in one program: tests/integration/server [SUITE|TEST]... */
#include <config.h>

#include "harness.h"
#include "redis_server.h"

#include <stdio.h>

#define SUITE(name) extern const struct harness_suite suite_##name;
#define REDIS_SUITE(name) SUITE(name)
#include "server_suites.def"
#undef SUITE
#undef REDIS_SUITE

static const struct harness_suite *const suites[] = {
#define SUITE(name) &suite_##name,
#define REDIS_SUITE(name) SUITE(name)
#include "server_suites.def"
#undef REDIS_SUITE
    NULL,
};

static const struct harness_suite *const suites_without_redis[] = {
#define REDIS_SUITE(name)
#include "server_suites.def"
#undef SUITE
#undef REDIS_SUITE
    NULL,
};

int
main(int argc, char **argv)
{
    bool redis = redis_server_available();

    if (!redis) {
        puts("skipped: the suites on Redis, for there is no redis-server");
    }
    return harness_main(argc, argv, redis ? suites : suites_without_redis);
}

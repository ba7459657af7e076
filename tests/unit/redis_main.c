/* SPDX-License-Identifier: MIT */
/* The suites that need a redis-server, in a program of their own: tests/unit/redis [SUITE|TEST]... */
#include <config.h>

#include "harness.h"
#include "redis_server.h"

#include <stdio.h>

#define SUITE(name) extern const struct harness_suite suite_##name;
#include "redis_suites.def"
#undef SUITE

static const struct harness_suite *const suites[] = {
#define SUITE(name) &suite_##name,
#include "redis_suites.def"
#undef SUITE
    NULL,
};

int
main(int argc, char **argv)
{
    if (!redis_server_available()) {
        puts("skipped: there is no redis-server");
        return 77;
    }
    return harness_main(argc, argv, suites);
}

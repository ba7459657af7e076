/* SPDX-License-Identifier: MIT */
/*
 * What is special about the Redis backend: its data is asynq's, others write it too, replies get lost. The cases
 * use the conformance suite's kit on a redis-server of this program.
 */
#include <config.h>

#include "harness.h"
#include "place.h"
#include "redis_server.h"

#include <stdio.h>

#define SUITE(name) extern const struct harness_suite suite_##name;
#include "suites.def"
#undef SUITE

static const struct harness_suite *const suites[] = {
#define SUITE(name) &suite_##name,
#include "suites.def"
#undef SUITE
    NULL,
};

int
main(int argc, char **argv)
{
    int failed;

    if (!redis_server_available()) {
        puts("skipped: there is no redis-server");
        return 77;
    }
    if (place_set("redis:own") != 0)
        return 2;
    failed = harness_main(argc, argv, suites);
    place_leave();
    return failed;
}

/* SPDX-License-Identifier: MIT */
/* The testing mode as its users have it: tests/integration/testing [SUITE|TEST]... */
#include <config.h>

#include "harness.h"

extern const struct harness_suite suite_testing_collect, suite_testing_run, suite_testing_time;

static const struct harness_suite *const suites[] = {
    &suite_testing_collect,
    &suite_testing_run,
    &suite_testing_time,
    NULL,
};

int
main(int argc, char **argv)
{
    return harness_main(argc, argv, suites);
}

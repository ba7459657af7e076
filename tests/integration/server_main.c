/* SPDX-License-Identifier: MIT */
/* All suites of the server in one program: tests/integration/server [SUITE|TEST]... */
#include <config.h>

#include "harness.h"

#define SUITE(name) extern const struct harness_suite suite_##name;
#include "server_suites.def"
#undef SUITE

static const struct harness_suite *const suites[] = {
#define SUITE(name) &suite_##name,
#include "server_suites.def"
#undef SUITE
    NULL,
};

int
main(int argc, char **argv)
{
    return harness_main(argc, argv, suites);
}

/* SPDX-License-Identifier: MIT */
/*
 * The CUnit runner behind harness.h. Only what was selected is registered, so that CUnit's own
 * counts are the counts; skips, which CUnit does not know, are counted here.
 */
#include <config.h>

#include "harness.h"

#include <CUnit/Basic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static unsigned skipped;
static CU_pTest last_skipped;

void
harness_skip(const char *reason)
{
    CU_pTest test = CU_get_current_test();

    printf("\n    skipped: %s ", reason);
    if (test == last_skipped)
        return;
    last_skipped = test;
    skipped++;
}

static bool
selected(char **names, const char *suite, const char *test)
{
    if (!*names)
        return true;
    for (; *names; names++) {
        if (strcmp(*names, suite) == 0 || strcmp(*names, test) == 0)
            return true;
    }
    return false;
}

static int
register_suite(const struct harness_suite *suite, char **names)
{
    CU_pSuite registered = NULL;

    for (const CU_TestInfo *test = suite->tests; test->pName; test++) {
        if (!selected(names, suite->name, test->pName))
            continue;
        if (!registered)
            registered = CU_add_suite_with_setup_and_teardown(suite->name, NULL, NULL, suite->setup,
                                                              suite->teardown);
        if (!registered || !CU_add_test(registered, test->pName, test->pTestFunc))
            return -1;
    }
    return 0;
}

static int
register_all(const struct harness_suite *const *suites, char **names)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return -1;
    for (; *suites; suites++) {
        if (register_suite(*suites, names) < 0)
            return -1;
    }
    return 0;
}

static int
report(const char *program)
{
    const char *slash = strrchr(program, '/');
    unsigned run = CU_get_number_of_tests_run();
    unsigned failed = CU_get_number_of_tests_failed() + CU_get_number_of_suites_failed();
    unsigned unsuccessful = failed + skipped;

    if (strncmp(slash ? slash + 1 : program, "lt-", 3) == 0)
        slash = slash ? slash + 3 : program + 2;
    printf("\nharness: %s: %u passed, %u failed, %u skipped\n", slash ? slash + 1 : program,
           run > unsuccessful ? run - unsuccessful : 0, failed, skipped);
    if (run == 0)
        return 2;
    return failed ? 1 : 0;
}

int
harness_main(int argc, char **argv, const struct harness_suite *const *suites)
{
    int status;

    (void)argc;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (register_all(suites, argv + 1) < 0) {
        fprintf(stderr, "harness: %s\n", CU_get_error_msg());
        return 2;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    status = report(argv[0]);
    CU_cleanup_registry();
    return status;
}

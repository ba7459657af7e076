/* SPDX-License-Identifier: MIT */
/*
 * What all CUnit programs share. A test is a short function whose name is a sentence; a file of
 * tests ends with one table and one suite:
 *
 *     static const CU_TestInfo tests[] = {
 *         HARNESS_TEST(a_task_without_a_type_is_refused),
 *         CU_TEST_INFO_NULL,
 *     };
 *
 *     HARNESS_SUITE(task, tests, NULL, NULL);
 *
 * and the program's suites.def gets a line SUITE(task). The program's main calls harness_main()
 * with a table of all suites. Every test gets what its suite's setup prepares, and its teardown
 * runs in any case. Failures are printed with file and line by CUnit; the last line of a program is
 * "harness: PROGRAM: N passed, N failed, N skipped", counted in tests.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <CUnit/CUnit.h>

struct harness_suite {
    const char *name;
    const CU_TestInfo *tests;
    void (*setup)(void);    /* before each test, may be NULL */
    void (*teardown)(void); /* after each test, may be NULL */
};

#define HARNESS_TEST(fn)                                                                           \
    {                                                                                              \
        "" #fn, fn                                                                                 \
    }

#define HARNESS_SUITE(name, tests, setup, teardown)                                                \
    extern const struct harness_suite suite_##name;                                                \
    const struct harness_suite suite_##name = {#name, tests, setup, teardown}

/* Ends the test as skipped; the reason is printed and the test counted as such. */
#define HARNESS_SKIP(reason)                                                                       \
    do {                                                                                           \
        harness_skip(reason);                                                                      \
        return;                                                                                    \
    } while (0)

void harness_skip(const char *reason);

/*
 * Runs the suites (an array that ends with NULL). Of the names in argv[1...] each selects a suite
 * or a test; without names everything runs. Returns the exit status: 0 all passed, 1 some failed, 2
 * nothing ran.
 */
int harness_main(int argc, char **argv, const struct harness_suite *const *suites);

#endif

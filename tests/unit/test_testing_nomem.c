/* SPDX-License-Identifier: MIT */
/*
 * Each allocation of the testing mode fails once: it says so, or gets along without, loses no task over it and leaves nothing
 * behind (which the address sanitizer's build checks).
 */
#include <config.h>

#include "harness.h"
#include "nomem.h"

#include <string.h>
#include <weir.h>
#include <weir/testing.h>

enum {
    MOST = 5000, /* allocations that any of these needs */
    HOUR_MS = 3600000
};

static weir_testing *mode;
static weir_mux *mux;
static weir_error error;

static weir_outcome
answer(weir_context *ctx, const weir_task_info *task, void *arg)
{
    (void)arg;
    if (strcmp(task->type, "fail") == 0) {
        return weir_fail(ctx, "broken");
    }
    return weir_context_set_result(ctx, "ok", 2, NULL) == 0 ? WEIR_DONE : WEIR_RETRY;
}

static int
put(const char *type, int64_t in_ms)
{
    const weir_task task = {.type = type, .process_in_ms = in_ms, .payload = "x", .payload_len = 1};

    return weir_enqueue(weir_testing_client(mode), &task, NULL, &error);
}

/* So that each operation begins with the same: one task that is pending and one that is scheduled. */
static void
begin(void)
{
    CU_ASSERT_EQUAL_FATAL(weir_testing_clear(mode, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(put("done", 0), 0);
    CU_ASSERT_EQUAL_FATAL(put("fail", HOUR_MS / 2), 0);
}

static void
setup(void)
{
    mux = weir_mux_new();
    weir_mux_handle(mux, "done", answer, NULL, NULL);
    weir_mux_handle(mux, "fail", answer, NULL, NULL);
    CU_ASSERT_EQUAL_FATAL(weir_testing_new(&mode, mux, NULL, &error), 0);
}

static void
teardown(void)
{
    weir_testing_free(mode);
    weir_mux_free(mux);
}

/*
 * Runs an operation with its first, second, ... allocation failing, until none fails any more. A task that there is no memory
 * for when it comes is not taken, which looks as if there were none.
 */
static void
exhaust(int (*operation)(void))
{
    for (size_t n = 1; n < MOST; n++) {
        begin();
        weir_error_clear(&error);
        nomem_fail_at(n);
        int rc = operation();
        bool failed = nomem_end();
        CU_ASSERT(rc == 0 || rc == WEIR_E_NOMEM || rc == WEIR_E_NO_TASK);
        CU_ASSERT_EQUAL(error.code, rc);
        CU_ASSERT(failed || rc == 0);
        if (!failed) {
            return;
        }
    }
    CU_FAIL("never done");
}

static int
make(void)
{
    weir_testing *other = NULL;
    int rc = weir_testing_new(&other, mux, NULL, &error);

    CU_ASSERT_EQUAL(other == NULL, rc < 0);
    weir_testing_free(other);
    return rc;
}

static int
list(void)
{
    weir_task_list *tasks = NULL;
    int rc = weir_testing_list(mode, NULL, &tasks, &error);

    CU_ASSERT(rc < 0 || tasks->count == 2);
    weir_task_list_free(tasks);
    return rc;
}

static int
expect(void)
{
    const weir_match match = {.type = "done", .payload = "x", .payload_len = 1};

    return weir_testing_expect(mode, &match, &error);
}

static int
perform(void)
{
    const weir_attempt *attempt = NULL;

    return weir_testing_perform(mode, &(weir_task){.type = "done"}, &attempt, &error);
}

static int
run(void)
{
    const weir_attempt *attempt = NULL;

    return weir_testing_run(mode, NULL, &attempt, &error);
}

static int
drain(void)
{
    weir_tally tally;

    return weir_testing_drain(mode, NULL, &tally, &error);
}

static int
advance(void)
{
    return weir_testing_advance(mode, HOUR_MS, &error);
}

static int
elapse(void)
{
    weir_tally tally;

    return weir_testing_elapse(mode, HOUR_MS, &tally, &error);
}

static void
opening_it_survives_it(void)
{
    exhaust(make);
}

static void
looking_survives_it(void)
{
    exhaust(list);
    exhaust(expect);
}

static void
running_handlers_survives_it(void)
{
    exhaust(perform);
    exhaust(run);
    exhaust(drain);
}

static void
moving_the_clock_survives_it(void)
{
    exhaust(advance);
    exhaust(elapse);
}

/* Whatever failed on the way: no task is lost, and no lock or lease of a failed operation stands in the way. */
static void
after_a_failed_run_the_task_is_there_and_runs(void)
{
    for (size_t n = 1; n < MOST; n++) {
        weir_tally tally;
        size_t count = 0;

        begin();
        nomem_fail_at(n);
        int rc = run();
        bool failed = nomem_end();
        if (!failed) {
            CU_ASSERT_EQUAL(rc, 0);
            return;
        }
        if (rc != 0) {
            CU_ASSERT_EQUAL(weir_testing_elapse(mode, 24 * HOUR_MS, &tally, NULL), 0);
            CU_ASSERT_EQUAL(weir_testing_count(mode, &(weir_match){.type = "done"}, &count, NULL),
                            0);
            CU_ASSERT_EQUAL(count, 0);
        }
    }
    CU_FAIL("never done");
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(opening_it_survives_it),
    HARNESS_TEST(looking_survives_it),
    HARNESS_TEST(running_handlers_survives_it),
    HARNESS_TEST(moving_the_clock_survives_it),
    HARNESS_TEST(after_a_failed_run_the_task_is_there_and_runs),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(testing_nomem, tests, setup, teardown);

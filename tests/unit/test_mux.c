/* SPDX-License-Identifier: MIT */
/* The mux: which handler a type goes to, and through which middleware. */
#include <config.h>

#include "harness.h"

#include "context.h"
#include "mux.h"

#include <string.h>

static weir_mux *mux;
static struct weir_context ctx;
static char trace[64];

static void
setup(void)
{
    mux = weir_mux_new();
    CU_ASSERT_FATAL(weir__context_init(&ctx, NULL) == 0);
    weir__context_begin(&ctx, 0);
    trace[0] = '\0';
}

static void
teardown(void)
{
    weir_mux_free(mux);
    weir__context_release(&ctx);
}

static weir_outcome
note(weir_context *context, const weir_task_info *task, void *arg)
{
    (void)context;
    (void)task;
    strcat(trace, arg);
    return WEIR_DONE;
}

static weir_outcome
wrap(weir_context *context, const weir_task_info *task, weir_next *next, void *arg)
{
    strcat(trace, arg);
    weir_outcome outcome = weir_next_run(next, context, task);
    strcat(trace, arg);
    return outcome;
}

static weir_outcome
refuse(weir_context *context, const weir_task_info *task, weir_next *next, void *arg)
{
    (void)task;
    (void)next;
    (void)arg;
    return weir_skip_retry(context, "refused");
}

static weir_outcome
run(const char *type)
{
    weir_task_info task = {.id = "1", .type = type, .queue = "default"};

    return weir__mux_run(mux, &ctx, &task);
}

static void
handle(const char *pattern, const char *mark)
{
    CU_ASSERT_EQUAL_FATAL(weir_mux_handle(mux, pattern, note, (void *)mark, NULL), 0);
}

static void
an_exact_type_wins_over_a_prefix(void)
{
    handle("email:", "p");
    handle("email:deliver", "e");
    handle("email:deliver:now", "n");
    CU_ASSERT_EQUAL(run("email:deliver"), WEIR_DONE);
    CU_ASSERT_STRING_EQUAL(trace, "e");
}

static void
the_longest_prefix_wins(void)
{
    handle("email:bulk:", "b");
    handle("e", "s");
    handle("email:", "p");
    run("email:bulk:1");
    run("email:x");
    run("exx");
    CU_ASSERT_STRING_EQUAL(trace, "bps");
}

static void
a_prefix_needs_no_separator(void)
{
    handle("email", "p");
    run("emailx");
    CU_ASSERT_STRING_EQUAL(trace, "p");
}

static void
a_type_without_handler_fails_with_its_name(void)
{
    handle("email", "p");
    CU_ASSERT_EQUAL(run("sms"), WEIR_RETRY);
    CU_ASSERT_STRING_EQUAL(weir__context_text(&ctx), "handler not found for task \"sms\"");
}

static void
the_not_found_handler_can_be_replaced(void)
{
    CU_ASSERT_EQUAL(weir_mux_not_found(mux, note, (void *)"n", NULL), 0);
    CU_ASSERT_EQUAL(run("sms"), WEIR_DONE);
    CU_ASSERT_STRING_EQUAL(trace, "n");
}

static void
the_first_middleware_is_the_outermost(void)
{
    weir_mux_use(mux, wrap, (void *)"1", NULL);
    weir_mux_use(mux, wrap, (void *)"2", NULL);
    handle("a", "h");
    run("a");
    CU_ASSERT_STRING_EQUAL(trace, "12h21");
}

static void
middleware_wraps_the_not_found_handler(void)
{
    weir_mux_use(mux, wrap, (void *)"1", NULL);
    CU_ASSERT_EQUAL(run("a"), WEIR_RETRY);
    CU_ASSERT_STRING_EQUAL(trace, "11");
}

static void
middleware_may_answer_by_itself(void)
{
    weir_mux_use(mux, refuse, NULL, NULL);
    handle("a", "h");
    CU_ASSERT_EQUAL(run("a"), WEIR_SKIP_RETRY);
    CU_ASSERT_STRING_EQUAL(trace, "");
}

static void
a_bad_registration_is_refused(void)
{
    weir_error err = {0};

    CU_ASSERT_EQUAL(weir_mux_handle(mux, " ", note, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_mux_handle(mux, NULL, note, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_mux_handle(mux, "a", NULL, NULL, NULL), WEIR_E_INVALID);
    handle("a", "h");
    CU_ASSERT_EQUAL(weir_mux_handle(mux, "a", note, NULL, &err), WEIR_E_INVALID);
    CU_ASSERT_STRING_EQUAL(err.text, "pattern \"a\" has a handler already");
    CU_ASSERT_EQUAL(weir_mux_use(mux, NULL, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_mux_not_found(mux, NULL, NULL, NULL), WEIR_E_INVALID);
}

static void
a_mux_tells_what_it_would_take(void)
{
    handle("email:", "p");
    CU_ASSERT_TRUE(weir_mux_matches(mux, "email:deliver"));
    CU_ASSERT_FALSE(weir_mux_matches(mux, "email"));
    CU_ASSERT_STRING_EQUAL(weir_mux_pattern(mux, 0), "email:");
    CU_ASSERT_PTR_NULL(weir_mux_pattern(mux, 1));
    CU_ASSERT_PTR_NULL(weir_mux_aggregate_pattern(mux, 0));
    CU_ASSERT_PTR_NULL(weir_mux_pattern(NULL, 0));
}

static int
aggregate(const weir_group *group, weir_task *task, void *arg, weir_error *err)
{
    (void)group, (void)task, (void)arg, (void)err;
    return 0;
}

/* The mark of the aggregator for a type, or "none". */
static const char *
aggregator_of(const char *type)
{
    weir_aggregate_fn fn;
    void *arg;

    return weir__mux_aggregate_of(mux, type, &fn, &arg) && fn == aggregate ? arg : "none";
}

static void
an_aggregator_is_found_like_a_handler_and_one_is_for_the_rest(void)
{
    CU_ASSERT_FALSE(weir__mux_aggregates(mux));
    CU_ASSERT_EQUAL(weir_mux_aggregate(mux, "note:", aggregate, (void *)"prefix", NULL), 0);
    CU_ASSERT_TRUE(weir__mux_aggregates(mux));
    CU_ASSERT_STRING_EQUAL(aggregator_of("note:mail"), "prefix");
    CU_ASSERT_STRING_EQUAL(aggregator_of("other"), "none");
    CU_ASSERT_EQUAL(weir_mux_aggregate(mux, NULL, aggregate, (void *)"rest", NULL), 0);
    CU_ASSERT_EQUAL(weir_mux_aggregate(mux, "note:mail", aggregate, (void *)"exact", NULL), 0);
    CU_ASSERT_STRING_EQUAL(aggregator_of("note:mail"), "exact");
    CU_ASSERT_STRING_EQUAL(aggregator_of("note:fax"), "prefix");
    CU_ASSERT_STRING_EQUAL(aggregator_of("other"), "rest");
    CU_ASSERT_FALSE(weir_mux_matches(mux, "note:mail")); /* it is no handler */
}

static void
a_bad_aggregator_is_refused(void)
{
    weir_error err = {0};

    CU_ASSERT_EQUAL(weir_mux_aggregate(NULL, "a", aggregate, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_mux_aggregate(mux, "a", NULL, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_mux_aggregate(mux, " ", aggregate, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_mux_aggregate(mux, "", aggregate, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_FALSE(weir__mux_aggregates(mux));
    CU_ASSERT_EQUAL(weir_mux_aggregate(mux, "a", aggregate, NULL, NULL), 0);
    CU_ASSERT_EQUAL(weir_mux_aggregate(mux, "a", aggregate, NULL, &err), WEIR_E_INVALID);
    CU_ASSERT_STRING_EQUAL(err.text, "pattern \"a\" has an aggregator already");
    CU_ASSERT_EQUAL(weir_mux_aggregate(mux, NULL, aggregate, NULL, NULL), 0);
    CU_ASSERT_EQUAL(weir_mux_aggregate(mux, NULL, aggregate, NULL, NULL), WEIR_E_INVALID);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(an_exact_type_wins_over_a_prefix),
    HARNESS_TEST(the_longest_prefix_wins),
    HARNESS_TEST(a_prefix_needs_no_separator),
    HARNESS_TEST(a_type_without_handler_fails_with_its_name),
    HARNESS_TEST(the_not_found_handler_can_be_replaced),
    HARNESS_TEST(the_first_middleware_is_the_outermost),
    HARNESS_TEST(middleware_wraps_the_not_found_handler),
    HARNESS_TEST(middleware_may_answer_by_itself),
    HARNESS_TEST(a_bad_registration_is_refused),
    HARNESS_TEST(a_mux_tells_what_it_would_take),
    HARNESS_TEST(an_aggregator_is_found_like_a_handler_and_one_is_for_the_rest),
    HARNESS_TEST(a_bad_aggregator_is_refused),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(mux, tests, setup, teardown);

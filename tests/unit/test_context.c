/* SPDX-License-Identifier: MIT */
/* The context: cancellation seen by asking, waiting and polling; texts and results. */
#include <config.h>

#include "harness.h"

#include "context.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

static struct weir_context ctx;

static void
setup(void)
{
    CU_ASSERT_FATAL(weir__context_init(&ctx, NULL) == 0);
    weir__context_begin(&ctx, 1234);
}

static void
teardown(void)
{
    weir__context_release(&ctx);
}

static bool
is_readable(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};

    return poll(&look, 1, 0) == 1;
}

static void
the_first_reason_of_a_cancellation_stays(void)
{
    CU_ASSERT_EQUAL(weir_context_cancelled(&ctx), 0);
    weir__context_cancel(&ctx, WEIR_E_DEADLINE);
    weir__context_cancel(&ctx, WEIR_E_CANCELED);
    CU_ASSERT_EQUAL(weir_context_cancelled(&ctx), WEIR_E_DEADLINE);
    CU_ASSERT_EQUAL(weir_context_deadline_ms(&ctx), 1234);
}

static void
waiting_ends_with_its_time(void)
{
    CU_ASSERT_EQUAL(weir_context_wait(&ctx, 0), 0);
    CU_ASSERT_EQUAL(weir_context_wait(&ctx, 5), 0);
}

static void *
cancel_now(void *arg)
{
    weir__context_cancel(arg, WEIR_E_CANCELED);
    return NULL;
}

static void
waiting_ends_with_a_cancellation(void)
{
    pthread_t thread;

    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, cancel_now, &ctx), 0);
    CU_ASSERT_EQUAL(weir_context_wait(&ctx, -1), WEIR_E_CANCELED);
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(weir_context_wait(&ctx, 60000), WEIR_E_CANCELED);
}

static void
the_descriptor_becomes_readable(void)
{
    int fd = weir_context_fd(&ctx);

    CU_ASSERT_TRUE(fd >= 0);
    CU_ASSERT_EQUAL(weir_context_fd(&ctx), fd);
    CU_ASSERT_FALSE(is_readable(fd));
    weir__context_cancel(&ctx, WEIR_E_CANCELED);
    CU_ASSERT_TRUE(is_readable(fd));
}

static void
a_descriptor_made_after_the_cancellation_is_readable(void)
{
    weir__context_cancel(&ctx, WEIR_E_CANCELED);
    CU_ASSERT_TRUE(is_readable(weir_context_fd(&ctx)));
}

static void
nothing_of_an_attempt_is_seen_by_the_next(void)
{
    int fd = weir_context_fd(&ctx);

    weir_fail(&ctx, "bad");
    weir_context_set_result(&ctx, "r", 1, NULL);
    weir_snooze(&ctx, 5);
    weir__context_cancel(&ctx, WEIR_E_CANCELED);
    weir__context_end(&ctx);
    CU_ASSERT_EQUAL(fcntl(fd, F_GETFD), -1);
    weir__context_begin(&ctx, 0);
    CU_ASSERT_EQUAL(weir_context_cancelled(&ctx), 0);
    CU_ASSERT_PTR_NULL(weir__context_text(&ctx));
    CU_ASSERT_FALSE(ctx.has_result);
    CU_ASSERT_EQUAL(ctx.snooze_ms, 0);
    CU_ASSERT_FALSE(is_readable(weir_context_fd(&ctx)));
}

static void
texts_are_formatted_and_made_utf_8(void)
{
    CU_ASSERT_EQUAL(weir_fail(&ctx, "no such user: %d", 7), WEIR_RETRY);
    CU_ASSERT_STRING_EQUAL(weir__context_text(&ctx), "no such user: 7");
    CU_ASSERT_EQUAL(weir_skip_retry(&ctx, "a\xff%s", "b"), WEIR_SKIP_RETRY);
    CU_ASSERT_STRING_EQUAL(weir__context_text(&ctx), "a\xEF\xBF\xBD"
                                                     "b");
    CU_ASSERT_EQUAL(weir_fail(&ctx, "%s", ""), WEIR_RETRY);
    CU_ASSERT_PTR_NULL(weir__context_text(&ctx));
}

static void
a_long_text_is_cut(void)
{
    char text[6000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    weir_fail(&ctx, "%s", text);
    CU_ASSERT_EQUAL(strlen(weir__context_text(&ctx)), WEIR__ERROR_TEXT_MAX);
}

static void
a_result_replaces_the_one_before(void)
{
    char *big = calloc(1, 100000);

    CU_ASSERT_EQUAL(weir_context_set_result(&ctx, "first", 5, NULL), 0);
    CU_ASSERT_EQUAL(weir_context_set_result(&ctx, big, 100000, NULL), 0);
    CU_ASSERT_EQUAL(ctx.result_len, 100000);
    CU_ASSERT_EQUAL(weir_context_set_result(&ctx, NULL, 0, NULL), 0);
    CU_ASSERT_TRUE(ctx.has_result);
    CU_ASSERT_PTR_NOT_NULL(ctx.result);
    CU_ASSERT_EQUAL(ctx.result_len, 0);
    free(big);
}

static void
a_result_that_is_too_big_is_refused(void)
{
    CU_ASSERT_EQUAL(weir_context_set_result(&ctx, "", (size_t)WEIR_PAYLOAD_MAX + 1, NULL),
                    WEIR_E_TOO_BIG);
    CU_ASSERT_FALSE(ctx.has_result);
}

static void
a_snooze_is_never_negative(void)
{
    CU_ASSERT_EQUAL(weir_snooze(&ctx, -5), WEIR_SNOOZE);
    CU_ASSERT_EQUAL(ctx.snooze_ms, 0);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(the_first_reason_of_a_cancellation_stays),
    HARNESS_TEST(waiting_ends_with_its_time),
    HARNESS_TEST(waiting_ends_with_a_cancellation),
    HARNESS_TEST(the_descriptor_becomes_readable),
    HARNESS_TEST(a_descriptor_made_after_the_cancellation_is_readable),
    HARNESS_TEST(nothing_of_an_attempt_is_seen_by_the_next),
    HARNESS_TEST(texts_are_formatted_and_made_utf_8),
    HARNESS_TEST(a_long_text_is_cut),
    HARNESS_TEST(a_result_replaces_the_one_before),
    HARNESS_TEST(a_result_that_is_too_big_is_refused),
    HARNESS_TEST(a_snooze_is_never_negative),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(context, tests, setup, teardown);

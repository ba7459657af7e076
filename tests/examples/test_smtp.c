/* SPDX-License-Identifier: MIT */
/* Delivery by SMTP: what the server's answer means for the task. */
#include <config.h>

#include "harness.h"
#include "sink.h"
#include "smtp.h"

#include <string.h>
#include <unistd.h>

static const char message[] = "Subject: Hi\r\n\r\nHello\r\n.dotted\r\n";

static int
never(const void *arg)
{
    (void)arg;
    return 0;
}

static int
at_once(const void *arg)
{
    (void)arg;
    return WEIR_E_CANCELED;
}

static struct smtp_job
a_job(const char *url)
{
    return (struct smtp_job){
        .url = url,
        .from = "noreply@example.org",
        .to = "ada@example.org",
        .text = message,
        .len = sizeof(message) - 1,
        .timeout_ms = 20000,
        .is_cancelled = never,
    };
}

static int
send_to(struct sink *sink, const struct sink_answers *answers, weir_error *err)
{
    sink_start(sink, answers);

    struct smtp_job job = a_job(sink->url);
    int result = smtp_send(&job, err);

    sink_stop(sink);
    return result;
}

static void
a_message_is_handed_over(void)
{
    static struct sink sink;
    weir_error err = {0};

    CU_ASSERT_EQUAL(send_to(&sink, &(struct sink_answers){0}, &err), 0);
    CU_ASSERT_STRING_EQUAL(err.text, "");
    CU_ASSERT(strncmp(sink.from, "MAIL FROM:<noreply@example.org>", 31) == 0);
    CU_ASSERT(strncmp(sink.to, "RCPT TO:<ada@example.org>", 25) == 0);
    CU_ASSERT_STRING_EQUAL(sink.message, "Subject: Hi\r\n\r\nHello\r\n..dotted\r\n");
}

static void
a_451_is_tried_again(void)
{
    static struct sink sink;
    weir_error err = {0};

    CU_ASSERT_EQUAL(send_to(&sink, &(struct sink_answers){.rcpt = "451 try later"}, &err),
                    WEIR_E_UNAVAILABLE);
    CU_ASSERT(strncmp(err.text, "mail server answered 451", 24) == 0);
}

static void
a_451_to_the_message_is_tried_again(void)
{
    static struct sink sink;

    CU_ASSERT_EQUAL(send_to(&sink, &(struct sink_answers){.message = "451 disk full"}, NULL),
                    WEIR_E_UNAVAILABLE);
}

static void
a_421_greeting_is_tried_again(void)
{
    static struct sink sink;

    CU_ASSERT_EQUAL(send_to(&sink, &(struct sink_answers){.greeting = "421 too busy"}, NULL),
                    WEIR_E_UNAVAILABLE);
}

static void
a_550_is_for_good(void)
{
    static struct sink sink;
    weir_error err = {0};

    CU_ASSERT_EQUAL(send_to(&sink, &(struct sink_answers){.rcpt = "550 no such user"}, &err),
                    WEIR_E_INVALID);
    CU_ASSERT(strncmp(err.text, "mail server answered 550", 24) == 0);
}

static void
a_554_to_the_message_is_for_good(void)
{
    static struct sink sink;

    CU_ASSERT_EQUAL(send_to(&sink, &(struct sink_answers){.message = "554 spam"}, NULL),
                    WEIR_E_INVALID);
}

static void
a_refused_connection_is_tried_again(void)
{
    char url[64];
    weir_error err = {0};

    int taken = sink_closed_url(url, sizeof(url));
    struct smtp_job job = a_job(url);

    CU_ASSERT_EQUAL(smtp_send(&job, &err), WEIR_E_UNAVAILABLE);
    CU_ASSERT(strncmp(err.text, "mail server: ", 13) == 0);
    close(taken);
}

static void
a_cancelled_task_ends_the_transfer(void)
{
    static struct sink sink;
    weir_error err = {0};

    sink_start(&sink, &(struct sink_answers){.greeting = ""});

    struct smtp_job job = a_job(sink.url);

    job.is_cancelled = at_once;
    CU_ASSERT_EQUAL(smtp_send(&job, &err), WEIR_E_CANCELED);
    sink_stop(&sink);
}

static void
a_silent_server_times_out(void)
{
    static struct sink sink;
    weir_error err = {0};

    sink_start(&sink, &(struct sink_answers){.greeting = ""});

    struct smtp_job job = a_job(sink.url);

    job.timeout_ms = 200;
    CU_ASSERT_EQUAL(smtp_send(&job, &err), WEIR_E_TIMEOUT);
    sink_stop(&sink);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_message_is_handed_over),
    HARNESS_TEST(a_451_is_tried_again),
    HARNESS_TEST(a_451_to_the_message_is_tried_again),
    HARNESS_TEST(a_421_greeting_is_tried_again),
    HARNESS_TEST(a_550_is_for_good),
    HARNESS_TEST(a_554_to_the_message_is_for_good),
    HARNESS_TEST(a_refused_connection_is_tried_again),
    HARNESS_TEST(a_cancelled_task_ends_the_transfer),
    HARNESS_TEST(a_silent_server_times_out),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(smtp, tests, NULL, NULL);

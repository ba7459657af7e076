/* SPDX-License-Identifier: MIT */
/*
 * A test program for a program's tasks, to copy from: what is enqueued, what the handlers do, and what becomes of it
 * as time passes. No server, no threads, no waiting.
 */
#include <stdio.h>
#include <string.h>
#include <weir.h>
#include <weir/testing.h>

/* ---- the program: signing up sends a mail at once and asks for an opinion after a week ---- */

#define WEEK_MS (7 * INT64_C(86400000))

struct app {
    weir_client *client;
    int mails;
    bool mail_server_is_away;
};

static int
sign_up(struct app *app, const char *user, weir_error *err)
{
    char payload[128];
    int len = snprintf(payload, sizeof(payload), "{\"user\":\"%s\"}", user);
    const weir_task tasks[] = {
        {.type = "mail:welcome", .payload = payload, .payload_len = (size_t)len, .max_retry = 2},
        {.type = "mail:survey",
         .payload = payload,
         .payload_len = (size_t)len,
         .queue = "low",
         .process_in_ms = WEEK_MS},
    };

    return weir_enqueue_many(app->client, tasks, 2, NULL, err);
}

static weir_outcome
send_mail(weir_context *ctx, const weir_task_info *task, void *arg)
{
    struct app *app = arg;

    (void)task;
    if (app->mail_server_is_away)
        return weir_fail(ctx, "mail server is away");
    app->mails++;
    return WEIR_DONE;
}

/* ---- the tests; any framework will do ---- */

static int failures;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, err.text);                   \
            failures++;                                                                            \
            weir_error_clear(&err);                                                                \
        }                                                                                          \
    } while (0)

static struct app app;
static weir_testing *testing;
static weir_error err;

static void
signing_up_enqueues_two_mails(void)
{
    const weir_match welcome = {.type = "mail:welcome", .json = "{\"user\":\"ada\"}"};
    const weir_match survey = {.type = "mail:survey", .queue = "low", .process_in_ms = WEEK_MS};

    CHECK(sign_up(&app, "ada", &err) == 0);
    CHECK(weir_testing_expect(testing, &welcome, &err) == 0);
    CHECK(weir_testing_expect(testing, &survey, &err) == 0);
    CHECK(weir_testing_expect_count(testing, NULL, 2, &err) == 0);
}

static void
the_survey_is_sent_a_week_later(void)
{
    weir_tally tally;

    CHECK(sign_up(&app, "ada", &err) == 0);
    CHECK(weir_testing_drain(testing, NULL, &tally, &err) == 0);
    CHECK(tally.done == 1 && app.mails == 1);
    CHECK(weir_testing_elapse(testing, WEEK_MS, &tally, &err) == 0);
    CHECK(tally.done == 1 && app.mails == 2);
}

static void
a_welcome_that_cannot_be_sent_ends_in_the_archive(void)
{
    const weir_match kept = {
        .type = "mail:welcome", .state = WEIR_STATE_ARCHIVED, .error = "mail server is away"};
    weir_tally tally;

    app.mail_server_is_away = true;
    CHECK(sign_up(&app, "ada", &err) == 0);
    CHECK(weir_testing_elapse(testing, 3600000, &tally, &err) == 0);
    CHECK(tally.attempts == 3 && tally.exhausted == 1);
    CHECK(weir_testing_expect(testing, &kept, &err) == 0);
}

static void
a_handler_can_be_tried_by_itself(void)
{
    const weir_task task = {.type = "mail:welcome", .payload = "{}", .payload_len = 2};
    const weir_attempt *attempt = NULL;

    app.mail_server_is_away = true;
    CHECK(weir_testing_perform(testing, &task, &attempt, &err) == 0);
    CHECK(attempt != NULL && attempt->change == WEIR_CHANGE_RETRY);
    CHECK(attempt != NULL && strcmp(attempt->error, "mail server is away") == 0);
    CHECK(weir_testing_expect_none(testing, NULL, &err) == 0);
}

/* Each test has a store of its own. */
static void
run(void (*test)(void))
{
    weir_mux *mux = weir_mux_new();

    app = (struct app){0};
    if (weir_mux_handle(mux, "mail:", send_mail, &app, &err) == 0 &&
        weir_testing_new(&testing, mux, NULL, &err) == 0) {
        app.client = weir_testing_client(testing);
        test();
    }
    CHECK(err.code == 0);
    weir_testing_free(testing);
    weir_mux_free(mux);
    testing = NULL;
}

int
main(void)
{
    run(signing_up_enqueues_two_mails);
    run(the_survey_is_sent_a_week_later);
    run(a_welcome_that_cannot_be_sent_ends_in_the_archive);
    run(a_handler_can_be_tried_by_itself);
    printf("%d failures\n", failures);
    return failures != 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The modules inside a server: what becomes of the task. The module's own code is linked in; its
 * server and broker are real, the mail server is the sink.
 */
#include <config.h>

#include "harness.h"
#include "scratch.h"
#ifdef EMAIL_WITH_SMTP
#include "sink.h"
#endif

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <weir.h>

#define PATIENCE_MS 20000

extern const weir_module weir_module_entry;

static const char good_payload[] = "{\"user_id\":42,\"subject\":\"Grüße\"}";

/* A broker in memory and a server with the module. */
static struct stage {
    weir_broker *broker;
    weir_client *client;
    weir_inspector *inspector;
    weir_mux *mux;
    weir_server *server;
    void *state;
} stage;

static void
setup(void)
{
    scratch_setup();
    scratch_sql_file("users.db", "doc/examples/email/users.sql");
    scratch_sql("users.db", "INSERT INTO users VALUES (42, 'Zoë', 'zoe@example.org')");
}

static void
start(const char *target, const char *where)
{
    const weir_server_options options = {
        .concurrency = 1,
        .retry = {.kind = WEIR_RETRY_KIND_FIXED, .base_ms = 60 * 60 * 1000},
    };
    char text[2048];
    weir_error err = {0};

    memset(&stage, 0, sizeof(stage));
    snprintf(text, sizeof(text),
             "{\"database\":\"%s\",\"from\":\"noreply@example.org\",\"%s\":\"%s\"}",
             scratch_path("users.db"), target, where);
    stage.mux = weir_mux_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(stage.mux);
    CU_ASSERT_EQUAL_FATAL(weir_broker_open(&stage.broker, "sqlite::memory:", NULL, &err), 0);
    CU_ASSERT_EQUAL_FATAL(weir_client_new(&stage.client, stage.broker, &err), 0);
    CU_ASSERT_EQUAL_FATAL(weir_inspector_new(&stage.inspector, stage.broker, &err), 0);
    CU_ASSERT_EQUAL_FATAL(weir_module_entry.init(stage.mux, text, NULL, &stage.state, &err), 0);
    CU_ASSERT_EQUAL_FATAL(weir_server_new(&stage.server, stage.broker, stage.mux, &options, &err),
                          0);
    CU_ASSERT_EQUAL_FATAL(weir_server_start(stage.server, &err), 0);
}

static void
stop(void)
{
    CU_ASSERT_EQUAL(weir_server_stop(stage.server), 0);
    weir_server_free(stage.server);
    weir_module_entry.fini(stage.state);
    weir_mux_free(stage.mux);
    weir_inspector_free(stage.inspector);
    weir_client_free(stage.client);
    weir_broker_close(stage.broker);
}

static void
enqueue(const char *id, const char *payload)
{
    const weir_task task = {
        .type = "email:deliver",
        .id = id,
        .payload = payload,
        .payload_len = strlen(payload),
        .retention_ms = 60 * 60 * 1000,
    };

    CU_ASSERT_EQUAL_FATAL(weir_enqueue(stage.client, &task, NULL, NULL), 0);
}

/* The state of a task, and its error text (or result) in text. */
static weir_state
state_of(const char *id, char *text, size_t size)
{
    weir_task_list *list = NULL;

    CU_ASSERT_EQUAL_FATAL(weir_inspect_task(stage.inspector, "default", id, &list, NULL), 0);

    const weir_task_info *info = list->items[0];
    weir_state state = info->state;

    if (state == WEIR_STATE_COMPLETED) {
        snprintf(text, size, "%.*s", (int)info->result_len, (const char *)info->result);
    } else {
        snprintf(text, size, "%s", info->last_error == NULL ? "" : info->last_error);
    }
    weir_task_list_free(list);
    return state;
}

/* Waits until a task got somewhere, and asserts where and what it says. */
static void
assert_becomes(const char *id, weir_state wanted, const char *says)
{
    const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
    char text[512];
    weir_state state = state_of(id, text, sizeof(text));

    for (int i = 0; i < PATIENCE_MS / 5; i++) {
        if (state != WEIR_STATE_PENDING && state != WEIR_STATE_ACTIVE) {
            break;
        }
        nanosleep(&pause, NULL);
        state = state_of(id, text, sizeof(text));
    }
    CU_ASSERT_STRING_EQUAL(weir_state_name(state), weir_state_name(wanted));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, says));
}

static void
a_mail_arrives_in_the_maildir(void)
{
    start("maildir", scratch_path("mail"));
    enqueue("a-1", good_payload);
    assert_becomes("a-1", WEIR_STATE_COMPLETED, "{\"message\":\"a-1.default\",\"new\":true}");
    stop();
    CU_ASSERT_EQUAL(scratch_count("mail/new"), 1);
}

static void
malformed_tasks_go_straight_to_the_archive(void)
{
    start("maildir", scratch_path("mail"));
    enqueue("a-1", "{\"user_id\":42,");
    enqueue("a-2", "{\"user_id\":43,\"subject\":\"\"}");
    assert_becomes("a-1", WEIR_STATE_ARCHIVED, "malformed payload: line 1 column 14: ");
    assert_becomes("a-2", WEIR_STATE_ARCHIVED, "no user has the id 43");
    stop();
    CU_ASSERT_EQUAL(scratch_count("mail/new"), 0);
}

#ifdef EMAIL_WITH_SMTP
static void
assert_smtp(const struct sink_answers *answers, weir_state wanted, const char *says)
{
    static struct sink sink;

    sink_start(&sink, answers);
    start("smtp", sink.url);
    enqueue("a-1", good_payload);
    assert_becomes("a-1", wanted, says);
    stop();
    sink_stop(&sink);
    if (wanted == WEIR_STATE_COMPLETED) {
        CU_ASSERT_PTR_NOT_NULL(
            strstr(sink.message, "\r\nSubject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\n"));
        CU_ASSERT_PTR_NOT_NULL(strstr(sink.message, "Message-ID: <a-1.default@example.org>\r\n"));
    }
}

static void
the_mail_server_decides_what_becomes_of_a_task(void)
{
    assert_smtp(&(struct sink_answers){0}, WEIR_STATE_COMPLETED, "a-1.default");
    assert_smtp(&(struct sink_answers){.rcpt = "451 later"}, WEIR_STATE_RETRY, "answered 451");
    assert_smtp(&(struct sink_answers){.rcpt = "550 never"}, WEIR_STATE_ARCHIVED, "answered 550");
}

static void
without_a_mail_server_a_task_is_tried_again(void)
{
    char url[64];
    int taken = sink_closed_url(url, sizeof(url));

    start("smtp", url);
    enqueue("a-1", good_payload);
    assert_becomes("a-1", WEIR_STATE_RETRY, "mail server: ");
    stop();
    close(taken);
}
#endif

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_mail_arrives_in_the_maildir),
    HARNESS_TEST(malformed_tasks_go_straight_to_the_archive),
#ifdef EMAIL_WITH_SMTP
    HARNESS_TEST(the_mail_server_decides_what_becomes_of_a_task),
    HARNESS_TEST(without_a_mail_server_a_task_is_tried_again),
#endif
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(email, tests, setup, scratch_teardown);

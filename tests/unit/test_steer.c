/* SPDX-License-Identifier: MIT */
/* The inspector's orders: how they are cut up, why one was refused, and when work on a whole queue ends. */
#include <config.h>

#include "fake.h"
#include "harness.h"
#include "registry.h"

#include <stdio.h>
#include <string.h>
#include <weir/inspector.h>

enum {
    MOST = 16
};

/* What the backend was asked, and what it has left of the tasks. */
static struct {
    size_t calls;
    size_t sizes[MOST];
    size_t left;
    size_t fails_at; /* this call, from 1, fails */
    weir_verb verb;
    bool paused;
    bool force;
    int64_t at_ms;
    size_t payload_len;
    weir_cancel_mode mode;
} seen;

static weir_inspector *inspector;
static weir_error error;

static int
note_call(size_t size, weir_error *err)
{
    if (seen.calls < MOST)
        seen.sizes[seen.calls] = size;
    seen.calls++;
    return seen.calls == seen.fails_at ? weir_error_set(err, WEIR_E_BUSY, "somebody else is at it")
                                       : 0;
}

/* Tasks "active" and "gone" are refused. */
static int
steer(void *self, int64_t now_ms, weir_verb verb, const char *queue, weir_steer_item *items,
      size_t count, weir_error *err)
{
    (void)self, (void)now_ms, (void)queue;
    seen.verb = verb;
    for (size_t i = 0; i < count; i++) {
        bool active = strcmp(items[i].id, "active") == 0 || strcmp(items[i].id, "fled") == 0;
        items[i].result = active                             ? WEIR_E_STATE
                          : strcmp(items[i].id, "gone") == 0 ? WEIR_E_NO_TASK
                                                             : 0;
    }
    return note_call(count, err);
}

static int
give_out(size_t max, size_t *done, weir_error *err)
{
    int rc = note_call(max, err);

    *done = rc < 0 ? 0 : seen.left < max ? seen.left : max;
    seen.left -= *done;
    return rc;
}

static int
steer_all(void *self, int64_t now_ms, weir_verb verb, const char *queue, weir_state state,
          const char *group, size_t max, size_t *done, weir_error *err)
{
    (void)self, (void)now_ms, (void)queue, (void)state, (void)group;
    seen.verb = verb;
    return give_out(max, done, err);
}

static int
amend(void *self, int64_t now_ms, const char *queue, const char *id, const weir_amend *change,
      weir_error *err)
{
    (void)self, (void)now_ms, (void)queue, (void)id;
    seen.at_ms = change->process_at_ms;
    seen.payload_len = change->payload ? change->payload_len : 99;
    return note_call(1, err);
}

static int
pause_queue(void *self, int64_t now_ms, const char *queue, bool paused, weir_error *err)
{
    (void)self, (void)now_ms, (void)queue;
    seen.paused = paused;
    return note_call(1, err);
}

static int
remove_queue(void *self, int64_t now_ms, const char *queue, bool force, size_t max, size_t *done,
             weir_error *err)
{
    (void)self, (void)now_ms, (void)queue;
    seen.force = force;
    return give_out(max, done, err);
}

static int
cancel(void *self, int64_t now_ms, const char *queue, const char *id, weir_cancel_mode mode,
       weir_error *err)
{
    (void)self, (void)now_ms, (void)queue, (void)id;
    seen.mode = mode;
    return note_call(1, err);
}

static int
task(void *self, const char *queue, const char *id, weir_task_sink sink, void *arg, weir_error *err)
{
    const weir_task_info info = {.id = id, .type = "t", .queue = queue, .state = WEIR_STATE_ACTIVE};

    (void)self;
    return strcmp(id, "active") == 0 ? sink(arg, &info) : weir_error_set(err, WEIR_E_NO_TASK, NULL);
}

/* A thousand tasks wait for their retry. */
static int
queue_counts(void *self, const char *queue, int64_t now_ms, weir_queue_info *info, weir_error *err)
{
    (void)self, (void)now_ms, (void)err;
    if (strcmp(queue, "gone") == 0)
        return weir_error_set(err, WEIR_E_NO_QUEUE, "no queue \"%s\"", queue);
    info->retry = info->size = 1000;
    return 0;
}

static unsigned
capabilities(void *self)
{
    (void)self;
    return WEIR_CAP_SURE_REPLIES | WEIR_CAP_STEER;
}

static weir_broker *
open_steered(void)
{
    static const char *const schemes[] = {"steered", NULL};
    static weir_backend backend;
    weir_broker *broker = NULL;

    if (backend.name == NULL) {
        backend = fake_backend;
        backend.name = "steered";
        backend.schemes = schemes;
        backend.capabilities = capabilities;
        backend.steer = steer;
        backend.steer_all = steer_all;
        backend.amend = amend;
        backend.pause = pause_queue;
        backend.remove_queue = remove_queue;
        backend.cancel = cancel;
        backend.task = task;
        backend.queue = queue_counts;
        CU_ASSERT_EQUAL_FATAL(weir__registry_add(&backend, NULL), 0);
    }
    CU_ASSERT_EQUAL_FATAL(weir_broker_open(&broker, "steered:store", NULL, NULL), 0);
    return broker;
}

static void
setup(void)
{
    weir_broker *broker = open_steered();

    CU_ASSERT_EQUAL_FATAL(weir_inspector_new(&inspector, broker, NULL), 0);
    weir_broker_close(broker);
    memset(&seen, 0, sizeof seen);
    seen.left = 1000;
    weir_error_clear(&error);
}

static void
teardown(void)
{
    weir_inspector_free(inspector);
}

static void
each_order_has_its_result_and_a_reason_in_words(void)
{
    weir_order orders[] = {{.id = "a"}, {.id = "active"}, {.id = "gone"}, {.id = "fled"}};

    CU_ASSERT_EQUAL(weir_steer_tasks(inspector, WEIR_VERB_ARCHIVE, "q", orders, 4, &error), 0);
    CU_ASSERT_EQUAL(orders[0].result, 0);
    CU_ASSERT_PTR_NULL(orders[0].reason);
    CU_ASSERT_EQUAL(orders[1].result, WEIR_E_STATE);
    CU_ASSERT_STRING_EQUAL(orders[1].reason, "task is running: it can only be cancelled");
    CU_ASSERT_EQUAL(orders[2].result, WEIR_E_NO_TASK);
    CU_ASSERT_STRING_EQUAL(orders[2].reason, "task not found");
    CU_ASSERT_EQUAL(orders[3].result, WEIR_E_STATE);
    CU_ASSERT_STRING_EQUAL(orders[3].reason, weir_strerror(WEIR_E_STATE));
    CU_ASSERT_EQUAL(error.code, 0);
}

static void
the_refusal_of_one_order_is_the_call_s(void)
{
    CU_ASSERT_EQUAL(weir_steer_task(inspector, WEIR_VERB_RUN, "q", "a", &error), 0);
    CU_ASSERT_EQUAL(seen.verb, WEIR_VERB_RUN);
    CU_ASSERT_EQUAL(weir_steer_task(inspector, WEIR_VERB_RUN, "q", "active", &error), WEIR_E_STATE);
    CU_ASSERT_STRING_EQUAL(error.text, "queue \"q\", task \"active\": task is already running");
}

static void
many_orders_go_in_batches_and_end_at_a_failure(void)
{
    static weir_order orders[1200];

    for (size_t i = 0; i < 1200; i++)
        orders[i] = (weir_order){.id = "a", .result = 1};
    CU_ASSERT_EQUAL(weir_steer_tasks(inspector, WEIR_VERB_DELETE, "q", orders, 1200, NULL), 0);
    CU_ASSERT_EQUAL(seen.calls, 3);
    CU_ASSERT_EQUAL(seen.sizes[0] + seen.sizes[1] + seen.sizes[2], 1200);
    seen.calls = 0;
    seen.fails_at = 2;
    CU_ASSERT_EQUAL(weir_steer_tasks(inspector, WEIR_VERB_DELETE, "q", orders, 1200, &error),
                    WEIR_E_BUSY);
    CU_ASSERT_STRING_EQUAL(error.text, "somebody else is at it");
    CU_ASSERT_EQUAL(seen.calls, 2);
    CU_ASSERT_EQUAL(orders[0].result, 0);
    CU_ASSERT_EQUAL(orders[seen.sizes[0]].result, WEIR_E_BUSY);
    CU_ASSERT_EQUAL(orders[1199].result, WEIR_E_BUSY);
    CU_ASSERT_STRING_EQUAL(orders[1199].reason, weir_strerror(WEIR_E_BUSY));
}

static int
add_up(void *arg, size_t done)
{
    *(size_t *)arg = done;
    return done >= 300 ? WEIR_E_CANCELED : 0;
}

static void
all_of_a_state_goes_in_steps_of_the_pace(void)
{
    const weir_pace pace = {.step = 400};
    size_t done = 7;

    seen.left = 5000; /* others put more there meanwhile: as many as there were are done */
    CU_ASSERT_EQUAL(
        weir_steer_all(inspector, WEIR_VERB_RUN, "q", WEIR_STATE_RETRY, NULL, &pace, &done, NULL),
        0);
    CU_ASSERT_EQUAL(done, 1000);
    CU_ASSERT_EQUAL(seen.calls, 3);
    CU_ASSERT_EQUAL(seen.sizes[0], 400);
    CU_ASSERT_EQUAL(seen.sizes[2], 200);
}

static void
all_of_a_state_ends_where_there_are_no_more(void)
{
    const weir_pace pace = {.step = 400};
    size_t done = 7;

    seen.left = 450;
    CU_ASSERT_EQUAL(
        weir_steer_all(inspector, WEIR_VERB_RUN, "q", WEIR_STATE_RETRY, NULL, &pace, &done, NULL),
        0);
    CU_ASSERT_EQUAL(done, 450);
    CU_ASSERT_EQUAL(seen.calls, 2);
    seen.calls = 0;
    CU_ASSERT_EQUAL(weir_steer_all(inspector, WEIR_VERB_DELETE, "q", WEIR_STATE_ARCHIVED, NULL,
                                   NULL, &done, NULL),
                    0);
    CU_ASSERT_EQUAL(done, 0);
    CU_ASSERT_EQUAL(seen.calls, 0); /* the queue has none */
}

static void
progress_can_end_the_work(void)
{
    size_t told = 0, done = 0;
    const weir_pace pace = {.step = 100, .progress = add_up, .arg = &told};

    CU_ASSERT_EQUAL(weir_steer_all(inspector, WEIR_VERB_ARCHIVE, "q", WEIR_STATE_RETRY, NULL, &pace,
                                   &done, &error),
                    WEIR_E_CANCELED);
    CU_ASSERT_EQUAL(told, 300);
    CU_ASSERT_EQUAL(done, 300);
    CU_ASSERT_STRING_EQUAL(error.text, "ended after 300 tasks");
}

static void
what_is_done_is_told_on_failure_too(void)
{
    const weir_pace pace = {.step = 100};
    size_t done = 0;

    seen.fails_at = 3;
    CU_ASSERT_EQUAL(weir_steer_all(inspector, WEIR_VERB_ARCHIVE, "q", WEIR_STATE_RETRY, NULL, &pace,
                                   &done, NULL),
                    WEIR_E_BUSY);
    CU_ASSERT_EQUAL(done, 200);
}

static void
orders_that_fit_no_state_are_refused_unasked(void)
{
    static const struct {
        weir_verb verb;
        weir_state state;
        int code;
    } refused[] = {
        {WEIR_VERB_RUN, WEIR_STATE_PENDING, WEIR_E_STATE},
        {WEIR_VERB_RUN, WEIR_STATE_ACTIVE, WEIR_E_STATE},
        {WEIR_VERB_RUN, WEIR_STATE_COMPLETED, WEIR_E_STATE},
        {WEIR_VERB_ARCHIVE, WEIR_STATE_ARCHIVED, WEIR_E_STATE},
        {WEIR_VERB_ARCHIVE, WEIR_STATE_COMPLETED, WEIR_E_STATE},
        {WEIR_VERB_DELETE, WEIR_STATE_ACTIVE, WEIR_E_STATE},
        {(weir_verb)9, WEIR_STATE_RETRY, WEIR_E_INVALID},
        {WEIR_VERB_RUN, WEIR_STATE_NONE, WEIR_E_INVALID},
    };

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        CU_ASSERT_FALSE(weir_steer_allows(refused[i].verb, refused[i].state));
        CU_ASSERT_EQUAL(weir_steer_all(inspector, refused[i].verb, "q", refused[i].state, NULL,
                                       NULL, NULL, NULL),
                        refused[i].code);
    }
    CU_ASSERT_TRUE(weir_steer_allows(WEIR_VERB_DELETE, WEIR_STATE_COMPLETED));
    CU_ASSERT_EQUAL(weir_steer_all(inspector, WEIR_VERB_RUN, "gone", WEIR_STATE_RETRY, NULL, NULL,
                                   NULL, &error),
                    WEIR_E_NO_QUEUE);
    CU_ASSERT_EQUAL(seen.calls, 0);
}

static void
a_queue_is_removed_in_steps_until_it_is_gone(void)
{
    const weir_pace pace = {.step = 300};
    size_t done = 0;

    CU_ASSERT_EQUAL(weir_remove_queue(inspector, "q", true, &pace, &done, NULL), 0);
    CU_ASSERT_TRUE(seen.force);
    CU_ASSERT_EQUAL(done, 1000);
    CU_ASSERT_EQUAL(seen.calls, 4);
}

static void
changes_of_a_task_are_checked_and_passed_on(void)
{
    CU_ASSERT_EQUAL(weir_reschedule_task(inspector, "q", "1", 77, NULL), 0);
    CU_ASSERT_EQUAL(seen.at_ms, 77);
    CU_ASSERT_EQUAL(seen.payload_len, 99); /* none */
    CU_ASSERT_EQUAL(weir_update_task(inspector, "q", "1", "", 0, NULL), 0);
    CU_ASSERT_EQUAL(seen.payload_len, 0);
    CU_ASSERT_EQUAL(seen.at_ms, 0);
    CU_ASSERT_EQUAL(weir_cancel_task(inspector, "q", "1", WEIR_CANCEL_REVOKE, NULL), 0);
    CU_ASSERT_EQUAL(seen.mode, WEIR_CANCEL_REVOKE);
    CU_ASSERT_EQUAL(weir_pause_queue(inspector, "q", NULL), 0);
    CU_ASSERT_TRUE(seen.paused);
    CU_ASSERT_EQUAL(weir_resume_queue(inspector, "q", NULL), 0);
    CU_ASSERT_FALSE(seen.paused);
    CU_ASSERT_EQUAL(seen.calls, 5);
    CU_ASSERT_EQUAL(weir_reschedule_task(inspector, "q", "1", 0, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_update_task(inspector, "q", "1", NULL, 0, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_update_task(inspector, "q", "1", "", (size_t)WEIR_PAYLOAD_MAX + 1, NULL),
                    WEIR_E_TOO_BIG);
    CU_ASSERT_EQUAL(weir_cancel_task(inspector, "q", "1", WEIR_CANCEL_NONE, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_cancel_task(inspector, "", "1", WEIR_CANCEL_RETRY, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(seen.calls, 5);
}

static void
orders_without_an_inspector_are_refused(void)
{
    weir_order order = {.id = "1"};

    CU_ASSERT_EQUAL(weir_steer_tasks(NULL, WEIR_VERB_RUN, "q", &order, 1, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_steer_tasks(inspector, WEIR_VERB_RUN, "q", NULL, 1, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(
        weir_steer_all(NULL, WEIR_VERB_RUN, "q", WEIR_STATE_RETRY, NULL, NULL, NULL, NULL),
        WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_reschedule_task(NULL, "q", "1", 1, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_update_task(NULL, "q", "1", "", 0, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_cancel_task(NULL, "q", "1", WEIR_CANCEL_RETRY, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_pause_queue(NULL, "q", NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_resume_queue(NULL, "q", NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_remove_queue(NULL, "q", true, NULL, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(seen.calls, 0);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(each_order_has_its_result_and_a_reason_in_words),
    HARNESS_TEST(the_refusal_of_one_order_is_the_call_s),
    HARNESS_TEST(many_orders_go_in_batches_and_end_at_a_failure),
    HARNESS_TEST(all_of_a_state_goes_in_steps_of_the_pace),
    HARNESS_TEST(all_of_a_state_ends_where_there_are_no_more),
    HARNESS_TEST(progress_can_end_the_work),
    HARNESS_TEST(what_is_done_is_told_on_failure_too),
    HARNESS_TEST(orders_that_fit_no_state_are_refused_unasked),
    HARNESS_TEST(a_queue_is_removed_in_steps_until_it_is_gone),
    HARNESS_TEST(changes_of_a_task_are_checked_and_passed_on),
    HARNESS_TEST(orders_without_an_inspector_are_refused),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(steer, tests, setup, teardown);

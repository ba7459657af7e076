/* SPDX-License-Identifier: MIT */
/*
 * The testing mode as its users have it: through the public headers, on the broker that WEIR_TESTING_URL names (default:
 * what there is without a URL).
 */
#include <config.h>

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir.h>
#include <weir/testing.h>

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static weir_testing *testing;
static weir_mux *mux;
static weir_error err;
static weir_tally tally;
static int calls;
static int seen_code; /* what a handler saw */
static int changes;
static int64_t told_ms;

static bool
on_redis(void)
{
    const char *url = getenv("WEIR_TESTING_URL");

    return url != NULL && strncmp(url, "redis", 5) == 0;
}

static void
reopen(weir_testing_options options)
{
    weir_testing_free(testing);
    options.url = getenv("WEIR_TESTING_URL");
    weir_error_clear(&err);
    CU_ASSERT_EQUAL_FATAL(weir_testing_new(&testing, mux, &options, &err), 0);
    CU_ASSERT_EQUAL_FATAL(weir_testing_clear(testing, &err), 0);
}

static int
enqueue(weir_task task)
{
    weir_error_clear(&err);
    return weir_enqueue(weir_testing_client(testing), &task, NULL, &err);
}

static int
enqueue_type(const char *type)
{
    return enqueue((weir_task){.type = type, .payload = "x", .payload_len = 1});
}

static bool
shows_half(const weir_task_info *task, void *arg)
{
    (void)arg;
    return task->state == WEIR_STATE_ACTIVE && task->result != NULL && task->result_len == 4 &&
           memcmp(task->result, "half", 4) == 0;
}

/* ---- handlers ---- */

static weir_outcome
done(weir_context *ctx, const weir_task_info *task, void *arg)
{
    (void)arg;
    calls++;
    told_ms = weir_testing_now_ms(testing);
    return weir_context_set_result(ctx, task->type, strlen(task->type), NULL) == 0 ? WEIR_DONE
                                                                                   : WEIR_RETRY;
}

static weir_outcome
fail(weir_context *ctx, const weir_task_info *task, void *arg)
{
    (void)arg;
    calls++;
    return weir_fail(ctx, "broken %d", task->retried);
}

static weir_outcome
skip(weir_context *ctx, const weir_task_info *task, void *arg)
{
    (void)task;
    (void)arg;
    return weir_skip_retry(ctx, "never");
}

static weir_outcome
snooze(weir_context *ctx, const weir_task_info *task, void *arg)
{
    (void)task;
    (void)arg;
    return ++calls > 1 ? WEIR_DONE : weir_snooze(ctx, HOUR);
}

static weir_outcome
parent(weir_context *ctx, const weir_task_info *task, void *arg)
{
    const weir_task child = {.type = arg != NULL ? arg : "done", .queue = "children"};

    (void)ctx;
    (void)task;
    calls++;
    return weir_enqueue(weir_testing_client(testing), &child, NULL, NULL) == 0 ? WEIR_DONE
                                                                               : WEIR_RETRY;
}

static weir_outcome
wait_long(weir_context *ctx, const weir_task_info *task, void *arg)
{
    (void)task;
    (void)arg;
    seen_code = weir_context_wait(ctx, 10 * MINUTE);
    return seen_code == 0 ? WEIR_DONE : WEIR_RETRY;
}

static weir_outcome
wait_for_ever(weir_context *ctx, const weir_task_info *task, void *arg)
{
    (void)task;
    (void)arg;
    seen_code = weir_context_wait(ctx, -1);
    return WEIR_RETRY;
}

static weir_outcome
overdo(weir_context *ctx, const weir_task_info *task, void *arg)
{
    (void)task;
    (void)arg;
    weir_testing_advance(testing, HOUR, NULL);
    seen_code = weir_context_cancelled(ctx);
    return WEIR_DONE;
}

static weir_outcome
cancel_self(weir_context *ctx, const weir_task_info *task, void *arg)
{
    (void)arg;
    weir_cancel_task(weir_testing_inspector(testing), task->queue, task->id, WEIR_CANCEL_REVOKE,
                     NULL);
    seen_code = weir_context_wait(ctx, 1000);
    return WEIR_RETRY;
}

static weir_outcome
show_half(weir_context *ctx, const weir_task_info *task, void *arg)
{
    const weir_match half = {.where = shows_half};

    (void)task;
    (void)arg;
    CU_ASSERT_EQUAL(weir_context_show_result(ctx, "half", 4, NULL), 0);
    seen_code = weir_testing_expect(testing, &half, NULL);
    return WEIR_DONE;
}

static weir_outcome
show_late(weir_context *ctx, const weir_task_info *task, void *arg)
{
    (void)task;
    (void)arg;
    weir_testing_advance(testing, HOUR, NULL);
    return weir_context_show_result(ctx, "late", 4, NULL) == 0 ? WEIR_DONE : WEIR_RETRY;
}

static weir_outcome
nest(weir_context *ctx, const weir_task_info *task, void *arg)
{
    (void)ctx;
    (void)task;
    (void)arg;
    seen_code = weir_testing_drain(testing, NULL, NULL, NULL);
    CU_ASSERT_EQUAL(weir_testing_run(testing, NULL, NULL, NULL), WEIR_E_STATE);
    CU_ASSERT_EQUAL(weir_testing_elapse(testing, 1, NULL, NULL), WEIR_E_STATE);
    CU_ASSERT_EQUAL(weir_testing_clear(testing, NULL), WEIR_E_STATE);
    CU_ASSERT_EQUAL(weir_testing_perform(testing, &(weir_task){.type = "done"}, NULL, NULL),
                    WEIR_E_STATE);
    return WEIR_DONE;
}

static weir_outcome
count_and_go_on(weir_context *ctx, const weir_task_info *task, weir_next *next, void *arg)
{
    ++*(int *)arg;
    return weir_next_run(next, ctx, task);
}

static int
join(const weir_group *group, weir_task *task, void *arg, weir_error *error)
{
    char *text = weir_group_alloc(group, 16);

    (void)arg;
    if (weir_testing_advance(testing, 1, NULL) != WEIR_E_STATE) {
        return weir_error_set(error, WEIR_E_INTERNAL, "time passed inside an aggregator");
    }
    snprintf(text, 16, "%zu", group->count);
    task->type = "done";
    task->payload = text;
    task->payload_len = strlen(text);
    return 0;
}

static void
on_change(const weir_change_event *event, void *arg)
{
    (void)event;
    (void)arg;
    changes++;
}

static int layers;

static void
set_up(void)
{
    static const struct {
        const char *type;
        weir_handler handler;
        void *arg;
    } handlers[] = {
        {"done", done, NULL},           {"fail", fail, NULL},
        {"skip", skip, NULL},           {"snooze", snooze, NULL},
        {"parent", parent, NULL},       {"endless", parent, (void *)"endless"},
        {"wait", wait_long, NULL},      {"for_ever", wait_for_ever, NULL},
        {"overdo", overdo, NULL},       {"cancel_self", cancel_self, NULL},
        {"nest", nest, NULL},           {"show", show_half, NULL},
        {"show_late", show_late, NULL},
    };

    calls = changes = layers = 0;
    seen_code = 1;
    mux = weir_mux_new();
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        weir_mux_handle(mux, handlers[i].type, handlers[i].handler, handlers[i].arg, NULL);
    }
    weir_mux_use(mux, count_and_go_on, &layers, NULL);
    weir_mux_aggregate(mux, "part", join, NULL, NULL);
    reopen((weir_testing_options){0});
}

static void
tear_down(void)
{
    weir_testing_free(testing);
    weir_mux_free(mux);
    testing = NULL;
    mux = NULL;
}

static int
expect(weir_match match)
{
    weir_error_clear(&err);
    return weir_testing_expect(testing, &match, &err);
}

static size_t
count(weir_match match)
{
    size_t n = 99;

    CU_ASSERT_EQUAL(weir_testing_count(testing, &match, &n, NULL), 0);
    return n;
}

/* ---- collecting ---- */

static bool
has_no_headers(const weir_task_info *task, void *arg)
{
    size_t n;

    /* It may ask for more. */
    CU_ASSERT_EQUAL(weir_testing_count(testing, NULL, &n, NULL), 0);
    return task->header_count == *(size_t *)arg;
}

static void
each_criterion_finds_its_task_and_refuses_others(void)
{
    static const weir_header header = {"tenant", "acme"}, any = {"tenant", NULL},
                             other = {"tenant", "else"};
    size_t one = 1, two = 2;
    const weir_match fits[] = {
        {.type = "mail"},
        {.queue = "low"},
        {.id = "m1"},
        {.state = WEIR_STATE_SCHEDULED},
        {.text = "{\"user\":7,\"tags\":[\"a\",{\"b\":1}]}"},
        {.payload = "{\"user\":7,\"tags\":[\"a\",{\"b\":1}]}", .payload_len = 31},
        {.contains = "\"user\":7"},
        {.json = "{\"user\":7.0}"},
        {.json = "{\"tags\":[\"a\",{}]}"},
        {.header = &header},
        {.header = &any},
        {.process_at_ms = WEIR_TESTING_START_MS + MINUTE},
        {.process_in_ms = MINUTE},
        {.where = has_no_headers, .arg = &one},
    };
    const weir_match wrong[] = {
        {.type = "mai"},
        {.queue = "default"},
        {.id = "m2"},
        {.group = "g"},
        {.state = WEIR_STATE_PENDING},
        {.text = "{"},
        {.payload = "{", .payload_len = 1},
        {.contains = "\"user\":8"},
        {.json = "{\"user\":8}"},
        {.json = "{\"tags\":[\"a\"]}"},
        {.json = "[]"},
        {.json = "{\"none\":null}"},
        {.header = &other},
        {.process_at_ms = WEIR_TESTING_START_MS},
        {.process_in_ms = MINUTE + 1},
        {.error = ""},
        {.where = has_no_headers, .arg = &two},
    };

    CU_ASSERT_EQUAL(enqueue((weir_task){.type = "mail",
                                        .queue = "low",
                                        .id = "m1",
                                        .process_in_ms = MINUTE,
                                        .headers = &header,
                                        .header_count = 1,
                                        .payload = "{\"user\":7,\"tags\":[\"a\",{\"b\":1}]}",
                                        .payload_len = 31}),
                    0);
    for (size_t i = 0; i < sizeof(fits) / sizeof(fits[0]); i++) {
        CU_ASSERT_EQUAL(expect(fits[i]), 0);
        CU_ASSERT_EQUAL(err.code, 0);
        CU_ASSERT_EQUAL(weir_testing_expect_none(testing, &fits[i], NULL), WEIR_E_MISMATCH);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CU_ASSERT_EQUAL(expect(wrong[i]), WEIR_E_MISMATCH);
        CU_ASSERT_EQUAL(weir_testing_expect_none(testing, &wrong[i], NULL), 0);
    }
}

static void
a_mismatch_names_the_closest_task_and_what_is_different(void)
{
    CU_ASSERT_EQUAL(expect((weir_match){.type = "mail"}), WEIR_E_MISMATCH);
    CU_ASSERT_STRING_EQUAL(err.text, "no task with type \"mail\"; there are no tasks");
    enqueue((weir_task){.type = "done", .id = "far"});
    enqueue((weir_task){
        .type = "mail", .id = "near", .payload = "{\"user\":\"ada\"}", .payload_len = 14});
    CU_ASSERT_EQUAL(expect((weir_match){.type = "mail", .json = "{\"user\":\"bob\"}"}),
                    WEIR_E_MISMATCH);
    CU_ASSERT_STRING_EQUAL(
        err.text, "no task with type \"mail\" and json {\"user\":\"bob\"}; the closest of 2: "
                  "\"mail\" near in default, pending: json is {\"user\":\"ada\"}");
}

static void
a_wrong_number_names_what_there_is(void)
{
    const weir_match match = {.type = "mail"};

    enqueue((weir_task){.type = "mail", .id = "a"});
    enqueue((weir_task){.type = "mail", .id = "b"});
    CU_ASSERT_EQUAL(weir_testing_expect_count(testing, &match, 2, NULL), 0);
    weir_error_clear(&err);
    CU_ASSERT_EQUAL(weir_testing_expect_none(testing, &match, &err), WEIR_E_MISMATCH);
    CU_ASSERT_STRING_EQUAL(err.text,
                           "2 instead of 0 tasks with type \"mail\": \"mail\" a in default, "
                           "pending; \"mail\" b in default, pending");
    CU_ASSERT_EQUAL(weir_testing_expect_count(testing, &match, 3, NULL), WEIR_E_MISMATCH);
}

static void
lists_have_every_queue_and_state_and_more_than_a_page(void)
{
    weir_task_list *list;

    for (int i = 0; i < 1200; i++) {
        enqueue((weir_task){.type = "many", .queue = i % 2 != 0 ? "odd" : "even"});
    }
    size_t grouped = enqueue((weir_task){.type = "part", .group = "g"}) == 0 ? 1 : 0;
    enqueue((weir_task){.type = "later", .process_in_ms = 5});
    CU_ASSERT_EQUAL(count((weir_match){0}), 1201 + grouped);
    CU_ASSERT_EQUAL(count((weir_match){.queue = "odd"}), 600);
    CU_ASSERT_EQUAL(count((weir_match){.group = "g", .state = WEIR_STATE_AGGREGATING}), grouped);
    CU_ASSERT_EQUAL_FATAL(weir_testing_list(testing, NULL, &list, NULL), 0);
    CU_ASSERT_EQUAL(list->count, 1201 + grouped);
    CU_ASSERT_STRING_EQUAL(list->items[0]->queue, "default");
    CU_ASSERT_EQUAL(list->items[0]->state, WEIR_STATE_SCHEDULED);
    weir_task_list_free(list);
}

static void
a_cleared_store_is_empty_and_its_locks_are_free(void)
{
    const weir_task task = {.type = "once", .unique_ms = HOUR};

    CU_ASSERT_EQUAL(enqueue(task), 0);
    CU_ASSERT_EQUAL(enqueue(task), WEIR_E_DUPLICATE);
    CU_ASSERT_EQUAL(weir_testing_clear(testing, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){0}), 0);
    CU_ASSERT_EQUAL(enqueue(task), 0);
}

static void
a_match_that_is_none_is_refused(void)
{
    CU_ASSERT_EQUAL(expect((weir_match){.json = "{nonsense"}), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(expect((weir_match){.reserved = {0, 1}}), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(expect((weir_match){.header = &(weir_header){0}}), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_testing_list(testing, NULL, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_testing_count(testing, NULL, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_testing_expect(NULL, NULL, NULL), WEIR_E_INVALID);
}

/* ---- running ---- */

static void
a_task_is_performed_without_the_store(void)
{
    const weir_attempt *attempt;
    const weir_task task = {.type = "done", .id = "p1"};

    CU_ASSERT_EQUAL_FATAL(weir_testing_perform(testing, &task, &attempt, &err), 0);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_DONE);
    CU_ASSERT_STRING_EQUAL(attempt->task->id, "p1");
    CU_ASSERT_EQUAL(attempt->result_len, 4);
    CU_ASSERT_EQUAL(memcmp(attempt->result, "done", 4), 0);
    CU_ASSERT_EQUAL(layers, 1);
    CU_ASSERT_EQUAL(count((weir_match){0}), 0);
    CU_ASSERT_EQUAL_FATAL(
        weir_testing_perform(testing, &(weir_task){.type = "fail"}, &attempt, NULL), 0);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_RETRY);
    CU_ASSERT_STRING_EQUAL(attempt->error, "broken 0");
    CU_ASSERT_TRUE(attempt->at_ms >= WEIR_TESTING_START_MS + 15000);
    CU_ASSERT_EQUAL(weir_testing_perform(testing,
                                         &(weir_task){.type = "fail", .max_retry = WEIR_NO_RETRY},
                                         &attempt, NULL),
                    0);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_EXHAUSTED);
    CU_ASSERT_EQUAL(weir_testing_perform(testing, &(weir_task){0}, &attempt, NULL), WEIR_E_INVALID);
    CU_ASSERT_PTR_NULL(attempt);
}

static void
a_type_without_handler_fails_as_in_a_server(void)
{
    const weir_attempt *attempt;

    CU_ASSERT_EQUAL_FATAL(
        weir_testing_perform(testing, &(weir_task){.type = "what"}, &attempt, NULL), 0);
    CU_ASSERT_STRING_EQUAL(attempt->error, "handler not found for task \"what\"");
}

static void
one_task_is_run_and_is_where_a_server_would_put_it(void)
{
    const weir_attempt *attempt;

    enqueue((weir_task){.type = "done", .id = "1", .retention_ms = HOUR});
    enqueue((weir_task){.type = "fail", .id = "2"});
    enqueue((weir_task){.type = "skip", .id = "3"});
    enqueue((weir_task){.type = "done", .id = "4"});
    CU_ASSERT_EQUAL_FATAL(weir_testing_run(testing, NULL, &attempt, &err), 0);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_COMPLETED);
    CU_ASSERT_EQUAL(attempt->at_ms, WEIR_TESTING_START_MS + HOUR);
    CU_ASSERT_EQUAL(expect((weir_match){.id = "1", .state = WEIR_STATE_COMPLETED}), 0);
    CU_ASSERT_EQUAL(expect((weir_match){.id = "2", .state = WEIR_STATE_PENDING}), 0);
    CU_ASSERT_EQUAL(weir_testing_run(testing, "default", NULL, NULL), 0);
    CU_ASSERT_EQUAL(expect((weir_match){.id = "2", .state = WEIR_STATE_RETRY, .error = "broken 0"}),
                    0);
    CU_ASSERT_EQUAL_FATAL(weir_testing_run(testing, NULL, &attempt, NULL), 0);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_ARCHIVED);
    CU_ASSERT_EQUAL(expect((weir_match){.id = "3", .state = WEIR_STATE_ARCHIVED}), 0);
    CU_ASSERT_EQUAL(weir_testing_run(testing, NULL, NULL, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){.id = "4"}), 0);
    CU_ASSERT_EQUAL(weir_testing_run(testing, NULL, &attempt, NULL), WEIR_E_NO_TASK);
    CU_ASSERT_PTR_NULL(attempt);
    CU_ASSERT_EQUAL(weir_testing_run(testing, "none", NULL, NULL), WEIR_E_NO_TASK);
}

static void
a_drain_runs_what_handlers_enqueue_too(void)
{
    enqueue_type("parent");
    enqueue_type("parent");
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, &err), 0);
    CU_ASSERT_EQUAL(tally.attempts, 4);
    CU_ASSERT_EQUAL(tally.done, 4);
    CU_ASSERT_EQUAL(calls, 4);
    CU_ASSERT_EQUAL(count((weir_match){0}), 0);
}

static void
a_drain_of_one_queue_leaves_the_others(void)
{
    enqueue_type("parent");
    CU_ASSERT_EQUAL(weir_testing_drain(testing, "default", &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.attempts, 1);
    CU_ASSERT_EQUAL(expect((weir_match){.queue = "children", .state = WEIR_STATE_PENDING}), 0);
    CU_ASSERT_EQUAL(weir_testing_drain(testing, "children", &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.done, 1);
}

static void
a_task_that_enqueues_itself_for_ever_ends_in_an_error(void)
{
    reopen((weir_testing_options){.most_attempts = 20});
    enqueue_type("endless");
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, &err), WEIR_E_TIMEOUT);
    CU_ASSERT_EQUAL(tally.attempts, 20);
    CU_ASSERT_EQUAL(count((weir_match){.state = WEIR_STATE_PENDING}), 1);
}

static void
a_paused_queue_gives_nothing(void)
{
    enqueue_type("done");
    CU_ASSERT_EQUAL(weir_pause_queue(weir_testing_inspector(testing), "default", NULL), 0);
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.attempts, 0);
    CU_ASSERT_EQUAL(weir_resume_queue(weir_testing_inspector(testing), "default", NULL), 0);
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.attempts, 1);
}

static void
options_of_the_server_hold(void)
{
    static const weir_queue_weight queues[] = {{"low", 1}, {"high", 9}};
    const weir_server_options server = {.queues = queues,
                                        .queue_count = 2,
                                        .strict_priority = true,
                                        .retry = {.kind = WEIR_RETRY_KIND_FIXED, .base_ms = 7000},
                                        .on_change = on_change};
    const weir_attempt *attempt;

    reopen((weir_testing_options){.server = &server});
    enqueue((weir_task){.type = "done", .queue = "other"});
    enqueue((weir_task){.type = "done", .queue = "low"});
    enqueue((weir_task){.type = "fail", .queue = "high"});
    CU_ASSERT_EQUAL_FATAL(weir_testing_run(testing, NULL, &attempt, NULL), 0);
    CU_ASSERT_STRING_EQUAL(attempt->task->queue, "high");
    CU_ASSERT_EQUAL(attempt->at_ms, WEIR_TESTING_START_MS + 7000);
    CU_ASSERT_EQUAL(changes, 1);
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.attempts, 1);
    CU_ASSERT_EQUAL(count((weir_match){.queue = "other"}), 1);
    CU_ASSERT_EQUAL(weir_testing_drain(testing, "other", NULL, NULL), WEIR_E_INVALID);
}

static void
handlers_cannot_run_others_inside(void)
{
    enqueue_type("nest");
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.done, 1);
    CU_ASSERT_EQUAL(seen_code, WEIR_E_STATE);
}

static void
a_handler_shows_a_result_before_it_ends(void)
{
    const weir_attempt *attempt;

    enqueue_type("show");
    CU_ASSERT_EQUAL_FATAL(weir_testing_run(testing, NULL, &attempt, &err), 0);
    CU_ASSERT_EQUAL(seen_code, 0);
    CU_ASSERT_EQUAL(attempt->result_len, 4);
    CU_ASSERT_EQUAL_FATAL(
        weir_testing_perform(testing, &(weir_task){.type = "show"}, &attempt, NULL), 0);
    CU_ASSERT_EQUAL(seen_code, WEIR_E_MISMATCH);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_DONE);
}

static void
a_handler_that_was_given_up_can_still_call(void)
{
    enqueue((weir_task){.type = "show_late", .timeout_ms = MINUTE, .retention_ms = DAY});
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, &err), 0);
    CU_ASSERT_EQUAL(tally.retry, 1);
}

static void
without_a_mux_nothing_runs(void)
{
    weir_testing *collector;
    const weir_testing_options options = {.url = getenv("WEIR_TESTING_URL")};

    CU_ASSERT_EQUAL_FATAL(weir_testing_new(&collector, NULL, &options, NULL), 0);
    CU_ASSERT_EQUAL(weir_testing_run(collector, NULL, NULL, NULL), WEIR_E_STATE);
    CU_ASSERT_EQUAL(weir_testing_drain(collector, NULL, NULL, NULL), WEIR_E_STATE);
    CU_ASSERT_EQUAL(weir_testing_elapse(collector, 1, NULL, NULL), WEIR_E_STATE);
    CU_ASSERT_EQUAL(weir_testing_advance(collector, 1, NULL), 0);
    weir_testing_free(collector);
    weir_testing_free(NULL);
}

static void
options_that_are_none_are_refused(void)
{
    weir_testing *none;

    CU_ASSERT_EQUAL(weir_testing_new(NULL, NULL, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_testing_new(&none, NULL, &(weir_testing_options){.reserved = {1}}, NULL),
                    WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_testing_new(&none, NULL, &(weir_testing_options){.start_at_ms = -1}, NULL),
                    WEIR_E_INVALID);
    CU_ASSERT_EQUAL(
        weir_testing_new(&none, NULL, &(weir_testing_options){.url = "nonsense:"}, NULL),
        WEIR_E_URL);
    CU_ASSERT_PTR_NULL(none);
    CU_ASSERT_EQUAL(weir_testing_new(&none, NULL,
                                     &(weir_testing_options){
                                         .url = getenv("WEIR_TESTING_URL"),
                                         .server = &(weir_server_options){.archive_max = -7}},
                                     NULL),
                    WEIR_E_INVALID);
    CU_ASSERT_PTR_NULL(none);
}

/* ---- time ---- */

static void
time_makes_scheduled_tasks_pending_at_their_time(void)
{
    enqueue((weir_task){.type = "done", .id = "s", .process_in_ms = HOUR});
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.attempts, 0);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, HOUR - 1, NULL), 0);
    CU_ASSERT_EQUAL(expect((weir_match){.id = "s", .state = WEIR_STATE_SCHEDULED}), 0);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 1, NULL), 0);
    CU_ASSERT_EQUAL(expect((weir_match){.id = "s", .state = WEIR_STATE_PENDING}), 0);
    CU_ASSERT_EQUAL(weir_testing_now_ms(testing), WEIR_TESTING_START_MS + HOUR);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, -1, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, INT64_MAX, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_testing_elapse(testing, -1, NULL, NULL), WEIR_E_INVALID);
}

static void
handlers_run_at_their_time_while_it_elapses(void)
{
    enqueue((weir_task){.type = "done", .process_in_ms = HOUR});
    CU_ASSERT_EQUAL(weir_testing_elapse(testing, 3 * HOUR, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.done, 1);
    CU_ASSERT_EQUAL(told_ms, WEIR_TESTING_START_MS + HOUR);
    CU_ASSERT_EQUAL(weir_testing_now_ms(testing), WEIR_TESTING_START_MS + 3 * HOUR);
}

static void
retries_are_made_until_they_are_used_up(void)
{
    enqueue((weir_task){.type = "fail", .id = "f", .max_retry = 3});
    CU_ASSERT_EQUAL(weir_testing_elapse(testing, DAY, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.attempts, 4);
    CU_ASSERT_EQUAL(tally.retry, 3);
    CU_ASSERT_EQUAL(tally.exhausted, 1);
    CU_ASSERT_EQUAL(expect((weir_match){.id = "f", .state = WEIR_STATE_ARCHIVED, .error = "3"}), 0);
}

static void
a_snoozed_task_waits_for_its_time(void)
{
    enqueue_type("snooze");
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.postponed, 1);
    CU_ASSERT_EQUAL(expect((weir_match){.process_in_ms = HOUR, .state = WEIR_STATE_RETRY}), 0);
    CU_ASSERT_EQUAL(weir_testing_elapse(testing, HOUR, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.done, 1);
}

static void
what_was_kept_for_long_enough_is_gone(void)
{
    enqueue((weir_task){.type = "done", .id = "kept", .retention_ms = HOUR});
    enqueue((weir_task){.type = "skip", .id = "archived"});
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, HOUR - 1000, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){0}), 2);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 2000, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){.id = "kept"}), 0);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 91 * DAY, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){0}), 0);
}

static void
what_has_a_time_of_its_own_in_the_archive_is_kept_for_that(void)
{
    enqueue((weir_task){.type = "skip", .id = "short", .archive_for_ms = HOUR});
    enqueue((weir_task){.type = "fail", .id = "long", .max_retry = 1, .archive_for_ms = 100 * DAY});
    enqueue((weir_task){.type = "fail", .id = "age", .max_retry = WEIR_NO_RETRY});
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(weir_testing_elapse(testing, HOUR / 2, &tally, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){.state = WEIR_STATE_ARCHIVED}), 3);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, HOUR / 2 + 10000, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){.id = "short"}), 0);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 91 * DAY, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){.id = "age"}), 0);
    CU_ASSERT_EQUAL(count((weir_match){.id = "long"}), 1);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 10 * DAY, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){0}), 0);
}

static void
a_unique_lock_ends_with_its_time(void)
{
    const weir_task task = {.type = "once", .unique_ms = HOUR};

    if (on_redis())
        HARNESS_SKIP("locks end by Redis's clock");
    CU_ASSERT_EQUAL(enqueue(task), 0);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, HOUR - 1, NULL), 0);
    CU_ASSERT_EQUAL(enqueue(task), WEIR_E_DUPLICATE);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 1, NULL), 0);
    CU_ASSERT_EQUAL(enqueue(task), 0);
}

static void
each_tick_of_a_periodic_task_comes(void)
{
    const weir_periodic entry = {
        .id = "hourly", .spec = "30 * * * *", .task = {.type = "done", .queue = "cron"}};
    const weir_server_options server = {.periodic = &entry, .periodic_count = 1};

    reopen((weir_testing_options){.server = &server});
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 30 * MINUTE - 1, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){.queue = "cron"}), 0);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 1, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){.queue = "cron"}), 1);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, DAY, NULL), 0);
    CU_ASSERT_EQUAL(count((weir_match){.queue = "cron"}), 25);
    CU_ASSERT_EQUAL(weir_testing_elapse(testing, 30 * DAY, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.done, 25 + 30 * 24);
    CU_ASSERT_EQUAL(told_ms, WEIR_TESTING_START_MS + 31 * DAY + 30 * MINUTE);
}

static void
a_group_becomes_a_task_when_its_time_comes(void)
{
    const weir_server_options server = {.group = {.grace_ms = MINUTE, .max_size = 3}};

    reopen((weir_testing_options){.server = &server});
    if (enqueue((weir_task){.type = "part", .group = "g"}) == WEIR_E_UNSUPPORTED)
        HARNESS_SKIP("this broker has no groups");
    enqueue((weir_task){.type = "part", .group = "g", .process_in_ms = MINUTE / 2});
    CU_ASSERT_EQUAL(weir_testing_advance(testing, MINUTE + MINUTE / 2 - 1, &err), 0);
    CU_ASSERT_EQUAL(count((weir_match){.group = "g"}), 2);
    CU_ASSERT_EQUAL(weir_testing_advance(testing, 1, &err), 0);
    CU_ASSERT_EQUAL(expect((weir_match){.type = "done", .text = "2", .state = WEIR_STATE_PENDING}),
                    0);
    for (int i = 0; i < 7; i++) {
        enqueue((weir_task){.type = "part", .group = "g"});
    }
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.done, 3); /* the one from before, and two full sets */
    CU_ASSERT_EQUAL(count((weir_match){.group = "g"}), 1);
}

static void
waiting_moves_the_clock_up_to_the_deadline(void)
{
    const weir_attempt *attempt;

    enqueue((weir_task){.type = "wait", .timeout_ms = HOUR});
    CU_ASSERT_EQUAL_FATAL(weir_testing_run(testing, NULL, &attempt, NULL), 0);
    CU_ASSERT_EQUAL(seen_code, 0);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_DONE);
    CU_ASSERT_EQUAL(weir_testing_now_ms(testing), WEIR_TESTING_START_MS + 10 * MINUTE);
    enqueue((weir_task){.type = "wait", .timeout_ms = MINUTE});
    CU_ASSERT_EQUAL_FATAL(weir_testing_run(testing, NULL, &attempt, NULL), 0);
    CU_ASSERT_EQUAL(seen_code, WEIR_E_DEADLINE);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_RETRY);
    CU_ASSERT_STRING_EQUAL(attempt->error, "context deadline exceeded");
    CU_ASSERT_EQUAL(weir_testing_now_ms(testing), WEIR_TESTING_START_MS + 11 * MINUTE);
    enqueue((weir_task){.type = "for_ever", .timeout_ms = WEIR_NO_TIMEOUT});
    CU_ASSERT_EQUAL_FATAL(weir_testing_run(testing, NULL, &attempt, NULL), 0);
    CU_ASSERT_EQUAL(seen_code, WEIR_E_CANCELED);
}

static void
a_handler_beyond_deadline_and_grace_has_failed_whatever_it_says(void)
{
    const weir_attempt *attempt;

    enqueue((weir_task){.type = "overdo", .timeout_ms = MINUTE});
    CU_ASSERT_EQUAL_FATAL(weir_testing_run(testing, NULL, &attempt, &err), 0);
    CU_ASSERT_EQUAL(seen_code, WEIR_E_DEADLINE);
    CU_ASSERT_EQUAL(attempt->change, WEIR_CHANGE_RETRY);
    CU_ASSERT_EQUAL(count((weir_match){.state = WEIR_STATE_RETRY}), 1);
    enqueue_type("done");
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, &err), 0);
    CU_ASSERT_EQUAL(tally.done, 1);
}

static void
a_task_that_is_past_its_deadline_does_not_run(void)
{
    enqueue((weir_task){.type = "done", .deadline_ms = WEIR_TESTING_START_MS + MINUTE});
    CU_ASSERT_EQUAL(weir_testing_advance(testing, HOUR, NULL), 0);
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, NULL), 0);
    CU_ASSERT_EQUAL(tally.retry, 1);
    CU_ASSERT_EQUAL(calls, 0);
}

static void
a_cancellation_is_noticed_by_waiting(void)
{
    enqueue_type("cancel_self");
    CU_ASSERT_EQUAL(weir_testing_drain(testing, NULL, &tally, &err), 0);
    CU_ASSERT_EQUAL(seen_code, WEIR_E_CANCELED);
    CU_ASSERT_EQUAL(tally.done, 1); /* revoked */
    CU_ASSERT_EQUAL(count((weir_match){0}), 0);
}

static void
the_same_seed_makes_the_same_ids(void)
{
    enum {
        RANDOM_PART = 19 /* of an id; what stands before counts up in the process */
    };
    char first[WEIR_ID_SIZE];
    weir_receipt receipt;
    const weir_task task = {.type = "x"};

    CU_ASSERT_EQUAL(weir_enqueue(weir_testing_client(testing), &task, &receipt, NULL), 0);
    snprintf(first, sizeof(first), "%s", receipt.id);
    reopen((weir_testing_options){0});
    CU_ASSERT_EQUAL(weir_enqueue(weir_testing_client(testing), &task, &receipt, NULL), 0);
    CU_ASSERT_STRING_EQUAL(receipt.id + RANDOM_PART, first + RANDOM_PART);
    reopen((weir_testing_options){.seed = 8, .start_at_ms = 1});
    CU_ASSERT_EQUAL(weir_testing_now_ms(testing), 1);
    CU_ASSERT_EQUAL(weir_enqueue(weir_testing_client(testing), &task, &receipt, NULL), 0);
    CU_ASSERT_STRING_NOT_EQUAL(receipt.id + RANDOM_PART, first + RANDOM_PART);
}

static CU_TestInfo tests[] = {
    HARNESS_TEST(each_criterion_finds_its_task_and_refuses_others),
    HARNESS_TEST(a_mismatch_names_the_closest_task_and_what_is_different),
    HARNESS_TEST(a_wrong_number_names_what_there_is),
    HARNESS_TEST(lists_have_every_queue_and_state_and_more_than_a_page),
    HARNESS_TEST(a_cleared_store_is_empty_and_its_locks_are_free),
    HARNESS_TEST(a_match_that_is_none_is_refused),
    HARNESS_TEST(a_task_is_performed_without_the_store),
    HARNESS_TEST(a_type_without_handler_fails_as_in_a_server),
    HARNESS_TEST(one_task_is_run_and_is_where_a_server_would_put_it),
    HARNESS_TEST(a_drain_runs_what_handlers_enqueue_too),
    HARNESS_TEST(a_drain_of_one_queue_leaves_the_others),
    HARNESS_TEST(a_task_that_enqueues_itself_for_ever_ends_in_an_error),
    HARNESS_TEST(a_paused_queue_gives_nothing),
    HARNESS_TEST(options_of_the_server_hold),
    HARNESS_TEST(handlers_cannot_run_others_inside),
    HARNESS_TEST(a_handler_shows_a_result_before_it_ends),
    HARNESS_TEST(a_handler_that_was_given_up_can_still_call),
    HARNESS_TEST(without_a_mux_nothing_runs),
    HARNESS_TEST(options_that_are_none_are_refused),
    HARNESS_TEST(time_makes_scheduled_tasks_pending_at_their_time),
    HARNESS_TEST(handlers_run_at_their_time_while_it_elapses),
    HARNESS_TEST(retries_are_made_until_they_are_used_up),
    HARNESS_TEST(a_snoozed_task_waits_for_its_time),
    HARNESS_TEST(what_was_kept_for_long_enough_is_gone),
    HARNESS_TEST(what_has_a_time_of_its_own_in_the_archive_is_kept_for_that),
    HARNESS_TEST(a_unique_lock_ends_with_its_time),
    HARNESS_TEST(each_tick_of_a_periodic_task_comes),
    HARNESS_TEST(a_group_becomes_a_task_when_its_time_comes),
    HARNESS_TEST(waiting_moves_the_clock_up_to_the_deadline),
    HARNESS_TEST(a_handler_beyond_deadline_and_grace_has_failed_whatever_it_says),
    HARNESS_TEST(a_task_that_is_past_its_deadline_does_not_run),
    HARNESS_TEST(a_cancellation_is_noticed_by_waiting),
    HARNESS_TEST(the_same_seed_makes_the_same_ids),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(testing, tests, set_up, tear_down);

static const struct harness_suite *const suites[] = {&suite_testing, NULL};

int
main(int argc, char **argv)
{
    return harness_main(argc, argv, suites);
}

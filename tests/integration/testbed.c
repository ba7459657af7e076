/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "testbed.h"

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

weir_testing *testing;
weir_mux *mux;
weir_error err;
weir_tally tally;
int calls;
int seen_code;
int changes;
int64_t told_ms;
int layers;

bool
on_redis(void)
{
    const char *url = getenv("WEIR_TESTING_URL");

    return url != NULL && strncmp(url, "redis", 5) == 0;
}

void
reopen(weir_testing_options options)
{
    weir_testing_free(testing);
    options.url = getenv("WEIR_TESTING_URL");
    weir_error_clear(&err);
    CU_ASSERT_EQUAL_FATAL(weir_testing_new(&testing, mux, &options, &err), 0);
    CU_ASSERT_EQUAL_FATAL(weir_testing_clear(testing, &err), 0);
}

int
enqueue(weir_task task)
{
    weir_error_clear(&err);
    return weir_enqueue(weir_testing_client(testing), &task, NULL, &err);
}

int
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

void
on_change(const weir_change_event *event, void *arg)
{
    (void)event;
    (void)arg;
    changes++;
}

void
testbed_open(void)
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

void
testbed_close(void)
{
    weir_testing_free(testing);
    weir_mux_free(mux);
    testing = NULL;
    mux = NULL;
}

int
expect(weir_match match)
{
    weir_error_clear(&err);
    return weir_testing_expect(testing, &match, &err);
}

size_t
count(weir_match match)
{
    size_t n = 99;

    CU_ASSERT_EQUAL(weir_testing_count(testing, &match, &n, NULL), 0);
    return n;
}

/* SPDX-License-Identifier: MIT */
/* What the wrappers do with lost replies, bad answers and missing capabilities. */
#include <config.h>

#include "calls.h"
#include "fake.h"
#include "harness.h"
#include "lanes.h"

#include <stdlib.h>
#include <string.h>

#define SCRIPT(...)                                                                                \
    static const struct fake_answer answers[] = {__VA_ARGS__};                                     \
    fake_script(answers, sizeof answers / sizeof answers[0])

#define LOST                                                                                       \
    {                                                                                              \
        .rc = WEIR_E_UNKNOWN, .text = "reply lost"                                                 \
    }
#define DOWN                                                                                       \
    {                                                                                              \
        .rc = WEIR_E_UNAVAILABLE, .text = "store down"                                             \
    }

static const weir_task_info task = {.id = "1", .type = "t", .queue = "q"};
static weir_enqueue_item items[3];
static weir_take_queue queue;
static weir__want want;
static weir_claim room[4];
static weir__claims claims;
static weir_broker *broker;
static weir_error error;

static void
setup(void)
{
    fake_reset(0);
    broker = fake_open(NULL);
    for (size_t i = 0; i < 3; i++)
        items[i] = (weir_enqueue_item){.task = &task};
    queue = (weir_take_queue){.name = "q", .want = 4};
    want = (weir__want){.queues = &queue, .queue_count = 1, .max = 4, .start = 4, .lease_ms = 1000};
    claims = (weir__claims){.items = room};
    weir_error_clear(&error);
}

static void
teardown(void)
{
    while (claims.count > 0)
        weir__claim_release(&claims.items[--claims.count]);
    weir_broker_close(broker);
    fake_reset(0);
}

static int
enqueue(void)
{
    return weir__enqueue(broker, items, 3, &error);
}

static int
take(void)
{
    return weir__consume(broker, NULL, 0, NULL, 0, &want, &claims, &error);
}

static bool
same_request(size_t a, size_t b)
{
    return fake.requests[a].instance == fake.requests[b].instance &&
           fake.requests[a].lane == fake.requests[b].lane &&
           fake.requests[a].number == fake.requests[b].number;
}

static void
a_lost_reply_is_asked_for_again_under_the_same_request_id(void)
{
    SCRIPT(LOST, LOST);
    CU_ASSERT_EQUAL(enqueue(), 0);
    CU_ASSERT_EQUAL(fake.calls, 3);
    CU_ASSERT_TRUE(same_request(0, 1));
    CU_ASSERT_TRUE(same_request(0, 2));
    CU_ASSERT_EQUAL(items[2].result, 0);
    CU_ASSERT_EQUAL(error.code, 0);
}

static void
each_try_knows_how_many_were_before(void)
{
    SCRIPT(LOST, LOST);
    CU_ASSERT_EQUAL(enqueue(), 0);
    CU_ASSERT_EQUAL(enqueue(), 0);
    for (uint32_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(fake.requests[i].tries, i);
    CU_ASSERT_EQUAL(fake.requests[3].tries, 0);
}

static void
one_lost_item_is_enough_for_a_resend(void)
{
    SCRIPT({.results = {0, WEIR_E_UNKNOWN, 0}});
    CU_ASSERT_EQUAL(enqueue(), 0);
    CU_ASSERT_EQUAL(fake.calls, 2);
    CU_ASSERT_EQUAL(items[1].result, 0);
}

static void
a_call_is_repeated_three_times_at_most(void)
{
    SCRIPT(LOST, LOST, LOST, LOST, LOST);
    CU_ASSERT_EQUAL(enqueue(), WEIR_E_UNKNOWN);
    CU_ASSERT_EQUAL(fake.calls, 4);
    CU_ASSERT_EQUAL(items[0].result, WEIR_E_UNKNOWN);
    CU_ASSERT_EQUAL(error.code, WEIR_E_UNKNOWN);
    CU_ASSERT_STRING_EQUAL(error.text, "reply lost");
}

static void
a_resend_that_does_not_arrive_leaves_the_outcome_unknown(void)
{
    SCRIPT(LOST, DOWN, DOWN, DOWN);
    CU_ASSERT_EQUAL(enqueue(), WEIR_E_UNKNOWN);
    CU_ASSERT_EQUAL(items[0].result, WEIR_E_UNKNOWN);
    CU_ASSERT_EQUAL(error.code, WEIR_E_UNKNOWN);
    CU_ASSERT_STRING_EQUAL(error.text, "store down");
}

static void
what_one_try_told_is_not_forgotten_by_the_next(void)
{
    SCRIPT({.rc = WEIR_E_UNKNOWN, .results = {WEIR_E_CONFLICT}}, DOWN, DOWN, DOWN);
    CU_ASSERT_EQUAL(enqueue(), WEIR_E_UNKNOWN);
    CU_ASSERT_EQUAL(items[0].result, WEIR_E_CONFLICT);
    CU_ASSERT_EQUAL(items[1].result, WEIR_E_UNKNOWN);
}

static void
a_call_that_surely_changed_nothing_is_not_repeated(void)
{
    SCRIPT(DOWN);
    CU_ASSERT_EQUAL(enqueue(), WEIR_E_UNAVAILABLE);
    CU_ASSERT_EQUAL(fake.calls, 1);
    CU_ASSERT_EQUAL(items[1].result, WEIR_E_UNAVAILABLE);
    CU_ASSERT_STRING_EQUAL(error.text, "store down");
}

static void
sure_replies_are_never_repeated(void)
{
    SCRIPT(LOST);
    weir_broker_close(broker);
    fake.capabilities = WEIR_CAP_SURE_REPLIES;
    broker = fake_open(NULL);
    CU_ASSERT_EQUAL(enqueue(), WEIR_E_UNKNOWN);
    CU_ASSERT_EQUAL(fake.calls, 1);
}

static void
an_error_of_before_the_call_is_left_alone(void)
{
    SCRIPT(LOST, DOWN, DOWN, DOWN);
    weir_error_set(&error, WEIR_E_IO, "earlier");
    enqueue();
    CU_ASSERT_EQUAL(error.code, WEIR_E_IO);
    CU_ASSERT_STRING_EQUAL(error.text, "earlier");
}

static void
requests_of_a_lane_are_numbered_and_an_unresolved_lane_is_retired(void)
{
    SCRIPT({0}, {0}, LOST, LOST, LOST, LOST, {0});
    for (int i = 0; i < 4; i++)
        enqueue();
    CU_ASSERT_EQUAL(fake.requests[0].number, 1);
    CU_ASSERT_EQUAL(fake.requests[1].number, 2);
    CU_ASSERT_EQUAL(fake.requests[0].lane, fake.requests[5].lane);
    CU_ASSERT_EQUAL(fake.requests[5].number, 3);
    CU_ASSERT_NOT_EQUAL(fake.requests[6].lane, fake.requests[5].lane);
    CU_ASSERT_EQUAL(fake.requests[6].number, 1);
}

static void
calls_at_the_same_time_have_different_lanes_however_many(void)
{
    static struct weir__lanes lanes;
    bool seen[WEIR__LANES + 10] = {false};
    int slots[WEIR__LANES + 10];
    weir_request_id id;

    weir__lanes_init(&lanes, NULL);
    for (size_t i = 0; i < WEIR__LANES + 10; i++) {
        slots[i] = weir__lanes_take(&lanes, &id);
        CU_ASSERT_FATAL(id.lane < WEIR__LANES + 10);
        CU_ASSERT_FALSE(seen[id.lane]);
        seen[id.lane] = true;
    }
    for (size_t i = 0; i < WEIR__LANES + 10; i++)
        weir__lanes_release(&lanes, slots[i], true);
    weir__lanes_take(&lanes, &id);
    CU_ASSERT_EQUAL(id.lane, 0);
    CU_ASSERT_EQUAL(id.number, 2);
}

static void
a_backend_s_bad_answers_become_internal_errors(void)
{
    SCRIPT({.results = {0, FAKE_SILENT, 0}}, {.results = {5}}, {.rc = 3});
    CU_ASSERT_EQUAL(enqueue(), WEIR_E_INTERNAL);
    CU_ASSERT_EQUAL(items[0].result, 0);
    CU_ASSERT_EQUAL(items[1].result, WEIR_E_INTERNAL);
    CU_ASSERT_STRING_EQUAL(error.text, "backend gave no result for item 1");
    CU_ASSERT_EQUAL(enqueue(), WEIR_E_INTERNAL);
    CU_ASSERT_EQUAL(items[0].result, WEIR_E_INTERNAL);
    CU_ASSERT_EQUAL(enqueue(), WEIR_E_INTERNAL);
}

static void
a_long_batch_is_cut_up_and_stops_at_a_failure(void)
{
    size_t count = 2 * WEIR_BATCH_MAX + 5;
    weir_enqueue_item *many = calloc(count, sizeof *many);

    SCRIPT({0}, DOWN);
    for (size_t i = 0; i < count; i++)
        many[i].task = &task;
    CU_ASSERT_EQUAL(weir__enqueue(broker, many, count, NULL), WEIR_E_UNAVAILABLE);
    CU_ASSERT_EQUAL(fake.calls, 2);
    CU_ASSERT_EQUAL(fake.sizes[0], WEIR_BATCH_MAX);
    CU_ASSERT_EQUAL(many[WEIR_BATCH_MAX - 1].result, 0);
    CU_ASSERT_EQUAL(many[WEIR_BATCH_MAX].result, WEIR_E_UNAVAILABLE);
    CU_ASSERT_EQUAL(many[count - 1].result, WEIR_E_UNAVAILABLE);
    free(many);
}

static void
claims_own_their_tasks(void)
{
    SCRIPT({.claims = 3, .token = 9});
    CU_ASSERT_EQUAL(take(), 0);
    CU_ASSERT_EQUAL_FATAL(claims.count, 3);
    CU_ASSERT_STRING_EQUAL(claims.items[2].task->id, "1");
    CU_ASSERT_EQUAL(claims.items[2].token, 9);
    CU_ASSERT_EQUAL(claims.items[2].ref, 2);
    CU_ASSERT_TRUE(claims.items[2].started);
}

static void
a_failed_take_holds_nothing(void)
{
    SCRIPT({.rc = WEIR_E_BUSY, .claims = 2});
    CU_ASSERT_EQUAL(take(), WEIR_E_BUSY);
    CU_ASSERT_EQUAL(claims.count, 0);
}

static void
a_repeated_take_holds_what_the_last_try_gave(void)
{
    SCRIPT({.rc = WEIR_E_UNKNOWN, .claims = 3}, {.claims = 2});
    CU_ASSERT_EQUAL(take(), 0);
    CU_ASSERT_EQUAL(claims.count, 2);
    CU_ASSERT_TRUE(same_request(0, 1));
}

static void
more_claims_than_asked_for_and_claims_without_token_are_refused(void)
{
    SCRIPT({.claims = 5}, {.claims = 1, .no_token = true});
    CU_ASSERT_EQUAL(take(), 0);
    CU_ASSERT_EQUAL(claims.count, 4);
    CU_ASSERT_EQUAL(fake.sink_rc, WEIR_E_INTERNAL);
    while (claims.count > 0)
        weir__claim_release(&claims.items[--claims.count]);
    CU_ASSERT_EQUAL(take(), 0);
    CU_ASSERT_EQUAL(claims.count, 0);
}

static void
wants_that_make_no_sense_are_refused(void)
{
    queue.want = 5;
    CU_ASSERT_EQUAL(take(), WEIR_E_INVALID);
    queue.want = 4;
    want.start = 5;
    CU_ASSERT_EQUAL(take(), WEIR_E_INVALID);
    want.start = 0;
    want.lease_ms = 0;
    CU_ASSERT_EQUAL(take(), WEIR_E_INVALID);
    want.lease_ms = 1;
    want.max = WEIR_BATCH_MAX + 1;
    CU_ASSERT_EQUAL(take(), WEIR_E_INVALID);
    queue.want = 0;
    want.max = 0;
    CU_ASSERT_EQUAL(take(), 0);
    CU_ASSERT_EQUAL(fake.calls, 0);
}

static void
finishes_and_starts_have_their_own_results(void)
{
    weir_claim claim = {.task = (weir_task_info *)&task, .token = 1};
    weir_finish finishes[2] = {{.claim = &claim, .kind = WEIR_FINISH_DONE},
                               {.claim = &claim, .kind = WEIR_FINISH_DONE}};
    weir_start start = {.claim = &claim};

    SCRIPT({.results = {0, WEIR_E_UNKNOWN, WEIR_E_STALE}},
           {.results = {0, WEIR_E_STALE, WEIR_E_STALE}});
    CU_ASSERT_EQUAL(weir__consume(broker, finishes, 2, &start, 1, NULL, NULL, &error), 0);
    CU_ASSERT_EQUAL(fake.calls, 2);
    CU_ASSERT_EQUAL(finishes[0].outcome, 0);
    CU_ASSERT_EQUAL(finishes[1].outcome, WEIR_E_STALE);
    CU_ASSERT_EQUAL(start.result, WEIR_E_STALE);
    finishes[1].claim = NULL;
    CU_ASSERT_EQUAL(weir__consume(broker, finishes, 2, NULL, 0, NULL, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(finishes[0].outcome, WEIR_E_INVALID);
}

static void
the_take_goes_with_the_last_piece_of_many_finishes(void)
{
    size_t count = WEIR_BATCH_MAX + 1;
    weir_claim claim = {.task = (weir_task_info *)&task, .token = 1};
    weir_finish *many = calloc(count, sizeof *many);

    SCRIPT({0}, {.claims = 1});
    for (size_t i = 0; i < count; i++)
        many[i] = (weir_finish){.claim = &claim, .kind = WEIR_FINISH_DONE, .outcome = 1};
    CU_ASSERT_EQUAL(weir__consume(broker, many, count, NULL, 0, &want, &claims, NULL), 0);
    CU_ASSERT_EQUAL(fake.sizes[0], WEIR_BATCH_MAX);
    CU_ASSERT_EQUAL(fake.takes[0], 0);
    CU_ASSERT_EQUAL(fake.sizes[1], 1);
    CU_ASSERT_EQUAL(fake.takes[1], 4);
    CU_ASSERT_EQUAL(claims.count, 1);
    CU_ASSERT_EQUAL(many[count - 1].outcome, 0);
    free(many);
}

static void
recovery_is_repeated_and_says_what_it_repaired(void)
{
    static const char *const names[] = {"q"};
    size_t repaired = 0;

    SCRIPT(LOST, {.claims = 2});
    CU_ASSERT_EQUAL(weir__recover(broker, names, 1, 4, 1000, &claims, &repaired, &error), 0);
    CU_ASSERT_EQUAL(fake.calls, 2);
    CU_ASSERT_EQUAL(claims.count, 2);
    CU_ASSERT_EQUAL(repaired, 2);
}

static void
a_recovery_whose_fate_is_unknown_stays_so(void)
{
    SCRIPT(LOST, DOWN, DOWN, DOWN);
    CU_ASSERT_EQUAL(weir__recover(broker, NULL, 0, 4, 1000, &claims, NULL, &error), WEIR_E_UNKNOWN);
    CU_ASSERT_EQUAL(error.code, WEIR_E_UNKNOWN);
}

static void
what_the_broker_cannot_do_is_refused_without_asking_it(void)
{
    size_t done = 1;
    weir_steer_item item = {.id = "1"};

    CU_ASSERT_EQUAL(weir__steer(broker, WEIR_VERB_RUN, "q", &item, 1, &error), WEIR_E_UNSUPPORTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "fake:store"));
    CU_ASSERT_EQUAL(
        weir__steer_all(broker, WEIR_VERB_RUN, "q", WEIR_STATE_RETRY, NULL, 1, &done, NULL),
        WEIR_E_UNSUPPORTED);
    CU_ASSERT_EQUAL(done, 0);
    CU_ASSERT_EQUAL(weir__pause(broker, "q", true, NULL), WEIR_E_UNSUPPORTED);
    CU_ASSERT_EQUAL(weir__show(broker, &(weir_show){.result = "r"}, 1, NULL), WEIR_E_UNSUPPORTED);
    CU_ASSERT_EQUAL(weir__cancel(broker, "q", "1", WEIR_CANCEL_RETRY, NULL), WEIR_E_UNSUPPORTED);
    CU_ASSERT_EQUAL(weir__amend(broker, "q", "1", NULL, NULL), WEIR_E_UNSUPPORTED);
    CU_ASSERT_EQUAL(weir__remove_queue(broker, "q", true, 1, &done, NULL), WEIR_E_UNSUPPORTED);
}

static void
a_wait_without_a_reason_is_an_internal_error(void)
{
    weir_wait wait = {.timeout_ms = 0};

    CU_ASSERT_EQUAL(weir__wait(broker, &wait, NULL), WEIR_E_INTERNAL);
    fake.wait_reasons = WEIR_WAKE_WORK;
    CU_ASSERT_EQUAL(weir__wait(broker, &wait, NULL), 0);
}

static void
arguments_are_checked_before_the_backend_sees_them(void)
{
    weir_queue_info info;
    weir_expire expire = {.max = 0};
    weir_forward forward = {.max = 0};
    weir_extend_item extend = {.claim = NULL};

    items[1].task = NULL;
    CU_ASSERT_EQUAL(enqueue(), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(items[0].result, WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir__queue(broker, NULL, &info, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir__task(broker, "q", "", NULL, NULL, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir__tasks(broker, "q", WEIR_STATE_NONE, NULL, 0, 1, NULL, NULL, NULL),
                    WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir__expire(broker, &expire, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir__forward(broker, &forward, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir__extend(broker, 1, &extend, 1, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(extend.result, WEIR_E_INVALID);
    CU_ASSERT_EQUAL(fake.calls, 0);
}

static int
tick(int64_t *last_ms)
{
    return weir__tick(broker, "e", last_ms, 100, &items[0], &error);
}

static void
a_tick_without_a_reply_is_repeated_as_it_was(void)
{
    int64_t last_ms = 50;

    weir_broker_close(broker);
    fake_reset(WEIR_CAP_PERIODIC);
    broker = fake_open(NULL);
    SCRIPT(LOST, {0});
    CU_ASSERT_EQUAL(tick(&last_ms), 0);
    CU_ASSERT_EQUAL(items[0].result, 0);
    CU_ASSERT_EQUAL(last_ms, 100);
    CU_ASSERT_EQUAL(fake.calls, 2);
    CU_ASSERT_EQUAL(fake.requests[0].number, fake.requests[1].number);
    CU_ASSERT_EQUAL(fake.last_ticks[0], 50);
    CU_ASSERT_EQUAL(fake.last_ticks[1], 50);
}

static void
a_tick_says_what_the_last_one_is_only_when_that_is_known(void)
{
    int64_t last_ms = 50;

    weir_broker_close(broker);
    fake_reset(WEIR_CAP_PERIODIC);
    broker = fake_open(NULL);
    SCRIPT(DOWN, {.results = {WEIR_E_STALE}});
    CU_ASSERT_EQUAL(tick(&last_ms), WEIR_E_UNAVAILABLE);
    CU_ASSERT_EQUAL(last_ms, 50);
    CU_ASSERT_EQUAL(tick(&last_ms), 0);
    CU_ASSERT_EQUAL(items[0].result, WEIR_E_STALE);
    CU_ASSERT_EQUAL(last_ms, 77);
}

static void
ticks_need_the_capability(void)
{
    int64_t last_ms = 0;
    bool leads = true;

    CU_ASSERT_EQUAL(tick(&last_ms), WEIR_E_UNSUPPORTED);
    CU_ASSERT_EQUAL(items[0].result, WEIR_E_UNSUPPORTED);
    CU_ASSERT_EQUAL(weir__lead(broker, "n", "h", 10, &leads, NULL), WEIR_E_UNSUPPORTED);
    CU_ASSERT_FALSE(leads);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_lost_reply_is_asked_for_again_under_the_same_request_id),
    HARNESS_TEST(each_try_knows_how_many_were_before),
    HARNESS_TEST(one_lost_item_is_enough_for_a_resend),
    HARNESS_TEST(a_call_is_repeated_three_times_at_most),
    HARNESS_TEST(a_resend_that_does_not_arrive_leaves_the_outcome_unknown),
    HARNESS_TEST(what_one_try_told_is_not_forgotten_by_the_next),
    HARNESS_TEST(a_call_that_surely_changed_nothing_is_not_repeated),
    HARNESS_TEST(sure_replies_are_never_repeated),
    HARNESS_TEST(an_error_of_before_the_call_is_left_alone),
    HARNESS_TEST(requests_of_a_lane_are_numbered_and_an_unresolved_lane_is_retired),
    HARNESS_TEST(calls_at_the_same_time_have_different_lanes_however_many),
    HARNESS_TEST(a_backend_s_bad_answers_become_internal_errors),
    HARNESS_TEST(a_long_batch_is_cut_up_and_stops_at_a_failure),
    HARNESS_TEST(claims_own_their_tasks),
    HARNESS_TEST(a_failed_take_holds_nothing),
    HARNESS_TEST(a_repeated_take_holds_what_the_last_try_gave),
    HARNESS_TEST(more_claims_than_asked_for_and_claims_without_token_are_refused),
    HARNESS_TEST(wants_that_make_no_sense_are_refused),
    HARNESS_TEST(finishes_and_starts_have_their_own_results),
    HARNESS_TEST(the_take_goes_with_the_last_piece_of_many_finishes),
    HARNESS_TEST(recovery_is_repeated_and_says_what_it_repaired),
    HARNESS_TEST(a_recovery_whose_fate_is_unknown_stays_so),
    HARNESS_TEST(what_the_broker_cannot_do_is_refused_without_asking_it),
    HARNESS_TEST(a_wait_without_a_reason_is_an_internal_error),
    HARNESS_TEST(arguments_are_checked_before_the_backend_sees_them),
    HARNESS_TEST(a_tick_without_a_reply_is_repeated_as_it_was),
    HARNESS_TEST(a_tick_says_what_the_last_one_is_only_when_that_is_known),
    HARNESS_TEST(ticks_need_the_capability),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(calls, tests, setup, teardown);

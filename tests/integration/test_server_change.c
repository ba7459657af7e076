/* SPDX-License-Identifier: MIT */
/* A running server is changed: queues, weights, concurrency, policies; and what its hooks are told. */
#include <config.h>

#include "harness.h"
#include "world.h"

#include <pthread.h>
#include <string.h>

static const weir_queue_weight only_other[] = {{"other", 1}};
static const weir_queue_weight both[] = {{"default", 2}, {"other", 1}};

static struct {
    atomic_int counts[WEIR_CHANGE_REQUEUED + 1];
    atomic_int without_text; /* failures */
    atomic_int well;         /* calls of the health hook */
    atomic_int ill;
} seen;

static void
note_change(const weir_change_event *event, void *arg)
{
    bool failed = event->change == WEIR_CHANGE_RETRY || event->change == WEIR_CHANGE_ARCHIVED ||
                  event->change == WEIR_CHANGE_EXHAUSTED;

    (void)arg;
    atomic_fetch_add(&seen.counts[event->change], 1);
    if (failed && event->error == NULL) {
        atomic_fetch_add(&seen.without_text, 1);
    }
}

static void
note_health(const weir_health *health, void *arg)
{
    (void)arg;
    if (health->code == 0 && health->error == NULL && health->concurrency == 2 && !health->stuck) {
        atomic_fetch_add(&seen.well, 1);
    } else if (health->code != 0 && health->error != NULL) {
        atomic_fetch_add(&seen.ill, 1);
    }
}

static void
serve(int concurrency)
{
    weir_server_options options = world_options();

    memset(&seen, 0, sizeof(seen));
    options.concurrency = concurrency;
    options.on_change = note_change;
    options.on_health = note_health;
    options.health_ms = 20;
    world_serve(&options);
}

static bool
is_inside(long count)
{
    return atomic_load(&world.inside) == count;
}

static void
enqueue_some(int count, const char *what)
{
    for (int i = 0; i < count; i++) {
        world_enqueue(what);
    }
}

static void
other_queues_are_served_from_now_on(void)
{
    serve(2);
    world_enqueue_task((weir_task){.retention_ms = 60000}, "stay");
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    world_enqueue_task((weir_task){.queue = "other"}, "done");
    CU_ASSERT_EQUAL(weir_server_set_queues(world.server, only_other, 1, false, NULL), 0);
    CU_ASSERT_TRUE(world_until(world_ended, 1));
    world_enqueue("done");
    world_enqueue_task((weir_task){.queue = "other"}, "done");
    CU_ASSERT_TRUE(world_until(world_ended, 2));
    CU_ASSERT_EQUAL(world_task("3").state, WEIR_STATE_PENDING);
    world_release();
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_COMPLETED));
    CU_ASSERT_EQUAL(weir_server_set_queues(world.server, both, 2, true, NULL), 0);
    CU_ASSERT_TRUE(world_reaches("3", WEIR_STATE_NONE));
}

static void
due_tasks_of_queues_that_come_later_are_forwarded(void)
{
    serve(2);
    world_enqueue_task((weir_task){.queue = "other", .process_in_ms = 50}, "done");
    CU_ASSERT_EQUAL(weir_server_set_queues(world.server, both, 2, false, NULL), 0);
    CU_ASSERT_TRUE(world_until(world_ended, 1));
}

static bool
shows_two_queues(long concurrency)
{
    weir_server_list *list = NULL;

    if (weir_inspect_servers(world.inspector, &list, NULL) != 0) {
        return false;
    }
    bool found = list->count == 1 && list->items[0]->queue_count == 2 &&
                 list->items[0]->strict_priority && list->items[0]->concurrency == concurrency;
    weir_server_list_free(list);
    return found;
}

static void
what_has_changed_is_published(void)
{
    serve(2);
    CU_ASSERT_EQUAL(weir_server_set_queues(world.server, both, 2, true, NULL), 0);
    CU_ASSERT_EQUAL(weir_server_set_concurrency(world.server, 5, NULL), 0);
    CU_ASSERT_TRUE(world_until(shows_two_queues, 5));
}

static void
a_wrong_change_is_refused_and_changes_nothing(void)
{
    static const weir_queue_weight wrong[] = {{"other", 0}};
    weir_retry_policy jittery = {.jitter = 2};
    weir_error err = {0};

    serve(2);
    CU_ASSERT_EQUAL(weir_server_set_queues(world.server, wrong, 1, false, &err), WEIR_E_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "other"));
    CU_ASSERT_EQUAL(weir_server_set_queues(world.server, NULL, 1, false, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_server_set_concurrency(world.server, -1, NULL), WEIR_E_INVALID);
    CU_ASSERT_EQUAL(weir_server_set_retries(world.server, &jittery, NULL, 0, NULL), WEIR_E_INVALID);
    world_enqueue("done");
    CU_ASSERT_TRUE(world_until(world_ended, 1));
    weir_server_stop(world.server);
    CU_ASSERT_EQUAL(weir_server_set_queues(world.server, both, 2, false, NULL), WEIR_E_STATE);
    CU_ASSERT_EQUAL(weir_server_set_concurrency(world.server, 3, NULL), WEIR_E_STATE);
}

static void
a_change_before_the_start_counts_from_the_start(void)
{
    weir_server_options options = world_options();

    CU_ASSERT_EQUAL_FATAL(weir_server_new(&world.server, world.broker, world.mux, &options, NULL),
                          0);
    CU_ASSERT_EQUAL(weir_server_set_queues(world.server, both, 2, true, NULL), 0);
    CU_ASSERT_EQUAL(weir_server_set_concurrency(world.server, 3, NULL), 0);
    CU_ASSERT_EQUAL(weir_server_start(world.server, NULL), 0);
    CU_ASSERT_TRUE(world_until(shows_two_queues, 3));
    enqueue_some(3, "stay");
    CU_ASSERT_TRUE(world_until(is_inside, 3));
}

static bool
is_later(long than_ms)
{
    return world_now_ms() > than_ms;
}

static void
more_concurrency_starts_more_handlers_and_keeps_their_leases(void)
{
    serve(1);
    enqueue_some(20, "stay");
    CU_ASSERT_TRUE(world_until(is_inside, 1));
    CU_ASSERT_EQUAL(weir_server_set_concurrency(world.server, 4, NULL), 0);
    CU_ASSERT_TRUE(world_until(is_inside, 4));
    CU_ASSERT_EQUAL(weir_server_set_concurrency(world.server, 20, NULL), 0);
    CU_ASSERT_TRUE(world_until(is_inside, 20));
    CU_ASSERT_TRUE(world_until(is_later, world_now_ms() + 1000)); /* than the leases' end */
    world_release();
    CU_ASSERT_TRUE(world_until(world_ended, 20));
    CU_ASSERT_TRUE(world_reaches("20", WEIR_STATE_NONE));
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 20);
}

static bool
are_gone(long count)
{
    return atomic_load(&seen.counts[WEIR_CHANGE_DONE]) == count;
}

static void
less_concurrency_lets_handlers_end_and_starts_no_more_than_allowed(void)
{
    serve(6);
    enqueue_some(6, "stay");
    CU_ASSERT_TRUE(world_until(is_inside, 6));
    CU_ASSERT_EQUAL(weir_server_set_concurrency(world.server, 2, NULL), 0);
    atomic_store(&world.most_inside, 0);
    enqueue_some(100, "done");
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 6);
    world_release();
    CU_ASSERT_TRUE(world_until(are_gone, 106));
    atomic_store(&world.most_inside, 0);
    enqueue_some(100, "done");
    CU_ASSERT_TRUE(world_until(are_gone, 206));
    CU_ASSERT_TRUE(atomic_load(&world.most_inside) <= 2);
    CU_ASSERT_EQUAL(weir_server_set_concurrency(world.server, 8, NULL), 0);
    enqueue_some(8, "done");
    CU_ASSERT_TRUE(world_until(are_gone, 214));
}

static atomic_bool churning;

static void *
churn(void *unused)
{
    static const weir_queue_weight swapped[] = {{"other", 9}, {"default", 1}};

    (void)unused;
    for (int i = 0; atomic_load(&churning); i++) {
        weir_server_set_concurrency(world.server, 1 + i * 7 % 16, NULL);
        weir_server_set_queues(world.server, i % 2 ? both : swapped, 2, i % 3 == 0, NULL);
        weir_server_set_retries(world.server, NULL, NULL, 0, NULL);
    }
    return NULL;
}

static void
changes_without_end_lose_and_double_nothing(void)
{
    pthread_t thread;

    serve(2);
    atomic_store(&churning, true);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, churn, NULL), 0);
    for (int i = 0; i < 300; i++) {
        world_enqueue_task((weir_task){.queue = i % 3 ? "default" : "other"}, "done");
    }
    CU_ASSERT_TRUE(world_until(are_gone, 300));
    atomic_store(&churning, false);
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(weir_server_stop(world.server), 0);
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 300);
    CU_ASSERT_TRUE(atomic_load(&world.most_inside) <= 16);
}

static void
other_policies_hold_for_the_next_failure(void)
{
    static const weir_type_retry slow[] = {
        {"t", {.kind = WEIR_RETRY_KIND_FIXED, .base_ms = 3600000}}};

    serve(2);
    CU_ASSERT_EQUAL(weir_server_set_retries(world.server, NULL, slow, 1, NULL), 0);
    world_enqueue("fail");
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_RETRY));
    CU_ASSERT_TRUE(world_task("1").next_process_at_ms > world_now_ms() + 3000000);
}

static bool
was_told(long change)
{
    return atomic_load(&seen.counts[change]) == 1;
}

static void
each_change_is_told_once_it_is_committed(void)
{
    serve(2);
    world_enqueue("done");
    CU_ASSERT_TRUE(world_until(was_told, WEIR_CHANGE_DONE));
    world_enqueue_task((weir_task){.retention_ms = 60000}, "done");
    CU_ASSERT_TRUE(world_until(was_told, WEIR_CHANGE_COMPLETED));
    CU_ASSERT_EQUAL(world_task("2").state, WEIR_STATE_COMPLETED);
    world_enqueue_task((weir_task){.max_retry = 1}, "fail");
    CU_ASSERT_TRUE(world_until(was_told, WEIR_CHANGE_RETRY));
    CU_ASSERT_TRUE(world_until(was_told, WEIR_CHANGE_EXHAUSTED));
    CU_ASSERT_EQUAL(world_task("3").state, WEIR_STATE_ARCHIVED);
    world_enqueue("skip");
    CU_ASSERT_TRUE(world_until(was_told, WEIR_CHANGE_ARCHIVED));
    world_enqueue("wait");
    CU_ASSERT_TRUE(world_until(is_inside, 1));
    CU_ASSERT_EQUAL(atomic_load(&seen.counts[WEIR_CHANGE_REQUEUED]), 0);
    weir_server_stop(world.server);
    CU_ASSERT_EQUAL(atomic_load(&seen.without_text), 0);
}

static void
what_a_stop_gives_back_is_told(void)
{
    weir_server_options options = world_options();

    memset(&seen, 0, sizeof(seen));
    options.shutdown_timeout_ms = -1;
    options.on_change = note_change;
    world_serve(&options);
    world_enqueue("wait");
    CU_ASSERT_TRUE(world_until(is_inside, 1));
    CU_ASSERT_EQUAL(weir_server_stop(world.server), 0);
    CU_ASSERT_EQUAL(atomic_load(&seen.counts[WEIR_CHANGE_REQUEUED]), 1);
}

static void
a_snooze_is_told_as_postponed(void)
{
    serve(2);
    world_enqueue("snooze");
    CU_ASSERT_TRUE(world_until(was_told, WEIR_CHANGE_POSTPONED));
    CU_ASSERT_TRUE(world_until(was_told, WEIR_CHANGE_DONE));
}

static bool
well_often(long count)
{
    return atomic_load(&seen.well) >= count;
}

static void
health_is_told_again_and_again(void)
{
    serve(2);
    CU_ASSERT_TRUE(world_until(well_often, 3));
    CU_ASSERT_EQUAL(atomic_load(&seen.ill), 0);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(other_queues_are_served_from_now_on),
    HARNESS_TEST(due_tasks_of_queues_that_come_later_are_forwarded),
    HARNESS_TEST(what_has_changed_is_published),
    HARNESS_TEST(a_wrong_change_is_refused_and_changes_nothing),
    HARNESS_TEST(a_change_before_the_start_counts_from_the_start),
    HARNESS_TEST(more_concurrency_starts_more_handlers_and_keeps_their_leases),
    HARNESS_TEST(less_concurrency_lets_handlers_end_and_starts_no_more_than_allowed),
    HARNESS_TEST(changes_without_end_lose_and_double_nothing),
    HARNESS_TEST(other_policies_hold_for_the_next_failure),
    HARNESS_TEST(each_change_is_told_once_it_is_committed),
    HARNESS_TEST(what_a_stop_gives_back_is_told),
    HARNESS_TEST(a_snooze_is_told_as_postponed),
    HARNESS_TEST(health_is_told_again_and_again),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(change_memory, tests, world_open_memory, world_close);
HARNESS_SUITE(change_file, tests, world_open_file, world_close);

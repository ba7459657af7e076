/* SPDX-License-Identifier: MIT */
/* Starting and ending: options, states of a server, quiet, the graceful stop, signals. */
#include <config.h>

#include "harness.h"
#include "world.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void
refuses(weir_server_options options, const char *named)
{
    weir_error err = {0};
    weir_server *server = NULL;

    CU_ASSERT_EQUAL(weir_server_new(&server, world.broker, world.mux, &options, &err),
                    WEIR_E_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, named));
    CU_ASSERT_PTR_NULL(server);
}

static void
bad_options_are_refused_by_name(void)
{
    static const weir_queue_weight no_weight[] = {{"a", 0}};
    static const weir_queue_weight twice[] = {{"a", 1}, {"a", 2}};
    static const weir_queue_weight blank[] = {{" ", 1}};

    refuses((weir_server_options){.concurrency = -1}, "concurrency");
    refuses((weir_server_options){.lease_ms = 299}, "lease: 299ms is out of range (300ms");
    refuses((weir_server_options){.lease_ms = 600, .heartbeat_ms = 500},
            "heartbeat: 500ms is more than half of the lease, 600ms");
    refuses((weir_server_options){.shutdown_timeout_ms = -2}, "shutdown_timeout: -2ms");
    refuses((weir_server_options){.lease_ms = -5000}, "lease: -5s is out of range (300ms");
    refuses((weir_server_options){.group.grace_ms = 10}, "groups: grace is not from 1s");
    refuses((weir_server_options){.retry.base_ms = -1}, "retry: base is negative");
    refuses((weir_server_options){.cancel_grace_ms = -1}, "cancel_grace: -1");
    refuses((weir_server_options){.archive_max = -2}, "archive_max");
    refuses((weir_server_options){.queues = no_weight, .queue_count = 1}, "weight of \"a\"");
    refuses((weir_server_options){.queues = twice, .queue_count = 2}, "twice");
    refuses((weir_server_options){.queues = blank, .queue_count = 1}, "blank");
    refuses((weir_server_options){.queue_count = 1}, "queues");
    refuses((weir_server_options){.retry = {.jitter = 2}}, "jitter");
    refuses((weir_server_options){.reserved = {1}}, "reserved");
}

static void
a_server_starts_once(void)
{
    weir_server_options options = world_options();

    CU_ASSERT_EQUAL_FATAL(weir_server_new(&world.server, world.broker, world.mux, &options, NULL),
                          0);
    CU_ASSERT_EQUAL(weir_server_stop(world.server), WEIR_E_STATE);
    CU_ASSERT_EQUAL(weir_server_start(world.server, NULL), 0);
    CU_ASSERT_EQUAL(weir_server_start(world.server, NULL), WEIR_E_STATE);
    CU_ASSERT_EQUAL(weir_server_stop(world.server), 0);
    CU_ASSERT_EQUAL(weir_server_stop(world.server), 0);
    CU_ASSERT_EQUAL(weir_server_start(world.server, NULL), WEIR_E_STATE);
}

static void
a_server_that_was_never_started_can_be_freed(void)
{
    CU_ASSERT_EQUAL_FATAL(weir_server_new(&world.server, world.broker, world.mux, NULL, NULL), 0);
    CU_ASSERT_EQUAL(strlen(weir_server_id(world.server)), 36);
}

static bool
shows(long workers)
{
    weir_server_list *list = NULL;

    if (weir_inspect_servers(world.inspector, &list, NULL) != 0) {
        return false;
    }
    bool found = workers < 0 ? list->count == 0
                             : list->count == 1 && list->items[0]->worker_count == (size_t)workers;
    weir_server_list_free(list);
    return found;
}

static void
a_server_is_listed_with_what_it_runs(void)
{
    weir_server_options options = world_options();
    weir_server_list *list = NULL;

    world_serve(&options);
    world_enqueue("stay");
    CU_ASSERT_TRUE(world_until(shows, 1));
    CU_ASSERT_EQUAL_FATAL(weir_inspect_servers(world.inspector, &list, NULL), 0);
    CU_ASSERT_STRING_EQUAL(list->items[0]->id, weir_server_id(world.server));
    CU_ASSERT_STRING_EQUAL(list->items[0]->status, "active");
    CU_ASSERT_EQUAL(list->items[0]->pid, (int)getpid());
    CU_ASSERT_STRING_EQUAL(list->items[0]->workers[0].task_id, "1");
    CU_ASSERT_EQUAL(list->items[0]->workers[0].payload_len, 4);
    weir_server_list_free(list);
    world_release();
    CU_ASSERT_EQUAL(weir_server_stop(world.server), 0);
    CU_ASSERT_TRUE(shows(-1));
}

enum {
    STOPPED,
    CLOSED
};

static bool
shows_status(long status)
{
    static const char *const words[] = {[STOPPED] = "stopped", [CLOSED] = "closed"};
    weir_server_list *list = NULL;

    if (weir_inspect_servers(world.inspector, &list, NULL) != 0) {
        return false;
    }
    bool found = list->count == 1 && strcmp(list->items[0]->status, words[status]) == 0;
    weir_server_list_free(list);
    return found;
}

static void
a_quiet_server_takes_no_more_tasks(void)
{
    weir_server_options options = world_options();

    world_serve(&options);
    world_enqueue_task((weir_task){.retention_ms = 60000}, "stay");
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    weir_server_quiet(world.server);
    CU_ASSERT_TRUE(world_until(shows_status, STOPPED));
    world_enqueue("done");
    world_release();
    CU_ASSERT_TRUE(world_reaches("1", WEIR_STATE_COMPLETED));
    CU_ASSERT_EQUAL(weir_server_stop(world.server), 0);
    CU_ASSERT_EQUAL(world_task("2").state, WEIR_STATE_PENDING);
    CU_ASSERT_EQUAL(atomic_load(&world.begun), 1);
}

static void *
release_soon(void *arg)
{
    (void)arg;
    world_until(shows_status, CLOSED);
    world_release();
    return NULL;
}

static void
a_stop_waits_for_handlers_and_their_outcomes(void)
{
    weir_server_options options = world_options();
    pthread_t thread;

    world_serve(&options);
    world_enqueue_task((weir_task){.retention_ms = 60000}, "stay");
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, release_soon, NULL), 0);
    CU_ASSERT_EQUAL(weir_server_stop(world.server), 0);
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(world_task("1").state, WEIR_STATE_COMPLETED);
}

/* The ids of the pending tasks in their order, as text. */
static const char *
pending_ids(void)
{
    static char ids[256];
    weir_task_list *list = NULL;

    ids[0] = '\0';
    if (weir_inspect_tasks(world.inspector, "default", WEIR_STATE_PENDING, NULL, 1, 20, &list,
                           NULL) != 0) {
        return ids;
    }
    for (size_t i = 0; i < list->count; i++) {
        strcat(ids, list->items[i]->id);
        strcat(ids, " ");
    }
    weir_task_list_free(list);
    return ids;
}

static void
a_stop_puts_what_does_not_end_back_to_the_head(void)
{
    weir_server_options options = world_options();

    options.concurrency = 3;
    options.shutdown_timeout_ms = -1;
    world_serve(&options);
    for (int i = 0; i < 5; i++) {
        world_enqueue("stay");
    }
    CU_ASSERT_TRUE(world_until(world_begun, 3));
    CU_ASSERT_EQUAL(weir_server_stop(world.server), 3);
    CU_ASSERT_STRING_EQUAL(pending_ids(), "1 2 3 4 5 ");
    CU_ASSERT_EQUAL(world_task("1").retried, 0);
}

static void
a_server_can_be_freed_while_handlers_run(void)
{
    weir_server_options options = world_options();

    options.shutdown_timeout_ms = 1;
    world_serve(&options);
    world_enqueue("stay");
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    CU_ASSERT_EQUAL(weir_server_stop(world.server), 1);
    weir_server_free(world.server);
    world.server = NULL;
    world_release();
    CU_ASSERT_TRUE(world_until(world_ended, 1));
    CU_ASSERT_EQUAL(world_task("1").state, WEIR_STATE_PENDING);
}

static void
a_handler_that_a_stop_cut_short_has_not_failed(void)
{
    weir_server_options options = world_options();

    options.shutdown_timeout_ms = -1;
    options.cancel_grace_ms = 5000;
    world_serve(&options);
    world_enqueue_task((weir_task){.max_retry = WEIR_NO_RETRY}, "wait");
    CU_ASSERT_TRUE(world_until(world_begun, 1));
    CU_ASSERT_EQUAL(weir_server_stop(world.server), 0);
    CU_ASSERT_EQUAL(atomic_load(&world.cancelled), WEIR_E_CANCELED);
    CU_ASSERT_EQUAL(world_task("1").state, WEIR_STATE_PENDING);
    CU_ASSERT_EQUAL(world_task("1").retried, 0);
    CU_ASSERT_EQUAL(atomic_load(&world.errors), 0);
}

struct run {
    pthread_t thread;
    int signal_count;
    long begun;
};

static void
block_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTSTP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void *
send_signals(void *arg)
{
    struct run *run = arg;

    world_until(world_begun, run->begun);
    for (int i = 0; i < run->signal_count; i++) {
        kill(getpid(), i == 0 ? SIGTERM : SIGINT);
    }
    return NULL;
}

static int
run_and_signal(const weir_server_options *options, int signal_count, long begun)
{
    struct run run = {.signal_count = signal_count, .begun = begun};
    weir_error err = {0};

    block_signals();
    CU_ASSERT_EQUAL_FATAL(weir_server_new(&world.server, world.broker, world.mux, options, &err),
                          0);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&run.thread, NULL, send_signals, &run), 0);
    int code = weir_server_run(world.server, &err);
    pthread_join(run.thread, NULL);
    return code;
}

static void
sigterm_ends_a_run(void)
{
    weir_server_options options = world_options();

    world_enqueue_task((weir_task){.retention_ms = 60000}, "done");
    CU_ASSERT_EQUAL(run_and_signal(&options, 1, 1), 0);
    CU_ASSERT_EQUAL(world_task("1").state, WEIR_STATE_COMPLETED);
}

static void
a_second_signal_cuts_the_wait_short(void)
{
    weir_server_options options = world_options();

    options.shutdown_timeout_ms = 3600000;
    world_enqueue("stay");
    CU_ASSERT_EQUAL(run_and_signal(&options, 2, 1), WEIR_E_TIMEOUT);
    CU_ASSERT_EQUAL(world_task("1").state, WEIR_STATE_PENDING);
}

static void
a_stuck_server_ends_its_run_when_told_so(void)
{
    weir_server_options options = world_options();

    options.concurrency = 1;
    options.exit_when_stuck = 1;
    options.retry.base_ms = 60000;
    world_enqueue_task((weir_task){.timeout_ms = 20}, "stay");
    CU_ASSERT_EQUAL(run_and_signal(&options, 0, 0), WEIR_E_TIMEOUT);
    CU_ASSERT_EQUAL(world_task("1").state, WEIR_STATE_RETRY);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(bad_options_are_refused_by_name),
    HARNESS_TEST(a_server_starts_once),
    HARNESS_TEST(a_server_that_was_never_started_can_be_freed),
    HARNESS_TEST(a_server_is_listed_with_what_it_runs),
    HARNESS_TEST(a_quiet_server_takes_no_more_tasks),
    HARNESS_TEST(a_stop_waits_for_handlers_and_their_outcomes),
    HARNESS_TEST(a_stop_puts_what_does_not_end_back_to_the_head),
    HARNESS_TEST(a_server_can_be_freed_while_handlers_run),
    HARNESS_TEST(a_handler_that_a_stop_cut_short_has_not_failed),
    HARNESS_TEST(sigterm_ends_a_run),
    HARNESS_TEST(a_second_signal_cuts_the_wait_short),
    HARNESS_TEST(a_stuck_server_ends_its_run_when_told_so),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(stop_memory, tests, world_open_memory, world_close);
HARNESS_SUITE(stop_file, tests, world_open_file, world_close);

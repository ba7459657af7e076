/* SPDX-License-Identifier: MIT */
/* Who goes for new work: one of several that wait for it, and another one when that one does not. */
#include <config.h>

#include "harness.h"
#include "sqlite_kit.h"
#include "sqlite/watch.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/wait.h>

#define LONG_MS 5000
#define WORKERS 4
#define PUSHES 20

static void
put_off_for(weir_broker *broker, int64_t us)
{
    kit_store(broker)->hub.net_us = us;
}

static bool
is_polling(weir_broker *broker)
{
    struct weir__hub *hub = &kit_store(broker)->hub;
    bool polling;

    pthread_mutex_lock(&hub->lock);
    polling = hub->polling;
    pthread_mutex_unlock(&hub->lock);
    return polling;
}

static void
until_polling(weir_broker *broker)
{
    int64_t end = weir__monotonic_ms() + LONG_MS;

    while (!is_polling(broker) && weir__monotonic_ms() < end)
        usleep(100);
}

/* The log tells of a commit before it is offered. */
static void
stop_watching_the_log(weir_broker *broker)
{
    struct weir__hub *hub = &kit_store(broker)->hub;

    close(hub->wal_fd);
    hub->wal_fd = -1;
    hub->step = -1;
}

/* One that waits for work and takes it when it may, until it is interrupted. */
struct worker {
    weir_broker *broker;
    pthread_t thread;
    atomic_int wakes;
    atomic_int taken;
    atomic_int *allowed; /* so many tasks may have been taken by now, by all */
};

static void *
work(void *arg)
{
    struct worker *worker = arg;
    weir_wait wait = kit_settled(worker->broker);
    int allowed;

    stop_watching_the_log(worker->broker);
    while (weir__wait(worker->broker, &wait, NULL) == 0 &&
           (wait.reasons & WEIR_WAKE_INTERRUPT) == 0) {
        if ((wait.reasons & WEIR_WAKE_WORK) == 0)
            continue;
        allowed = atomic_load(worker->allowed);
        atomic_fetch_add(&worker->wakes, 1);
        while (atomic_load(worker->allowed) == allowed)
            usleep(100);
        atomic_fetch_add(&worker->taken, kit_work(worker->broker, NULL));
    }
    return NULL;
}

/* Whether it has heard of all that was offered, and is waiting again or was woken. */
static bool
has_heard(struct worker *worker, int wakes_before)
{
    struct weir__hub *hub = &kit_store(worker->broker)->hub;
    const struct weir__board_queue *place =
        weir__board_place(&hub->board, weir__board_key("q"), false);
    bool heard;

    pthread_mutex_lock(&hub->lock);
    heard = hub->queues->offered == atomic_load(&place->offered) && hub->polling;
    pthread_mutex_unlock(&hub->lock);
    return heard || atomic_load(&worker->wakes) > wakes_before;
}

static int
sum_wakes(struct worker *workers)
{
    int sum = 0;

    for (int i = 0; i < WORKERS; i++)
        sum += atomic_load(&workers[i].wakes);
    return sum;
}

/* Until somebody was woken and everybody has heard. */
static bool
all_have_heard(struct worker *workers, const int *wakes_before, int sum_before)
{
    int64_t end = weir__monotonic_ms() + LONG_MS;
    int i = 0;

    while (i < WORKERS && weir__monotonic_ms() < end) {
        if (has_heard(&workers[i], wakes_before[i]))
            i++;
        else
            usleep(100);
    }
    while (sum_wakes(workers) == sum_before && weir__monotonic_ms() < end)
        usleep(100);
    return i == WORKERS && sum_wakes(workers) > sum_before;
}

static void
start_workers(struct worker *workers, atomic_int *allowed)
{
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.broker = kit_open("?sync=normal", NULL), .allowed = allowed};
        put_off_for(workers[i].broker, LONG_MS * 1000);
        CU_ASSERT_EQUAL(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++)
        until_polling(workers[i].broker);
}

static void
stop_workers(struct worker *workers)
{
    for (int i = 0; i < WORKERS; i++) {
        weir__interrupt(workers[i].broker);
        CU_ASSERT_EQUAL(pthread_join(workers[i].thread, NULL), 0);
    }
    for (int i = 0; i < WORKERS; i++)
        weir_broker_close(workers[i].broker);
}

static int
sum_taken(struct worker *workers)
{
    int sum = 0;

    for (int i = 0; i < WORKERS; i++)
        sum += atomic_load(&workers[i].taken);
    return sum;
}

static bool
take_so_many(struct worker *workers, int count)
{
    int64_t end = weir__monotonic_ms() + LONG_MS;

    while (sum_taken(workers) < count && weir__monotonic_ms() < end)
        usleep(200);
    return sum_taken(workers) == count;
}

/* Nothing is taken before all have heard. */
static void
one_push_wakes_one_of_several(void)
{
    struct worker workers[WORKERS];
    weir_broker *broker = kit_open("?sync=normal", NULL);
    atomic_int allowed = 0;
    int before[WORKERS], sum;
    char id[16];

    CU_ASSERT_EQUAL(kit_put(broker, "first", 1, NULL), 0);
    CU_ASSERT_EQUAL(kit_work(broker, NULL), 1);
    start_workers(workers, &allowed);
    for (int i = 0; i < PUSHES; i++) {
        sum = sum_wakes(workers);
        for (int j = 0; j < WORKERS; j++)
            before[j] = atomic_load(&workers[j].wakes);
        snprintf(id, sizeof(id), "task%d", i);
        CU_ASSERT_EQUAL(kit_put(broker, id, 1, NULL), 0);
        CU_ASSERT(all_have_heard(workers, before, sum));
        atomic_fetch_add(&allowed, 1);
        CU_ASSERT(take_so_many(workers, i + 1));
        for (int j = 0; j < WORKERS; j++)
            until_polling(workers[j].broker);
    }
    stop_workers(workers);
    CU_ASSERT_EQUAL(sum_wakes(workers), PUSHES);
    weir_broker_close(broker);
}

/* A process that waits for work, says that it does, and dies when it is told of some. */
static pid_t
start_mortal(void)
{
    pid_t director = getpid(), pid;
    weir_broker *broker;
    weir_wait wait;
    int said[2];
    char byte;

    CU_ASSERT_EQUAL(pipe(said), 0);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != director)
            _exit(2);
        broker = kit_open("", NULL);
        put_off_for(broker, LONG_MS * 1000);
        wait = kit_settled(broker);
        if (write(said[1], "", 1) == 1 && weir__wait(broker, &wait, NULL) == 0 &&
            wait.reasons == WEIR_WAKE_WORK)
            raise(SIGKILL);
        _exit(1);
    }
    close(said[1]);
    CU_ASSERT_EQUAL(read(said[0], &byte, 1), 1);
    close(said[0]);
    return pid;
}

/* The one that waits here comes too late to claim the task. */
static void
a_woken_worker_that_dies_does_not_leave_the_task_lying(void)
{
    weir_broker *broker = kit_open("", NULL), *other = kit_open("", NULL);
    weir_wait wait;
    int64_t begun;
    int status = 0;
    pid_t mortal;

    CU_ASSERT_EQUAL(kit_put(other, "first", 1, NULL), 0);
    CU_ASSERT_EQUAL(kit_work(broker, NULL), 1);
    mortal = start_mortal();
    wait = kit_settled(broker);
    CU_ASSERT_EQUAL(kit_put(other, "a", 1, NULL), 0);
    CU_ASSERT_EQUAL(waitpid(mortal, &status, 0), mortal);
    CU_ASSERT(WIFSIGNALED(status));
    begun = weir__monotonic_ms();
    CU_ASSERT_EQUAL(weir__wait(broker, &wait, NULL), 0);
    CU_ASSERT_EQUAL(wait.reasons, WEIR_WAKE_WORK);
    CU_ASSERT(weir__monotonic_ms() - begun < LONG_MS / 5);
    CU_ASSERT_EQUAL(kit_work(broker, NULL), 1);
    weir_broker_close(other);
    weir_broker_close(broker);
}

struct wake {
    weir_broker *broker;
    weir_wait wait;
};

static void *
wait_once(void *arg)
{
    struct wake *wake = arg;

    return weir__wait(wake->broker, &wake->wait, NULL) == 0 && wake->wait.reasons == WEIR_WAKE_WORK
               ? wake
               : NULL;
}

/* All that wait are woken in the end, where nobody takes what one was woken for. */
static void
all_are_woken_for_a_task_that_nobody_takes(void)
{
    weir_broker *broker = kit_open("", NULL);
    struct wake wakes[WORKERS];
    pthread_t threads[WORKERS];
    void *woken;

    CU_ASSERT_EQUAL(kit_put(broker, "first", 1, NULL), 0);
    CU_ASSERT_EQUAL(kit_work(broker, NULL), 1);
    for (int i = 0; i < WORKERS; i++) {
        wakes[i].broker = kit_open("", NULL);
        wakes[i].wait = kit_settled(wakes[i].broker);
        CU_ASSERT_EQUAL(pthread_create(&threads[i], NULL, wait_once, &wakes[i]), 0);
    }
    CU_ASSERT_EQUAL(kit_put(broker, "a", 1, NULL), 0);
    for (int i = 0; i < WORKERS; i++) {
        CU_ASSERT_EQUAL(pthread_join(threads[i], &woken), 0);
        CU_ASSERT_PTR_EQUAL(woken, &wakes[i]);
        weir_broker_close(wakes[i].broker);
    }
    weir_broker_close(broker);
}

/* What is told by one who cannot write on the board is heard. */
static void
a_touch_that_the_board_does_not_explain_is_looked_after(void)
{
    weir_broker *broker = kit_open("", NULL), *other = kit_open("", NULL);
    weir_wait wait = kit_settled(broker);

    stop_watching_the_log(broker);
    atomic_store(&kit_store(other)->hub.board.shared, false);
    CU_ASSERT_EQUAL(kit_put(other, "a", 1, NULL), 0);
    CU_ASSERT_EQUAL(weir__wait(broker, &wait, NULL), 0);
    CU_ASSERT_EQUAL(wait.reasons, WEIR_WAKE_WORK);
    weir_broker_close(other);
    weir_broker_close(broker);
}

/* Else each commit for a queue of others would wake everybody. */
static void
touches_for_other_queues_are_put_off_after_some(void)
{
    weir_broker *broker = kit_open("", NULL);
    struct weir__hub *hub = &kit_store(broker)->hub;

    kit_settled(broker);
    for (int i = 0; i < 5; i++) {
        weir__board_offer(weir__board_place(&hub->board, weir__board_key("other"), true), 1, false);
        weir__board_tell(&hub->board, false);
        hub->touched = true;
        CU_ASSERT_FALSE(weir__watch_look(hub));
    }
    CU_ASSERT(hub->calm_until_us > hub->looked_at_us);
    weir_broker_close(broker);
}

/* However the end of that time falls between the poller's looks at the clock. */
static void
what_was_put_off_is_heard_when_the_time_is_over(void)
{
    weir_broker *broker = kit_open("", NULL);
    struct weir__hub *hub = &kit_store(broker)->hub;
    int64_t begun_ms, longest_ms = 0;

    kit_settled(broker);
    stop_watching_the_log(broker);
    for (int i = 0; i < 1000 && longest_ms < LONG_MS / 2; i++) {
        weir__watch_touch(hub);
        begun_ms = weir__monotonic_ms();
        hub->calm_until_us = weir__monotonic_us() + 1;
        while (!weir__watch_block(hub, begun_ms + LONG_MS) &&
               weir__monotonic_ms() < begun_ms + LONG_MS) {}
        if (weir__monotonic_ms() - begun_ms > longest_ms)
            longest_ms = weir__monotonic_ms() - begun_ms;
    }
    CU_ASSERT_TRUE(longest_ms < LONG_MS / 2);
    weir_broker_close(broker);
}

static void
a_take_that_is_undone_drains_nothing(void)
{
    weir_broker *broker = kit_open("", NULL);
    struct weir__board *board = &kit_store(broker)->hub.board;
    sqlite3 *db = kit_store(broker)->writer.conn.db;
    const struct weir__board_queue *place;

    CU_ASSERT_EQUAL(kit_put(broker, "a", 1, NULL), 0);
    place = weir__board_place(board, weir__board_key("q"), false);
    CU_ASSERT_PTR_NOT_NULL_FATAL(place);
    CU_ASSERT_EQUAL(sqlite3_exec(db,
                                 "CREATE TEMP TRIGGER no BEFORE UPDATE ON main.weir_task"
                                 " BEGIN SELECT RAISE(ABORT, 'no'); END",
                                 NULL, NULL, NULL),
                    SQLITE_OK);
    CU_ASSERT(kit_work(broker, NULL) < 0);
    CU_ASSERT_FALSE(weir__board_is_drained(place));
    CU_ASSERT_EQUAL(sqlite3_exec(db, "DROP TRIGGER no", NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL(kit_work(broker, NULL), 1);
    CU_ASSERT(weir__board_is_drained(place));
    weir_broker_close(broker);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(one_push_wakes_one_of_several),
    HARNESS_TEST(a_woken_worker_that_dies_does_not_leave_the_task_lying),
    HARNESS_TEST(all_are_woken_for_a_task_that_nobody_takes),
    HARNESS_TEST(a_touch_that_the_board_does_not_explain_is_looked_after),
    HARNESS_TEST(touches_for_other_queues_are_put_off_after_some),
    HARNESS_TEST(what_was_put_off_is_heard_when_the_time_is_over),
    HARNESS_TEST(a_take_that_is_undone_drains_nothing),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(sqlite_heed, tests, kit_setup, kit_teardown);

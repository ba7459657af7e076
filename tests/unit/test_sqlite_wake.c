/* SPDX-License-Identifier: MIT */
/* Waking across connections that know nothing of each other, group commit, and the log. */
#include <config.h>

#include "harness.h"
#include "sqlite_kit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/stat.h>

#define LONG_MS 5000

static const char *const queues[] = {"q"};

static const char foreign_insert[] =
    "INSERT INTO weir_queue (name, known) VALUES ('q', 1) ON CONFLICT DO NOTHING;"
    "INSERT INTO weir_task (qid, state, ord, since, id, type)"
    "    SELECT qid, 3, 1, 0, 'app', 't' FROM weir_queue WHERE name = 'q'";

/* Another connection commits while the broker's wait is under way. */
static void *
insert_later(void *arg)
{
    sqlite3 *db = kit_connect();

    (void)arg;
    sqlite3_busy_timeout(db, LONG_MS);
    kit_sql(db, "BEGIN IMMEDIATE");
    kit_sql(db, foreign_insert);
    usleep(30000); /* the log is written at the commit only */
    kit_sql(db, "COMMIT");
    sqlite3_close(db);
    return NULL;
}

static void
a_task_of_an_application_s_own_transaction_wakes(void)
{
    weir_broker *broker = kit_open("", NULL);
    weir_wait wait = kit_settled(broker);
    pthread_t thread;

    pthread_create(&thread, NULL, insert_later, NULL);
    CU_ASSERT_EQUAL(weir__wait(broker, &wait, NULL), 0);
    CU_ASSERT_EQUAL(wait.reasons, WEIR_WAKE_WORK);
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(kit_work(broker, NULL), 1);
    weir_broker_close(broker);
}

static void
a_wake_up_survives_the_loss_of_the_file_beside_the_database(void)
{
    weir_broker *waiting = kit_open("", NULL), *other = kit_open("", NULL);
    weir_wait wait = kit_settled(waiting);
    char beside[300];
    struct stat file;

    snprintf(beside, sizeof(beside), "%s-weir", kit_path);
    CU_ASSERT_EQUAL(unlink(beside), 0);
    wait.timeout_ms = 30;
    CU_ASSERT_EQUAL(weir__wait(waiting, &wait, NULL), 0);
    CU_ASSERT_EQUAL(stat(beside, &file), 0);
    wait.timeout_ms = LONG_MS;
    CU_ASSERT_EQUAL(kit_put(other, "a", 1, NULL), 0);
    CU_ASSERT_EQUAL(weir__wait(waiting, &wait, NULL), 0);
    CU_ASSERT_EQUAL(wait.reasons, WEIR_WAKE_WORK);
    weir_broker_close(other);
    weir_broker_close(waiting);
}

/* No descriptor is left when the waiter would set its watches. Returns the soft limit there was. */
static rlim_t
take_descriptors(void)
{
    struct rlimit limit;
    rlim_t before;
    int next = dup(0);

    CU_ASSERT_EQUAL(getrlimit(RLIMIT_NOFILE, &limit), 0);
    before = limit.rlim_cur;
    limit.rlim_cur = (rlim_t)next;
    close(next);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return before;
}

static void
give_descriptors(rlim_t before)
{
    struct rlimit limit;

    CU_ASSERT_EQUAL(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = before;
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

struct relief {
    weir_broker *waiting;
    weir_broker *other;
    rlim_t descriptors;
    atomic_bool over;
};

/* Once the wait is under way there are descriptors again, and then somebody else enqueues. */
static void *
put_once_it_waits(void *arg)
{
    struct relief *relief = arg;
    struct weir__hub *hub = &kit_store(relief->waiting)->hub;
    bool polling;

    do {
        usleep(1000);
        pthread_mutex_lock(&hub->lock);
        polling = hub->polling;
        pthread_mutex_unlock(&hub->lock);
    } while (!polling);
    give_descriptors(relief->descriptors);
    kit_put(relief->other, "a", 1, NULL);
    return NULL;
}

static void
a_waiter_that_could_not_set_its_watches_is_not_deaf(void)
{
    weir_broker *waiting = kit_open("", NULL), *other = kit_open("", NULL);
    weir_wait wait = {.queues = queues, .queue_count = 1, .interest = WEIR_WAKE_WORK};
    struct relief relief = {.waiting = waiting, .other = other};
    pthread_t thread;

    CU_ASSERT_EQUAL(kit_put(other, "first", 1, NULL), 0);
    CU_ASSERT_EQUAL(kit_work(waiting, NULL), 1);
    relief.descriptors = take_descriptors();
    CU_ASSERT_EQUAL(weir__wait(waiting, &wait, NULL), 0);
    wait.timeout_ms = LONG_MS;
    pthread_create(&thread, NULL, put_once_it_waits, &relief);
    CU_ASSERT_EQUAL(weir__wait(waiting, &wait, NULL), 0);
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(wait.reasons, WEIR_WAKE_WORK);
    weir_broker_close(other);
    weir_broker_close(waiting);
}

/* Somebody enqueues after its first wait has told the generation, and before the watches are set. */
static void
what_came_before_the_watches_could_be_set_is_looked_for(void)
{
    weir_broker *waiting = kit_open("", NULL), *other = kit_open("", NULL);
    weir_wait wait = {.queues = queues, .queue_count = 1, .interest = WEIR_WAKE_WORK};
    rlim_t descriptors;

    CU_ASSERT_EQUAL(kit_put(other, "first", 1, NULL), 0);
    CU_ASSERT_EQUAL(kit_work(waiting, NULL), 1);
    descriptors = take_descriptors();
    CU_ASSERT_EQUAL(weir__wait(waiting, &wait, NULL), 0);
    give_descriptors(descriptors);
    CU_ASSERT_EQUAL(kit_store(waiting)->hub.armed, false);
    CU_ASSERT_EQUAL(kit_put(other, "a", 1, NULL), 0);
    wait.timeout_ms = LONG_MS;
    CU_ASSERT_EQUAL(weir__wait(waiting, &wait, NULL), 0);
    CU_ASSERT_EQUAL(wait.reasons, WEIR_WAKE_WORK);
    weir_broker_close(other);
    weir_broker_close(waiting);
}

static void *
interrupt_often(void *arg)
{
    struct relief *relief = arg;

    while (!atomic_load(&relief->over)) {
        usleep(20000);
        weir__interrupt(relief->waiting);
    }
    return NULL;
}

/* What happens in its own process must not keep it from looking for what others do. */
static void
one_that_cannot_watch_looks_however_often_it_is_woken(void)
{
    struct relief relief = {.waiting = kit_open("", NULL), .other = kit_open("", NULL)};
    struct weir__hub *hub = &kit_store(relief.waiting)->hub;
    weir_wait wait = kit_settled(relief.waiting);
    int64_t end_ms = weir__monotonic_ms() + LONG_MS;
    pthread_t thread;

    close(hub->wal_fd);
    close(hub->touch_fd);
    hub->wal_fd = hub->touch_fd = hub->step = -1;
    hub->blind = true;
    CU_ASSERT_EQUAL(kit_put(relief.other, "a", 1, NULL), 0);
    pthread_create(&thread, NULL, interrupt_often, &relief);
    do {
        CU_ASSERT_EQUAL_FATAL(weir__wait(relief.waiting, &wait, NULL), 0);
    } while ((wait.reasons & WEIR_WAKE_WORK) == 0 && weir__monotonic_ms() < end_ms);
    CU_ASSERT_TRUE((wait.reasons & WEIR_WAKE_WORK) != 0);
    atomic_store(&relief.over, true);
    pthread_join(thread, NULL);
    weir_broker_close(relief.other);
    weir_broker_close(relief.waiting);
}

static void
what_this_process_finishes_does_not_wake_it(void)
{
    weir_broker *broker = kit_open("", NULL);
    weir_wait wait;

    CU_ASSERT_EQUAL(kit_put(broker, "a", 1, NULL), 0);
    wait = kit_settled(broker);
    CU_ASSERT_EQUAL(kit_work(broker, NULL), 1);
    wait.timeout_ms = 50;
    CU_ASSERT_EQUAL(weir__wait(broker, &wait, NULL), 0);
    CU_ASSERT_EQUAL(wait.reasons, WEIR_WAKE_TIMEOUT);
    weir_broker_close(broker);
}

static void
a_busy_neighbour_neither_wakes_nor_hides_what_is_of_interest(void)
{
    weir_broker *waiting = kit_open("?sync=normal", NULL);
    weir_broker *busy = kit_open("?sync=normal", NULL);
    weir_wait wait = kit_settled(waiting);
    char id[32];

    for (int i = 0; i < 200; i++) {
        snprintf(id, sizeof(id), "other%d", i);
        CU_ASSERT_EQUAL(kit_put_into(busy, "elsewhere", id, 1, NULL), 0);
        wait.timeout_ms = 0;
        CU_ASSERT_EQUAL(weir__wait(waiting, &wait, NULL), 0);
        CU_ASSERT_EQUAL(wait.reasons, WEIR_WAKE_TIMEOUT);
    }
    CU_ASSERT_EQUAL(kit_put(busy, "a", 1, NULL), 0);
    wait.timeout_ms = LONG_MS;
    CU_ASSERT_EQUAL(weir__wait(waiting, &wait, NULL), 0);
    CU_ASSERT_EQUAL(wait.reasons, WEIR_WAKE_WORK);
    weir_broker_close(busy);
    weir_broker_close(waiting);
}

struct crowd {
    weir_broker *broker;
    atomic_int next;
    atomic_int wrong;
};

/* Every third call fails by itself, whatever it shares its transaction with. */
static void *
enqueue_many(void *arg)
{
    struct crowd *crowd = arg;
    size_t done;
    char id[32];

    for (int i = 0; i < 30; i++) {
        snprintf(id, sizeof(id), "task%d", atomic_fetch_add(&crowd->next, 1));
        if (kit_put(crowd->broker, id, 2000, NULL) != 0 ||
            kit_put(crowd->broker, id, 1, NULL) != WEIR_E_CONFLICT ||
            weir__remove_queue(crowd->broker, "none", true, 1, &done, NULL) != WEIR_E_NO_QUEUE)
            atomic_fetch_add(&crowd->wrong, 1);
    }
    return NULL;
}

static void
a_call_that_fails_does_not_touch_those_in_its_transaction(void)
{
    struct crowd crowd = {.broker = kit_open("?sync=normal", NULL)};
    pthread_t threads[8];

    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, enqueue_many, &crowd);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    CU_ASSERT_EQUAL(crowd.wrong, 0);
    CU_ASSERT_EQUAL(kit_pending(crowd.broker), 240);
    weir_broker_close(crowd.broker);
}

static void
the_log_is_moved_into_the_database_and_does_not_grow(void)
{
    weir_broker *broker = kit_open("?sync=normal", NULL);
    struct stat log;
    char name[300], id[32];

    snprintf(name, sizeof(name), "%s-wal", kit_path);
    for (int i = 0; i < 40; i++) {
        snprintf(id, sizeof(id), "task%d", i);
        CU_ASSERT_EQUAL(kit_put(broker, id, 1000000, NULL), 0);
    }
    CU_ASSERT_EQUAL(stat(name, &log), 0);
    CU_ASSERT(log.st_size < 10000000);
    weir_broker_close(broker);
    CU_ASSERT_NOT_EQUAL(stat(name, &log), 0);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_task_of_an_application_s_own_transaction_wakes),
    HARNESS_TEST(a_wake_up_survives_the_loss_of_the_file_beside_the_database),
    HARNESS_TEST(a_waiter_that_could_not_set_its_watches_is_not_deaf),
    HARNESS_TEST(what_came_before_the_watches_could_be_set_is_looked_for),
    HARNESS_TEST(one_that_cannot_watch_looks_however_often_it_is_woken),
    HARNESS_TEST(what_this_process_finishes_does_not_wake_it),
    HARNESS_TEST(a_busy_neighbour_neither_wakes_nor_hides_what_is_of_interest),
    HARNESS_TEST(a_call_that_fails_does_not_touch_those_in_its_transaction),
    HARNESS_TEST(the_log_is_moved_into_the_database_and_does_not_grow),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(sqlite_wake, tests, kit_setup, kit_teardown);

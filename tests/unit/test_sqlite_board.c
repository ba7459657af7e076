/* SPDX-License-Identifier: MIT */
/* The board that processes share: sleeping until the write lock is given back. */
#include <config.h>

#include "harness.h"
#include "sqlite_kit.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define LONG_US 5000000
#define SLEEPERS 3

static char beside[300];

static void
setup(void)
{
    kit_setup();
    snprintf(beside, sizeof(beside), "%s-weir", kit_path);
}

/* A board on the file beside the database, as another process has it. */
static struct weir__board
board_of_its_own(void)
{
    static const char nothing[WEIR__BOARD_BYTES];
    struct weir__board board;
    int fd = open(beside, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat file;

    weir__board_init(&board);
    if (fstat(fd, &file) == 0 && file.st_size == 0)
        CU_ASSERT_EQUAL(write(fd, nothing, sizeof(nothing)), (ssize_t)sizeof(nothing));
    weir__board_share(&board, fd);
    close(fd);
    return board;
}

/* A process that sleeps until the turn is another one; its status is 0 if it was woken. */
static pid_t
start_sleeper(void)
{
    pid_t director = getpid(), pid = fork();
    struct weir__board board;
    bool woken;

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != director)
        _exit(2);
    board = board_of_its_own();
    woken = weir__board_await_turn(&board, weir__board_turn(&board), LONG_US);
    weir__board_release(&board);
    _exit(woken ? 0 : 1);
}

/* Whether so many are counted, asleep or about to sleep; those who wait for a lock sleep and look in turns. */
static bool
sleep_so_many(const struct weir__board *board, uint32_t count)
{
    int64_t end = weir__monotonic_ms() + LONG_US / 1000;

    while (weir__monotonic_ms() < end) {
        if (atomic_load(&board->page->sleepers) == count)
            return true;
        usleep(1000);
    }
    return false;
}

static bool
is_asleep(pid_t pid)
{
    char path[64], state = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (file == NULL)
        return false;
    CU_ASSERT_EQUAL(fscanf(file, "%*d %*s %c", &state), 1);
    fclose(file);
    return state == 'S';
}

/* Of those who are counted: a turn that is passed before one of them sleeps wakes it, too. */
static bool
all_are_asleep(const pid_t *pids, int count)
{
    int64_t end = weir__monotonic_ms() + LONG_US / 1000;
    int i = 0;

    while (i < count && weir__monotonic_ms() < end) {
        if (is_asleep(pids[i]))
            i++;
        else
            usleep(1000);
    }
    return i == count;
}

static int
ended(pid_t pid)
{
    int status = -1;

    return waitpid(pid, &status, 0) == pid ? status : -1;
}

/* How many of the children end woken, until none has for 100 ms after the first. */
static int
count_woken(void)
{
    int status = -1, count = 0;
    int64_t end;

    if (waitpid(-1, &status, 0) > 0)
        count += status == 0;
    end = weir__monotonic_ms() + 100;
    while (weir__monotonic_ms() < end) {
        if (waitpid(-1, &status, WNOHANG) > 0)
            count += status == 0;
        else
            usleep(1000);
    }
    return count;
}

static void
one_turn_wakes_one_of_several_processes(void)
{
    struct weir__board board = board_of_its_own();
    pid_t pids[SLEEPERS];

    for (int i = 0; i < SLEEPERS; i++) {
        pids[i] = start_sleeper();
        CU_ASSERT(pids[i] > 0);
    }
    CU_ASSERT(sleep_so_many(&board, SLEEPERS));
    CU_ASSERT(all_are_asleep(pids, SLEEPERS));
    for (int i = 0; i < SLEEPERS; i++) {
        weir__board_pass_turn(&board);
        CU_ASSERT_EQUAL(count_woken(), 1);
    }
    weir__board_release(&board);
}

static void
a_turn_that_was_passed_before_is_not_slept_over(void)
{
    struct weir__board board = board_of_its_own();
    uint32_t turn = weir__board_turn(&board);
    int64_t begun = weir__monotonic_ms();

    weir__board_pass_turn(&board);
    CU_ASSERT_NOT_EQUAL(weir__board_turn(&board), turn);
    CU_ASSERT(weir__board_await_turn(&board, turn, LONG_US));
    CU_ASSERT(weir__monotonic_ms() - begun < LONG_US / 2000);
    CU_ASSERT_FALSE(weir__board_await_turn(&board, weir__board_turn(&board), 1000));
    weir__board_release(&board);
}

static void
a_sleeper_that_is_killed_takes_no_turn_from_another(void)
{
    struct weir__board board = board_of_its_own();
    pid_t first = start_sleeper(), second;

    CU_ASSERT(sleep_so_many(&board, 1));
    second = start_sleeper();
    CU_ASSERT(sleep_so_many(&board, 2));
    CU_ASSERT_EQUAL(kill(first, SIGKILL), 0);
    CU_ASSERT_NOT_EQUAL(ended(first), 0);
    weir__board_pass_turn(&board);
    CU_ASSERT_EQUAL(ended(second), 0);
    weir__board_release(&board);
}

/* A process that takes the write lock, says so, and keeps it. */
static pid_t
start_holder(void)
{
    pid_t director = getpid(), pid;
    int said[2];
    char byte;

    CU_ASSERT_EQUAL(pipe(said), 0);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != director || kit_sql(kit_connect(), "BEGIN IMMEDIATE") != SQLITE_OK ||
            write(said[1], "", 1) != 1)
            _exit(2);
        for (;;)
            pause();
    }
    close(said[1]);
    CU_ASSERT_EQUAL(read(said[0], &byte, 1), 1);
    close(said[0]);
    return pid;
}

static void *
put(void *broker)
{
    return kit_put(broker, "a", 1, NULL) == 0 ? broker : NULL;
}

static void
a_lock_whose_holder_dies_is_found_free(void)
{
    pid_t holder;
    weir_broker *broker;
    const struct weir__board *board;
    pthread_t thread;
    void *done = NULL;

    weir_broker_close(kit_open("", NULL));
    holder = start_holder();
    broker = kit_open("", NULL);
    board = &kit_store(broker)->hub.board;
    CU_ASSERT_EQUAL(pthread_create(&thread, NULL, put, broker), 0);
    CU_ASSERT(sleep_so_many(board, 1));
    CU_ASSERT_EQUAL(kill(holder, SIGKILL), 0);
    CU_ASSERT_NOT_EQUAL(ended(holder), 0);
    CU_ASSERT_EQUAL(pthread_join(thread, &done), 0);
    CU_ASSERT_PTR_EQUAL(done, broker);
    CU_ASSERT_EQUAL(atomic_load(&board->page->sleepers), 0);
    weir_broker_close(broker);
}

static void
each_transaction_passes_the_turn(void)
{
    weir_broker *broker = kit_open("", NULL);
    struct weir__board board = board_of_its_own();
    uint32_t turn = weir__board_turn(&board);

    CU_ASSERT_EQUAL(kit_put(broker, "a", 1, NULL), 0);
    CU_ASSERT_EQUAL(weir__board_turn(&board), turn + 1);
    CU_ASSERT_EQUAL(weir__remove_queue(broker, "none", true, 1, &(size_t){0}, NULL),
                    WEIR_E_NO_QUEUE);
    CU_ASSERT_EQUAL(weir__board_turn(&board), turn + 2);
    weir__board_release(&board);
    weir_broker_close(broker);
}

static void
a_file_that_is_too_short_is_made_as_long_as_the_board(void)
{
    int fd = open(beside, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    weir_broker *broker;
    struct stat file;

    CU_ASSERT_EQUAL(write(fd, "\n", 1), 1);
    broker = kit_open("", NULL);
    CU_ASSERT_EQUAL(fstat(fd, &file), 0);
    CU_ASSERT_EQUAL(file.st_size, WEIR__BOARD_BYTES);
    close(fd);
    weir_broker_close(broker);
}

/* ---- offers ---- */

static void
as_many_are_claimed_as_were_offered(void)
{
    struct weir__board one = board_of_its_own(), other = board_of_its_own();
    uint64_t key = weir__board_key("q");
    struct weir__board_queue *offers = weir__board_place(&one, key, true);
    struct weir__board_queue *claims = weir__board_place(&other, key, false);

    CU_ASSERT_PTR_NOT_NULL_FATAL(claims);
    CU_ASSERT_FALSE(weir__board_claim(claims));
    weir__board_offer(offers, 2, false);
    CU_ASSERT_FALSE(weir__board_is_drained(claims));
    CU_ASSERT(weir__board_claim(claims));
    CU_ASSERT(weir__board_claim(claims));
    CU_ASSERT_FALSE(weir__board_claim(claims));
    weir__board_offer(offers, 1, true);
    CU_ASSERT_FALSE(weir__board_claim(claims));
    weir__board_release(&other);
    weir__board_release(&one);
}

static void
what_a_take_emptied_is_not_claimed_any_more(void)
{
    struct weir__board board = board_of_its_own();
    uint64_t key = weir__board_key("q");
    struct weir__board_queue *place = weir__board_place(&board, key, true);

    weir__board_offer(place, 5, false);
    weir__board_drain(&board, key, 4);
    CU_ASSERT_FALSE(weir__board_is_drained(place));
    CU_ASSERT(weir__board_claim(place));
    CU_ASSERT_FALSE(weir__board_claim(place));
    weir__board_drain(&board, key, 5);
    CU_ASSERT(weir__board_is_drained(place));
    weir__board_drain(&board, key, 900); /* read from a file that was lost */
    weir__board_offer(place, 1, false);
    CU_ASSERT_FALSE(weir__board_is_drained(place));
    CU_ASSERT(weir__board_claim(place));
    weir__board_release(&board);
}

static void
any_number_of_offers_can_be_outstanding(void)
{
    struct weir__board board = board_of_its_own();
    uint64_t key = weir__board_key("q");
    struct weir__board_queue *place = weir__board_place(&board, key, true);

    atomic_store(&place->offered, UINT64_C(1) << 33);
    CU_ASSERT_FALSE(weir__board_is_drained(place));
    CU_ASSERT(weir__board_claim(place));
    weir__board_drain(&board, key, atomic_load(&place->offered));
    CU_ASSERT(weir__board_is_drained(place));
    CU_ASSERT_FALSE(weir__board_claim(place));
    weir__board_release(&board);
}

static void
a_sleeper_whose_page_was_replaced_is_not_taken_from_the_new_one(void)
{
    struct weir__board board = board_of_its_own();

    atomic_store(&board.page->sleepers, UINT32_MAX); /* with the sleeper: none, as on a new page */
    CU_ASSERT_FALSE(weir__board_await_turn(&board, weir__board_turn(&board), 1000));
    CU_ASSERT_EQUAL(atomic_load(&board.page->sleepers), 0);
    weir__board_release(&board);
}

static void
a_file_with_holes_is_filled(void)
{
    int fd = open(beside, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    weir_broker *broker;
    struct stat file;

    CU_ASSERT_EQUAL(ftruncate(fd, WEIR__BOARD_BYTES), 0);
    broker = kit_open("", NULL);
    CU_ASSERT_EQUAL(fstat(fd, &file), 0);
    CU_ASSERT_EQUAL(file.st_size, WEIR__BOARD_BYTES);
    CU_ASSERT(file.st_blocks * 512 >= WEIR__BOARD_BYTES);
    close(fd);
    weir_broker_close(broker);
}

static void
a_queue_for_which_there_is_no_room_has_no_place(void)
{
    struct weir__board board = board_of_its_own();
    struct weir__board_queue *first = weir__board_place(&board, 1, true);

    CU_ASSERT_PTR_NULL(weir__board_place(&board, 2, false));
    for (uint64_t key = 1; key <= WEIR__BOARD_QUEUES; key++)
        CU_ASSERT_PTR_NOT_NULL(weir__board_place(&board, key, true));
    CU_ASSERT_PTR_NULL(weir__board_place(&board, WEIR__BOARD_QUEUES + 1, true));
    CU_ASSERT_PTR_NULL(weir__board_place(&board, WEIR__BOARD_QUEUES + 1, false));
    CU_ASSERT_PTR_EQUAL(weir__board_place(&board, 1, false), first);
    weir__board_release(&board);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(one_turn_wakes_one_of_several_processes),
    HARNESS_TEST(a_turn_that_was_passed_before_is_not_slept_over),
    HARNESS_TEST(a_sleeper_that_is_killed_takes_no_turn_from_another),
    HARNESS_TEST(a_lock_whose_holder_dies_is_found_free),
    HARNESS_TEST(each_transaction_passes_the_turn),
    HARNESS_TEST(as_many_are_claimed_as_were_offered),
    HARNESS_TEST(what_a_take_emptied_is_not_claimed_any_more),
    HARNESS_TEST(any_number_of_offers_can_be_outstanding),
    HARNESS_TEST(a_sleeper_whose_page_was_replaced_is_not_taken_from_the_new_one),
    HARNESS_TEST(a_file_with_holes_is_filled),
    HARNESS_TEST(a_queue_for_which_there_is_no_room_has_no_place),
    HARNESS_TEST(a_file_that_is_too_short_is_made_as_long_as_the_board),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(sqlite_board, tests, setup, kit_teardown);

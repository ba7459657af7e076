/* SPDX-License-Identifier: MIT */
/* The system's clock and randomness, and the clock that tests move. */
#include <config.h>

#include "clock.h"
#include "harness.h"
#include "manual_clock.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void
wall_time_is_that_of_the_system(void)
{
    int64_t before_ms = (int64_t)time(NULL) * 1000;
    int64_t now_ms = weir__clock_wall_ms(NULL);

    /* time() may lag behind the exact clock by one tick. */
    CU_ASSERT_TRUE(now_ms >= before_ms);
    CU_ASSERT_TRUE(now_ms <= ((int64_t)time(NULL) + 2) * 1000);
}

static void
boot_time_never_steps_back(void)
{
    int64_t last_ms = weir__clock_boot_ms(NULL);

    CU_ASSERT_TRUE(last_ms > 0);
    for (int i = 0; i < 10000; i++) {
        int64_t now_ms = weir__clock_boot_ms(weir_clock_system());
        CU_ASSERT_TRUE_FATAL(now_ms >= last_ms);
        last_ms = now_ms;
    }
}

static void
random_blocks_of_any_length_differ(void)
{
    unsigned char a[1000], b[1000];

    for (size_t len = 16; len <= sizeof a; len += 41) {
        weir__clock_random(NULL, a, len);
        weir__clock_random(NULL, b, len);
        CU_ASSERT_NOT_EQUAL(memcmp(a, b, len), 0);
    }
}

static void
random_writes_exactly_what_was_asked(void)
{
    unsigned char bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    weir__clock_random(NULL, bytes, 0);
    CU_ASSERT_EQUAL(bytes[0], 1);
    weir__clock_random(NULL, bytes + 1, 6);
    CU_ASSERT_EQUAL(bytes[0], 1);
    CU_ASSERT_EQUAL(bytes[7], 8);
}

static void
every_bit_of_random_bytes_is_sometimes_set(void)
{
    unsigned char any[16] = {0}, all[16], bytes[16];

    memset(all, 0xFF, sizeof all);
    for (int i = 0; i < 500; i++) {
        weir__clock_random(NULL, bytes, sizeof bytes);
        for (size_t k = 0; k < sizeof bytes; k++) {
            any[k] |= bytes[k];
            all[k] &= bytes[k];
        }
    }
    for (size_t k = 0; k < sizeof bytes; k++) {
        CU_ASSERT_EQUAL(any[k], 0xFF);
        CU_ASSERT_EQUAL(all[k], 0);
    }
}

static void
a_child_process_draws_other_bytes_than_its_parent(void)
{
    unsigned char ours[16], theirs[16] = {0};
    int ends[2];

    weir__clock_random(NULL, ours, sizeof ours); /* the pool is filled before the fork */
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        weir__clock_random(NULL, ours, sizeof ours);
        _exit(write(ends[1], ours, sizeof ours) == (ssize_t)sizeof ours ? 0 : 1);
    }
    weir__clock_random(NULL, ours, sizeof ours);
    close(ends[1]);
    CU_ASSERT_EQUAL(read(ends[0], theirs, sizeof theirs), sizeof theirs);
    close(ends[0]);
    waitpid(child, NULL, 0);
    CU_ASSERT_NOT_EQUAL(memcmp(ours, theirs, sizeof ours), 0);
}

static void *
draw(void *arg)
{
    weir__clock_random(NULL, arg, 32);
    return NULL;
}

static void
threads_draw_different_bytes(void)
{
    enum {
        THREADS = 8
    };
    unsigned char drawn[THREADS][32];
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, draw, drawn[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        for (int k = 0; k < i; k++) {
            CU_ASSERT_NOT_EQUAL(memcmp(drawn[i], drawn[k], 32), 0);
        }
    }
}

static void
a_random_number_stays_below_its_bound(void)
{
    static const uint64_t bounds[] = {1, 2, 3, 30, 1000, UINT64_MAX / 2 + 2, UINT64_MAX};

    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        for (int n = 0; n < 200; n++) {
            CU_ASSERT_TRUE_FATAL(weir__clock_random_below(NULL, bounds[i]) < bounds[i]);
        }
    }
    CU_ASSERT_EQUAL(weir__clock_random_below(NULL, 0), 0);
}

static void
all_random_numbers_below_a_bound_come_up(void)
{
    struct manual_clock clock;
    int seen[30] = {0};

    manual_clock_init(&clock, 0, 1);
    for (int n = 0; n < 3000; n++) {
        seen[weir__clock_random_below(&clock.clock, 30)]++;
    }
    for (int i = 0; i < 30; i++) {
        CU_ASSERT_TRUE(seen[i] > 50 && seen[i] < 150);
    }
}

static void
zero_bytes(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    memset(buf, 0, len);
}

static void
a_random_source_that_repeats_one_value_does_not_hang(void)
{
    weir_clock stuck = *weir_clock_system();

    stuck.random = zero_bytes;
    CU_ASSERT_TRUE(weir__clock_random_below(&stuck, 30) < 30);
}

static void
the_run_of_the_machine_has_a_name(void)
{
    struct manual_clock clock;
    const char *name = weir__clock_boot_id(NULL);

    manual_clock_init(&clock, 0, 1);
    CU_ASSERT_STRING_EQUAL(weir__clock_boot_id(&clock.clock), "manual");
    CU_ASSERT_TRUE(strlen(name) <= 64);
    CU_ASSERT_PTR_NULL(strchr(name, '\n'));
    CU_ASSERT_STRING_EQUAL(weir__clock_boot_id(weir_clock_system()), name);
    if (access("/proc/sys/kernel/random/boot_id", R_OK) == 0) {
        CU_ASSERT_EQUAL(strlen(name), 36);
    }
}

static void
the_manual_clock_moves_only_when_it_is_moved(void)
{
    struct manual_clock clock;

    manual_clock_init(&clock, 5000, 1);
    int64_t boot_ms = weir__clock_boot_ms(&clock.clock);
    CU_ASSERT_EQUAL(weir__clock_wall_ms(&clock.clock), 5000);
    manual_clock_advance(&clock, 250);
    CU_ASSERT_EQUAL(weir__clock_wall_ms(&clock.clock), 5250);
    CU_ASSERT_EQUAL(weir__clock_boot_ms(&clock.clock), boot_ms + 250);
    manual_clock_set_wall(&clock, 10);
    CU_ASSERT_EQUAL(weir__clock_wall_ms(&clock.clock), 10);
    CU_ASSERT_EQUAL(weir__clock_boot_ms(&clock.clock), boot_ms + 250);
}

static void
the_manual_clock_s_randomness_repeats_with_its_seed(void)
{
    struct manual_clock one, same, other;
    unsigned char a[20], b[20], c[20], again[20];

    manual_clock_init(&one, 0, 7);
    manual_clock_init(&same, 0, 7);
    manual_clock_init(&other, 0, 8);
    weir__clock_random(&one.clock, a, sizeof a);
    weir__clock_random(&same.clock, b, sizeof b);
    weir__clock_random(&other.clock, c, sizeof c);
    weir__clock_random(&one.clock, again, sizeof again);
    CU_ASSERT_EQUAL(memcmp(a, b, sizeof a), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(a, c, sizeof a), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(a, again, sizeof a), 0);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(wall_time_is_that_of_the_system),
    HARNESS_TEST(boot_time_never_steps_back),
    HARNESS_TEST(random_blocks_of_any_length_differ),
    HARNESS_TEST(random_writes_exactly_what_was_asked),
    HARNESS_TEST(every_bit_of_random_bytes_is_sometimes_set),
    HARNESS_TEST(a_child_process_draws_other_bytes_than_its_parent),
    HARNESS_TEST(threads_draw_different_bytes),
    HARNESS_TEST(a_random_number_stays_below_its_bound),
    HARNESS_TEST(all_random_numbers_below_a_bound_come_up),
    HARNESS_TEST(a_random_source_that_repeats_one_value_does_not_hang),
    HARNESS_TEST(the_run_of_the_machine_has_a_name),
    HARNESS_TEST(the_manual_clock_moves_only_when_it_is_moved),
    HARNESS_TEST(the_manual_clock_s_randomness_repeats_with_its_seed),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(clock, tests, NULL, NULL);

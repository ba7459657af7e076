/* SPDX-License-Identifier: MIT */
/*
 * The system's clock and randomness.
 *
 * Random bytes come from the kernel, a block at a time for each thread, because one system call
 * per id would be the dearest part of making one. A byte is wiped when it is handed out. A child
 * process must not hand out its parent's bytes: a fork handler counts forks, and a block read
 * under another count is thrown away. Reading urandom is the fallback where getentropy() is
 * refused; if that fails too, bytes are mixed from time, process, thread and a counter: ids then
 * are still distinct, and nothing in weir uses them as secrets.
 */
#include <config.h>

#include "clock.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_SYS_RANDOM_H
#include <sys/random.h>
#endif

#ifdef CLOCK_BOOTTIME
#define BOOT_CLOCK CLOCK_BOOTTIME
#else
#define BOOT_CLOCK CLOCK_MONOTONIC
#endif

/* The most that getentropy() gives in one call. */
enum {
    POOL_SIZE = 256,
    BOOT_ID_SIZE = 65
};

struct pool {
    unsigned fork_count;
    bool filled;
    size_t used;
    unsigned char bytes[POOL_SIZE];
};

static _Thread_local struct pool pool;
static atomic_uint fork_count;
static pthread_once_t fork_handler_once = PTHREAD_ONCE_INIT;
static pthread_once_t boot_id_once = PTHREAD_ONCE_INIT;
static char system_boot_id[BOOT_ID_SIZE];

static int64_t
read_clock(clockid_t id)
{
    struct timespec now;

    if (clock_gettime(id, &now) != 0) {
        return -1;
    }
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t
system_wall_ms(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_REALTIME);
}

static int64_t
system_boot_ms(void *ctx)
{
    (void)ctx;
    int64_t now = read_clock(BOOT_CLOCK);

    return now >= 0 ? now : read_clock(CLOCK_MONOTONIC);
}

static void
count_fork(void)
{
    atomic_fetch_add(&fork_count, 1);
}

static void
install_fork_handler(void)
{
    pthread_atfork(NULL, NULL, count_fork);
}

static bool
read_urandom(unsigned char *buf, size_t len)
{
    size_t done = 0;
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return false;
    }
    while (done < len) {
        ssize_t n = read(fd, buf + done, len - done);
        if (n <= 0) {
            break;
        }
        done += (size_t)n;
    }
    close(fd);
    return done == len;
}

uint64_t
weir__mix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void
fill_without_kernel(unsigned char *buf, size_t len)
{
    static atomic_uint_fast64_t counter;
    struct timespec now = {0};

    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t state = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
    state ^= weir__mix(&state) + (uint64_t)getpid();
    state ^= weir__mix(&state) + (uint64_t)(uintptr_t)&pool;
    state ^= weir__mix(&state) + atomic_fetch_add(&counter, 1);
    for (size_t i = 0; i < len; i++) {
        buf[i] = (unsigned char)weir__mix(&state);
    }
}

static void
refill(unsigned count)
{
    if (getentropy(pool.bytes, POOL_SIZE) != 0 && !read_urandom(pool.bytes, POOL_SIZE)) {
        fill_without_kernel(pool.bytes, POOL_SIZE);
    }
    pool.fork_count = count;
    pool.filled = true;
    pool.used = 0;
}

static void
system_random(void *ctx, void *buf, size_t len)
{
    unsigned char *out = buf;

    (void)ctx;
    pthread_once(&fork_handler_once, install_fork_handler);
    unsigned count = atomic_load(&fork_count);
    while (len > 0) {
        if (!pool.filled || pool.used == POOL_SIZE || pool.fork_count != count) {
            refill(count);
        }
        size_t n = len < POOL_SIZE - pool.used ? len : POOL_SIZE - pool.used;
        memcpy(out, pool.bytes + pool.used, n);
        memset(pool.bytes + pool.used, 0, n);
        pool.used += n;
        out += n;
        len -= n;
    }
}

static void
read_boot_id(void)
{
    char line[BOOT_ID_SIZE] = "";
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    if (file == NULL) {
        return;
    }
    if (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        memcpy(system_boot_id, line, sizeof line);
    }
    fclose(file);
}

const weir_clock *
weir_clock_system(void)
{
    static const weir_clock system_clock = {
        .wall_ms = system_wall_ms,
        .boot_ms = system_boot_ms,
        .random = system_random,
        .boot_id = system_boot_id,
    };

    pthread_once(&boot_id_once, read_boot_id);
    return &system_clock;
}

const weir_clock *
weir__clock_or_system(const weir_clock *clock)
{
    return clock != NULL ? clock : weir_clock_system();
}

int64_t
weir__clock_wall_ms(const weir_clock *clock)
{
    clock = weir__clock_or_system(clock);
    return clock->wall_ms(clock->ctx);
}

int64_t
weir__clock_boot_ms(const weir_clock *clock)
{
    clock = weir__clock_or_system(clock);
    return clock->boot_ms(clock->ctx);
}

void
weir__clock_random(const weir_clock *clock, void *buf, size_t len)
{
    clock = weir__clock_or_system(clock);
    clock->random(clock->ctx, buf, len);
}

uint64_t
weir__clock_random_below(const weir_clock *clock, uint64_t bound)
{
    uint64_t value;

    if (bound == 0) {
        return 0;
    }
    /*
     * The lowest 2^64 % bound values are one too many for an even share and are drawn again. A
     * test's clock may give one of them for ever, hence the limit; a real one passes at once.
     */
    uint64_t surplus = (UINT64_MAX - bound + 1) % bound;
    for (int tries = 0; tries < 64; tries++) {
        weir__clock_random(clock, &value, sizeof value);
        if (value >= surplus) {
            break;
        }
    }
    return value % bound;
}

const char *
weir__clock_boot_id(const weir_clock *clock)
{
    clock = weir__clock_or_system(clock);
    return clock->boot_id != NULL ? clock->boot_id : weir_clock_system()->boot_id;
}

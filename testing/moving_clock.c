/* SPDX-License-Identifier: MIT */
/* Wall clock and boot clock move together: nothing in here suspends the machine or sets the time. */
#include <config.h>

#include "moving_clock.h"

#include "clock.h"

#include <string.h>

enum {
    UP_MS = 60 * 60 * 1000 /* how long the machine has been running at the start */
};

int64_t
weir__moving_clock_now(const struct weir__moving_clock *moving)
{
    return atomic_load(&moving->now_ms);
}

static int64_t
wall_ms(void *ctx)
{
    return weir__moving_clock_now(ctx);
}

static int64_t
boot_ms(void *ctx)
{
    const struct weir__moving_clock *moving = ctx;

    return weir__moving_clock_now(moving) - moving->start_ms + UP_MS;
}

static void
draw(void *ctx, void *buf, size_t len)
{
    struct weir__moving_clock *moving = ctx;
    unsigned char *out = buf;

    if (!atomic_load(&moving->seeded)) {
        weir__clock_random(NULL, buf, len);
        return;
    }
    while (len > 0) {
        uint64_t number = atomic_fetch_add(&moving->drawn, 1);
        uint64_t state = moving->seed + number * UINT64_C(0x9E3779B97F4A7C15);
        uint64_t word = weir__mix(&state);
        size_t n = len < sizeof(word) ? len : sizeof(word);
        memcpy(out, &word, n);
        out += n;
        len -= n;
    }
}

void
weir__moving_clock_init(struct weir__moving_clock *moving, int64_t start_ms)
{
    moving->clock = (weir_clock){
        .wall_ms = wall_ms,
        .boot_ms = boot_ms,
        .random = draw,
        .boot_id = "weir-testing",
        .ctx = moving,
    };
    moving->start_ms = start_ms;
    atomic_init(&moving->now_ms, start_ms);
    atomic_init(&moving->seeded, false);
    atomic_init(&moving->drawn, 0);
}

void
weir__moving_clock_seed(struct weir__moving_clock *moving, uint64_t seed)
{
    moving->seed = seed;
    atomic_store(&moving->seeded, true);
}

void
weir__moving_clock_to(struct weir__moving_clock *moving, int64_t now_ms)
{
    if (now_ms > atomic_load(&moving->now_ms)) {
        atomic_store(&moving->now_ms, now_ms);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * Random word number n is a hash of seed and n, so threads may draw at the same time and no word is
 * given twice.
 */
#include <config.h>

#include "manual_clock.h"

#include <string.h>

static int64_t
wall_ms(void *ctx)
{
    struct manual_clock *clock = ctx;

    return atomic_load(&clock->wall_ms);
}

static int64_t
boot_ms(void *ctx)
{
    struct manual_clock *clock = ctx;

    return atomic_load(&clock->boot_ms);
}

static void
fill_random(void *ctx, void *buf, size_t len)
{
    struct manual_clock *clock = ctx;
    unsigned char *out = buf;

    while (len > 0) {
        uint64_t z = clock->seed;
        z += (atomic_fetch_add(&clock->drawn, 1) + 1) * UINT64_C(0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
        z ^= z >> 31;
        size_t n = len < sizeof z ? len : sizeof z;
        memcpy(out, &z, n);
        out += n;
        len -= n;
    }
}

void
manual_clock_init(struct manual_clock *clock, int64_t start_ms, uint64_t seed)
{
    clock->clock = (weir_clock){
        .wall_ms = wall_ms,
        .boot_ms = boot_ms,
        .random = fill_random,
        .boot_id = "manual",
        .ctx = clock,
    };
    clock->seed = seed;
    atomic_init(&clock->wall_ms, start_ms);
    atomic_init(&clock->boot_ms, 3600 * 1000);
    atomic_init(&clock->drawn, 0);
}

void
manual_clock_advance(struct manual_clock *clock, int64_t ms)
{
    atomic_fetch_add(&clock->wall_ms, ms);
    atomic_fetch_add(&clock->boot_ms, ms);
}

void
manual_clock_set_wall(struct manual_clock *clock, int64_t to_ms)
{
    atomic_store(&clock->wall_ms, to_ms);
}

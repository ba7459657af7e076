/* SPDX-License-Identifier: MIT */
/*
 * A UUID v7 begins with 48 bits of milliseconds; the 12 bits behind the version are used as a
 * counter (RFC 9562, section 6.2, method 1). Both together are one 60-bit number, the stamp, and
 * the last stamp given out is one atomic per process. A new stamp is the present millisecond with
 * a random counter below one half, or the last one plus one if that is not smaller: that covers
 * many ids in one millisecond, a counter that overflows (it carries into the milliseconds) and a
 * clock that steps back.
 */
#include <config.h>

#include "id.h"

#include "clock.h"

#include <stdatomic.h>
#include <string.h>

enum {
    COUNTER_BITS = 12,
    COUNTER_SEED_MASK = 0x7FF
};

static atomic_uint_fast64_t last_stamp;

static uint64_t
next_stamp(int64_t now_ms, uint64_t seed)
{
    const int64_t max_ms = (INT64_C(1) << 48) - 1;
    uint64_t ms = (uint64_t)(now_ms < 0 ? 0 : now_ms > max_ms ? max_ms : now_ms);
    uint64_t fresh = ms << COUNTER_BITS | (seed & COUNTER_SEED_MASK);
    uint_fast64_t last = atomic_load(&last_stamp);
    uint64_t stamp;

    do {
        stamp = fresh > last ? fresh : last + 1;
    } while (!atomic_compare_exchange_weak(&last_stamp, &last, stamp));
    return stamp;
}

static void
put_hex(char *dst, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        dst[2 * i] = digits[bytes[i] >> 4];
        dst[2 * i + 1] = digits[bytes[i] & 0x0F];
    }
    dst[2 * len] = '\0';
}

static void
format_uuid(char *dst, const unsigned char uuid[16])
{
    static const unsigned char group_len[] = {4, 2, 2, 2, 6};

    for (size_t i = 0; i < sizeof group_len; i++) {
        put_hex(dst, uuid, group_len[i]);
        dst += 2 * group_len[i];
        uuid += group_len[i];
        if (i + 1 < sizeof group_len) {
            *dst++ = '-';
        }
    }
}

void
weir__id_new(const weir_clock *clock, char id[WEIR__ID_SIZE])
{
    unsigned char random[10];
    unsigned char uuid[16];

    weir__clock_random(clock, random, sizeof random);
    uint64_t seed = (uint64_t)random[8] << 8 | random[9];
    uint64_t stamp = next_stamp(weir__clock_wall_ms(clock), seed);
    for (int i = 0; i < 6; i++) {
        uuid[i] = (unsigned char)(stamp >> (52 - 8 * i));
    }
    uuid[6] = (unsigned char)(0x70 | ((stamp >> 8) & 0x0F));
    uuid[7] = (unsigned char)stamp;
    memcpy(uuid + 8, random, 8);
    uuid[8] = (unsigned char)(0x80 | (uuid[8] & 0x3F));
    format_uuid(id, uuid);
}

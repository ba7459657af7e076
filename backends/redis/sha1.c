/* SPDX-License-Identifier: MIT */
/* SHA-1 (FIPS 180-4), only to name scripts as Redis does; nothing relies on it for security. */
#include <config.h>

#include "script.h"

#include <stdio.h>
#include <string.h>

static uint32_t
turned(uint32_t word, int by)
{
    return word << by | word >> (32 - by);
}

static uint32_t
mixed(int round, const uint32_t s[5])
{
    if (round < 20)
        return ((s[1] & s[2]) | (~s[1] & s[3])) + 0x5a827999u;
    if (round < 40)
        return (s[1] ^ s[2] ^ s[3]) + 0x6ed9eba1u;
    if (round < 60)
        return ((s[1] & s[2]) | (s[1] & s[3]) | (s[2] & s[3])) + 0x8f1bbcdcu;
    return (s[1] ^ s[2] ^ s[3]) + 0xca62c1d6u;
}

static void
add_block(uint32_t h[5], const unsigned char *block)
{
    uint32_t w[80];
    uint32_t s[5];

    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 80; i++)
        w[i] = turned(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    memcpy(s, h, sizeof s);
    for (int i = 0; i < 80; i++) {
        uint32_t next = turned(s[0], 5) + mixed(i, s) + s[4] + w[i];

        s[4] = s[3];
        s[3] = s[2];
        s[2] = turned(s[1], 30);
        s[1] = s[0];
        s[0] = next;
    }
    for (int i = 0; i < 5; i++)
        h[i] += s[i];
}

void
weir__sha1_hex(const void *data, size_t len, char hex[41])
{
    uint32_t h[5] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
    const unsigned char *bytes = data;
    unsigned char end[128] = {0};
    size_t rest = len % 64;
    size_t end_len = rest < 56 ? 64 : 128;

    for (size_t i = 0; i + 64 <= len; i += 64)
        add_block(h, bytes + i);
    memcpy(end, bytes + len - rest, rest);
    end[rest] = 0x80;
    for (int i = 0; i < 8; i++)
        end[end_len - 1 - (size_t)i] = (unsigned char)((uint64_t)len * 8 >> (8 * i));
    for (size_t i = 0; i < end_len; i += 64)
        add_block(h, end + i);
    for (int i = 0; i < 5; i++)
        snprintf(hex + (size_t)i * 8, 9, "%08x", (unsigned)h[i]);
}

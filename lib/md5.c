/* SPDX-License-Identifier: MIT */
/*
 * The message is taken in blocks of 64 bytes; its end, a bit 1, zeros and the length in bits fill one or two
 * more. Words are little-endian whatever the machine is.
 */
#include <config.h>

#include "md5.h"

#include <stdint.h>
#include <string.h>

enum {
    BLOCK = 64,
    LENGTH_AT = 56
};

/* floor(2^32 * |sin(i + 1)|) */
static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static const unsigned char turns[4][4] = {
    {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static uint32_t
get_word(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t
turn_left(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

/* The round's function of three words, and which word of the block its step i takes. */
static uint32_t
mix(unsigned i, const uint32_t v[4], unsigned *word)
{
    switch (i / 16) {
    case 0:
        *word = i;
        return (v[1] & v[2]) | (~v[1] & v[3]);
    case 1:
        *word = (5 * i + 1) % 16;
        return (v[3] & v[1]) | (~v[3] & v[2]);
    case 2:
        *word = (3 * i + 5) % 16;
        return v[1] ^ v[2] ^ v[3];
    default:
        *word = 7 * i % 16;
        return v[2] ^ (v[1] | ~v[3]);
    }
}

static void
take_block(uint32_t state[4], const unsigned char *block)
{
    uint32_t v[4];

    memcpy(v, state, sizeof v);
    for (unsigned i = 0; i < 64; i++) {
        unsigned word;
        uint32_t sum = mix(i, v, &word) + v[0] + sines[i];

        sum = turn_left(sum + get_word(block + 4 * (size_t)word), turns[i / 16][i % 4]) + v[1];
        v[0] = v[3];
        v[3] = v[2];
        v[2] = v[1];
        v[1] = sum;
    }
    for (int i = 0; i < 4; i++)
        state[i] += v[i];
}

static void
take_end(uint32_t state[4], const unsigned char *rest, size_t rest_len, uint64_t len)
{
    unsigned char end[2 * BLOCK] = {0};
    size_t size = rest_len < LENGTH_AT ? BLOCK : 2 * BLOCK;

    if (rest_len > 0)
        memcpy(end, rest, rest_len);
    end[rest_len] = 0x80;
    for (size_t i = 0; i < 8; i++)
        end[size - BLOCK + LENGTH_AT + i] = (unsigned char)(len * 8 >> (8 * i));
    for (size_t at = 0; at < size; at += BLOCK)
        take_block(state, end + at);
}

void
weir__md5_text(const void *data, size_t len, char text[WEIR__MD5_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    const unsigned char *bytes = data;
    size_t whole = len / BLOCK * BLOCK;

    for (size_t at = 0; at < whole; at += BLOCK)
        take_block(state, bytes + at);
    take_end(state, len > whole ? bytes + whole : NULL, len - whole, len);
    for (unsigned i = 0; i < 16; i++) {
        unsigned byte = state[i / 4] >> (8 * (i % 4)) & 0xff;

        text[2 * i] = digits[byte >> 4];
        text[2 * i + 1] = digits[byte & 15];
    }
    text[32] = '\0';
}

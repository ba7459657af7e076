/* SPDX-License-Identifier: MIT */
/*
 * The lead byte says how long a character is and which second bytes are allowed (that is where
 * overlong forms, surrogates and too large values are recognized); the rest are plain
 * continuation bytes. To change what is accepted, change the table.
 */
#include <config.h>

#include "utf8.h"

#include <string.h>

struct lead {
    unsigned char first, last;
    unsigned char second_min, second_max;
    unsigned char len;
};

static const struct lead leads[] = {
    {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
    {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
    {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

static const struct lead *
find_lead(unsigned char byte)
{
    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
        if (byte >= leads[i].first && byte <= leads[i].last) {
            return &leads[i];
        }
    }
    return NULL;
}

size_t
weir__utf8_next(const char *s, size_t len, bool *valid)
{
    const unsigned char *p = (const unsigned char *)s;

    *valid = p[0] < 0x80;
    if (*valid) {
        return 1;
    }
    const struct lead *lead = find_lead(p[0]);
    if (lead == NULL || len < 2 || p[1] < lead->second_min || p[1] > lead->second_max) {
        return 1;
    }
    size_t n = 2;
    while (n < lead->len && n < len && (p[n] & 0xC0) == 0x80) {
        n++;
    }
    *valid = n == lead->len;
    return n;
}

bool
weir__utf8_valid(const char *s, size_t len)
{
    bool valid = true;

    for (size_t i = 0; valid && i < len;) {
        i += weir__utf8_next(s + i, len - i, &valid);
    }
    return valid;
}

size_t
weir__utf8_sanitize(char *dst, size_t cap, const char *src, size_t len)
{
    size_t out = 0;

    if (cap == 0) {
        return 0;
    }
    for (size_t i = 0; i < len;) {
        bool valid;
        size_t n = weir__utf8_next(src + i, len - i, &valid);
        const char *from = valid ? src + i : WEIR__UTF8_REPLACEMENT;
        size_t from_len = valid ? n : strlen(WEIR__UTF8_REPLACEMENT);

        if (from_len > cap - 1 - out) {
            break;
        }
        memcpy(dst + out, from, from_len);
        out += from_len;
        i += n;
    }
    dst[out] = '\0';
    return out;
}

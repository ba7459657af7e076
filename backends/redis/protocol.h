/* SPDX-License-Identifier: MIT */
/*
 * Requests in Redis's protocol: what is written at a place, and where it ends. An argument takes WEIR__PUT_ROOM bytes at
 * most beside its own, and so does the count of a command's arguments.
 */
#ifndef WEIR_REDIS_PROTOCOL_H
#define WEIR_REDIS_PROTOCOL_H

#include <stddef.h>
#include <string.h>

#define WEIR__PUT_ROOM 32

static inline char *
weir__put(char *at, const char *data, size_t len)
{
    if (len > 0)
        memcpy(at, data, len);
    return at + len;
}

static inline char *
weir__put_count(char *at, char mark, size_t n)
{
    char digits[24];
    size_t i = sizeof digits;

    do {
        digits[--i] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    *at++ = mark;
    at = weir__put(at, digits + i, sizeof digits - i);
    return weir__put(at, "\r\n", 2);
}

static inline char *
weir__put_bulk(char *at, const char *data, size_t len)
{
    at = weir__put_count(at, '$', len);
    at = weir__put(at, data, len);
    return weir__put(at, "\r\n", 2);
}

static inline char *
weir__put_text(char *at, const char *text)
{
    return weir__put_bulk(at, text, strlen(text));
}

#endif

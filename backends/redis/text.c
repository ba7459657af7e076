/* SPDX-License-Identifier: MIT */
/*
 * Go refuses a whole message for one byte that is not UTF-8 in a string, so that no such byte may get into
 * one. Handlers' error texts are where they come from.
 */
#include <config.h>

#include "message.h"

#include <stdbool.h>
#include <string.h>

/* Bytes of the character at s, or 0: not UTF-8 (RFC 3629: no overlong forms, surrogates, or above 10FFFF). */
static size_t
character(const unsigned char *s)
{
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    size_t len;

    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (s[0] == 0xe0)
        low = 0xa0;
    if (s[0] == 0xed)
        high = 0x9f;
    if (s[0] == 0xf0)
        low = 0x90;
    if (s[0] == 0xf4)
        high = 0x8f;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    }
    return len;
}

static size_t
count_bad(const char *text)
{
    size_t bad = 0;

    for (const unsigned char *s = (const unsigned char *)text; *s != '\0';) {
        size_t len = character(s);

        bad += len == 0;
        s += len ? len : 1;
    }
    return bad;
}

const char *
weir__message_text(const char *text, struct weir__space *space)
{
    size_t bad = text ? count_bad(text) : 0;
    char *copy;
    char *at;

    if (bad == 0)
        return text;
    at = copy = weir__space_alloc(space, strlen(text) + 2 * bad + 1);
    if (!copy)
        return "";
    for (const unsigned char *s = (const unsigned char *)text; *s != '\0';) {
        size_t len = character(s);

        memcpy(at, len ? (const char *)s : "\xef\xbf\xbd", len ? len : 3);
        at += len ? len : 3;
        s += len ? len : 1;
    }
    *at = '\0';
    return copy;
}

/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 is checked as Unicode has it: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#include <config.h>

#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/config.h>

static const struct {
    const char *name;
    int64_t ms;
} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};

char *
text_duration(char dst[TEXT_SIZE], int64_t ms)
{
    size_t i = 0;

    if (ms < 0) { /* a clock behind the store's */
        char length[TEXT_SIZE];
        snprintf(dst, TEXT_SIZE, "-%.40s",
                 text_duration(length, ms == INT64_MIN ? INT64_MAX : -ms));
        return dst;
    }
    if (ms < 1000) {
        snprintf(dst, TEXT_SIZE, "%" PRId64 "ms", ms);
        return dst;
    }
    if (ms < 10000 && ms % 1000 >= 100) {
        snprintf(dst, TEXT_SIZE, "%" PRId64 ".%ds", ms / 1000, (int)(ms % 1000 / 100));
        return dst;
    }
    while (ms < units[i].ms) {
        i++;
    }
    int n = snprintf(dst, TEXT_SIZE, "%" PRId64 "%s", ms / units[i].ms, units[i].name);
    int64_t rest = ms % units[i].ms;
    if (i < 3 && rest >= units[i + 1].ms) {
        snprintf(dst + n, TEXT_SIZE - (size_t)n, "%" PRId64 "%s", rest / units[i + 1].ms,
                 units[i + 1].name);
    }
    return dst;
}

char *
text_limit(char dst[TEXT_SIZE], int64_t ms)
{
    if (ms <= 0) {
        snprintf(dst, TEXT_SIZE, "none");
        return dst;
    }
    return text_duration(dst, ms);
}

char *
text_relative(char dst[TEXT_SIZE], int64_t at_ms, int64_t now_ms)
{
    char duration[TEXT_SIZE];

    if (at_ms == 0) {
        snprintf(dst, TEXT_SIZE, "-");
    } else if (at_ms > now_ms) {
        snprintf(dst, TEXT_SIZE, "in %.40s", text_duration(duration, at_ms - now_ms));
    } else if (now_ms - at_ms < 1000) {
        snprintf(dst, TEXT_SIZE, "now");
    } else {
        snprintf(dst, TEXT_SIZE, "%.40s ago", text_duration(duration, now_ms - at_ms));
    }
    return dst;
}

char *
text_time(char dst[TEXT_SIZE], int64_t at_ms, int64_t now_ms)
{
    char at[32], relative[TEXT_SIZE];

    if (at_ms == 0) {
        snprintf(dst, TEXT_SIZE, "-");
        return dst;
    }
    snprintf(dst, TEXT_SIZE, "%s (%.30s)", weir_time_format(at, sizeof at, at_ms),
             text_relative(relative, at_ms, now_ms));
    return dst;
}

char *
text_bytes(char dst[TEXT_SIZE], int64_t bytes)
{
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB"};
    double n = (double)bytes / 1024;
    size_t i = 0;

    if (bytes < 0) {
        snprintf(dst, TEXT_SIZE, "-");
        return dst;
    }
    if (bytes < 1024) {
        snprintf(dst, TEXT_SIZE, "%" PRId64 " B", bytes);
        return dst;
    }
    for (; n >= 1024 && i < 3; i++) {
        n /= 1024;
    }
    snprintf(dst, TEXT_SIZE, "%.1f %s", n, names[i]);
    return dst;
}

static size_t
expected_len(unsigned char first)
{
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return 2;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        return 3;
    }
    return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

size_t
text_char_len(const char *s, size_t len)
{
    const unsigned char *c = (const unsigned char *)s;
    size_t n = expected_len(c[0]);

    if (n == 0 || n > len) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((c[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    bool bad = (c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xED && c[1] > 0x9F) ||
               (c[0] == 0xF0 && c[1] < 0x90) || (c[0] == 0xF4 && c[1] > 0x8F);
    return bad ? 0 : n;
}

bool
text_is_utf8(const char *s, size_t len)
{
    while (len > 0) {
        size_t n = text_char_len(s, len);
        if (n == 0) {
            return false;
        }
        s += n;
        len -= n;
    }
    return true;
}

/* C0, DEL and C1 controls: what a terminal would obey. */
static bool
is_control(const char *s, size_t n)
{
    unsigned char c = (unsigned char)s[0];

    return (n == 1 && (c < 0x20 || c == 0x7F)) ||
           (n == 2 && c == 0xC2 && (unsigned char)s[1] < 0xA0);
}

static char *
escape(char *dst, unsigned char c)
{
    static const char letters[] = "\nn\tt\rr";

    for (size_t i = 0; i < sizeof letters - 1; i += 2) {
        if (letters[i] == (char)c) {
            *dst++ = '\\';
            *dst++ = letters[i + 1];
            return dst;
        }
    }
    return dst + sprintf(dst, "\\x%02x", c);
}

char *
text_shown(const void *data, size_t len, size_t max)
{
    const char *s = data;
    size_t shown = len < max ? len : max;
    char *text = malloc(4 * shown + sizeof "…");

    if (text == NULL) {
        return NULL;
    }
    char *dst = text;
    for (size_t i = 0; i < shown;) {
        size_t n = text_char_len(s + i, len - i);
        if (n == 0 || is_control(s + i, n)) {
            dst = escape(dst, (unsigned char)s[i++]);
            continue;
        }
        if (i + n > shown) {
            break;
        }
        memcpy(dst, s + i, n);
        dst += n;
        i += n;
    }
    strcpy(dst, shown < len ? "…" : "");
    return text;
}

/* SPDX-License-Identifier: MIT */
/*
 * Encoded-words and quoted-printable. Both go over the text one UTF-8 character at a time, work out
 * how many columns its bytes take, and begin a new word or line where they would not fit.
 */
#include "encode.h"

#include <stdbool.h>
#include <string.h>

#define LINE_MAX_COLUMNS 76
#define WORD_START "=?UTF-8?Q?"
#define WORD_END "?="

/* One character of a text: its bytes, and how many bytes of the text it stood for. */
struct character {
    unsigned char bytes[4];
    size_t len;
    size_t taken;
};

/* What may follow a lead byte: the number of bytes and the range of the second one (which is what
 * keeps out overlong forms, surrogates and numbers beyond U+10FFFF). */
static const struct lead {
    unsigned char first, last;
    unsigned char len;
    unsigned char second_first, second_last;
} leads[] = {
    {0x01, 0x7F, 1, 0x00, 0x00}, {0xC2, 0xDF, 2, 0x80, 0xBF}, {0xE0, 0xE0, 3, 0xA0, 0xBF},
    {0xE1, 0xEC, 3, 0x80, 0xBF}, {0xED, 0xED, 3, 0x80, 0x9F}, {0xEE, 0xEF, 3, 0x80, 0xBF},
    {0xF0, 0xF0, 4, 0x90, 0xBF}, {0xF1, 0xF3, 4, 0x80, 0xBF}, {0xF4, 0xF4, 4, 0x80, 0x8F},
};

/* The length of the valid character at s, or 0. The final NUL stops it from reading too far. */
static size_t
valid_len(const unsigned char *s)
{
    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        const struct lead *lead = &leads[i];

        if (s[0] < lead->first || s[0] > lead->last) {
            continue;
        }
        if (lead->len > 1 && (s[1] < lead->second_first || s[1] > lead->second_last)) {
            return 0;
        }
        for (size_t k = 2; k < lead->len; k++) {
            if ((s[k] & 0xC0) != 0x80) {
                return 0;
            }
        }
        return lead->len;
    }
    return 0;
}

/* Puts the character at s into *c; false at the end of the text. */
static bool
next_character(const char *s, struct character *c)
{
    const unsigned char *bytes = (const unsigned char *)s;

    if (bytes[0] == '\0') {
        return false;
    }
    c->len = c->taken = valid_len(bytes);
    if (c->len == 0) {
        c->taken = 1;
        c->len = 3;
        memcpy(c->bytes, "\xEF\xBF\xBD", 3);
        return true;
    }
    memcpy(c->bytes, bytes, c->len);
    return true;
}

static bool
is_control(const struct character *c)
{
    return c->len == 1 && (c->bytes[0] < 0x20 || c->bytes[0] == 0x7F);
}

/* What RFC 2047 allows as it is in every place where an encoded-word may stand. */
static bool
is_plain_in_word(unsigned char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || (byte != '\0' && strchr("!*+-/", byte) != NULL);
}

static size_t
word_columns(const struct character *c)
{
    return c->len == 1 && (c->bytes[0] == ' ' || is_plain_in_word(c->bytes[0])) ? 1 : 3 * c->len;
}

static void
put_in_word(FILE *out, const struct character *c)
{
    for (size_t i = 0; i < c->len; i++) {
        if (c->bytes[i] == ' ') {
            fputc('_', out);
        } else if (is_plain_in_word(c->bytes[i])) {
            fputc(c->bytes[i], out);
        } else {
            fprintf(out, "=%02X", c->bytes[i]);
        }
    }
}

size_t
encode_words(FILE *out, const char *text, size_t column, const char *eol)
{
    const size_t start = sizeof(WORD_START) - 1, end = sizeof(WORD_END) - 1;
    struct character c;
    bool is_open = false;

    for (; next_character(text, &c); text += c.taken) {
        if (is_control(&c)) {
            c.bytes[0] = ' ';
        }
        if (is_open && column + word_columns(&c) + end > LINE_MAX_COLUMNS) {
            fputs(WORD_END, out);
            column = LINE_MAX_COLUMNS;
            is_open = false;
        }
        if (!is_open && column + start + word_columns(&c) + end > LINE_MAX_COLUMNS) {
            fprintf(out, "%s ", eol);
            column = 1;
        }
        if (!is_open) {
            fputs(WORD_START, out);
            column += start;
            is_open = true;
        }
        put_in_word(out, &c);
        column += word_columns(&c);
    }
    if (is_open) {
        fputs(WORD_END, out);
        column += end;
    }
    return column;
}

/* A line end of any kind at s: its length, else 0. */
static size_t
line_end(const char *s)
{
    if (s[0] == '\r') {
        return s[1] == '\n' ? 2 : 1;
    }
    return s[0] == '\n' ? 1 : 0;
}

/* Blanks are themselves, but not at the end of a line, where they could get lost on the way. */
static bool
is_plain_in_body(const struct character *c, const char *after)
{
    if (c->len != 1) {
        return false;
    }
    if (c->bytes[0] == ' ' || c->bytes[0] == '\t') {
        return *after != '\0' && line_end(after) == 0;
    }
    return c->bytes[0] > ' ' && c->bytes[0] < 0x7F && c->bytes[0] != '=';
}

static void
put_in_body(FILE *out, const struct character *c, bool is_plain)
{
    for (size_t i = 0; i < c->len; i++) {
        fprintf(out, is_plain ? "%c" : "=%02X", c->bytes[i]);
    }
}

void
encode_quoted_printable(FILE *out, const char *text, const char *eol)
{
    struct character c;
    size_t column = 0;

    while (next_character(text, &c)) {
        size_t skip = line_end(text);

        if (skip > 0) {
            fputs(eol, out);
            column = 0;
            text += skip;
            continue;
        }
        text += c.taken;

        bool is_plain = is_plain_in_body(&c, text);
        size_t columns = is_plain ? 1 : 3 * c.len;

        if (column + columns > LINE_MAX_COLUMNS - 1) {
            fprintf(out, "=%s", eol);
            column = 0;
        }
        put_in_body(out, &c, is_plain);
        column += columns;
    }
    if (column > 0) {
        fputs(eol, out);
    }
}

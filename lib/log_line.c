/* SPDX-License-Identifier: MIT */
/*
 * Both formats share one way to write a string: JSON's escapes, with U+FFFD for what is not UTF-8.
 * Control characters, C1 included, never come out as they are, so an event cannot break its line or
 * steer a terminal. Text puts quotes around a value only where it could be misread without.
 */
#include <config.h>

#include "log_line.h"

#include "duration.h"
#include "timetext.h"
#include "utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
is_control(const char *s, size_t len)
{
    const unsigned char *c = (const unsigned char *)s;

    return c[0] < 0x20 || c[0] == 0x7F || (len == 2 && c[0] == 0xC2 && c[1] < 0xA0);
}

static void
put_control(struct weir__buf *buf, const char *s, size_t len)
{
    static const char shorts[][2] = {{'\n', 'n'}, {'\t', 't'}, {'\r', 'r'}};

    for (size_t i = 0; i < sizeof shorts / sizeof shorts[0]; i++) {
        if (s[0] == shorts[i][0]) {
            weir__buf_putc(buf, '\\');
            weir__buf_putc(buf, shorts[i][1]);
            return;
        }
    }
    /* A C1 character's second byte is its number. */
    weir__buf_printf(buf, "\\u%04x", (unsigned)(unsigned char)s[len - 1]);
}

/* Appends one character at s, at most len bytes long, and returns its length. */
static size_t
put_escaped_char(struct weir__buf *buf, const char *s, size_t len)
{
    bool valid;
    size_t n = weir__utf8_next(s, len, &valid);

    if (!valid) {
        weir__buf_puts(buf, WEIR__UTF8_REPLACEMENT);
    } else if (is_control(s, n)) {
        put_control(buf, s, n);
    } else {
        if (*s == '"' || *s == '\\') {
            weir__buf_putc(buf, '\\');
        }
        weir__buf_append(buf, s, n);
    }
    return n;
}

static void
put_escaped(struct weir__buf *buf, const char *s, size_t len)
{
    size_t i = 0;

    while (i < len) {
        size_t plain = i;
        while (plain < len && s[plain] >= 0x20 && s[plain] < 0x7F && s[plain] != '"' &&
               s[plain] != '\\') {
            plain++;
        }
        weir__buf_append(buf, s + i, plain - i);
        i = plain;
        if (i < len) {
            i += put_escaped_char(buf, s + i, len - i);
        }
    }
}

static void
put_quoted(struct weir__buf *buf, const char *s, size_t len)
{
    weir__buf_putc(buf, '"');
    put_escaped(buf, s, len);
    weir__buf_putc(buf, '"');
}

static bool
needs_quotes(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c == 0x7F) {
            return true;
        }
    }
    return len == 0;
}

/* The shortest of two forms that reads back as the same number, with a point in every locale. */
static void
put_real(struct weir__buf *buf, double value)
{
    char text[40];

    snprintf(text, sizeof text, "%.15g", value);
    if (strtod(text, NULL) != value) {
        snprintf(text, sizeof text, "%.17g", value);
    }
    for (char *c = text; *c != '\0'; c++) {
        if (isfinite(value) && strchr("0123456789+-e", *c) == NULL) {
            *c = '.';
        }
    }
    weir__buf_puts(buf, text);
}

static void
put_scalar(struct weir__buf *buf, const weir_log_field *field)
{
    switch (field->kind) {
    case WEIR_LOG_UINT:
        weir__buf_printf(buf, "%" PRIu64, field->value.u64);
        break;
    case WEIR_LOG_REAL:
        put_real(buf, field->value.real);
        break;
    case WEIR_LOG_BOOL:
        weir__buf_puts(buf, field->value.boolean ? "true" : "false");
        break;
    default:
        weir__buf_printf(buf, "%" PRId64, field->value.i64);
        break;
    }
}

static void
put_text_value(struct weir__buf *buf, const weir_log_field *field)
{
    char duration[WEIR__DURATION_SIZE];
    const char *s = field->value.str.data;

    if (field->kind == WEIR_LOG_MS) {
        weir__buf_puts(buf, weir__duration_format(field->value.i64, duration));
    } else if (field->kind != WEIR_LOG_STR) {
        put_scalar(buf, field);
    } else if (s == NULL) {
        weir__buf_puts(buf, "null");
    } else if (needs_quotes(s, field->value.str.len)) {
        put_quoted(buf, s, field->value.str.len);
    } else {
        put_escaped(buf, s, field->value.str.len);
    }
}

static void
put_json_value(struct weir__buf *buf, const weir_log_field *field)
{
    bool number = field->kind != WEIR_LOG_REAL || isfinite(field->value.real);

    if (field->kind != WEIR_LOG_STR && number) {
        put_scalar(buf, field);
    } else if (field->kind != WEIR_LOG_STR || field->value.str.data == NULL) {
        weir__buf_puts(buf, "null");
    } else {
        put_quoted(buf, field->value.str.data, field->value.str.len);
    }
}

void
weir__log_line_text(struct weir__buf *buf, const weir_log_record *record)
{
    static const char *const labels[] = {
        [WEIR_LOG_DEBUG] = "DEBUG",
        [WEIR_LOG_INFO] = "INFO ",
        [WEIR_LOG_WARN] = "WARN ",
        [WEIR_LOG_ERROR] = "ERROR",
    };
    char time[WEIR__RFC3339_SIZE];

    weir__buf_puts(buf, weir__rfc3339_format_ms(record->at_ms, time));
    weir__buf_putc(buf, ' ');
    weir__buf_puts(buf, labels[record->level]);
    weir__buf_putc(buf, ' ');
    put_escaped(buf, record->message, strlen(record->message));
    for (size_t i = 0; i < record->field_count; i++) {
        const weir_log_field *field = &record->fields[i];
        weir__buf_putc(buf, ' ');
        put_escaped(buf, field->key, strlen(field->key));
        weir__buf_putc(buf, '=');
        put_text_value(buf, field);
    }
    weir__buf_putc(buf, '\n');
}

void
weir__log_line_json(struct weir__buf *buf, const weir_log_record *record)
{
    char time[WEIR__RFC3339_SIZE];

    weir__buf_printf(buf, "{\"time\":\"%s\",\"level\":\"%s\",\"msg\":",
                     weir__rfc3339_format_ms(record->at_ms, time),
                     weir_log_level_name(record->level));
    put_quoted(buf, record->message, strlen(record->message));
    for (size_t i = 0; i < record->field_count; i++) {
        const weir_log_field *field = &record->fields[i];
        weir__buf_puts(buf, ",\"");
        put_escaped(buf, field->key, strlen(field->key));
        weir__buf_puts(buf, field->kind == WEIR_LOG_MS ? "_ms\":" : "\":");
        put_json_value(buf, field);
    }
    weir__buf_puts(buf, "}\n");
}

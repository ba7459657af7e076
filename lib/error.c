/* SPDX-License-Identifier: MIT */
/*
 * Codes, names and texts all come from WEIR_ERROR_MAP. A text is formatted into a scratch buffer
 * that is a little longer than the one it ends in, so that the cut falls between two characters
 * instead of leaving half of one to be replaced.
 */
#include <config.h>

#include <weir/error.h>

#include "utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int code;
    const char *name;
    const char *text;
} errors[] = {{WEIR_OK, "WEIR_OK", "no error"},
#define WEIR_ERROR_ROW(name, value, text) {WEIR_E_##name, "WEIR_E_" #name, text},
              WEIR_ERROR_MAP(WEIR_ERROR_ROW)
#undef WEIR_ERROR_ROW
};

#define N_ERRORS (sizeof errors / sizeof errors[0])

static size_t
find_error(int code)
{
    size_t i = 0;

    while (i < N_ERRORS && errors[i].code != code) {
        i++;
    }
    return i;
}

const char *
weir_strerror(int code)
{
    size_t i = find_error(code);

    return i < N_ERRORS ? errors[i].text : "unknown error";
}

const char *
weir_error_name(int code)
{
    size_t i = find_error(code);

    return i < N_ERRORS ? errors[i].name : "WEIR_E_?";
}

static void format_text(char *dst, size_t cap, const char *format, va_list args)
    WEIR_PRINTF_LIKE(3, 0);

static void
format_text(char *dst, size_t cap, const char *format, va_list args)
{
    char scratch[WEIR_ERROR_TEXT_SIZE + 4];
    int n = vsnprintf(scratch, sizeof scratch, format, args);

    if (n < 0) {
        n = snprintf(scratch, sizeof scratch, "%s", "(error text cannot be formatted)");
    }
    weir__utf8_sanitize(dst, cap, scratch, strlen(scratch));
}

int
weir_error_set(weir_error *err, int code, const char *format, ...)
{
    int saved_errno = errno;
    va_list args;

    if (err == NULL || err->code != 0) {
        return code;
    }
    err->code = code;
    if (format == NULL) {
        snprintf(err->text, sizeof err->text, "%s", weir_strerror(code));
    } else {
        va_start(args, format);
        format_text(err->text, sizeof err->text, format, args);
        va_end(args);
    }
    errno = saved_errno;
    return code;
}

void
weir_error_clear(weir_error *err)
{
    if (err == NULL) {
        return;
    }
    err->code = 0;
    err->text[0] = '\0';
}

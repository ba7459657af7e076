/* SPDX-License-Identifier: MIT */
/* Rules for names; the messages give positions in bytes, from 1. */
#include <config.h>

#include "names.h"

#include "utf8.h"

#include <string.h>
#include <weir/task.h>

/* Position of the first byte that is not UTF-8, from 1. */
static size_t
first_invalid(const char *text, size_t len)
{
    size_t at = 0;
    bool valid = true;

    while (at < len) {
        size_t n = weir__utf8_next(text + at, len - at, &valid);

        if (!valid)
            break;
        at += n;
    }
    return at + 1;
}

int
weir__check_text(const char *what, const char *text, size_t max, weir_error *err)
{
    size_t len = strlen(text);

    if (len > max)
        return weir_error_set(err, WEIR_E_TOO_BIG, "%s: longer than %zu bytes (%zu)", what, max,
                              len);
    if (!weir__utf8_valid(text, len))
        return weir_error_set(err, WEIR_E_INVALID, "%s: not UTF-8 at byte %zu", what,
                              first_invalid(text, len));
    return 0;
}

int
weir__check_name(const char *what, const char *name, weir_error *err)
{
    if (!name || name[0] == '\0')
        return weir_error_set(err, WEIR_E_INVALID, "%s: must not be empty", what);
    if (name[strspn(name, " \t\r\n\v\f")] == '\0')
        return weir_error_set(err, WEIR_E_INVALID, "%s: must not be blank", what);
    return weir__check_text(what, name, WEIR_NAME_MAX, err);
}

/* C1 controls and the blanks of Unicode are not told apart from other text. */
static const char *
forbidden_in_queue(unsigned char c)
{
    if (c == '{' || c == '}')
        return "a brace";
    if (c == ' ' || c == '\t')
        return "a blank";
    return c < 0x20 || c == 0x7f ? "a control character" : NULL;
}

int
weir__check_queue_name(const char *what, const char *name, weir_error *err)
{
    int rc = weir__check_name(what, name, err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; name[i]; i++) {
        const char *found = forbidden_in_queue((unsigned char)name[i]);

        if (found)
            return weir_error_set(err, WEIR_E_INVALID,
                                  "%s: \"%s\" has %s at byte %zu, which queue names must not have",
                                  what, name, found, i + 1);
    }
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The redacted URL is cut out of the text by the pieces that the parser found, so that it looks as
 * the user wrote it. The n-th parameter in the text is the n-th that was parsed; its decoded name
 * tells whether its value is a secret.
 */
#include <config.h>

#include "url_redact.h"

#include "buf.h"

#include <stdbool.h>
#include <string.h>

static const char mask[] = "***";

const char *
weir__span_find(struct weir__span s, char c)
{
    const char *at = s.start < s.end ? memchr(s.start, c, (size_t)(s.end - s.start)) : NULL;

    return at != NULL ? at : s.end;
}

static bool
is_secret(const char *name)
{
    static const char *const words[] = {"pass", "pwd", "secret", "token"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasestr(name, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static void
put_span(struct weir__buf *out, const char *start, const char *end)
{
    weir__buf_append(out, start, (size_t)(end - start));
}

static void
put_params(struct weir__buf *out, const weir_url *parts, struct weir__span rest)
{
    for (size_t i = 0; i < parts->param_count; i++) {
        struct weir__span item = {rest.start, weir__span_find(rest, '&')};
        const char *equals = weir__span_find(item, '=');

        if (equals < item.end && is_secret(parts->params[i].name)) {
            put_span(out, item.start, equals + 1);
            weir__buf_puts(out, mask);
        } else {
            put_span(out, item.start, item.end);
        }
        weir__buf_puts(out, item.end < rest.end ? "&" : "");
        rest.start = item.end + 1;
    }
}

const char *
weir__url_redact(struct weir__arena *arena, const weir_url *parts, const char *text,
                 struct weir__span password, struct weir__span query)
{
    struct weir__buf out = {0};

    if (password.start != NULL) {
        put_span(&out, text, password.start);
        weir__buf_puts(&out, mask);
        text = password.end;
    }
    put_span(&out, text, query.start);
    put_params(&out, parts, query);
    const char *redacted = out.failed ? NULL : weir__arena_copy(arena, out.data, out.len);
    weir__buf_release(&out);
    return redacted;
}

/* SPDX-License-Identifier: MIT */
/*
 * The parser works on spans of the text and copies a part only when it decodes it. The order is
 * scheme, authority (user, password, hosts), path, parameters, and the redacted form last.
 */
#include <config.h>

#include "url.h"

#include "url_redact.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct parser {
    const char *text;
    weir_url *parts;
    struct weir__arena *arena;
    struct weir__span password; /* NULL while there is none */
    struct weir__span query;
    weir_error *err;
};

static int
fail(const struct parser *p, const char *at, const char *what)
{
    return weir_error_set(p->err, WEIR_E_URL, "invalid broker URL: %s (at position %zu)", what,
                          (size_t)(at - p->text) + 1);
}

static int
hex_value(char c)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    if (at == NULL) {
        return -1;
    }
    int value = (int)(at - digits);
    return value < 16 ? value : value - 6;
}

static int
decode(const struct parser *p, struct weir__span s, const char **out)
{
    char *copy = weir__arena_copy(p->arena, s.start, (size_t)(s.end - s.start));
    char *to = copy;

    if (copy == NULL) {
        return weir_error_set(p->err, WEIR_E_NOMEM, NULL);
    }
    for (const char *from = s.start; from < s.end; from++) {
        if (*from != '%') {
            *to++ = *from;
            continue;
        }
        int high = s.end - from > 2 ? hex_value(from[1]) : -1;
        int low = high >= 0 ? hex_value(from[2]) : -1;
        if (low < 0) {
            return fail(p, from, "two hexadecimal digits must follow a %, a % itself is %25");
        }
        if (high == 0 && low == 0) {
            return fail(p, from, "%00 is not allowed");
        }
        *to++ = (char)(high * 16 + low);
        from += 2;
    }
    *to = '\0';
    *out = copy;
    return 0;
}

static bool
is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int
parse_scheme(struct parser *p, const char **rest)
{
    static const char others[] = "0123456789+-.";
    const char *end = p->text;

    while (is_alpha(*end) || (*end != '\0' && strchr(others, *end) != NULL)) {
        end++;
    }
    if (*end != ':' || !is_alpha(p->text[0])) {
        return fail(p, p->text, "it must begin with a scheme and a colon, as in sqlite:PATH");
    }
    char *scheme = weir__arena_copy(p->arena, p->text, (size_t)(end - p->text));
    if (scheme == NULL) {
        return weir_error_set(p->err, WEIR_E_NOMEM, NULL);
    }
    for (char *c = scheme; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    p->parts->scheme = scheme;
    *rest = end + 1;
    return 0;
}

static int
parse_user(struct parser *p, struct weir__span s)
{
    const char *colon = weir__span_find(s, ':');

    int rc = decode(p, (struct weir__span){s.start, colon}, &p->parts->user);
    if (rc != 0 || colon == s.end) {
        return rc;
    }
    p->password = (struct weir__span){colon + 1, s.end};
    return decode(p, p->password, &p->parts->password);
}

static int
parse_port(struct parser *p, struct weir__span s, int *port)
{
    int value = 0;

    if (s.start == s.end) {
        return fail(p, s.start, "a port is missing after the colon");
    }
    for (const char *c = s.start; c < s.end; c++) {
        if (*c < '0' || *c > '9') {
            return fail(p, s.start, "a port must be a number");
        }
        value = value * 10 + (*c - '0');
        if (value > UINT16_MAX) {
            return fail(p, s.start, "a port must be at most 65535");
        }
    }
    if (value == 0) {
        return fail(p, s.start, "a port must be at least 1");
    }
    *port = value;
    return 0;
}

static int
parse_ipv6(struct parser *p, struct weir__span s, struct weir__span *name, const char **after)
{
    const char *close = weir__span_find(s, ']');

    if (close == s.end) {
        return fail(p, s.start, "a ] is missing after the host");
    }
    *name = (struct weir__span){s.start + 1, close};
    for (const char *c = name->start; c < close && *c != '%'; c++) {
        if (hex_value(*c) < 0 && *c != ':' && *c != '.') {
            return fail(p, c, "a host in brackets must be an IPv6 address");
        }
    }
    *after = close + 1;
    if (*after != s.end && **after != ':') {
        return fail(p, *after, "only a port may follow a ]");
    }
    return 0;
}

static int
parse_host(struct parser *p, struct weir__span s, weir_url_host *host)
{
    const char *after = weir__span_find(s, ':');
    struct weir__span name = {s.start, after};

    if (s.start < s.end && *s.start == '[') {
        int rc = parse_ipv6(p, s, &name, &after);
        if (rc != 0) {
            return rc;
        }
    } else if (after < s.end &&
               weir__span_find((struct weir__span){after + 1, s.end}, ':') < s.end) {
        return fail(p, s.start, "an IPv6 address must stand in brackets, and a port after them");
    }
    if (name.start == name.end) {
        return fail(p, name.start, "a host is missing");
    }
    int rc = decode(p, name, &host->name);
    if (rc != 0) {
        return rc;
    }
    for (const char *c = host->name; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7F) {
            return fail(p, name.start, "a host must not contain spaces or control characters");
        }
    }
    return after < s.end ? parse_port(p, (struct weir__span){after + 1, s.end}, &host->port) : 0;
}

static size_t
count_items(struct weir__span s, char separator)
{
    size_t count = 1;

    for (const char *c = s.start; c < s.end; c++) {
        count += *c == separator;
    }
    return s.start < s.end ? count : 0;
}

static int
parse_hosts(struct parser *p, struct weir__span s)
{
    size_t count = count_items(s, ',');
    weir_url_host *hosts = weir__arena_array(p->arena, count, sizeof *hosts);

    if (hosts == NULL) {
        return weir_error_set(p->err, WEIR_E_NOMEM, NULL);
    }
    for (size_t i = 0; i < count; i++) {
        struct weir__span item = {s.start, weir__span_find(s, ',')};
        int rc = parse_host(p, item, &hosts[i]);
        if (rc != 0) {
            return rc;
        }
        s.start = item.end + 1;
    }
    p->parts->hosts = count > 0 ? hosts : NULL;
    p->parts->host_count = count;
    return 0;
}

static int
parse_authority(struct parser *p, struct weir__span s)
{
    const char *at = s.end;

    while (at > s.start && at[-1] != '@') {
        at--;
    }
    if (at > s.start) {
        int rc = parse_user(p, (struct weir__span){s.start, at - 1});
        if (rc != 0) {
            return rc;
        }
    }
    return parse_hosts(p, (struct weir__span){at, s.end});
}

static int
parse_param(struct parser *p, struct weir__span s, size_t index, weir_url_param *params)
{
    const char *equals = weir__span_find(s, '=');
    struct weir__span value = {equals < s.end ? equals + 1 : s.end, s.end};

    if (equals == s.start) {
        return fail(p, s.start, "a parameter has no name");
    }
    int rc = decode(p, (struct weir__span){s.start, equals}, &params[index].name);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(params[i].name, params[index].name) == 0) {
            return fail(p, s.start, "a parameter is given twice");
        }
    }
    return decode(p, value, &params[index].value);
}

static int
parse_params(struct parser *p, struct weir__span s)
{
    size_t count = count_items(s, '&');
    weir_url_param *params = weir__arena_array(p->arena, count, sizeof *params);

    if (params == NULL) {
        return weir_error_set(p->err, WEIR_E_NOMEM, NULL);
    }
    p->query = s;
    for (size_t i = 0; i < count; i++) {
        struct weir__span item = {s.start, weir__span_find(s, '&')};
        int rc = parse_param(p, item, i, params);
        if (rc != 0) {
            return rc;
        }
        s.start = item.end + 1;
    }
    p->parts->params = count > 0 ? params : NULL;
    p->parts->param_count = count;
    return 0;
}

/* Everything between the scheme's colon and the parameters. */
static int
parse_target(struct parser *p, struct weir__span s)
{
    if (s.end - s.start < 2 || memcmp(s.start, "//", 2) != 0) {
        return decode(p, s, &p->parts->opaque);
    }
    s.start += 2;
    const char *slash = weir__span_find(s, '/');
    int rc = parse_authority(p, (struct weir__span){s.start, slash});
    if (rc != 0 || slash == s.end) {
        return rc;
    }
    return decode(p, (struct weir__span){slash, s.end}, &p->parts->path);
}

static int
check_characters(const struct parser *p)
{
    for (const char *c = p->text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7F) {
            return fail(p, c, "control characters are not allowed");
        }
    }
    return 0;
}

static int
parse(struct parser *p, const char **redacted)
{
    const char *rest = p->text;

    int rc = check_characters(p);
    if (rc != 0) {
        return rc;
    }
    rc = parse_scheme(p, &rest);
    if (rc != 0) {
        return rc;
    }
    struct weir__span all = {rest, rest + strlen(rest)};
    const char *mark = weir__span_find(all, '?');
    rc = parse_target(p, (struct weir__span){rest, mark});
    if (rc != 0) {
        return rc;
    }
    rc = parse_params(p, (struct weir__span){mark < all.end ? mark + 1 : mark, all.end});
    if (rc != 0) {
        return rc;
    }
    *redacted = weir__url_redact(p->arena, p->parts, p->text, p->password, p->query);
    return *redacted != NULL ? 0 : weir_error_set(p->err, WEIR_E_NOMEM, NULL);
}

int
weir__url_parse(struct weir__url *url, const char *text, weir_error *err)
{
    struct parser p = {.text = text, .parts = &url->parts, .arena = &url->arena, .err = err};

    *url = (struct weir__url){0};
    int rc = parse(&p, &url->redacted);
    if (rc != 0) {
        weir__url_release(url);
    }
    return rc;
}

void
weir__url_release(struct weir__url *url)
{
    weir__arena_release(&url->arena);
    *url = (struct weir__url){0};
}

const char *
weir__url_redacted(const struct weir__url *url)
{
    return url->redacted;
}

const char *
weir__url_param(const weir_url *url, const char *name)
{
    for (size_t i = 0; i < url->param_count; i++) {
        if (strcmp(url->params[i].name, name) == 0) {
            return url->params[i].value;
        }
    }
    return NULL;
}

/* SPDX-License-Identifier: MIT */
/* Broker URLs. */
#include <config.h>

#include "harness.h"
#include "url.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
or_dash(const char *s)
{
    return s != NULL ? s : "-";
}

/* Writes every part of a URL on one line, "-" where there is none. */
static void
describe(const weir_url *url, char *out, size_t size)
{
    FILE *file = fmemopen(out, size, "w");

    fprintf(file, "%s|%s|%s|%s|", url->scheme, or_dash(url->opaque), or_dash(url->user),
            or_dash(url->password));
    for (size_t i = 0; i < url->host_count; i++) {
        fprintf(file, "%s%s/%d", i > 0 ? " " : "", url->hosts[i].name, url->hosts[i].port);
    }
    fprintf(file, "|%s|", or_dash(url->path));
    for (size_t i = 0; i < url->param_count; i++) {
        fprintf(file, "%s%s=%s", i > 0 ? " " : "", url->params[i].name, url->params[i].value);
    }
    fclose(file);
}

static const struct {
    const char *text;
    const char *parts;    /* scheme|opaque|user|password|hosts|path|params */
    const char *redacted; /* NULL: as it is */
} good[] = {
    {"sqlite:queue.db", "sqlite|queue.db|-|-||-|", NULL},
    {"sqlite:/var/lib/q.db", "sqlite|/var/lib/q.db|-|-||-|", NULL},
    {"sqlite:", "sqlite||-|-||-|", NULL},
    {"sqlite::memory:", "sqlite|:memory:|-|-||-|", NULL},
    {"sqlite::memory:?sync=normal", "sqlite|:memory:|-|-||-|sync=normal", NULL},
    {"sqlite:my queue#1+2.db", "sqlite|my queue#1+2.db|-|-||-|", NULL},
    {"sqlite:a%20b%3Fc%25.db?x=1", "sqlite|a b?c%.db|-|-||-|x=1", NULL},
    {"sqlite:\xC3\xA9.db", "sqlite|\xC3\xA9.db|-|-||-|", NULL},
    {"sqlite:///abs/q.db", "sqlite|-|-|-||/abs/q.db|", NULL},
    {"SQLite:Q.db", "sqlite|Q.db|-|-||-|", NULL},
    {"a+b-c.1:x", "a+b-c.1|x|-|-||-|", NULL},
    {"redis://localhost", "redis|-|-|-|localhost/0|-|", NULL},
    {"redis://localhost/", "redis|-|-|-|localhost/0|/|", NULL},
    {"redis://localhost:6379/2", "redis|-|-|-|localhost/6379|/2|", NULL},
    {"redis://h:1/0?db=2", "redis|-|-|-|h/1|/0|db=2", NULL},
    {"redis://h:65535", "redis|-|-|-|h/65535|-|", NULL},
    {"redis://", "redis|-|-|-||-|", NULL},
    {"redis://user@h", "redis|-|user|-|h/0|-|", NULL},
    {"redis://user:secret@h:1/2", "redis|-|user|secret|h/1|/2|", "redis://user:***@h:1/2"},
    {"redis://:secret@h", "redis|-||secret|h/0|-|", "redis://:***@h"},
    {"redis://u:@h", "redis|-|u||h/0|-|", "redis://u:***@h"},
    {"redis://u:a@b@h", "redis|-|u|a@b|h/0|-|", "redis://u:***@h"},
    {"redis://u:a:b@h", "redis|-|u|a:b|h/0|-|", "redis://u:***@h"},
    {"redis://u%3A:p%40%2F@h", "redis|-|u:|p@/|h/0|-|", "redis://u%3A:***@h"},
    {"redis://u:p#+@h", "redis|-|u|p#+|h/0|-|", "redis://u:***@h"},
    {"redis://[::1]", "redis|-|-|-|::1/0|-|", NULL},
    {"redis://[fe80::1%25eth0]:7/1", "redis|-|-|-|fe80::1%eth0/7|/1|", NULL},
    {"redis://[::ffff:10.0.0.1]:7", "redis|-|-|-|::ffff:10.0.0.1/7|-|", NULL},
    {"redis+sentinel://h1:1,h2,[::3]:3/master/4", "redis+sentinel|-|-|-|h1/1 h2/0 ::3/3|/master/4|",
     NULL},
    {"redis+unix:///run/r.sock?db=1", "redis+unix|-|-|-||/run/r.sock|db=1", NULL},
    {"redis+unix://u:p@/run/r.sock", "redis+unix|-|u|p||/run/r.sock|",
     "redis+unix://u:***@/run/r.sock"},
    {"x://h?a=1&b&c=&d=e=f&g%26=%3D+", "x|-|-|-|h/0|-|a=1 b= c= d=e=f g&==+", NULL},
    {"x://h?", "x|-|-|-|h/0|-|", NULL},
    {"x://h?a=1?2/3", "x|-|-|-|h/0|-|a=1?2/3", NULL},
    {"x:y?password=abc&n=1", "x|y|-|-||-|password=abc n=1", "x:y?password=***&n=1"},
    {"x://u:p@h/?n=1&auth_Token=abc", "x|-|u|p|h/0|/|n=1 auth_Token=abc",
     "x://u:***@h/?n=1&auth_Token=***"},
    {"x:y?p%61ss=abc", "x|y|-|-||-|pass=abc", "x:y?p%61ss=***"},
    {"x:y?secret", "x|y|-|-||-|secret=", NULL},
};

static void
a_url_is_taken_apart(void)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct weir__url url;
        weir_error err = {0};
        char parts[256] = "";
        CU_ASSERT_EQUAL_FATAL(weir__url_parse(&url, good[i].text, &err), 0);
        describe(&url.parts, parts, sizeof parts);
        CU_ASSERT_STRING_EQUAL(parts, good[i].parts);
        weir__url_release(&url);
    }
}

static void
the_redacted_url_shows_all_but_secrets(void)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const char *expected = good[i].redacted != NULL ? good[i].redacted : good[i].text;
        struct weir__url url;
        CU_ASSERT_EQUAL_FATAL(weir__url_parse(&url, good[i].text, NULL), 0);
        CU_ASSERT_STRING_EQUAL(weir__url_redacted(&url), expected);
        weir__url_release(&url);
    }
}

static const struct {
    const char *text;
    const char *wrong;
} bad[] = {
    {"", "must begin with a scheme and a colon, as in sqlite:PATH (at position 1)"},
    {"queue.db", "must begin with a scheme"},
    {"/var/q.db", "must begin with a scheme"},
    {"://h", "must begin with a scheme"},
    {"1x:y", "must begin with a scheme"},
    {"+x:y", "must begin with a scheme"},
    {"r edis://h", "must begin with a scheme"},
    {" sqlite:x", "must begin with a scheme"},
    {"sqlite:a\nb", "control characters are not allowed (at position 9)"},
    {"sqlite:a\x7F", "control characters are not allowed (at position 9)"},
    {"sqlite:%", "two hexadecimal digits must follow a %, a % itself is %25 (at position 8)"},
    {"sqlite:%4", "two hexadecimal digits"},
    {"sqlite:a%4?x=1", "two hexadecimal digits"},
    {"sqlite:a%g0", "two hexadecimal digits"},
    {"sqlite:a%0g", "two hexadecimal digits"},
    {"sqlite:a%00b", "%00 is not allowed (at position 9)"},
    {"redis://h:", "a port is missing after the colon (at position 11)"},
    {"redis://h:x", "a port must be a number (at position 11)"},
    {"redis://h:-1", "a port must be a number"},
    {"redis://h:6379x", "a port must be a number"},
    {"redis://h:0", "at least 1"},
    {"redis://h:65536", "at most 65535"},
    {"redis://h:99999999999999999999", "at most 65535"},
    {"redis://:1", "a host is missing (at position 9)"},
    {"redis://h1,", "a host is missing (at position 12)"},
    {"redis://,h", "a host is missing (at position 9)"},
    {"redis://h1,,h2", "a host is missing (at position 12)"},
    {"redis://[]", "a host is missing"},
    {"redis://[::1", "a ] is missing"},
    {"redis://[::1]x", "only a port may follow a ]"},
    {"redis://[h]", "must be an IPv6 address"},
    {"redis://::1", "must stand in brackets"},
    {"redis://a b", "must not contain spaces"},
    {"redis://a%0Ab", "must not contain spaces"},
    {"redis://h?=1", "a parameter has no name (at position 11)"},
    {"redis://h?a=1&", "a parameter has no name (at position 15)"},
    {"redis://h?a=1&&b=2", "a parameter has no name (at position 15)"},
    {"redis://h?a=1&a=2", "a parameter is given twice (at position 15)"},
    {"redis://h?a=1&%61=2", "a parameter is given twice"},
    {"redis://h?a=%zz", "two hexadecimal digits"},
};

static void
a_malformed_url_is_refused_with_part_and_position(void)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct weir__url url;
        weir_error err = {0};
        CU_ASSERT_EQUAL(weir__url_parse(&url, bad[i].text, &err), WEIR_E_URL);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, bad[i].wrong));
        CU_ASSERT_PTR_NULL(url.arena.blocks);
    }
}

static void
no_error_ever_shows_a_password(void)
{
    static const char *const texts[] = {
        "redis://u:hunter2@h:x",        "redis://u:hunter2%@h",
        "redis://u:hunter2@",           "redis://u:hunter2/x@h",
        "redis://u:%00hunter2@h",       "redis://u:hunter2@h?=",
        "redis://u:hunter2\x01@h",      "u:hunter2\n",
        "redis://h?password=hunter2&=", "://u:hunter2@h",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct weir__url url;
        weir_error err = {0};
        if (weir__url_parse(&url, texts[i], &err) == 0) {
            CU_ASSERT_PTR_NULL(strstr(weir__url_redacted(&url), "hunter2"));
            weir__url_release(&url);
        } else {
            CU_ASSERT_PTR_NULL(strstr(err.text, "hunter2"));
        }
    }
}

static void
a_parameter_is_found_by_its_name(void)
{
    struct weir__url url;

    CU_ASSERT_EQUAL_FATAL(weir__url_parse(&url, "x://h?sync=normal&flag", NULL), 0);
    CU_ASSERT_STRING_EQUAL(weir__url_param(&url.parts, "sync"), "normal");
    CU_ASSERT_STRING_EQUAL(weir__url_param(&url.parts, "flag"), "");
    CU_ASSERT_PTR_NULL(weir__url_param(&url.parts, "Sync"));
    weir__url_release(&url);
}

/* Every prefix and every one-byte change of a URL with all parts: no read outside, no leak. */
static void
damaged_urls_never_do_harm(void)
{
    static const char text[] = "redis+x://us%41er:p%40w@h1:1,[::2]:22/path%20x/3?a=1&token=%7E&c";
    static const char changes[] = "%:@/?#[],&=\x01\xFF"
                                  "0";

    for (size_t at = 0; at < strlen(text); at++) {
        for (size_t c = 0; c < sizeof changes; c++) {
            struct weir__url url;
            char *copy = changes[c] != '\0' ? strdup(text) : strndup(text, at);
            copy[at] = changes[c];
            if (weir__url_parse(&url, copy, NULL) == 0) {
                CU_ASSERT_PTR_NOT_NULL(weir__url_redacted(&url));
                weir__url_release(&url);
            }
            free(copy);
        }
    }
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_url_is_taken_apart),
    HARNESS_TEST(the_redacted_url_shows_all_but_secrets),
    HARNESS_TEST(a_malformed_url_is_refused_with_part_and_position),
    HARNESS_TEST(no_error_ever_shows_a_password),
    HARNESS_TEST(a_parameter_is_found_by_its_name),
    HARNESS_TEST(damaged_urls_never_do_harm),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(url, tests, NULL, NULL);

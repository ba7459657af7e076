/* SPDX-License-Identifier: MIT */
/* Rendering of messages: what mail programs must be able to read, and what must not be possible. */
#include <config.h>

#include "encode.h"
#include "harness.h"
#include "mime.h"

#include <stdlib.h>
#include <string.h>

static char *text;
static size_t text_len;

static void
forget_text(void)
{
    free(text);
    text = NULL;
}

static struct mime_message
a_message(void)
{
    return (struct mime_message){
        .key = "0190-1.default",
        .from_name = "weir",
        .from_address = "noreply@example.org",
        .to_name = "Ada Lovelace",
        .to_address = "ada@example.org",
        .subject = "Welcome!",
        .body = "Hello",
        .date_ms = INT64_C(1700000000123),
    };
}

static void
render(const struct mime_message *message)
{
    weir_error err = {0};

    forget_text();
    CU_ASSERT_EQUAL(mime_render(message, "\n", &text, &text_len, &err), 0);
    CU_ASSERT_STRING_EQUAL(err.text, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
}

static bool
has_line(const char *line)
{
    char with_ends[600];

    snprintf(with_ends, sizeof(with_ends), "\n%s\n", line);
    return strstr(text, with_ends) != NULL;
}

static size_t
longest_line(void)
{
    size_t longest = 0;

    for (const char *line = text; *line != '\0';) {
        size_t len = strcspn(line, "\n");

        longest = len > longest ? len : longest;
        line += len + (line[len] == '\n');
    }
    return longest;
}

/* Headers from their first characters, folded lines not counted. */
static size_t
header_count(void)
{
    size_t count = 0;

    for (const char *line = text; *line != '\n' && *line != '\0';) {
        count += *line != ' ';
        line += strcspn(line, "\n") + 1;
    }
    return count;
}

static void
a_plain_message_has_every_header(void)
{
    struct mime_message message = a_message();

    render(&message);
    CU_ASSERT(strncmp(text, "Date: Tue, 14 Nov 2023 22:13:20 +0000\n", 38) == 0);
    CU_ASSERT(has_line("From: weir <noreply@example.org>"));
    CU_ASSERT(has_line("To: Ada Lovelace <ada@example.org>"));
    CU_ASSERT(has_line("Subject: Welcome!"));
    CU_ASSERT(has_line("Message-ID: <0190-1.default@example.org>"));
    CU_ASSERT(has_line("MIME-Version: 1.0"));
    CU_ASSERT(has_line("Content-Type: text/plain; charset=UTF-8"));
    CU_ASSERT(has_line("Content-Transfer-Encoding: quoted-printable"));
    CU_ASSERT(has_line("\nHello"));
    CU_ASSERT_EQUAL(header_count(), 9);
}

static void
the_same_task_renders_the_same_bytes(void)
{
    struct mime_message message = a_message();

    render(&message);

    char *first = strdup(text);

    render(&message);
    CU_ASSERT_STRING_EQUAL(first, text);
    free(first);
}

static void
a_subject_beyond_ascii_becomes_an_encoded_word(void)
{
    struct mime_message message = a_message();

    message.subject = "Grüße aus Köln";
    render(&message);
    CU_ASSERT(has_line("Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?="));
}

static void
names_are_plain_quoted_or_encoded(void)
{
    struct mime_message message = a_message();

    message.to_name = "O\"Neil, Pat \\";
    render(&message);
    CU_ASSERT(has_line("To: \"O\\\"Neil, Pat \\\\\" <ada@example.org>"));
    message.to_name = "Łukasz";
    render(&message);
    CU_ASSERT(has_line("To: =?UTF-8?Q?=C5=81ukasz?= <ada@example.org>"));
    message.to_name = "";
    render(&message);
    CU_ASSERT(has_line("To: ada@example.org"));
}

static void
a_long_subject_is_folded_between_characters(void)
{
    struct mime_message message = a_message();
    char subject[601];

    for (size_t i = 0; i < 200; i++) {
        memcpy(subject + 3 * i, "漢", 3);
    }
    subject[600] = '\0';
    message.subject = subject;
    render(&message);
    CU_ASSERT(longest_line() <= 76);
    for (const char *word = text; (word = strstr(word, "?Q?")) != NULL; word += 3) {
        CU_ASSERT(strncmp(word + 3, "=E6=BC=A2", 9) == 0);
    }
    CU_ASSERT_EQUAL(header_count(), 9);
}

static void
a_long_ascii_subject_is_folded_too(void)
{
    struct mime_message message = a_message();
    char subject[2001];

    memset(subject, 'x', 2000);
    subject[2000] = '\0';
    message.subject = subject;
    message.to_name = subject;
    render(&message);
    CU_ASSERT(longest_line() <= 76);
}

static void
a_subject_with_line_ends_adds_no_header(void)
{
    struct mime_message message = a_message();

    message.subject = "Hi\r\nBcc: eve@example.org\r\n\r\nA body of my own";
    render(&message);
    CU_ASSERT_PTR_NULL(strstr(text, "\nBcc"));
    CU_ASSERT_PTR_NULL(strstr(text, "=0D"));
    CU_ASSERT_PTR_NULL(strstr(text, "=0A"));
    CU_ASSERT_EQUAL(header_count(), 9);
}

static void
a_name_with_line_ends_adds_no_header(void)
{
    struct mime_message message = a_message();

    message.to_name = "Eve\nBcc: eve@example.org";
    message.from_name = "\r\nX: y";
    render(&message);
    CU_ASSERT_PTR_NULL(strstr(text, "\nBcc"));
    CU_ASSERT_PTR_NULL(strstr(text, "\nX:"));
    CU_ASSERT_EQUAL(header_count(), 9);
}

static void
text_that_looks_encoded_is_encoded(void)
{
    struct mime_message message = a_message();

    message.subject = "=?UTF-8?Q?Bcc?=";
    message.to_name = "=?UTF-8?Q?Bcc?=";
    render(&message);
    CU_ASSERT(has_line("Subject: =?UTF-8?Q?=3D=3FUTF-8=3FQ=3FBcc=3F=3D?="));
    CU_ASSERT_PTR_NULL(strstr(text, "To: =?UTF-8?Q?Bcc"));
}

static void
only_addresses_are_addresses(void)
{
    static const char *const bad[] = {
        "",        "ada",        "@example.org", "ada@",    "a b@example.org", "a@b c",
        "a@b\n",   "a\r\n@b",    "<a@b>",        "a@b>",    "a@b@c",           "a..b@c",
        ".a@b",    "a.@b",       "a@b..c",       "a@b,c@d", "a@b c@d",         "a@b_c",
        "ä@b.org", "a@b.org\tx", "\"a b\"@c",    "a@[::1]",
    };
    static const char *const good[] = {"ada@example.org", "a+b@c", "a.b-c_d=e@x.y-z.org"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CU_ASSERT_FALSE(mime_is_address(bad[i]));
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        CU_ASSERT_TRUE(mime_is_address(good[i]));
    }
}

static void
a_message_to_no_address_is_refused(void)
{
    struct mime_message message = a_message();
    weir_error err = {0};

    message.to_address = "ada@example.org\nBcc: eve@example.org";
    CU_ASSERT_EQUAL(mime_render(&message, "\n", &text, &text_len, &err), WEIR_E_INVALID);
    CU_ASSERT_STRING_EQUAL(err.text, "recipient's address is not valid");
    CU_ASSERT_PTR_NULL(text);
}

static void
a_body_is_quoted_printable(void)
{
    struct mime_message message = a_message();

    message.body = "Grüße = ja \r\nzwei\rdrei\t\n\nvier \xFF";
    render(&message);
    CU_ASSERT(has_line("\nGr=C3=BC=C3=9Fe =3D ja=20\nzwei\ndrei=09\n\nvier =EF=BF=BD"));
}

static void
long_lines_of_a_body_are_broken_softly(void)
{
    struct mime_message message = a_message();
    char body[501];

    for (size_t i = 0; i < 250; i++) {
        memcpy(body + 2 * i, "é", 2);
    }
    body[500] = '\0';
    message.body = body;
    render(&message);
    CU_ASSERT(longest_line() <= 76);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "=C3=A9=\n=C3=A9"));
}

static void
lines_end_as_asked(void)
{
    struct mime_message message = a_message();

    message.subject = "é é é é é é é é é é é é é é é é é é é é é é é é é é é é é é";
    message.body = "one\ntwo";
    CU_ASSERT_EQUAL(mime_render(&message, "\r\n", &text, &text_len, NULL), 0);
    for (const char *lf = text; (lf = strchr(lf, '\n')) != NULL; lf++) {
        CU_ASSERT(lf[-1] == '\r');
    }
}

static void
keys_are_good_for_files_and_differ(void)
{
    char key[MIME_KEY_SIZE], other[MIME_KEY_SIZE];

    CU_ASSERT_EQUAL(mime_key(key, "default", "019-a_b", NULL), 0);
    CU_ASSERT_STRING_EQUAL(key, "019-a_b.default");
    CU_ASSERT_EQUAL(mime_key(key, "default", "../a:b c", NULL), 0);
    CU_ASSERT_STRING_EQUAL(key, "=2E=2E=2Fa=3Ab=20c.default");
    CU_ASSERT_EQUAL(mime_key(key, "b.c", "a", NULL), 0);
    CU_ASSERT_EQUAL(mime_key(other, "c", "a.b", NULL), 0);
    CU_ASSERT_STRING_NOT_EQUAL(key, other);
}

static void
a_key_that_does_not_fit_is_refused(void)
{
    char key[MIME_KEY_SIZE], id[256];
    weir_error err = {0};

    memset(id, 'a', 255);
    id[255] = '\0';
    CU_ASSERT_EQUAL(mime_key(key, "default", id, &err), WEIR_E_INVALID);
    id[MIME_KEY_SIZE - 3] = '\0';
    CU_ASSERT_EQUAL(mime_key(key, "q", id, NULL), 0);
    CU_ASSERT_EQUAL(mime_key(key, "qq", id, NULL), WEIR_E_INVALID);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_plain_message_has_every_header),
    HARNESS_TEST(the_same_task_renders_the_same_bytes),
    HARNESS_TEST(a_subject_beyond_ascii_becomes_an_encoded_word),
    HARNESS_TEST(names_are_plain_quoted_or_encoded),
    HARNESS_TEST(a_long_subject_is_folded_between_characters),
    HARNESS_TEST(a_long_ascii_subject_is_folded_too),
    HARNESS_TEST(a_subject_with_line_ends_adds_no_header),
    HARNESS_TEST(a_name_with_line_ends_adds_no_header),
    HARNESS_TEST(text_that_looks_encoded_is_encoded),
    HARNESS_TEST(only_addresses_are_addresses),
    HARNESS_TEST(a_message_to_no_address_is_refused),
    HARNESS_TEST(a_body_is_quoted_printable),
    HARNESS_TEST(long_lines_of_a_body_are_broken_softly),
    HARNESS_TEST(lines_end_as_asked),
    HARNESS_TEST(keys_are_good_for_files_and_differ),
    HARNESS_TEST(a_key_that_does_not_fit_is_refused),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(mime, tests, NULL, forget_text);

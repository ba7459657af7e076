/* SPDX-License-Identifier: MIT */
/* What is UTF-8, and how text that is not gets repaired. */
#include <config.h>

#include "harness.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

#define FFFD WEIR__UTF8_REPLACEMENT

static const struct {
    const char *in;
    size_t len;
    const char *out; /* NULL: as it is */
} cases[] = {
    {"", 0, NULL},
    {"plain", 5, NULL},
    {"\x7F", 1, NULL},
    {"\xC2\x80", 2, NULL},
    {"\xDF\xBF", 2, NULL},
    {"\xE0\xA0\x80", 3, NULL},
    {"\xED\x9F\xBF", 3, NULL},
    {"\xEE\x80\x80", 3, NULL},
    {"\xEF\xBF\xBF", 3, NULL},
    {"\xF0\x90\x80\x80", 4, NULL},
    {"\xF4\x8F\xBF\xBF", 4, NULL},
    {"\x80", 1, FFFD},
    {"\xBF\xBF", 2, FFFD FFFD},
    {"\xC0\x80", 2, FFFD FFFD},          /* overlong NUL */
    {"\xC1\xBF", 2, FFFD FFFD},          /* overlong */
    {"\xE0\x9F\xBF", 3, FFFD FFFD FFFD}, /* overlong */
    {"\xF0\x8F\xBF\xBF", 4, FFFD FFFD FFFD FFFD},
    {"\xED\xA0\x80", 3, FFFD FFFD FFFD}, /* surrogate */
    {"\xF4\x90\x80\x80", 4, FFFD FFFD FFFD FFFD},
    {"\xF5\x80\x80\x80", 4, FFFD FFFD FFFD FFFD},
    {"\xFE\xFF", 2, FFFD FFFD},
    {"a\xC3", 2, "a" FFFD},     /* cut off at the end */
    {"a\xE2\x82", 3, "a" FFFD}, /* two bytes of three are one part */
    {"a\xF0\x9F\x98", 4, "a" FFFD},
    {"\xE2\x82z", 3, FFFD "z"}, /* the byte that breaks off is kept */
    {"\xC3\xC3\xA9", 3, FFFD "\xC3\xA9"},
    {"x\xFFy\xFFz", 5, "x" FFFD "y" FFFD "z"},
};

static void
text_is_valid_if_and_only_if_it_is_well_formed(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT_EQUAL(weir__utf8_valid(cases[i].in, cases[i].len), cases[i].out == NULL);
    }
    CU_ASSERT_TRUE(weir__utf8_valid("a\0b", 3));
}

static void
malformed_parts_are_replaced_one_by_one(void)
{
    char out[64];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *expected = cases[i].out != NULL ? cases[i].out : cases[i].in;
        size_t n = weir__utf8_sanitize(out, sizeof out, cases[i].in, cases[i].len);
        CU_ASSERT_EQUAL(n, strlen(expected));
        CU_ASSERT_STRING_EQUAL(out, expected);
    }
}

static void
a_cut_never_splits_a_character(void)
{
    static const char in[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xFF";
    static const size_t expected[] = {0, 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10, 10, 13, 13};

    for (size_t cap = 1; cap < sizeof expected / sizeof expected[0]; cap++) {
        char *out = malloc(cap); /* exact, so that a sanitizer sees a byte too many */
        CU_ASSERT_EQUAL(weir__utf8_sanitize(out, cap, in, strlen(in)), expected[cap]);
        CU_ASSERT_TRUE(weir__utf8_valid(out, strlen(out)));
        free(out);
    }
}

static void
no_room_at_all_writes_nothing(void)
{
    char untouched = 'x';

    CU_ASSERT_EQUAL(weir__utf8_sanitize(&untouched, 0, "abc", 3), 0);
    CU_ASSERT_EQUAL(untouched, 'x');
}

static void
every_code_point_is_judged_right(void)
{
    for (unsigned c = 0x800; c < 0x10000; c++) {
        char s[3] = {(char)(0xE0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3F)),
                     (char)(0x80 | (c & 0x3F))};
        if (weir__utf8_valid(s, 3) != (c < 0xD800 || c > 0xDFFF)) {
            CU_FAIL("a code point was judged wrong");
        }
    }
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(text_is_valid_if_and_only_if_it_is_well_formed),
    HARNESS_TEST(malformed_parts_are_replaced_one_by_one),
    HARNESS_TEST(a_cut_never_splits_a_character),
    HARNESS_TEST(no_room_at_all_writes_nothing),
    HARNESS_TEST(every_code_point_is_judged_right),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(utf8, tests, NULL, NULL);

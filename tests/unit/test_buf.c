/* SPDX-License-Identifier: MIT */
/* The growing buffer and the arena. */
#include <config.h>

#include "arena.h"
#include "buf.h"
#include "harness.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
what_is_appended_is_kept_in_order(void)
{
    struct weir__buf buf = {0};

    weir__buf_puts(&buf, "one");
    weir__buf_putc(&buf, ',');
    weir__buf_printf(&buf, "%d%s", 2, ",");
    weir__buf_append(&buf, "thr\0ee", 6);
    CU_ASSERT_EQUAL(buf.len, 12);
    CU_ASSERT_EQUAL(memcmp(buf.data, "one,2,thr\0ee", 13), 0);
    weir__buf_release(&buf);
    CU_ASSERT_PTR_NULL(buf.data);
}

static void
every_length_around_a_growth_is_terminated(void)
{
    for (size_t len = 0; len < 300; len++) {
        struct weir__buf buf = {0};
        for (size_t i = 0; i < len; i++) {
            weir__buf_putc(&buf, 'x');
        }
        weir__buf_printf(&buf, "%s", "");
        CU_ASSERT_EQUAL(buf.len, len);
        CU_ASSERT_EQUAL(strlen(buf.data), len);
        weir__buf_release(&buf);
    }
}

static void
a_length_that_cannot_be_had_fails_and_stays_failed(void)
{
    struct weir__buf buf = {0};

    weir__buf_puts(&buf, "abc");
    CU_ASSERT_FALSE(weir__buf_reserve(&buf, SIZE_MAX));
    CU_ASSERT_TRUE(buf.failed);
    weir__buf_puts(&buf, "ignored");
    CU_ASSERT_EQUAL(buf.len, 3);
    CU_ASSERT_PTR_NULL(weir__buf_detach(&buf, NULL));
    CU_ASSERT_FALSE(buf.failed);
}

static void
a_reset_buffer_is_empty_and_usable(void)
{
    struct weir__buf buf = {0};

    weir__buf_reset(&buf);
    weir__buf_puts(&buf, "abc");
    buf.failed = true;
    weir__buf_reset(&buf);
    CU_ASSERT_EQUAL(buf.len, 0);
    weir__buf_puts(&buf, "d");
    CU_ASSERT_STRING_EQUAL(buf.data, "d");
    weir__buf_release(&buf);
}

static void
detaching_hands_the_bytes_over(void)
{
    struct weir__buf buf = {0};
    size_t len = 99;

    char *empty = weir__buf_detach(&buf, &len);
    CU_ASSERT_STRING_EQUAL(empty, "");
    CU_ASSERT_EQUAL(len, 0);
    free(empty);
    weir__buf_puts(&buf, "abc");
    char *text = weir__buf_detach(&buf, &len);
    CU_ASSERT_STRING_EQUAL(text, "abc");
    CU_ASSERT_EQUAL(len, 3);
    CU_ASSERT_EQUAL(buf.len, 0);
    free(text);
}

static void
pieces_of_an_arena_are_zeroed_aligned_and_apart(void)
{
    struct weir__arena arena = {0};
    unsigned char *pieces[300];

    for (size_t i = 0; i < 300; i++) {
        size_t size = i * 37 % 2500;
        pieces[i] = weir__arena_alloc(&arena, size);
        CU_ASSERT_EQUAL((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < size; k++) {
            CU_ASSERT_EQUAL_FATAL(pieces[i][k], 0);
        }
        memset(pieces[i], (int)(i % 255) + 1, size);
    }
    for (size_t i = 0; i < 300; i++) {
        size_t size = i * 37 % 2500;
        for (size_t k = 0; k < size; k++) {
            CU_ASSERT_EQUAL_FATAL(pieces[i][k], i % 255 + 1);
        }
    }
    weir__arena_release(&arena);
}

static void
an_arena_refuses_sizes_that_overflow(void)
{
    struct weir__arena arena = {0};

    CU_ASSERT_PTR_NULL(weir__arena_alloc(&arena, SIZE_MAX));
    CU_ASSERT_PTR_NULL(weir__arena_array(&arena, SIZE_MAX / 2, 3));
    CU_ASSERT_PTR_NULL(weir__arena_copy(&arena, "", SIZE_MAX));
    CU_ASSERT_PTR_NOT_NULL(weir__arena_array(&arena, 0, 8));
    weir__arena_release(&arena);
}

static void
an_arena_copies_strings(void)
{
    struct weir__arena arena = {0};

    CU_ASSERT_STRING_EQUAL(weir__arena_strdup(&arena, "abc"), "abc");
    CU_ASSERT_STRING_EQUAL(weir__arena_strdup(&arena, ""), "");
    CU_ASSERT_PTR_NULL(weir__arena_strdup(&arena, NULL));
    CU_ASSERT_EQUAL(memcmp(weir__arena_copy(&arena, "a\0b", 3), "a\0b", 4), 0);
    weir__arena_release(&arena);
    weir__arena_release(&arena);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(what_is_appended_is_kept_in_order),
    HARNESS_TEST(every_length_around_a_growth_is_terminated),
    HARNESS_TEST(a_length_that_cannot_be_had_fails_and_stays_failed),
    HARNESS_TEST(a_reset_buffer_is_empty_and_usable),
    HARNESS_TEST(detaching_hands_the_bytes_over),
    HARNESS_TEST(pieces_of_an_arena_are_zeroed_aligned_and_apart),
    HARNESS_TEST(an_arena_refuses_sizes_that_overflow),
    HARNESS_TEST(an_arena_copies_strings),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(buf, tests, NULL, NULL);

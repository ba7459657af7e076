/* SPDX-License-Identifier: MIT */
/* Error codes, their texts, and the error a caller owns. */
#include <config.h>

#include "harness.h"
#include "utf8.h"

#include <errno.h>
#include <string.h>
#include <weir/error.h>

static void
every_code_has_a_name_and_a_text_of_its_own(void)
{
#define CHECK(name, value, text)                                                                   \
    CU_ASSERT_EQUAL(WEIR_E_##name, value);                                                         \
    CU_ASSERT_STRING_EQUAL(weir_error_name(value), "WEIR_E_" #name);                               \
    CU_ASSERT_STRING_EQUAL(weir_strerror(value), text);
    WEIR_ERROR_MAP(CHECK)
#undef CHECK
    CU_ASSERT_STRING_EQUAL(weir_error_name(0), "WEIR_OK");
    CU_ASSERT_STRING_EQUAL(weir_strerror(0), "no error");
}

static void
a_code_that_does_not_exist_is_answered_too(void)
{
    CU_ASSERT_STRING_EQUAL(weir_error_name(1), "WEIR_E_?");
    CU_ASSERT_STRING_EQUAL(weir_strerror(-9999), "unknown error");
}

static void
setting_an_error_returns_its_code(void)
{
    weir_error err = {0};

    CU_ASSERT_EQUAL(weir_error_set(&err, WEIR_E_URL, "part %d of %s", 3, "it"), WEIR_E_URL);
    CU_ASSERT_EQUAL(err.code, WEIR_E_URL);
    CU_ASSERT_STRING_EQUAL(err.text, "part 3 of it");
    CU_ASSERT_EQUAL(weir_error_set(NULL, WEIR_E_BUSY, "%s", "nobody listens"), WEIR_E_BUSY);
}

static void
the_first_error_wins(void)
{
    weir_error err = {0};

    weir_error_set(&err, WEIR_E_IO, "first");
    CU_ASSERT_EQUAL(weir_error_set(&err, WEIR_E_NOMEM, "second"), WEIR_E_NOMEM);
    CU_ASSERT_EQUAL(err.code, WEIR_E_IO);
    CU_ASSERT_STRING_EQUAL(err.text, "first");
}

static void
a_cleared_error_can_be_set_again(void)
{
    weir_error err = {0};

    weir_error_set(&err, WEIR_E_IO, "first");
    weir_error_clear(&err);
    CU_ASSERT_EQUAL(err.code, 0);
    CU_ASSERT_STRING_EQUAL(err.text, "");
    weir_error_set(&err, WEIR_E_BUSY, "second");
    CU_ASSERT_EQUAL(err.code, WEIR_E_BUSY);
    weir_error_clear(NULL);
}

static void
without_a_format_the_code_s_text_is_used(void)
{
    weir_error err = {0};

    weir_error_set(&err, WEIR_E_NO_TASK, NULL);
    CU_ASSERT_STRING_EQUAL(err.text, "task not found");
}

static void
a_long_text_is_cut_between_characters(void)
{
    char euros[3 * 400 + 1];

    for (size_t i = 0; i < 400; i++) {
        memcpy(euros + 3 * i, "\xE2\x82\xAC", 3);
    }
    euros[sizeof euros - 1] = '\0';
    for (int shift = 0; shift < 3; shift++) {
        weir_error err = {0};
        weir_error_set(&err, WEIR_E_IO, "%.*s%s", shift, "xx", euros);
        size_t len = strlen(err.text);
        CU_ASSERT_TRUE(len > WEIR_ERROR_TEXT_SIZE - 4);
        CU_ASSERT_TRUE(weir__utf8_valid(err.text, len));
        CU_ASSERT_PTR_NULL(strstr(err.text, WEIR__UTF8_REPLACEMENT));
    }
}

static void
bytes_that_are_not_utf8_are_replaced(void)
{
    weir_error err = {0};

    weir_error_set(&err, WEIR_E_IO, "bad \xFF byte");
    CU_ASSERT_STRING_EQUAL(err.text, "bad " WEIR__UTF8_REPLACEMENT " byte");
}

static void
setting_an_error_leaves_errno_alone(void)
{
    weir_error err = {0};

    errno = ENOSPC;
    weir_error_set(&err, WEIR_E_FULL, "%s", "disk full");
    CU_ASSERT_EQUAL(errno, ENOSPC);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(every_code_has_a_name_and_a_text_of_its_own),
    HARNESS_TEST(a_code_that_does_not_exist_is_answered_too),
    HARNESS_TEST(setting_an_error_returns_its_code),
    HARNESS_TEST(the_first_error_wins),
    HARNESS_TEST(a_cleared_error_can_be_set_again),
    HARNESS_TEST(without_a_format_the_code_s_text_is_used),
    HARNESS_TEST(a_long_text_is_cut_between_characters),
    HARNESS_TEST(bytes_that_are_not_utf8_are_replaced),
    HARNESS_TEST(setting_an_error_leaves_errno_alone),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(error, tests, NULL, NULL);

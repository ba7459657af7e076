/* SPDX-License-Identifier: MIT */
/* The version at run time against the numbers of the headers. */
#include <config.h>

#include "harness.h"

#include <stdio.h>
#include <weir/version.h>

static void
the_version_string_is_made_of_the_header_s_numbers(void)
{
    char text[32];

    snprintf(text, sizeof(text), "%d.%d.%d", WEIR_VERSION_MAJOR, WEIR_VERSION_MINOR,
             WEIR_VERSION_PATCH);
    CU_ASSERT_STRING_EQUAL(weir_version(), text);
}

static void
the_version_string_is_that_of_the_package(void)
{
    CU_ASSERT_STRING_EQUAL(weir_version(), PACKAGE_VERSION);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(the_version_string_is_made_of_the_header_s_numbers),
    HARNESS_TEST(the_version_string_is_that_of_the_package),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(version, tests, NULL, NULL);

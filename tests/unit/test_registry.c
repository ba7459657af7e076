/* SPDX-License-Identifier: MIT */
/* Finding backends by scheme, and opening brokers on them. */
#include <config.h>

#include "fake.h"
#include "harness.h"
#include "registry.h"

#include <string.h>

static weir_error error;

static void
setup(void)
{
    fake_reset(0);
    weir_broker_close(fake_open(NULL));
    fake_reset(0);
    weir_error_clear(&error);
}

static void
a_broker_is_closed_with_its_last_reference(void)
{
    weir_broker *broker = fake_open(NULL);

    CU_ASSERT_PTR_EQUAL(weir_broker_ref(broker), broker);
    weir_broker_close(broker);
    CU_ASSERT_EQUAL(fake.closed, 0);
    weir_broker_close(broker);
    CU_ASSERT_EQUAL(fake.closed, 1);
    weir_broker_close(NULL);
}

static void
a_broker_s_url_hides_the_password(void)
{
    weir_broker *broker;

    CU_ASSERT_EQUAL_FATAL(weir_broker_open(&broker, "fake://u:secret@h/1", NULL, NULL), 0);
    CU_ASSERT_PTR_NULL(strstr(weir_broker_url(broker), "secret"));
    CU_ASSERT_PTR_EQUAL(weir_broker_clock(broker), weir_clock_system());
    weir_broker_close(broker);
}

static void
an_unknown_scheme_and_a_malformed_url_are_refused(void)
{
    weir_broker *broker = (weir_broker *)&error;

    CU_ASSERT_EQUAL(weir_broker_open(&broker, "nosuch:x", NULL, &error), WEIR_E_URL);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "nosuch"));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "this build has "));
    CU_ASSERT_PTR_NULL(strstr(error.text, "did you mean"));
    CU_ASSERT_PTR_NULL(broker);
    CU_ASSERT_EQUAL(weir_broker_open(&broker, "no scheme", NULL, NULL), WEIR_E_URL);
    CU_ASSERT_EQUAL(weir_broker_open(&broker, NULL, NULL, NULL), WEIR_E_URL);
    CU_ASSERT_EQUAL(weir_broker_open(NULL, "fake:x", NULL, NULL), WEIR_E_INVALID);
}

static void
a_scheme_left_out_of_this_build_says_how_to_get_it(void)
{
#ifdef WEIR_WITH_REDIS
    HARNESS_SKIP("this build has all backends");
#else
    weir_broker *broker;

    CU_ASSERT_EQUAL(weir_broker_open(&broker, "redis://localhost", NULL, &error),
                    WEIR_E_UNSUPPORTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "--with-redis"));
#endif
}

static void
a_store_that_does_not_open_leaves_nothing_behind(void)
{
    weir_broker *broker;

    fake.open_rc = WEIR_E_CORRUPT;
    CU_ASSERT_EQUAL(weir_broker_open(&broker, "fake:x", NULL, &error), WEIR_E_CORRUPT);
    CU_ASSERT_STRING_EQUAL(error.text, "the fake store does not open");
    CU_ASSERT_PTR_NULL(broker);
    CU_ASSERT_EQUAL(fake.closed, 0);
}

static void
a_capability_without_its_functions_is_refused_at_open(void)
{
    weir_broker *broker;

    fake_reset(WEIR_CAP_STEER);
    CU_ASSERT_EQUAL(weir_broker_open(&broker, "fake:x", NULL, &error), WEIR_E_INVALID);
    CU_ASSERT_STRING_EQUAL(error.text, "backend fake has no function steer");
    CU_ASSERT_EQUAL(fake.closed, 1);
}

static void
options_with_something_in_reserve_are_refused(void)
{
    weir_broker_options options = {.reserved = {0, 1}};
    weir_broker *broker;

    CU_ASSERT_EQUAL(weir_broker_open(&broker, "fake:x", &options, NULL), WEIR_E_INVALID);
}

static void
a_backend_that_is_incomplete_or_of_another_contract_is_refused(void)
{
    static const char *const other[] = {"other", NULL};
    weir_backend backend = fake_backend;

    CU_ASSERT_EQUAL(weir__registry_add(&backend, NULL), WEIR_E_CONFLICT);
    backend.schemes = other;
    backend.abi = WEIR_BROKER_ABI + 1;
    CU_ASSERT_EQUAL(weir__registry_add(&backend, NULL), WEIR_E_VERSION);
    backend.abi = 0; /* forgotten, or made before there was a first number */
    CU_ASSERT_EQUAL(weir__registry_add(&backend, NULL), WEIR_E_VERSION);
    backend.abi = WEIR_BROKER_ABI;
    backend.wait = NULL;
    CU_ASSERT_EQUAL(weir__registry_add(&backend, &error), WEIR_E_INVALID);
    CU_ASSERT_STRING_EQUAL(error.text, "backend fake has no function wait");
    backend.name = NULL;
    CU_ASSERT_EQUAL(weir__registry_add(&backend, NULL), WEIR_E_INVALID);
}

static void
the_schemes_of_all_built_in_backends_are_listed(void)
{
    for (const weir_backend *const *b = weir__builtin_backends; *b; b++) {
        bool listed = false;

        for (const char *const *s = weir_broker_schemes(); *s; s++)
            listed = listed || strcmp(*s, (*b)->schemes[0]) == 0;
        CU_ASSERT_TRUE(listed);
    }
}

static void
an_added_backend_s_scheme_is_listed(void)
{
    bool found = false;

    for (const char *const *s = weir_broker_schemes(); *s; s++)
        found = found || strcmp(*s, "fake") == 0;
    CU_ASSERT_TRUE(found);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_broker_is_closed_with_its_last_reference),
    HARNESS_TEST(a_broker_s_url_hides_the_password),
    HARNESS_TEST(an_unknown_scheme_and_a_malformed_url_are_refused),
    HARNESS_TEST(a_scheme_left_out_of_this_build_says_how_to_get_it),
    HARNESS_TEST(a_store_that_does_not_open_leaves_nothing_behind),
    HARNESS_TEST(a_capability_without_its_functions_is_refused_at_open),
    HARNESS_TEST(options_with_something_in_reserve_are_refused),
    HARNESS_TEST(a_backend_that_is_incomplete_or_of_another_contract_is_refused),
    HARNESS_TEST(the_schemes_of_all_built_in_backends_are_listed),
    HARNESS_TEST(an_added_backend_s_scheme_is_listed),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(registry, tests, setup, NULL);

/* SPDX-License-Identifier: MIT */
/* Look-ups in the user database and what a payload may look like. */
#include <config.h>

#include "harness.h"
#include "payload.h"
#include "scratch.h"
#include "user.h"

#include <string.h>

static void
setup(void)
{
    scratch_setup();
    scratch_sql_file("users.db", "doc/examples/email/users.sql");
    scratch_sql("users.db", "INSERT INTO users VALUES (42, 'Zoë', 'zoe@example.org')");
}

static void
a_user_is_found_by_id(void)
{
    struct user user;

    CU_ASSERT_EQUAL_FATAL(user_find(&user, scratch_path("users.db"), 42, NULL), 0);
    CU_ASSERT_STRING_EQUAL(user.name, "Zoë");
    CU_ASSERT_STRING_EQUAL(user.address, "zoe@example.org");
    user_release(&user);
}

static void
a_missing_user_is_named(void)
{
    struct user user;
    weir_error err = {0};

    CU_ASSERT_EQUAL(user_find(&user, scratch_path("users.db"), 43, &err), WEIR_E_INVALID);
    CU_ASSERT_STRING_EQUAL(err.text, "no user has the id 43");
    user_release(&user);
}

static void
a_missing_database_is_not_for_good(void)
{
    struct user user;
    weir_error err = {0};

    CU_ASSERT_EQUAL(user_find(&user, scratch_path("none.db"), 42, &err), WEIR_E_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "none.db"));
}

static int
parse(struct payload *payload, const char *text, weir_error *err)
{
    const weir_task_info task = {.payload = text, .payload_len = text == NULL ? 0 : strlen(text)};

    return payload_parse(payload, &task, err);
}

static void
a_payload_is_read(void)
{
    struct payload payload;

    CU_ASSERT_EQUAL(parse(&payload, "{\"user_id\":42,\"subject\":\"Hi\",\"new\":1}", NULL), 0);
    CU_ASSERT_EQUAL(payload.user_id, 42);
    CU_ASSERT_STRING_EQUAL(payload.subject, "Hi");
    CU_ASSERT_PTR_NULL(payload.body);
    payload_release(&payload);
}

static void
a_malformed_payload_is_refused_with_line_and_column(void)
{
    struct payload payload;
    weir_error err = {0};

    CU_ASSERT_EQUAL(parse(&payload, "{\"user_id\":42,\n \"subject\" \"Hi\"}", &err),
                    WEIR_E_INVALID);
    CU_ASSERT(strncmp(err.text, "malformed payload: line 2 column 15: ", 37) == 0);
    payload_release(&payload);
}

static void
payloads_of_the_wrong_shape_are_refused(void)
{
    static const char *const bad[] = {
        NULL,
        "",
        "[]",
        "42",
        "{}",
        "{\"user_id\":\"42\",\"subject\":\"Hi\"}",
        "{\"user_id\":42}",
        "{\"user_id\":42,\"subject\":7}",
        "{\"user_id\":4.5,\"subject\":\"\"}",
        "{\"user_id\":42,\"subject\":\"a\\u0000b\"}",
        "{\"user_id\":1,\"subject\":\"\xFF\"}",
        "{\"user_id\":1,\"user_id\":2,\"subject\":\"\"}",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct payload payload;

        CU_ASSERT_EQUAL(parse(&payload, bad[i], NULL), WEIR_E_INVALID);
        payload_release(&payload);
    }
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_user_is_found_by_id),
    HARNESS_TEST(a_missing_user_is_named),
    HARNESS_TEST(a_missing_database_is_not_for_good),
    HARNESS_TEST(a_payload_is_read),
    HARNESS_TEST(a_malformed_payload_is_refused_with_line_and_column),
    HARNESS_TEST(payloads_of_the_wrong_shape_are_refused),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(user, tests, setup, scratch_teardown);

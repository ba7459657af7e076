/* SPDX-License-Identifier: MIT */
/* Delivery into a Maildir: once, whole, and never half. */
#include <config.h>

#include "harness.h"
#include "maildir.h"
#include "scratch.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool
deliver(const char *key, const char *text)
{
    bool is_new = false;
    weir_error err = {0};

    CU_ASSERT_EQUAL(maildir_deliver(scratch_path("mail"), key, text, strlen(text), &is_new, &err),
                    0);
    CU_ASSERT_STRING_EQUAL(err.text, "");
    return is_new;
}

static void
prepare(void)
{
    CU_ASSERT_EQUAL_FATAL(maildir_prepare(scratch_path("mail"), NULL), 0);
}

static void
a_message_arrives_in_new(void)
{
    char text[16] = "";

    prepare();
    CU_ASSERT_TRUE(deliver("a.default", "Hello\n"));

    FILE *file = fopen(scratch_path("mail/new/a.default"), "r");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fread(text, 1, sizeof(text) - 1, file), 6);
    CU_ASSERT_STRING_EQUAL(text, "Hello\n");
    fclose(file);
    CU_ASSERT_EQUAL(scratch_count("mail/tmp"), 0);
}

static void
a_second_delivery_changes_nothing(void)
{
    prepare();
    CU_ASSERT_TRUE(deliver("a.default", "one\n"));
    CU_ASSERT_FALSE(deliver("a.default", "two\n"));
    CU_ASSERT_EQUAL(scratch_count("mail/new"), 1);
    CU_ASSERT_EQUAL(scratch_count("mail/tmp"), 0);
}

static void
a_message_that_was_read_is_not_delivered_again(void)
{
    prepare();
    CU_ASSERT_TRUE(deliver("a.default", "one\n"));
    CU_ASSERT_EQUAL(
        rename(scratch_path("mail/new/a.default"), scratch_path("mail/cur/a.default:2,S")), 0);
    CU_ASSERT_FALSE(deliver("a.default", "one\n"));
    CU_ASSERT_TRUE(deliver("a.defaul", "another\n"));
    CU_ASSERT_EQUAL(scratch_count("mail/new"), 1);
}

static void
what_a_killed_worker_left_in_tmp_is_no_hindrance(void)
{
    char name[64];

    prepare();
    snprintf(name, sizeof(name), "mail/tmp/a.default.%ld.0", (long)getpid() + 1);

    FILE *file = fopen(scratch_path(name), "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fclose(file);
    CU_ASSERT_TRUE(deliver("a.default", "one\n"));
    CU_ASSERT_EQUAL(scratch_count("mail/new"), 1);
}

static void *
deliver_on_a_thread(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++) {
        char key[32];

        snprintf(key, sizeof(key), "task-%d.default", i);
        maildir_deliver(scratch_path("mail"), key, "Hello\n", 6, &(bool){false}, NULL);
    }
    return NULL;
}

static void
two_attempts_at_once_deliver_once(void)
{
    pthread_t threads[4];

    prepare();
    for (size_t i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, deliver_on_a_thread, NULL), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    CU_ASSERT_EQUAL(scratch_count("mail/new"), 20);
    CU_ASSERT_EQUAL(scratch_count("mail/tmp"), 0);
}

static void
a_missing_folder_is_reported(void)
{
    bool is_new = false;
    weir_error err = {0};

    CU_ASSERT_EQUAL(maildir_deliver(scratch_path("none"), "a", "x", 1, &is_new, &err), WEIR_E_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "No such file"));
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_message_arrives_in_new),
    HARNESS_TEST(a_second_delivery_changes_nothing),
    HARNESS_TEST(a_message_that_was_read_is_not_delivered_again),
    HARNESS_TEST(what_a_killed_worker_left_in_tmp_is_no_hindrance),
    HARNESS_TEST(two_attempts_at_once_deliver_once),
    HARNESS_TEST(a_missing_folder_is_reported),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(maildir, tests, scratch_setup, scratch_teardown);

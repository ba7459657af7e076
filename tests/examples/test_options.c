/* SPDX-License-Identifier: MIT */
/* The options of the module "email". */
#include <config.h>

#include "harness.h"
#include "options.h"

#include <string.h>

static void
good_options_are_read(void)
{
    struct options options;

    CU_ASSERT_EQUAL(options_parse(&options,
                                  "{\"database\":\"u.db\",\"from\":\"a@b\",\"maildir\":\"mail\"}",
                                  NULL),
                    0);
    CU_ASSERT_STRING_EQUAL(options.database, "u.db");
    CU_ASSERT_STRING_EQUAL(options.from_name, "");
    CU_ASSERT_PTR_NULL(options.smtp);
    options_release(&options);
}

static void
bad_options_are_refused(void)
{
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        {NULL, "database"},
        {"{\"database\":\"d\"}", "from"},
        {"{\"database\":\"d\",\"from\":\"a@b\"}", "give one of"},
        {"{\"database\":\"d\",\"from\":\"a@b\",\"maildir\":\"m\",\"smtp\":\"smtp://h\"}",
         "give one of"},
        {"{\"database\":\"d\",\"from\":\"a@b\\nX: y\",\"maildir\":\"m\"}", "address"},
        {"{\"database\":\"d\",\"from\":\"a@b\",\"maildir\":\"m\",\"mialdir\":\"m\"}", "1 object"},
#ifdef EMAIL_WITH_SMTP
        {"{\"database\":\"d\",\"from\":\"a@b\",\"smtp\":\"http://h\"}", "smtp://"},
#endif
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct options options;
        weir_error err = {0};

        CU_ASSERT_EQUAL(options_parse(&options, bad[i].text, &err), WEIR_E_CONFIG);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, bad[i].says));
        options_release(&options);
    }
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(good_options_are_read),
    HARNESS_TEST(bad_options_are_refused),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(options, tests, NULL, NULL);

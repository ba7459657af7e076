/* SPDX-License-Identifier: MIT */
/* Options are checked when the worker starts, so that a mistake stops it and not every task. */
#include "options.h"

#include "mime.h"

#include <string.h>

static int
check_target(const struct options *options, weir_error *err)
{
    if ((options->smtp == NULL) == (options->maildir == NULL)) {
        return weir_error_set(err, WEIR_E_CONFIG, "give one of \"smtp\" and \"maildir\"");
    }
    if (options->smtp == NULL) {
        return 0;
    }
#ifndef EMAIL_WITH_SMTP
    return weir_error_set(err, WEIR_E_CONFIG, "\"smtp\": this build is without libcurl");
#endif
    if (strncmp(options->smtp, "smtp://", 7) != 0 && strncmp(options->smtp, "smtps://", 8) != 0) {
        return weir_error_set(err, WEIR_E_CONFIG, "\"smtp\" must begin with smtp:// or smtps://");
    }
    return 0;
}

int
options_parse(struct options *options, const char *text, weir_error *err)
{
    json_error_t error;

    memset(options, 0, sizeof(*options));
    options->from_name = "";
    options->root = json_loads(text == NULL ? "{}" : text, JSON_REJECT_DUPLICATES, &error);
    if (options->root == NULL ||
        json_unpack_ex(options->root, &error, JSON_STRICT, "{s:s, s:s, s?s, s?s, s?s}", "database",
                       &options->database, "from", &options->from, "from_name", &options->from_name,
                       "smtp", &options->smtp, "maildir", &options->maildir) != 0) {
        return weir_error_set(err, WEIR_E_CONFIG, "options: %s", error.text);
    }
    if (!mime_is_address(options->from)) {
        return weir_error_set(err, WEIR_E_CONFIG, "\"from\" must be an address (user@host)");
    }
    return check_target(options, err);
}

void
options_release(struct options *options)
{
    json_decref(options->root);
    memset(options, 0, sizeof(*options));
}

/* SPDX-License-Identifier: MIT */
/*
 * weir version: the same as --version.
 */
#include <config.h>

#include "command.h"
#include "json_out.h"

#include <weir/version.h>

static int
version(struct session *session, void *options, char **words, int count, weir_error *err)
{
    (void)options;
    (void)words;
    (void)count;
    if (session->json) {
        json_t *object = json_object();
        json_object_set_new(object, "version", json_out_text(weir_version()));
        return json_out_print(object, err);
    }
    printf("weir %s\n", weir_version());
    return 0;
}

const struct command command_version = {
    .noun = "version",
    .words = "",
    .summary = "Print the version",
    .run = version,
};

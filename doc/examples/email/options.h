/* SPDX-License-Identifier: MIT */
/*
 * The module's "options" in the configuration file:
 *
 *   database   the SQLite file with the users (required)
 *   from       the sender's address (required)
 *   from_name  the sender's name
 *   smtp       smtp://HOST[:PORT] or smtps://HOST[:PORT], or else
 *   maildir    a folder to deliver into
 */
#ifndef EMAIL_OPTIONS_H
#define EMAIL_OPTIONS_H

#include <jansson.h>
#include <weir/error.h>

/* The strings are those of `root`. */
struct options {
    json_t *root;
    const char *database;
    const char *from;
    const char *from_name;
    const char *smtp;
    const char *maildir;
};

/* Reads options from JSON text (NULL counts as "{}"). Ends with options_release(), also when it
 * failed. Errors: WEIR_E_CONFIG. */
int options_parse(struct options *options, const char *text, weir_error *err);

void options_release(struct options *options);

#endif

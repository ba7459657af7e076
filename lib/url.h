/* SPDX-License-Identifier: MIT */
/*
 * Broker URLs.
 *
 *     scheme:opaque[?params]                                    sqlite:PATH, sqlite::memory:
 *     scheme://[user[:password]@][host[:port],...][/path][?params]
 *
 * Every part is percent-decoded after the URL was taken apart. The scheme is put into lower case; a
 * host in brackets is an IPv6 address; '#' and '+' have no meaning of their own; the user ends at
 * the last '@'. Parameters are name=value, separated by '&', no name twice.
 */
#ifndef WEIR_LIB_URL_H
#define WEIR_LIB_URL_H

#include "arena.h"

#include <weir/broker.h>
#include <weir/error.h>

struct weir__url {
    weir_url parts; /* its strings and arrays belong to the arena */
    const char *redacted;
    struct weir__arena arena;
};

/*
 * Takes text apart into *url, which ends with weir__url_release() unless this fails. The message of
 * an error names the part of the URL and its position (in bytes, from 1), and repeats nothing of the
 * text, which may hold a password. Errors: WEIR_E_URL, WEIR_E_NOMEM. Any thread.
 */
int weir__url_parse(struct weir__url *url, const char *text, weir_error *err);

void weir__url_release(struct weir__url *url);

/*
 * Returns the URL as it was given, but with *** for the password and for the values of parameters
 * whose names speak of passwords, secrets or tokens. Belongs to url.
 */
const char *weir__url_redacted(const struct weir__url *url);

/* Returns the value of a parameter, or NULL. Belongs to url. */
const char *weir__url_param(const weir_url *url, const char *name);

#endif

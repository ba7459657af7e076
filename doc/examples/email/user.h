/* SPDX-License-Identifier: MIT */
/*
 * The user database: a SQLite file with a table users (id INTEGER PRIMARY KEY, name, email).
 */
#ifndef EMAIL_USER_H
#define EMAIL_USER_H

#include <weir/error.h>

#include <stdint.h>

struct user {
    char *name;
    char *address;
};

/*
 * Looks a user up and fills *user, which ends with user_release(). Any thread.
 * Errors: WEIR_E_INVALID (no such user), WEIR_E_BUSY, WEIR_E_IO (the database cannot be used now),
 * WEIR_E_NOMEM.
 */
int user_find(struct user *user, const char *database, int64_t id, weir_error *err);

/* Releases what a user holds; a zero-filled one is fine. */
void user_release(struct user *user);

#endif

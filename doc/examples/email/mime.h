/* SPDX-License-Identifier: MIT */
/*
 * A mail message (RFC 5322, MIME) made of what a task and the user database say. Whatever stands in
 * those, it can only end up as text: no value can add a header, a recipient or a body of its own.
 */
#ifndef EMAIL_MIME_H
#define EMAIL_MIME_H

#include <weir/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MIME_KEY_SIZE 200

/* What a message is made of; all strings are UTF-8 and required, but names may be empty. */
struct mime_message {
    const char *key; /* from mime_key(): the left side of the Message-ID */
    const char *from_name;
    const char *from_address;
    const char *to_name;
    const char *to_address;
    const char *subject;
    const char *body;
    int64_t date_ms; /* since 1970 */
};

/*
 * Writes a name for a task into key: the same for each of its attempts, different from every other
 * task's. It consists of letters, digits, '-', '_', '.' and '=', so that it is good for a Message-ID
 * and for a file. Returns 0, or WEIR_E_INVALID when the task's names are too long for it.
 */
int mime_key(char key[MIME_KEY_SIZE], const char *queue, const char *id, weir_error *err);

/* True for an address such as mail servers accept everywhere: ASCII, dots and atoms, one '@'. */
bool mime_is_address(const char *address);

/*
 * Renders a message into *text (to be freed with free()) with `eol` at the end of each line.
 * Errors: WEIR_E_INVALID (an address is none), WEIR_E_NOMEM.
 */
int mime_render(const struct mime_message *message, const char *eol, char **text, size_t *len,
                weir_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Delivery into a Maildir: a folder with tmp/, new/ and cur/, read by every mail program.
 */
#ifndef EMAIL_MAILDIR_H
#define EMAIL_MAILDIR_H

#include <weir/error.h>

#include <stdbool.h>
#include <stddef.h>

/* Makes the folder and its three parts where they are missing. Errors: WEIR_E_IO. */
int maildir_prepare(const char *dir, weir_error *err);

/*
 * Delivers a message under the name `key`. When it returns 0 the message is on the disk, once: if one
 * of that name was delivered before (read or not), nothing changes and *is_new is false. Any thread
 * or process, also several with the same key. Errors: WEIR_E_IO, WEIR_E_FULL, WEIR_E_NOMEM.
 */
int maildir_deliver(const char *dir, const char *key, const char *text, size_t len, bool *is_new,
                    weir_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Base64 as in RFC 4648, for payloads that are not text.
 */
#ifndef WEIR_CLI_BASE64_H
#define WEIR_CLI_BASE64_H

#include <stddef.h>

/* Returns the text for the bytes, padded, NUL-terminated; NULL when memory ran out. To be freed. */
char *base64_encode(const void *data, size_t len);

/*
 * Reads text into *data, to be freed; padding may be missing, nothing else than the alphabet is accepted.
 * WEIR_E_INVALID, WEIR_E_NOMEM.
 */
int base64_decode(void **data, size_t *data_len, const char *text, size_t len);

#endif

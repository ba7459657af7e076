/* SPDX-License-Identifier: MIT */
/*
 * A payload from a file.
 */
#ifndef WEIR_CLI_PAYLOAD_H
#define WEIR_CLI_PAYLOAD_H

#include <stddef.h>
#include <weir/error.h>

/*
 * Reads a file, or standard input for "-", into *data, to be freed by the caller also on failure. WEIR_E_IO, WEIR_E_NOMEM,
 * WEIR_E_TOO_BIG.
 */
int payload_read(const char *path, char **data, size_t *len, weir_error *err);

#endif

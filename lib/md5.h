/* SPDX-License-Identifier: MIT */
/*
 * MD5 (RFC 1321), only because uniqueness locks are named with it on the wire that weir shares with
 * asynq. It tells equal payloads from different ones that nobody made to collide; it protects nothing.
 */
#ifndef WEIR_LIB_MD5_H
#define WEIR_LIB_MD5_H

#include <stddef.h>

/* Bytes of the text of a digest with its NUL. */
#define WEIR__MD5_TEXT_SIZE 33

/* Writes the MD5 of len bytes as 32 lower-case hexadecimal digits. Any thread. */
void weir__md5_text(const void *data, size_t len, char text[WEIR__MD5_TEXT_SIZE]);

#endif

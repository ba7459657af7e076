/* SPDX-License-Identifier: MIT */
/*
 * Text in mail: RFC 2047 encoded-words for headers and quoted-printable for bodies. All text that
 * comes in is taken for UTF-8; bytes that are not become U+FFFD.
 */
#ifndef EMAIL_ENCODE_H
#define EMAIL_ENCODE_H

#include <stdio.h>

/*
 * Writes text as encoded-words ("=?UTF-8?Q?Gr=C3=BC=C3=9Fe?="), which may stand where a header has
 * text or a display name. `column` is how far the line is written. No line gets longer than 76
 * characters and no character is cut in two; control characters, line ends among them, become
 * blanks. Returns the column where the last line ends.
 */
size_t encode_words(FILE *out, const char *text, size_t column, const char *eol);

/*
 * Writes text as a quoted-printable body: lines of at most 76 characters, each ended with eol.
 * LF, CR LF and CR in the text all count as a line end; the last line is always ended.
 */
void encode_quoted_printable(FILE *out, const char *text, const char *eol);

#endif

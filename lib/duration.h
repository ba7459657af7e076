/* SPDX-License-Identifier: MIT */
/*
 * Writes lengths of time in Go's notation, which people of asynq know. Reading them is public:
 * weir_duration_parse(), <weir/config.h>. Any thread.
 */
#ifndef WEIR_LIB_DURATION_H
#define WEIR_LIB_DURATION_H

#include <stdint.h>

/* Enough for any duration's text with its NUL. */
#define WEIR__DURATION_SIZE 40

/*
 * Writes ms as Go prints it: "0s", "250ms", "1.5s", "1m30s", "2160h0m0s". Returns dst. Parsing the
 * result gives ms again.
 */
char *weir__duration_format(int64_t ms, char dst[WEIR__DURATION_SIZE]);

#endif

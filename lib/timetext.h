/* SPDX-License-Identifier: MIT */
/*
 * Points in time as text: RFC 3339, unix seconds, and the UTC date that counters are kept under.
 * All values are milliseconds since 1970 UTC in the Gregorian calendar, years 0 to 9999. The
 * process's time zone and locale play no part. weir_time_parse() and weir_time_format() of
 * <weir/config.h> are here too. Any thread.
 */
#ifndef WEIR_LIB_TIMETEXT_H
#define WEIR_LIB_TIMETEXT_H

#include <weir/error.h>

#include <stdint.h>

#define WEIR__RFC3339_SIZE 25 /* "2006-01-02T15:04:05.678Z" with its NUL */
#define WEIR__DATE_SIZE 11    /* "2006-01-02" with its NUL */

/*
 * Reads "2006-01-02T15:04:05Z", with any fraction of a second (a part of a millisecond counts as
 * a whole one, so that nothing is due too early) and any offset ("+02:00"). `t`, `z` and a space
 * for the `T` are accepted; a leap second is the second after it. WEIR_E_INVALID names the part
 * that is wrong; *at_ms is then untouched.
 */
int weir__rfc3339_parse(int64_t *at_ms, const char *text, weir_error *err);

/*
 * Write a time in UTC, ending in Z. The first leaves out milliseconds that are zero, the second
 * always writes three digits. A time outside the years 0 to 9999 is written as the nearest one
 * inside. Return dst.
 */
char *weir__rfc3339_format(int64_t at_ms, char dst[WEIR__RFC3339_SIZE]);
char *weir__rfc3339_format_ms(int64_t at_ms, char dst[WEIR__RFC3339_SIZE]);

/* Writes the UTC date, "2006-01-02", with the same limits. Returns dst. */
char *weir__utc_date(int64_t at_ms, char dst[WEIR__DATE_SIZE]);

#endif

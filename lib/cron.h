/* SPDX-License-Identifier: MIT */
/* What a cron spec is made of, and questions about its past. */
#ifndef WEIR_LIB_CRON_H
#define WEIR_LIB_CRON_H

#include "tzfile.h"

#include <stdbool.h>
#include <stddef.h>
#include <weir/cron.h>

struct weir_cron {
    int64_t every_ms; /* > 0: none of the others counts */
    uint64_t minutes; /* a bit for each that matches */
    uint64_t hours;
    uint64_t month_days;
    uint64_t months;
    uint64_t week_days;
    bool both_days; /* both day fields must match, not either */
    struct weir__tz *tz;
};

/* "@every" with Go's durations: cron_every.c. Sets *every_ms, or returns what is wrong. */
const char *weir__cron_every(int64_t *every_ms, const char *text);

/*
 * Puts the latest ticks in (after_ms, until_ms], at most max of them, into ticks[], ascending. Returns how many;
 * *more tells whether there are earlier ones in that time. The work grows with max, not with the time.
 */
size_t weir__cron_latest(const weir_cron *cron, int64_t after_ms, int64_t until_ms, int64_t *ticks,
                         size_t max, bool *more);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Cron specs: when a periodic task runs. As the standard parser of the Go library robfig/cron v3, which
 * asynq uses:
 *
 *   MINUTE HOUR DAY-OF-MONTH MONTH DAY-OF-WEEK
 *       each a list of N, N-M, N-M/STEP, N/STEP (from N to the end), "*" or "?"; names jan..dec and
 *       sun..sat; days of the week are 0 (Sunday) to 6. When both day fields are restricted, a day that
 *       matches either of them matches.
 *   @yearly @annually @monthly @weekly @daily @midnight @hourly
 *   @every DURATION
 *       a duration of Go's ("1h30m"), cut to whole seconds, at least one. Its times are the multiples of the
 *       duration since 1970, so that everybody agrees on them.
 *   CRON_TZ=ZONE SPEC, TZ=ZONE SPEC
 *       by the clocks of a zone of the system's tz database; without it, UTC. What those clocks skip when
 *       summer time begins is skipped; what they show twice when it ends comes twice.
 */
#ifndef WEIR_CRON_H
#define WEIR_CRON_H

#include <weir/api.h>
#include <weir/error.h>

#include <stdint.h>

WEIR_BEGIN_DECLS

typedef struct weir_cron weir_cron;

#define WEIR_CRON_NEVER INT64_MAX

/*
 * Reads a spec into *cron, which ends with weir_cron_free(). On failure *cron is NULL and err names
 * the field and what is wrong with it. Errors: WEIR_E_INVALID (also: no such time zone),
 * WEIR_E_CORRUPT and WEIR_E_IO (the zone's file), WEIR_E_NOMEM. Any thread. Since 0.1.
 */
WEIR_API int weir_cron_parse(weir_cron **cron, const char *spec, weir_error *err);

/*
 * Returns the first time later than after_ms, both ms since 1970, or WEIR_CRON_NEVER when there is
 * none until the end of the fifth year after it. Any thread. Since 0.1.
 */
WEIR_API int64_t weir_cron_next(const weir_cron *cron, int64_t after_ms);

/* Frees a spec. NULL is allowed. Since 0.1. */
WEIR_API void weir_cron_free(weir_cron *cron);

WEIR_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Any text as a cron spec: when it is one, its times ascend and are on whole seconds. Any bytes as a time zone's file: the span
 * around a time holds that time.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "cron.h"
#include "fuzz.h"

static const int64_t times_ms[] = {
    0, 1700000000123, -1, 951782400000, INT64_MIN, INT64_MAX, 253402300799999, -62167219200000};

static void
check_spec(const char *text)
{
    weir_cron *cron;

    if (weir_cron_parse(&cron, text, NULL) < 0)
        return;
    for (size_t i = 0; i < sizeof times_ms / sizeof times_ms[0]; i++) {
        int64_t at_ms = times_ms[i];

        for (int n = 0; n < 3 && at_ms != WEIR_CRON_NEVER; n++) {
            int64_t next_ms = weir_cron_next(cron, at_ms);

            FUZZ_MUST(next_ms == WEIR_CRON_NEVER || (next_ms > at_ms && next_ms % 1000 == 0));
            at_ms = next_ms;
        }
    }
    weir_cron_free(cron);
}

static void
check_zone(const uint8_t *data, size_t size)
{
    struct weir__tz *tz;

    if (weir__tz_parse(&tz, data, size, "fuzz", NULL) < 0)
        return;
    for (int64_t at = -60000000000; at < 60000000000; at += 777777777) {
        struct weir__tzspan span = weir__tz_at(tz, at);

        FUZZ_MUST(span.from <= at && at < span.until);
    }
    weir__tz_free(tz);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    FUZZ_MUST(text);
    memcpy(text, data, size);
    text[size] = '\0';
    check_spec(text);
    free(text);
    check_zone(data, size);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* Any text as a length of time, a point in time and a list of queues; what was read is read again the same. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/config.h>

#include "duration.h"
#include "fuzz.h"

static void
check_duration(const char *text)
{
    char again[WEIR__DURATION_SIZE];
    int64_t ms;
    int64_t same;

    if (weir_duration_parse(&ms, text, NULL) < 0)
        return;
    weir__duration_format(ms, again);
    FUZZ_MUST(weir_duration_parse(&same, again, NULL) == 0);
    FUZZ_MUST(same == ms);
}

static void
check_time(const char *text)
{
    char again[64];
    int64_t at_ms;
    int64_t same;

    if (weir_time_parse(&at_ms, text, NULL) < 0)
        return;
    FUZZ_MUST(weir_time_format(again, sizeof again, at_ms) == again);
    FUZZ_MUST(weir_time_parse(&same, again, NULL) == 0);
}

static void
check_queues(const char *text)
{
    weir_queue_weight *queues;
    size_t count;

    if (weir_queues_parse(&queues, &count, text, NULL) < 0)
        return;
    for (size_t i = 0; i < count; i++)
        FUZZ_MUST(queues[i].weight > 0 && queues[i].name[0] != '\0');
    free(queues);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    FUZZ_MUST(text);
    memcpy(text, data, size);
    text[size] = '\0';
    check_duration(text);
    check_time(text);
    check_queues(text);
    free(text);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* One table of suffixes; the three keys without one are put together. */
#include <config.h>

#include "keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const suffixes[] = {
#define SUFFIX(name, suffix) suffix,
    WEIR__KEY_MAP(SUFFIX)
#undef SUFFIX
};

int
weir__queue_init(struct weir__queue *queue, const char *prefix, const char *name, int64_t now_ms,
                 struct weir__space *space)
{
    *queue = (struct weir__queue){.name = name};
    queue->prefix = weir__space_text(space, "%s{%s}:", prefix, name);
    if (!queue->prefix)
        return WEIR_E_NOMEM;
    queue->prefix_len = strlen(queue->prefix);
    weir__day(now_ms, queue->day);
    return 0;
}

int
weir__queue_lane(struct weir__queue *queue, const weir_request_id *request, const char *part,
                 struct weir__space *space)
{
    queue->lane = weir__space_text(space, "%016" PRIx64 ":%" PRIu32 "%s", request->instance,
                                   request->lane, part);
    return queue->lane ? 0 : WEIR_E_NOMEM;
}

static char *
joined(const struct weir__queue *queue, const char *middle, const char *end,
       struct weir__space *space, size_t *len)
{
    size_t middle_len = strlen(middle);
    size_t end_len = strlen(end);
    char *key;

    *len = queue->prefix_len + middle_len + end_len;
    key = weir__space_alloc(space, *len + 1);
    if (!key)
        return NULL;
    memcpy(key, queue->prefix, queue->prefix_len);
    memcpy(key + queue->prefix_len, middle, middle_len);
    memcpy(key + queue->prefix_len + middle_len, end, end_len + 1);
    return key;
}

char *
weir__queue_key(const struct weir__queue *queue, enum weir__key key, struct weir__space *space,
                size_t *len)
{
    if (key == WEIR__KEY_PROCESSED_DAY)
        return joined(queue, "processed:", queue->day, space, len);
    if (key == WEIR__KEY_FAILED_DAY)
        return joined(queue, "failed:", queue->day, space, len);
    if (key == WEIR__KEY_LANE)
        return joined(queue, "weir:lane:", queue->lane ? queue->lane : "", space, len);
    return joined(queue, suffixes[key], "", space, len);
}

void
weir__day(int64_t now_ms, char day[11])
{
    time_t seconds = (time_t)weir__seconds_down(now_ms);
    struct tm tm = {0};

    if (!gmtime_r(&seconds, &tm) || strftime(day, 11, "%Y-%m-%d", &tm) == 0)
        memcpy(day, "0000-00-00", 11);
}

int64_t
weir__seconds_up(int64_t ms)
{
    return ms / 1000 + (ms % 1000 > 0);
}

int64_t
weir__seconds_down(int64_t ms)
{
    return ms / 1000 - (ms % 1000 < 0);
}

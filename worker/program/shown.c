/* SPDX-License-Identifier: MIT */
/* Two buffers that change places at the end of a line; they are made when the first byte comes. */
#include <config.h>

#include "shown.h"

#include <stdlib.h>
#include <string.h>

static bool
make_room(struct shown *shown)
{
    if (shown->line == NULL) {
        shown->line = malloc(SHOWN_MAX);
    }
    if (shown->last == NULL) {
        shown->last = malloc(SHOWN_MAX);
    }
    return shown->line != NULL && shown->last != NULL;
}

static void
add_part(struct shown *shown, const char *data, size_t len)
{
    size_t room = SHOWN_MAX - shown->line_len;

    shown->cut = shown->cut || len > room;
    len = len < room ? len : room;
    memcpy(shown->line + shown->line_len, data, len);
    shown->line_len += len;
}

static void
end_line(struct shown *shown)
{
    char *line = shown->line;

    if (shown->line_len == 0) {
        return;
    }
    shown->line = shown->last;
    shown->last = line;
    shown->last_len = shown->line_len;
    shown->line_len = 0;
    shown->waits = true;
}

void
shown_add(struct shown *shown, const char *data, size_t len)
{
    if (!make_room(shown)) {
        return;
    }
    while (len > 0) {
        const char *end = memchr(data, '\n', len);
        size_t part = end != NULL ? (size_t)(end - data) : len;
        add_part(shown, data, part);
        if (end != NULL) {
            end_line(shown);
            part++;
        }
        data += part;
        len -= part;
    }
}

int64_t
shown_due_ms(const struct shown *shown)
{
    return shown->waits ? shown->not_before_ms : INT64_MAX;
}

static void
show(struct shown *shown)
{
    weir_error err = {0};

    shown->waits = false;
    if (weir_context_show_result(shown->ctx, shown->last, shown->last_len, &err) != 0) {
        weir_log(weir_context_logger(shown->ctx), WEIR_LOG_DEBUG, "a command's line was not shown",
                 weir_log_str("error", err.text));
    }
}

void
shown_look(struct shown *shown, int64_t now_ms)
{
    if (now_ms >= shown_due_ms(shown)) {
        show(shown);
        shown->not_before_ms = now_ms + SHOWN_GAP_MS;
    }
}

void
shown_end(struct shown *shown, bool wanted)
{
    end_line(shown);
    if (shown->waits && wanted) {
        show(shown);
    }
    if (shown->cut) {
        weir_log(weir_context_logger(shown->ctx), WEIR_LOG_WARN, "a command's line was cut",
                 weir_log_uint("kept_bytes", SHOWN_MAX));
    }
    free(shown->line);
    free(shown->last);
    *shown = (struct shown){.ctx = shown->ctx};
}

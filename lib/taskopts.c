/* SPDX-License-Identifier: MIT */
/* Strings are quoted as Go's %q does it, but that every character of UTF-8 stands for itself. */
#include <config.h>

#include "taskopts.h"

#include "buf.h"
#include "civil.h"
#include "duration.h"

#include <inttypes.h>

enum {
    PLAIN_MAX = 9, /* options that are not headers */
    DAY_S = 86400
};

struct list {
    struct weir__arena *arena;
    const char **items;
    size_t count;
    struct weir__buf buf; /* the one that is being written */
    bool failed;
};

static void
end_option(struct list *list)
{
    char *copy = list->buf.failed ? NULL
                                  : weir__arena_copy(list->arena, list->buf.data, list->buf.len);

    list->failed = list->failed || !copy;
    list->items[list->count++] = copy;
    weir__buf_reset(&list->buf);
}

static void
quote(struct weir__buf *buf, const char *text)
{
    weir__buf_putc(buf, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            weir__buf_printf(buf, "\\%c", c);
        else if (c == '\n')
            weir__buf_puts(buf, "\\n");
        else if (c == '\t')
            weir__buf_puts(buf, "\\t");
        else if (c < ' ' || c == 0x7f)
            weir__buf_printf(buf, "\\x%02x", c);
        else
            weir__buf_putc(buf, *text);
    }
    weir__buf_putc(buf, '"');
}

static void
add_text(struct list *list, const char *name, const char *text)
{
    if (!text)
        return;
    weir__buf_printf(&list->buf, "%s(", name);
    quote(&list->buf, text);
    weir__buf_putc(&list->buf, ')');
    end_option(list);
}

/* Below zero is the option's named nothing. */
static void
add_length(struct list *list, const char *name, int64_t ms)
{
    char text[WEIR__DURATION_SIZE];

    if (ms == 0)
        return;
    weir__buf_printf(&list->buf, "%s(%s)", name, weir__duration_format(ms > 0 ? ms : 0, text));
    end_option(list);
}

/* Go's time.UnixDate. */
static void
add_time(struct list *list, const char *name, int64_t at_ms)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t at_s = weir__floor_div(at_ms, 1000);
    int64_t day = weir__floor_div(at_s, DAY_S);
    struct weir__date date = weir__date_of(day);
    int second = (int)(at_s - day * DAY_S);

    if (at_ms == 0)
        return;
    weir__buf_printf(&list->buf, "%s(%s %s %2d %02d:%02d:%02d UTC %04" PRId64 ")", name,
                     days[weir__weekday_of(day)], months[date.month - 1], date.day, second / 3600,
                     second / 60 % 60, second % 60, date.year);
    end_option(list);
}

static void
add_header(struct list *list, const weir_header *header)
{
    weir__buf_puts(&list->buf, "Header([");
    quote(&list->buf, header->name);
    weir__buf_putc(&list->buf, ',');
    quote(&list->buf, header->value);
    weir__buf_puts(&list->buf, "])");
    end_option(list);
}

int
weir__task_options(const weir_task *task, struct weir__arena *arena, const char *const **options,
                   size_t *count)
{
    struct list list = {.arena = arena};

    list.items = weir__arena_array(arena, PLAIN_MAX + task->header_count, sizeof *list.items);
    if (!list.items)
        return WEIR_E_NOMEM;
    add_text(&list, "Queue", task->queue);
    if (task->max_retry != 0) {
        weir__buf_printf(&list.buf, "MaxRetry(%d)", task->max_retry > 0 ? task->max_retry : 0);
        end_option(&list);
    }
    add_length(&list, "Timeout", task->timeout_ms);
    add_time(&list, "Deadline", task->deadline_ms);
    add_length(&list, "Unique", task->unique_ms);
    add_length(&list, "ProcessIn", task->process_in_ms);
    add_length(&list, "Retention", task->retention_ms);
    add_length(&list, "ArchiveFor", task->archive_for_ms);
    add_text(&list, "Group", task->group);
    for (size_t i = 0; i < task->header_count; i++)
        add_header(&list, &task->headers[i]);
    weir__buf_release(&list.buf);
    *options = list.items;
    *count = list.count;
    return list.failed ? WEIR_E_NOMEM : 0;
}

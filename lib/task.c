/* SPDX-License-Identifier: MIT */
/*
 * Task facts: the words for states and the copy that outlives a broker's call.
 *
 * A copy is one block, because one is made for every task that a server takes: the struct, its
 * headers, the payload (so that it is aligned as malloc aligns), the result, then the strings. A NUL stands
 * behind payload and result, so that a handler that takes text for a string does not run off.
 */
#include <config.h>

#include <weir/task.h>

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    weir_state state;
    const char *name;
} states[] = {
#define STATE_ROW(name, value, text) {WEIR_STATE_##name, text},
    WEIR_STATE_MAP(STATE_ROW)
#undef STATE_ROW
};

enum {
    N_STATES = sizeof states / sizeof states[0]
};

/* The members that are strings; a new one is a line here. */
static const size_t strings[] = {
    offsetof(weir_task_info, id),         offsetof(weir_task_info, type),
    offsetof(weir_task_info, queue),      offsetof(weir_task_info, last_error),
    offsetof(weir_task_info, unique_key), offsetof(weir_task_info, group),
};

enum {
    N_STRINGS = sizeof strings / sizeof strings[0]
};

/* The sizes of a copy's parts, in their order in the block. */
struct layout {
    size_t headers;
    size_t payload;
    size_t result;
    size_t total;
    size_t string_sizes[N_STRINGS]; /* with NUL; 0: absent */
};

const char *
weir_state_name(weir_state state)
{
    for (size_t i = 0; i < N_STATES; i++) {
        if (states[i].state == state)
            return states[i].name;
    }
    return "none";
}

weir_state
weir_state_parse(const char *name)
{
    for (size_t i = 0; name && i < N_STATES; i++) {
        if (strcmp(states[i].name, name) == 0)
            return states[i].state;
    }
    return WEIR_STATE_NONE;
}

static const char **
string_member(const weir_task_info *info, size_t i)
{
    return (const char **)((char *)info + strings[i]);
}

static size_t
aligned(size_t size)
{
    return (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

static void
measure(struct layout *layout, const weir_task_info *info)
{
    size_t text = 0;

    layout->headers = aligned(info->header_count * sizeof(weir_header));
    layout->payload = info->payload ? aligned(info->payload_len + 1) : 0;
    layout->result = info->result ? info->result_len + 1 : 0;
    for (size_t i = 0; i < N_STRINGS; i++) {
        const char *s = *string_member(info, i);

        layout->string_sizes[i] = s ? strlen(s) + 1 : 0;
        text += layout->string_sizes[i];
    }
    for (size_t i = 0; i < info->header_count; i++)
        text += strlen(info->headers[i].name) + strlen(info->headers[i].value) + 2;
    layout->total = aligned(sizeof *info) + layout->headers + layout->payload + layout->result +
                    text;
}

static void *
place(char **at, const void *data, size_t len)
{
    char *copy = *at;

    if (len > 0)
        memcpy(copy, data, len);
    copy[len] = '\0';
    *at += len + 1;
    return copy;
}

static void
copy_headers(weir_task_info *copy, const weir_task_info *info, weir_header *headers, char **at)
{
    for (size_t i = 0; i < info->header_count; i++) {
        headers[i].name = place(at, info->headers[i].name, strlen(info->headers[i].name));
        headers[i].value = place(at, info->headers[i].value, strlen(info->headers[i].value));
    }
    copy->headers = info->header_count ? headers : NULL;
}

weir_task_info *
weir_task_info_copy(const weir_task_info *info)
{
    struct layout layout;
    weir_task_info *copy;
    char *at;

    measure(&layout, info);
    copy = malloc(layout.total);
    if (!copy)
        return NULL;
    *copy = *info;
    at = (char *)copy + aligned(sizeof *copy) + layout.headers;
    if (info->payload) {
        char *end = at + layout.payload;

        copy->payload = place(&at, info->payload, info->payload_len);
        at = end;
    }
    if (info->result)
        copy->result = place(&at, info->result, info->result_len);
    for (size_t i = 0; i < N_STRINGS; i++) {
        if (layout.string_sizes[i])
            *string_member(copy, i) =
                place(&at, *string_member(info, i), layout.string_sizes[i] - 1);
    }
    copy_headers(copy, info, (weir_header *)((char *)copy + aligned(sizeof *copy)), &at);
    return copy;
}

void
weir_task_info_free(weir_task_info *info)
{
    free(info);
}

const char *
weir_task_info_header(const weir_task_info *info, const char *name)
{
    for (size_t i = 0; i < info->header_count; i++) {
        if (strcmp(info->headers[i].name, name) == 0)
            return info->headers[i].value;
    }
    return NULL;
}

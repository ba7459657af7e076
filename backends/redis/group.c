/* SPDX-License-Identifier: MIT */
/* Most batches are for one queue, so that the last queue found is looked at first. */
#include <config.h>

#include "group.h"

#include <string.h>

static struct weir__group *
group_of(struct weir__groups *groups, struct weir__trip *trip, const char *name, size_t room,
         int64_t now_ms)
{
    struct weir__group *group;

    for (size_t i = groups->count; i > 0; i--) {
        if (strcmp(groups->items[i - 1].queue.name, name) == 0)
            return &groups->items[i - 1];
    }
    group = &groups->items[groups->count];
    *group = (struct weir__group){.items = weir__space_alloc(&trip->space, room * sizeof(size_t))};
    if (!group->items ||
        weir__queue_init(&group->queue, trip->b->prefix, name, now_ms, &trip->space) < 0)
        return NULL;
    groups->count++;
    return group;
}

static size_t
count_queues(const void *batch, size_t count, weir__queue_of queue_of)
{
    size_t changes = 1;

    for (size_t i = 1; i < count; i++)
        changes += strcmp(queue_of(batch, i - 1), queue_of(batch, i)) != 0;
    return changes;
}

int
weir__groups_init(struct weir__groups *groups, struct weir__trip *trip, const void *batch,
                  size_t count, weir__queue_of queue_of, int64_t now_ms)
{
    size_t room = count > 0 ? count_queues(batch, count, queue_of) : 0;
    struct weir__group *group = NULL;

    groups->count = 0;
    groups->items = weir__space_alloc(&trip->space, room * sizeof *groups->items);
    if (!groups->items)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        const char *name = queue_of(batch, i);

        if (!group || strcmp(group->queue.name, name) != 0)
            group = group_of(groups, trip, name, count - i, now_ms);
        if (!group)
            return WEIR_E_NOMEM;
        group->items[group->count++] = i;
    }
    return 0;
}

int
weir__group_result(const struct weir__group *group, size_t i, const struct weir__letter *letters)
{
    size_t len = 0;
    const char *text;

    if (!group->step || group->step->rc < 0)
        return group->step ? group->step->rc : WEIR_E_NOMEM;
    text = weir__reply_text(group->step->reply, &len);
    i += group->first;
    if (!text || i >= len)
        return WEIR_E_INTERNAL;
    for (const struct weir__letter *known = letters; known->letter; known++) {
        if (known->letter == text[i])
            return known->code;
    }
    return WEIR_E_INTERNAL;
}

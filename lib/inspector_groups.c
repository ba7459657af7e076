/* SPDX-License-Identifier: MIT */
/*
 * The inspector's look at groups. They are collected as copies in an arena and then lined up in one array.
 */
#include <config.h>

#include "inspector.h"

#include "arena.h"
#include "calls.h"

#include <stdlib.h>

struct group_list {
    weir_group_list list;
    struct weir__pointers groups;
    struct weir__arena arena;
};

static int
take_group(void *arg, const weir_group_info *group)
{
    struct group_list *owner = arg;
    weir_group_info *copy = weir__arena_alloc(&owner->arena, sizeof *copy);

    if (!copy)
        return WEIR_E_NOMEM;
    *copy = *group;
    copy->name = weir__arena_strdup(&owner->arena, group->name);
    copy->type = weir__arena_strdup(&owner->arena, group->type);
    return copy->name && copy->type ? weir__pointers_append(&owner->groups, copy) : WEIR_E_NOMEM;
}

static int
line_up(struct group_list *owner)
{
    weir_group_info *items = weir__arena_array(&owner->arena, owner->groups.count, sizeof *items);

    if (!items)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < owner->groups.count; i++)
        items[i] = *(const weir_group_info *)owner->groups.items[i];
    owner->list.items = items;
    owner->list.count = owner->groups.count;
    return 0;
}

static int
look_up(weir_broker *broker, const char *queue, struct group_list *owner, weir_error *err)
{
    weir_queue_info info = {.name = queue};
    int rc = weir__queue(broker, queue, &info, err);

    if (rc == 0)
        rc = weir__groups(broker, queue, 0, take_group, owner, err);
    return rc < 0 ? rc : line_up(owner);
}

int
weir_inspect_groups(weir_inspector *inspector, const char *queue, weir_group_list **list,
                    weir_error *err)
{
    struct group_list *owner;
    int rc;

    if (!inspector || !list)
        return weir_error_set(err, WEIR_E_INVALID, "no %s",
                              inspector ? "place for a list" : "inspector");
    owner = calloc(1, sizeof *owner);
    if (!owner)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    rc = look_up(inspector->broker, queue, owner, err);
    if (rc < 0) {
        weir_error_set(err, rc, NULL);
        weir_group_list_free(&owner->list);
        return rc;
    }
    *list = &owner->list;
    return 0;
}

void
weir_group_list_free(weir_group_list *list)
{
    struct group_list *owner = (struct group_list *)list;

    if (!owner)
        return;
    weir__arena_release(&owner->arena);
    free(owner->groups.items);
    free(owner);
}

/* SPDX-License-Identifier: MIT */
/*
 * The inspector's look at groups: their names, kept in an arena behind the list.
 */
#include <config.h>

#include "inspector.h"

#include "arena.h"
#include "calls.h"

#include <stdlib.h>

struct name_list {
    weir_name_list list;
    struct weir__pointers names;
    struct weir__arena arena;
};

static int
take_name(void *arg, const char *name)
{
    struct name_list *owner = arg;
    char *copy = weir__arena_strdup(&owner->arena, name);

    return copy ? weir__pointers_append(&owner->names, copy) : WEIR_E_NOMEM;
}

int
weir_inspect_groups(weir_inspector *inspector, const char *queue, weir_name_list **list,
                    weir_error *err)
{
    struct name_list *owner;
    int rc;

    if (!inspector || !list)
        return weir_error_set(err, WEIR_E_INVALID, "no %s",
                              inspector ? "place for a list" : "inspector");
    owner = calloc(1, sizeof *owner);
    if (!owner)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    rc = weir__groups(inspector->broker, queue, take_name, owner, err);
    if (rc < 0) {
        weir_error_set(err, rc, NULL);
        weir_name_list_free(&owner->list);
        return rc;
    }
    owner->list.count = owner->names.count;
    owner->list.items = (const char *const *)owner->names.items;
    *list = &owner->list;
    return 0;
}

void
weir_name_list_free(weir_name_list *list)
{
    struct name_list *owner = (struct name_list *)list;

    if (!owner)
        return;
    weir__arena_release(&owner->arena);
    free(owner->names.items);
    free(owner);
}

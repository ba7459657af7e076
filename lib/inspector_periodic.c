/* SPDX-License-Identifier: MIT */
/* Periodic tasks as the inspector shows them. A list owns an arena, in which all of it is. */
#include <config.h>

#include <weir/inspector.h>

#include "arena.h"
#include "calls.h"
#include "inspector.h"

#include <stdlib.h>

struct periodic_list {
    weir_periodic_list list;
    struct weir__arena arena;
    const weir_periodic_info **items;
    size_t room;
};

struct tick_list {
    weir_tick_list list;
    struct weir__arena arena;
    weir_tick_info *items;
    size_t room;
};

/* Makes room for one more; the array may move. */
static int
grow(void **items, size_t size, size_t count, size_t *room)
{
    size_t wanted = *room ? 2 * *room : 16;
    void *moved;

    if (count < *room)
        return 0;
    moved = realloc(*items, wanted * size);
    if (!moved)
        return WEIR_E_NOMEM;
    *items = moved;
    *room = wanted;
    return 0;
}

static const char *
keep(struct weir__arena *arena, const char *text, bool *ok)
{
    char *copy = weir__arena_strdup(arena, text);

    *ok = *ok && (copy || !text);
    return copy;
}

static int
take_entry(void *arg, const weir_scheduler_entry *entry)
{
    struct periodic_list *owner = arg;
    struct weir__arena *arena = &owner->arena;
    weir_periodic_info *info = weir__arena_alloc(arena, sizeof *info);
    const char **options = weir__arena_array(arena, entry->option_count + 1, sizeof *options);
    void *items = owner->items;
    bool ok = info && options;

    if (!ok || grow(&items, sizeof(void *), owner->list.count, &owner->room) < 0)
        return WEIR_E_NOMEM;
    owner->items = items;
    info->id = keep(arena, entry->id, &ok);
    info->spec = keep(arena, entry->spec, &ok);
    info->type = keep(arena, entry->task->type, &ok);
    info->queue = keep(arena, entry->task->queue, &ok);
    if (entry->task->payload)
        info->payload = weir__arena_copy(arena, entry->task->payload, entry->task->payload_len);
    info->payload_len = entry->task->payload_len;
    for (size_t i = 0; i < entry->option_count; i++)
        options[i] = keep(arena, entry->options[i], &ok);
    info->options = options;
    info->option_count = entry->option_count;
    info->next_at_ms = entry->next_at_ms;
    info->prev_at_ms = entry->prev_at_ms;
    owner->items[owner->list.count++] = info;
    return ok && (info->payload || !entry->task->payload) ? 0 : WEIR_E_NOMEM;
}

int
weir_inspect_periodic(weir_inspector *inspector, weir_periodic_list **list, weir_error *err)
{
    struct periodic_list *owner;
    int rc;

    if (!inspector || !list)
        return weir_error_set(err, WEIR_E_INVALID, "no inspector, or no place for a list");
    *list = NULL;
    owner = calloc(1, sizeof *owner);
    if (!owner)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    rc = weir__scheduler_entries(inspector->broker, take_entry, owner, err);
    if (rc < 0) {
        weir_error_set(err, rc, NULL);
        weir_periodic_list_free(&owner->list);
        return rc;
    }
    owner->list.items = owner->items;
    *list = &owner->list;
    return 0;
}

void
weir_periodic_list_free(weir_periodic_list *list)
{
    struct periodic_list *owner = (struct periodic_list *)list;

    if (!owner)
        return;
    weir__arena_release(&owner->arena);
    free(owner->items);
    free(owner);
}

static int
take_event(void *arg, const char *task_id, int64_t enqueued_at_ms)
{
    struct tick_list *owner = arg;
    void *items = owner->items;
    bool ok = true;

    if (grow(&items, sizeof *owner->items, owner->list.count, &owner->room) < 0)
        return WEIR_E_NOMEM;
    owner->items = items;
    owner->items[owner->list.count++] =
        (weir_tick_info){keep(&owner->arena, task_id, &ok), enqueued_at_ms};
    return ok ? 0 : WEIR_E_NOMEM;
}

int
weir_inspect_ticks(weir_inspector *inspector, const char *entry_id, size_t page, size_t page_size,
                   weir_tick_list **list, weir_error *err)
{
    struct tick_list *owner;
    int rc;

    if (!inspector || !list)
        return weir_error_set(err, WEIR_E_INVALID, "no inspector, or no place for a list");
    *list = NULL;
    if (page == 0 || page_size == 0 || (page - 1) > SIZE_MAX / page_size)
        return weir_error_set(err, WEIR_E_INVALID, "no such page: %zu, of %zu ticks each", page,
                              page_size);
    owner = calloc(1, sizeof *owner);
    if (!owner)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    rc = weir__scheduler_history(inspector->broker, entry_id, (page - 1) * page_size, page_size,
                                 take_event, owner, err);
    if (rc < 0) {
        weir_error_set(err, rc, NULL);
        weir_tick_list_free(&owner->list);
        return rc;
    }
    owner->list.items = owner->items;
    *list = &owner->list;
    return 0;
}

void
weir_tick_list_free(weir_tick_list *list)
{
    struct tick_list *owner = (struct tick_list *)list;

    if (!owner)
        return;
    weir__arena_release(&owner->arena);
    free(owner->items);
    free(owner);
}

/* SPDX-License-Identifier: MIT */
/*
 * The inspector: asks the broker and keeps what it shows in lists. A list is the public struct with its owner
 * behind it: an arena, or the copies of tasks. Names are collected before the queues are asked for, because a
 * sink must not call the broker.
 */
#include <config.h>

#include "inspector.h"

#include "arena.h"
#include "calls.h"
#include "timetext.h"

#include <stdlib.h>
#include <string.h>

enum {
    DAY_MS = 24 * 60 * 60 * 1000
};

struct queue_list {
    weir_queue_list list;
    struct weir__pointers names;
    struct weir__arena arena;
};

struct task_list {
    weir_task_list list;
    struct weir__pointers tasks; /* each a copy of its own */
};

struct server_list {
    weir_server_list list;
    struct weir__pointers servers;
    struct weir__arena arena;
};

int
weir__pointers_append(struct weir__pointers *pointers, void *item)
{
    if (pointers->count == pointers->room) {
        size_t room = pointers->room ? 2 * pointers->room : 16;
        void **items = realloc(pointers->items, room * sizeof *items);

        if (!items)
            return WEIR_E_NOMEM;
        pointers->items = items;
        pointers->room = room;
    }
    pointers->items[pointers->count++] = item;
    return 0;
}

/* Makes a list's struct, or reports why there is none. */
static void *
new_list(const weir_inspector *inspector, const void *place, size_t size, weir_error *err)
{
    void *list;

    if (!inspector || !place) {
        weir_error_set(err, WEIR_E_INVALID, "no %s", inspector ? "place for a list" : "inspector");
        return NULL;
    }
    list = calloc(1, size);
    if (!list)
        weir_error_set(err, WEIR_E_NOMEM, NULL);
    return list;
}

static int
list_failure(const weir_inspector *inspector, const void *place)
{
    return inspector && place ? WEIR_E_NOMEM : WEIR_E_INVALID;
}

int
weir_inspector_new(weir_inspector **inspector, weir_broker *broker, weir_error *err)
{
    if (!inspector)
        return weir_error_set(err, WEIR_E_INVALID, "no place for the inspector");
    *inspector = NULL;
    if (!broker)
        return weir_error_set(err, WEIR_E_INVALID, "an inspector needs a broker");
    *inspector = calloc(1, sizeof **inspector);
    if (!*inspector)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    (*inspector)->broker = weir_broker_ref(broker);
    return 0;
}

void
weir_inspector_free(weir_inspector *inspector)
{
    if (!inspector)
        return;
    weir_broker_close(inspector->broker);
    free(inspector);
}

/* ---- queues ---- */

static int
take_name(void *arg, const char *name)
{
    struct queue_list *owner = arg;
    char *copy = weir__arena_strdup(&owner->arena, name);

    return copy ? weir__pointers_append(&owner->names, copy) : WEIR_E_NOMEM;
}

static int
look_up_queue(weir_broker *broker, const char *name, weir_queue_info *info, weir_error *err)
{
    int rc;

    memset(info, 0, sizeof *info);
    rc = weir__queue(broker, name, info, err);
    info->name = name;
    info->taken_at_ms = weir__broker_now_ms(broker);
    return rc;
}

/* A queue that was removed since its name was listed is left out. */
static int
fill_queues(struct queue_list *owner, weir_broker *broker, bool may_vanish, weir_error *err)
{
    weir_queue_list *list = &owner->list;

    list->items = weir__arena_array(&owner->arena, owner->names.count, sizeof *list->items);
    if (!list->items)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    for (size_t i = 0; i < owner->names.count; i++) {
        weir_error detail;
        int rc;

        weir_error_clear(&detail);
        rc = look_up_queue(broker, owner->names.items[i], &list->items[list->count], &detail);
        if (rc == WEIR_E_NO_QUEUE && may_vanish)
            continue;
        if (rc < 0)
            return weir_error_set(err, rc, "%s", detail.text);
        list->count++;
    }
    return 0;
}

static int
list_queues(weir_inspector *inspector, const char *queue, weir_queue_list **list, weir_error *err)
{
    struct queue_list *owner = new_list(inspector, list, sizeof *owner, err);
    int rc;

    if (!owner)
        return list_failure(inspector, list);
    if (queue)
        rc = take_name(owner, queue);
    else
        rc = weir__queues(inspector->broker, take_name, owner, err);
    if (rc < 0)
        weir_error_set(err, rc, NULL);
    else
        rc = fill_queues(owner, inspector->broker, !queue, err);
    if (rc < 0) {
        weir_queue_list_free(&owner->list);
        return rc;
    }
    *list = &owner->list;
    return 0;
}

int
weir_inspect_queues(weir_inspector *inspector, weir_queue_list **list, weir_error *err)
{
    return list_queues(inspector, NULL, list, err);
}

int
weir_inspect_queue(weir_inspector *inspector, const char *queue, weir_queue_list **list,
                   weir_error *err)
{
    return list_queues(inspector, queue ? queue : "", list, err);
}

void
weir_queue_list_free(weir_queue_list *list)
{
    struct queue_list *owner = (struct queue_list *)list;

    if (!owner)
        return;
    weir__arena_release(&owner->arena);
    free(owner->names.items);
    free(owner);
}

int
weir_inspect_history(weir_inspector *inspector, const char *queue, weir_day *days, size_t count,
                     weir_error *err)
{
    int64_t now_ms;

    if (!inspector || !days || count == 0)
        return weir_error_set(err, WEIR_E_INVALID, "no %s",
                              inspector ? "days to look up" : "inspector");
    now_ms = weir__broker_now_ms(inspector->broker);
    for (size_t i = 0; i < count; i++) {
        weir__utc_date(now_ms - (int64_t)i * DAY_MS, days[i].date);
        days[i].processed = 0;
        days[i].failed = 0;
    }
    return weir__history(inspector->broker, queue, days, count, err);
}

/* ---- tasks ---- */

static int
take_task(void *arg, const weir_task_info *task)
{
    struct task_list *owner = arg;
    weir_task_info *copy = weir_task_info_copy(task);
    int rc = copy ? weir__pointers_append(&owner->tasks, copy) : WEIR_E_NOMEM;

    if (rc < 0)
        weir_task_info_free(copy);
    return rc;
}

static void
show_tasks(struct task_list *owner)
{
    owner->list.count = owner->tasks.count;
    owner->list.items = (const weir_task_info *const *)owner->tasks.items;
}

weir_task_list *
weir__task_list_new(void)
{
    struct task_list *owner = calloc(1, sizeof *owner);

    return owner ? &owner->list : NULL;
}

int
weir__task_list_add(weir_task_list *list, const weir_task_info *task)
{
    struct task_list *owner = (struct task_list *)list;
    int rc = take_task(owner, task);

    show_tasks(owner);
    return rc;
}

static int
give_tasks(struct task_list *owner, int rc, weir_task_list **list, weir_error *err)
{
    if (rc < 0) {
        weir_error_set(err, rc, NULL);
        weir_task_list_free(&owner->list);
        return rc;
    }
    show_tasks(owner);
    *list = &owner->list;
    return 0;
}

int
weir_inspect_tasks(weir_inspector *inspector, const char *queue, weir_state state,
                   const char *group, size_t page, size_t page_size, weir_task_list **list,
                   weir_error *err)
{
    struct task_list *owner;
    int rc;

    if (page == 0 || page_size == 0 || (page - 1) > SIZE_MAX / page_size)
        return weir_error_set(err, WEIR_E_INVALID, "no such page: %zu, of %zu tasks each", page,
                              page_size);
    owner = new_list(inspector, list, sizeof *owner, err);
    if (!owner)
        return list_failure(inspector, list);
    rc = weir__tasks(inspector->broker, queue, state, group, (page - 1) * page_size, page_size,
                     take_task, owner, err);
    owner->list.more = rc > 0 || owner->tasks.count == page_size;
    return give_tasks(owner, rc, list, err);
}

int
weir_inspect_task(weir_inspector *inspector, const char *queue, const char *id,
                  weir_task_list **list, weir_error *err)
{
    struct task_list *owner = new_list(inspector, list, sizeof *owner, err);
    int rc;

    if (!owner)
        return list_failure(inspector, list);
    rc = weir__task(inspector->broker, queue, id, take_task, owner, err);
    return give_tasks(owner, rc, list, err);
}

void
weir_task_list_free(weir_task_list *list)
{
    struct task_list *owner = (struct task_list *)list;

    if (!owner)
        return;
    for (size_t i = 0; i < owner->tasks.count; i++)
        weir_task_info_free(owner->tasks.items[i]);
    free(owner->tasks.items);
    free(owner);
}

/* ---- servers ---- */

/* Copies a string; a failure is remembered in *ok. */
static const char *
keep(struct weir__arena *arena, const char *text, bool *ok)
{
    char *copy = weir__arena_strdup(arena, text);

    *ok = *ok && (copy || !text);
    return copy;
}

static const weir_queue_weight *
keep_weights(struct weir__arena *arena, const weir_server_info *server, bool *ok)
{
    weir_queue_weight *queues = weir__arena_array(arena, server->queue_count, sizeof *queues);

    *ok = *ok && queues;
    for (size_t i = 0; *ok && i < server->queue_count; i++) {
        queues[i] = server->queues[i];
        queues[i].name = keep(arena, server->queues[i].name, ok);
    }
    return queues;
}

static const weir_worker_info *
keep_workers(struct weir__arena *arena, const weir_server_info *server, bool *ok)
{
    weir_worker_info *workers = weir__arena_array(arena, server->worker_count, sizeof *workers);

    *ok = *ok && workers;
    for (size_t i = 0; *ok && i < server->worker_count; i++) {
        const weir_worker_info *from = &server->workers[i];
        weir_worker_info *to = &workers[i];

        *to = *from;
        to->task_id = keep(arena, from->task_id, ok);
        to->task_type = keep(arena, from->task_type, ok);
        to->queue = keep(arena, from->queue, ok);
        to->payload = from->payload ? weir__arena_copy(arena, from->payload, from->payload_len)
                                    : NULL;
        *ok = *ok && (to->payload || !from->payload);
    }
    return workers;
}

static int
take_server(void *arg, const weir_server_info *server)
{
    struct server_list *owner = arg;
    weir_server_info *copy = weir__arena_alloc(&owner->arena, sizeof *copy);
    bool ok = copy;

    if (!ok)
        return WEIR_E_NOMEM;
    *copy = *server;
    copy->id = keep(&owner->arena, server->id, &ok);
    copy->host = keep(&owner->arena, server->host, &ok);
    copy->status = keep(&owner->arena, server->status, &ok);
    copy->queues = keep_weights(&owner->arena, server, &ok);
    copy->workers = keep_workers(&owner->arena, server, &ok);
    return ok ? weir__pointers_append(&owner->servers, copy) : WEIR_E_NOMEM;
}

int
weir_inspect_servers(weir_inspector *inspector, weir_server_list **list, weir_error *err)
{
    struct server_list *owner = new_list(inspector, list, sizeof *owner, err);
    int rc;

    if (!owner)
        return list_failure(inspector, list);
    rc = weir__servers(inspector->broker, take_server, owner, err);
    if (rc < 0) {
        weir_error_set(err, rc, NULL);
        weir_server_list_free(&owner->list);
        return rc;
    }
    owner->list.count = owner->servers.count;
    owner->list.items = (const weir_server_info *const *)owner->servers.items;
    *list = &owner->list;
    return 0;
}

void
weir_server_list_free(weir_server_list *list)
{
    struct server_list *owner = (struct server_list *)list;

    if (!owner)
        return;
    weir__arena_release(&owner->arena);
    free(owner->servers.items);
    free(owner);
}

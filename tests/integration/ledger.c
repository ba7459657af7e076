/* SPDX-License-Identifier: MIT */
/* Reading and writing side logs, and lists of the broker's; ledger.h tells more. */
#include <config.h>

#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE_SIZE_TASKS 500

static void *
grown(void *array, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0)
        return array;
    array = realloc(array, (count > 0 ? 2 * count : 1) * size);
    if (array == NULL) {
        puts("out of memory");
        exit(2);
    }
    return array;
}

int
ledger_open(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    if (fd < 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(2);
    }
    return fd;
}

void
ledger_append(int fd, const char *what, const char *id)
{
    char line[160];
    int len = snprintf(line, sizeof(line), "%s %s %d %" PRId64 "\n", what, id, (int)getpid(),
                       crew_now_us());

    if (write(fd, line, (size_t)len) != len) {
        perror("side log");
        _exit(2);
    }
}

static int
by_id_and_time(const void *a, const void *b)
{
    const struct ledger_entry *one = a, *other = b;
    int order = strcmp(one->id, other->id);

    if (order != 0)
        return order;
    if (one->at_us != other->at_us)
        return one->at_us > other->at_us ? 1 : -1;
    return (one->line > other->line) - (one->line < other->line);
}

static bool
read_entry(FILE *file, struct ledger_entry *entry)
{
    return fscanf(file, "%7s %39s %d %" SCNd64, entry->what, entry->id, &entry->pid,
                  &entry->at_us) == 4;
}

void
ledger_read(struct ledger *ledger, const char *path)
{
    FILE *file = fopen(path, "r");
    struct ledger_entry entry;

    memset(ledger, 0, sizeof(*ledger));
    if (file == NULL)
        return;
    while (read_entry(file, &entry)) {
        entry.line = ledger->count;
        ledger->entries = grown(ledger->entries, ledger->count, sizeof(entry));
        ledger->entries[ledger->count++] = entry;
    }
    fclose(file);
    if (ledger->count > 0)
        qsort(ledger->entries, ledger->count, sizeof(entry), by_id_and_time);
}

size_t
ledger_count(const char *path, const char *what)
{
    FILE *file = fopen(path, "r");
    char line[160];
    size_t count = 0, len = strlen(what);

    if (file == NULL)
        return 0;
    while (fgets(line, sizeof(line), file) != NULL)
        count += strncmp(line, what, len) == 0 && line[len] == ' ' && strchr(line, '\n') != NULL;
    fclose(file);
    return count;
}

void
ledger_free(struct ledger *ledger)
{
    free(ledger->entries);
    memset(ledger, 0, sizeof(*ledger));
}

const struct ledger_entry *
ledger_find(const struct ledger *ledger, const char *id)
{
    size_t low = 0, high = ledger->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(ledger->entries[middle].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == ledger->count || strcmp(ledger->entries[low].id, id) != 0)
        return NULL;
    return &ledger->entries[low];
}

/* ---- the broker's lists ---- */

static int
by_id(const void *a, const void *b)
{
    return strcmp(((const struct listed *)a)->id, ((const struct listed *)b)->id);
}

static void
add_task(struct listing *listing, const weir_task_info *info)
{
    struct listed *task;

    listing->tasks = grown(listing->tasks, listing->count, sizeof(*task));
    task = &listing->tasks[listing->count++];
    snprintf(task->id, sizeof(task->id), "%s", info->id);
    task->state = info->state;
    task->since_ms = info->state_since_ms;
    task->lease_end_ms = info->lease_expires_at_ms;
}

/* One page; returns whether there may be another. */
static bool
add_page(struct listing *listing, struct crew_scene *scene, const char *queue, weir_state state,
         size_t page)
{
    weir_task_list *list;
    weir_error err = {0};
    int code = weir_inspect_tasks(scene->inspector, queue, state, NULL, page, PAGE_SIZE_TASKS,
                                  &list, &err);

    if (code == WEIR_E_NO_QUEUE)
        return false;
    if (code != 0) {
        crew_fail("listing %s: %s", queue, err.text);
        return false;
    }
    bool more = list->more;
    for (size_t i = 0; i < list->count; i++)
        add_task(listing, list->items[i]);
    weir_task_list_free(list);
    return more;
}

static void
add_state(struct listing *listing, struct crew_scene *scene, weir_state state)
{
    for (int i = 0; i < 2; i++) {
        size_t page = 1;
        while (add_page(listing, scene, scene->queues[i], state, page))
            page++;
    }
}

void
listing_read(struct listing *listing, struct crew_scene *scene, weir_state state)
{
    static const weir_state all[] = {WEIR_STATE_SCHEDULED, WEIR_STATE_PENDING,
                                     WEIR_STATE_ACTIVE,    WEIR_STATE_RETRY,
                                     WEIR_STATE_ARCHIVED,  WEIR_STATE_COMPLETED};

    memset(listing, 0, sizeof(*listing));
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (state == WEIR_STATE_NONE || state == all[i])
            add_state(listing, scene, all[i]);
    }
    if (listing->count > 0)
        qsort(listing->tasks, listing->count, sizeof(listing->tasks[0]), by_id);
    listing->at_us = crew_now_us();
}

void
listing_free(struct listing *listing)
{
    free(listing->tasks);
    memset(listing, 0, sizeof(*listing));
}

const struct listed *
listing_find(const struct listing *listing, const char *id)
{
    struct listed key;

    if (listing->count == 0)
        return NULL;
    snprintf(key.id, sizeof(key.id), "%s", id);
    return bsearch(&key, listing->tasks, listing->count, sizeof(key), by_id);
}

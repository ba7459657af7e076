/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "groupwatch.h"

#include <stdlib.h>
#include <string.h>

static int
compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

static int
compare_items(const void *a, const void *b)
{
    const struct weir__redis_group *one = *(struct weir__redis_group *const *)a;
    const struct weir__redis_group *other = *(struct weir__redis_group *const *)b;

    return compare(one->key, one->len, other->key, other->len);
}

static struct weir__redis_group *
find(const struct weir__redis_groupwatch *gw, const char *key, size_t len)
{
    size_t low = 0;
    size_t high = gw->count;

    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = compare(gw->items[mid]->key, gw->items[mid]->len, key, len);
        if (order == 0) {
            return gw->items[mid];
        }
        low = order < 0 ? mid + 1 : low;
        high = order < 0 ? high : mid;
    }
    return NULL;
}

static void
free_items(struct weir__redis_group **items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(items[i]);
    }
    free(items);
}

void
weir__redis_groupwatch_release(struct weir__redis_groupwatch *gw)
{
    free_items(gw->items, gw->count);
    *gw = (struct weir__redis_groupwatch){.items = NULL};
}

static struct weir__redis_group *
new_item(const char *head, const redisReply *name)
{
    size_t head_len = strlen(head);
    struct weir__redis_group *item = malloc(sizeof *item + head_len + name->len);

    if (item != NULL) {
        item->armed = false;
        item->len = head_len + name->len;
        memcpy(item->key, head, head_len);
        memcpy(item->key + head_len, name->str, name->len);
    }
    return item;
}

int
weir__redis_groupwatch_named(struct weir__redis_groupwatch *gw, const char *head,
                             const redisReply *names)
{
    size_t count = names->type == REDIS_REPLY_ARRAY ? names->elements : 0;
    struct weir__redis_group **items = malloc((count > 0 ? count : 1) * sizeof *items);
    size_t unarmed = 0;

    for (size_t i = 0; items != NULL && i < count; i++) {
        items[i] = new_item(head, names->element[i]);
        if (items[i] == NULL) {
            free_items(items, i);
            items = NULL;
        } else {
            const struct weir__redis_group *known = find(gw, items[i]->key, items[i]->len);
            items[i]->armed = known != NULL && known->armed;
            unarmed += !items[i]->armed;
        }
    }
    if (items == NULL) {
        return WEIR_E_NOMEM;
    }
    if (count > 1) {
        qsort(items, count, sizeof *items, compare_items);
    }
    weir__redis_groupwatch_release(gw);
    *gw = (struct weir__redis_groupwatch){.items = items, .count = count, .unarmed = unarmed};
    return 0;
}

size_t
weir__redis_groupwatch_arm(struct weir__redis_groupwatch *gw,
                           const char *keys[WEIR__REDIS_GROUP_CHUNK],
                           size_t lens[WEIR__REDIS_GROUP_CHUNK])
{
    size_t n = 0;

    for (size_t i = 0; gw->unarmed > 0 && i < gw->count && n < WEIR__REDIS_GROUP_CHUNK; i++) {
        struct weir__redis_group *item = gw->items[i];
        if (!item->armed) {
            item->armed = true;
            gw->unarmed--;
            keys[n] = item->key;
            lens[n++] = item->len;
        }
    }
    return n;
}

bool
weir__redis_groupwatch_changed(struct weir__redis_groupwatch *gw, const char *key, size_t len)
{
    struct weir__redis_group *item = find(gw, key, len);

    if (item == NULL) {
        return false;
    }
    gw->unarmed += item->armed;
    item->armed = false;
    return true;
}

void
weir__redis_groupwatch_disarm(struct weir__redis_groupwatch *gw)
{
    for (size_t i = 0; i < gw->count; i++) {
        gw->items[i]->armed = false;
    }
    gw->unarmed = gw->count;
}

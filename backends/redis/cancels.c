/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "cancels.h"

#include <stdlib.h>
#include <string.h>

struct weir__redis_cancel {
    struct weir__redis_cancel *chain; /* in the bucket */
    struct weir__redis_cancel *before;
    struct weir__redis_cancel *after;
    int64_t until_ms;
    size_t len;
    char id[];
};

int
weir__redis_cancels_init(struct weir__redis_cancels *c)
{
    memset(c, 0, sizeof *c);
    return pthread_mutex_init(&c->lock, NULL);
}

/* Where the id is linked in its bucket, or the end of the bucket. */
static struct weir__redis_cancel **
find(struct weir__redis_cancels *c, const char *id, size_t len)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)id[i]) * 16777619u;
    }
    struct weir__redis_cancel **at = &c->buckets[hash % WEIR__REDIS_CANCEL_BUCKETS];
    while (*at != NULL && ((*at)->len != len || memcmp((*at)->id, id, len) != 0)) {
        at = &(*at)->chain;
    }
    return at;
}

static void
drop(struct weir__redis_cancels *c, struct weir__redis_cancel **at)
{
    struct weir__redis_cancel *gone = *at;

    if (gone == NULL) {
        return;
    }
    *at = gone->chain;
    *(gone->before != NULL ? &gone->before->after : &c->oldest) = gone->after;
    *(gone->after != NULL ? &gone->after->before : &c->newest) = gone->before;
    c->count--;
    free(gone);
}

static void
drop_oldest(struct weir__redis_cancels *c)
{
    drop(c, find(c, c->oldest->id, c->oldest->len));
}

static void
drop_expired(struct weir__redis_cancels *c, int64_t now_ms)
{
    while (c->oldest != NULL && c->oldest->until_ms <= now_ms) {
        drop_oldest(c);
    }
}

void
weir__redis_cancels_release(struct weir__redis_cancels *c)
{
    while (c->oldest != NULL) {
        drop_oldest(c);
    }
    pthread_mutex_destroy(&c->lock);
}

void
weir__redis_cancels_add(struct weir__redis_cancels *c, const char *id, size_t len, int64_t now_ms)
{
    struct weir__redis_cancel *fresh = malloc(sizeof *fresh + len);

    if (fresh == NULL) {
        return;
    }
    fresh->len = len;
    fresh->until_ms = now_ms + WEIR__REDIS_CANCEL_MS;
    memcpy(fresh->id, id, len);
    pthread_mutex_lock(&c->lock);
    drop_expired(c, now_ms);
    drop(c, find(c, id, len));
    if (c->count == WEIR__REDIS_CANCELS) {
        drop_oldest(c);
    }
    fresh->chain = NULL;
    *find(c, id, len) = fresh;
    fresh->before = c->newest;
    fresh->after = NULL;
    *(c->newest != NULL ? &c->newest->after : &c->oldest) = fresh;
    c->newest = fresh;
    c->count++;
    pthread_mutex_unlock(&c->lock);
}

bool
weir__redis_cancels_has(struct weir__redis_cancels *c, const char *id, int64_t now_ms)
{
    bool has;

    pthread_mutex_lock(&c->lock);
    drop_expired(c, now_ms);
    has = c->count > 0 && *find(c, id, strlen(id)) != NULL;
    pthread_mutex_unlock(&c->lock);
    return has;
}

void
weir__redis_cancels_forget(struct weir__redis_cancels *c, const char *id)
{
    pthread_mutex_lock(&c->lock);
    if (c->count > 0) {
        drop(c, find(c, id, strlen(id)));
    }
    pthread_mutex_unlock(&c->lock);
}

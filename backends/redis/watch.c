/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A second message about work so soon after the last is likely our own taking: look first. */
#define QUIET_MS 5
/* Forwarding need not be called more often than this. */
#define DUE_EVERY_MS 10
/* Reading the names of many groups is dear: a rest after it is longer by a ms for so many of them. */
#define GROUPS_A_MS 100

static const char *const suffixes[WEIR__REDIS_KEYS] = {"pending", "paused", "scheduled", "retry",
                                                       "groups"};

void
weir__redis_watch_init(struct weir__redis_watch *w, const char *prefix, uint64_t *generation)
{
    memset(w, 0, sizeof *w);
    w->prefix = prefix;
    w->generation = generation;
}

static void
free_queue(struct weir__redis_watched *q)
{
    for (size_t i = 0; q != NULL && i < WEIR__REDIS_KEYS; i++) {
        free(q->key[i]);
    }
    if (q != NULL) {
        weir__redis_groupwatch_release(&q->groups);
        free(q->group_head);
    }
    free(q);
}

void
weir__redis_watch_release(struct weir__redis_watch *w)
{
    for (size_t i = 0; i < w->count; i++) {
        free_queue(w->queues[i]);
    }
    free(w->queues);
    free(w->looks);
}

/* ---- the set ---- */

static size_t
position(const struct weir__redis_watch *w, const char *name, size_t len, bool *found)
{
    size_t low = 0;
    size_t high = w->count;

    *found = false;
    while (low < high) {
        size_t mid = (low + high) / 2;
        const char *other = w->queues[mid]->name;
        int order = strncmp(other, name, len);
        if (order == 0 && other[len] == '\0') {
            *found = true;
            return mid;
        }
        if (order < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static struct weir__redis_watched *
find(const struct weir__redis_watch *w, const char *name, size_t len)
{
    bool found;
    size_t at = position(w, name, len, &found);

    return found ? w->queues[at] : NULL;
}

static struct weir__redis_watched *
new_queue(const char *prefix, const char *name)
{
    size_t size = strlen(name) + 1;
    struct weir__redis_watched *q = calloc(1, sizeof *q + size);

    if (q == NULL) {
        return NULL;
    }
    memcpy(q->name, name, size);
    for (size_t i = 0; i < WEIR__REDIS_KEYS; i++) {
        if (asprintf(&q->key[i], "%s{%s}:%s", prefix, name, suffixes[i]) < 0) {
            q->key[i] = NULL;
            free_queue(q);
            return NULL;
        }
    }
    if (asprintf(&q->group_head, "%s{%s}:g:", prefix, name) < 0) {
        q->group_head = NULL;
        free_queue(q);
        return NULL;
    }
    return q;
}

static struct weir__redis_watched *
add(struct weir__redis_watch *w, const char *name)
{
    bool found;
    size_t at = position(w, name, strlen(name), &found);

    if (found) {
        return w->queues[at];
    }
    if (w->count == w->cap) {
        size_t cap = w->cap != 0 ? w->cap * 2 : 16;
        struct weir__redis_watched **queues = realloc(w->queues, cap * sizeof(void *));
        if (queues == NULL) {
            return NULL;
        }
        w->queues = queues;
        w->cap = cap;
    }
    struct weir__redis_watched *q = new_queue(w->prefix, name);
    if (q != NULL) {
        memmove(w->queues + at + 1, w->queues + at, (w->count - at) * sizeof(void *));
        w->queues[at] = q;
        w->count++;
    }
    return q;
}

int
weir__redis_watch_add(struct weir__redis_watch *w, const weir_wait *wait, uint64_t number,
                      weir_error *err)
{
    for (size_t i = 0; i < wait->queue_count; i++) {
        struct weir__redis_watched *q = add(w, wait->queues[i]);
        if (q == NULL) {
            return weir_error_set(err, WEIR_E_NOMEM, NULL);
        }
        q->used = number;
    }
    return 0;
}

void
weir__redis_watch_prune(struct weir__redis_watch *w, uint64_t number)
{
    size_t kept = 0;

    for (size_t i = 0; i < w->count; i++) {
        if (w->queues[i]->used >= number) {
            w->queues[kept++] = w->queues[i];
        } else {
            free_queue(w->queues[i]);
        }
    }
    w->count = kept;
}

void
weir__redis_watch_disarm(struct weir__redis_watch *w)
{
    for (size_t i = 0; i < w->count; i++) {
        memset(w->queues[i]->armed, 0, sizeof w->queues[i]->armed);
        w->queues[i]->due_at_ms = 0;
        w->queues[i]->group_at_ms = 0;
        weir__redis_groupwatch_disarm(&w->queues[i]->groups);
    }
}

/* ---- looking ---- */

static int
add_look(struct weir__redis_watch *w, struct weir__redis_watched *q, enum weir__redis_key key)
{
    if (w->look_count == w->look_cap) {
        size_t cap = w->look_cap != 0 ? w->look_cap * 2 : 16;
        struct weir__redis_look *looks = realloc(w->looks, cap * sizeof looks[0]);
        if (looks == NULL) {
            return WEIR_E_NOMEM;
        }
        w->looks = looks;
        w->look_cap = cap;
    }
    w->looks[w->look_count++] = (struct weir__redis_look){q, key};
    return 0;
}

static int
look_at(struct weir__redis_watch *w, struct weir__redis_watched *q, enum weir__redis_key key)
{
    return q->armed[key] ? 0 : add_look(w, q, key);
}

/* Of a queue that is paused for certain only the pause matters. */
static int
plan_work(struct weir__redis_watch *w, struct weir__redis_watched *q)
{
    bool resting = q->armed[WEIR__REDIS_PAUSED] && q->paused;
    int rc = look_at(w, q, WEIR__REDIS_PAUSED);

    return rc != 0 || resting ? rc : look_at(w, q, WEIR__REDIS_PENDING);
}

static int
plan_due(struct weir__redis_watch *w, struct weir__redis_watched *q, int64_t now_ms,
         int64_t *again_ms)
{
    if (q->armed[WEIR__REDIS_SCHEDULED] && q->armed[WEIR__REDIS_RETRY]) {
        return 0;
    }
    if (now_ms < q->due_at_ms) {
        *again_ms = *again_ms < q->due_at_ms ? *again_ms : q->due_at_ms;
        return 0;
    }
    int rc = look_at(w, q, WEIR__REDIS_SCHEDULED);
    return rc != 0 ? rc : look_at(w, q, WEIR__REDIS_RETRY);
}

static bool
groups_armed(const struct weir__redis_watched *q)
{
    return q->armed[WEIR__REDIS_GROUPS] && q->groups.unarmed == 0;
}

/* Names first: what they are is armed in the next round. */
static int
plan_groups(struct weir__redis_watch *w, struct weir__redis_watched *q, int64_t now_ms,
            int64_t *again_ms)
{
    if (groups_armed(q)) {
        return 0;
    }
    if (now_ms < q->group_at_ms) {
        *again_ms = *again_ms < q->group_at_ms ? *again_ms : q->group_at_ms;
        return 0;
    }
    if (!q->armed[WEIR__REDIS_GROUPS]) {
        return add_look(w, q, WEIR__REDIS_GROUPS);
    }
    int rc = 0;
    for (size_t n = 0; rc == 0 && n < q->groups.unarmed; n += WEIR__REDIS_GROUP_CHUNK) {
        rc = add_look(w, q, WEIR__REDIS_GROUP_KEYS);
    }
    return rc;
}

static int
plan_queue(struct weir__redis_watch *w, struct weir__redis_watched *q, unsigned interest,
           int64_t now_ms, int64_t *again_ms)
{
    int rc = 0;

    if ((interest & WEIR_WAKE_WORK) != 0) {
        rc = plan_work(w, q);
    }
    if (rc == 0 && (interest & WEIR_WAKE_DUE) != 0) {
        rc = plan_due(w, q, now_ms, again_ms);
    }
    if (rc == 0 && (interest & WEIR_WAKE_GROUP) != 0) {
        rc = plan_groups(w, q, now_ms, again_ms);
    }
    return rc;
}

int
weir__redis_watch_plan(struct weir__redis_watch *w, const weir_wait *wait, int64_t now_ms,
                       int64_t *again_ms, weir_error *err)
{
    w->look_count = 0;
    for (size_t i = 0; i < wait->queue_count; i++) {
        struct weir__redis_watched *q = find(w, wait->queues[i], strlen(wait->queues[i]));
        int rc = q != NULL ? plan_queue(w, q, wait->interest, now_ms, again_ms) : 0;
        if (rc != 0) {
            return weir_error_set(err, rc, NULL);
        }
    }
    return (int)w->look_count;
}

static int64_t
rests_until(const struct weir__redis_watched *q, unsigned interest)
{
    bool resting = q->armed[WEIR__REDIS_PAUSED] && q->paused;
    int64_t until_ms = INT64_MAX;

    if ((interest & WEIR_WAKE_WORK) != 0 && !resting &&
        !(q->armed[WEIR__REDIS_PAUSED] && q->armed[WEIR__REDIS_PENDING])) {
        return 0;
    }
    if ((interest & WEIR_WAKE_DUE) != 0 &&
        !(q->armed[WEIR__REDIS_SCHEDULED] && q->armed[WEIR__REDIS_RETRY])) {
        until_ms = q->due_at_ms;
    }
    if ((interest & WEIR_WAKE_GROUP) != 0 && !groups_armed(q) && q->group_at_ms < until_ms) {
        until_ms = q->group_at_ms;
    }
    return until_ms;
}

int64_t
weir__redis_watch_rests_until(const struct weir__redis_watch *w, const weir_wait *wait)
{
    int64_t until_ms = INT64_MAX;

    for (size_t i = 0; i < wait->queue_count; i++) {
        const struct weir__redis_watched *q = find(w, wait->queues[i], strlen(wait->queues[i]));
        int64_t own_ms = q != NULL ? rests_until(q, wait->interest) : INT64_MAX;
        until_ms = own_ms < until_ms ? own_ms : until_ms;
    }
    return until_ms;
}

static int
saw_names(struct weir__redis_watched *q, const redisReply *names, int64_t now_ms, weir_error *err)
{
    if (weir__redis_groupwatch_named(&q->groups, q->group_head, names) != 0) {
        q->armed[WEIR__REDIS_GROUPS] = false;
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    if (q->groups.unarmed == 0) {
        q->group_at_ms = now_ms + DUE_EVERY_MS + (int64_t)(q->groups.count / GROUPS_A_MS);
    }
    return 0;
}

int
weir__redis_watch_saw(struct weir__redis_watch *w, const struct weir__redis_look *look,
                      const redisReply *reply, int64_t now_ms, weir_error *err)
{
    struct weir__redis_watched *q = look->queue;
    bool exists = reply->integer != 0;

    if (look->key == WEIR__REDIS_GROUPS) {
        return saw_names(q, reply, now_ms, err);
    }
    if (look->key == WEIR__REDIS_PAUSED) {
        q->paused = exists;
    } else if (look->key == WEIR__REDIS_PENDING) {
        /* Its pause was looked at before it, in the same round or earlier. */
        if (exists && !q->paused) {
            q->work_gen = ++*w->generation;
        }
    } else if (exists && look->key == WEIR__REDIS_GROUP_KEYS) {
        q->group_gen = ++*w->generation;
        q->group_at_ms = now_ms + DUE_EVERY_MS + (int64_t)(q->groups.count / GROUPS_A_MS);
    } else if (exists) {
        q->due_gen = ++*w->generation;
        q->due_at_ms = now_ms + DUE_EVERY_MS;
    }
    return 0;
}

/* ---- messages ---- */

static void
pending_changed(struct weir__redis_watch *w, struct weir__redis_watched *q, int64_t now_ms)
{
    bool resting = q->armed[WEIR__REDIS_PAUSED] && q->paused;

    if (!resting && now_ms - q->told_at_ms > QUIET_MS) {
        q->work_gen = ++*w->generation;
    }
    q->told_at_ms = now_ms;
}

static bool
is_key(const struct weir__redis_watched *q, size_t i, const char *key, size_t len)
{
    return strlen(q->key[i]) == len && memcmp(q->key[i], key, len) == 0;
}

static bool
queue_changed(struct weir__redis_watch *w, struct weir__redis_watched *q, const char *key,
              size_t len, int64_t now_ms)
{
    for (size_t i = 0; i < WEIR__REDIS_KEYS; i++) {
        if (!is_key(q, i, key, len)) {
            continue;
        }
        if (i == WEIR__REDIS_PENDING && q->armed[i]) {
            pending_changed(w, q, now_ms);
        }
        q->armed[i] = false;
        if (i == WEIR__REDIS_PAUSED) {
            q->armed[WEIR__REDIS_PENDING] = false;
        }
        return true;
    }
    return weir__redis_groupwatch_changed(&q->groups, key, len);
}

/* A queue's name ends at a brace; the name of a group behind it may have some as well. */
bool
weir__redis_watch_changed(struct weir__redis_watch *w, const char *key, size_t len, int64_t now_ms)
{
    size_t start = strlen(w->prefix) + 1;
    const char *end = len > start ? memrchr(key, '}', len) : NULL;

    for (; end != NULL && end >= key + start; end = memrchr(key, '}', (size_t)(end - key))) {
        struct weir__redis_watched *q = find(w, key + start, (size_t)(end - key) - start);
        if (q != NULL && queue_changed(w, q, key, len, now_ms)) {
            return true;
        }
    }
    return false;
}

unsigned
weir__redis_watch_reasons(const struct weir__redis_watch *w, const weir_wait *wait)
{
    unsigned reasons = 0;

    for (size_t i = 0; i < wait->queue_count; i++) {
        const struct weir__redis_watched *q = find(w, wait->queues[i], strlen(wait->queues[i]));
        if (q != NULL && q->work_gen > wait->generation) {
            reasons |= WEIR_WAKE_WORK;
        }
        if (q != NULL && q->due_gen > wait->generation) {
            reasons |= WEIR_WAKE_DUE;
        }
        if (q != NULL && q->group_gen > wait->generation) {
            reasons |= WEIR_WAKE_GROUP;
        }
    }
    return reasons & wait->interest;
}

/* SPDX-License-Identifier: MIT */
/*
 * Built-in backends are a table of backends/builtin.c, others are kept here in a small array under a
 * mutex. Nothing is ever removed, so what was found stays valid.
 *
 * The list of scheme names is made at the first use and grows at its end; its NULL moves last, so that whoever
 * reads it meanwhile sees the old list or the new one.
 */
#include <config.h>

#include "registry.h"

#include "nearest.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <weir/open.h>

enum {
    MAX_ADDED = 16,
    MAX_SCHEMES = 64
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const weir_backend *added[MAX_ADDED];
static size_t added_count;
static const char *schemes[MAX_SCHEMES + 1];
static size_t scheme_count;

/* What a table must have: capability 0 means always. */
static const struct slot {
    const char *name;
    size_t offset;
    unsigned capability;
} slots[] = {
#define SLOT(name, capability) {#name, offsetof(weir_backend, name), capability},
    SLOT(open, 0) SLOT(close, 0) SLOT(capabilities, 0) SLOT(ping, 0) SLOT(enqueue, 0)
        SLOT(consume, 0) SLOT(extend, 0) SLOT(wait, 0) SLOT(interrupt, 0) SLOT(forward, 0)
            SLOT(recover, 0) SLOT(expire, 0) SLOT(beat, 0) SLOT(leave, 0) SLOT(servers, 0)
                SLOT(queues, 0) SLOT(queue, 0) SLOT(history, 0) SLOT(tasks, 0) SLOT(task, 0)
                    SLOT(steer, WEIR_CAP_STEER) SLOT(steer_all, WEIR_CAP_STEER)
                        SLOT(amend, WEIR_CAP_STEER) SLOT(pause, WEIR_CAP_STEER)
                            SLOT(remove_queue, WEIR_CAP_STEER) SLOT(cancel, WEIR_CAP_STEER)
                                SLOT(groups, WEIR_CAP_GROUPS) SLOT(group_stage, WEIR_CAP_GROUPS)
                                    SLOT(group_commit, WEIR_CAP_GROUPS) SLOT(
                                        group_reclaim, WEIR_CAP_GROUPS) SLOT(lead, WEIR_CAP_LEADER)
                                        SLOT(resign, WEIR_CAP_LEADER) SLOT(tick, WEIR_CAP_PERIODIC)
                                            SLOT(last_tick, WEIR_CAP_PERIODIC)
                                                SLOT(scheduler_beat, WEIR_CAP_PERIODIC)
                                                    SLOT(scheduler_entries, WEIR_CAP_PERIODIC)
                                                        SLOT(scheduler_history, WEIR_CAP_PERIODIC)
                                                            SLOT(show, WEIR_CAP_SHOW)
#undef SLOT
};

int
weir__backend_check(const weir_backend *backend, unsigned capabilities, weir_error *err)
{
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        void (*function)(void);

        memcpy(&function, (const char *)backend + slots[i].offset, sizeof function);
        if (!function && (capabilities & slots[i].capability) == slots[i].capability)
            return weir_error_set(err, WEIR_E_INVALID, "backend %s has no function %s",
                                  backend->name, slots[i].name);
    }
    return 0;
}

static bool
serves(const weir_backend *backend, const char *scheme)
{
    for (const char *const *s = backend->schemes; *s; s++) {
        if (strcmp(*s, scheme) == 0)
            return true;
    }
    return false;
}

/* With the lock held. */
static const weir_backend *
lookup(const char *scheme)
{
    for (const weir_backend *const *b = weir__builtin_backends; *b; b++) {
        if (serves(*b, scheme))
            return *b;
    }
    for (size_t i = 0; i < added_count; i++) {
        if (serves(added[i], scheme))
            return added[i];
    }
    return NULL;
}

static void
list_schemes(const weir_backend *backend)
{
    for (const char *const *s = backend->schemes; *s && scheme_count < MAX_SCHEMES; s++)
        schemes[scheme_count++] = *s;
}

static void
list_builtin_schemes(void)
{
    if (scheme_count > 0)
        return;
    for (const weir_backend *const *b = weir__builtin_backends; *b; b++)
        list_schemes(*b);
}

/* With the lock held. */
static int
add(const weir_backend *backend, weir_error *err)
{
    size_t count = 0;

    list_builtin_schemes();
    for (const char *const *s = backend->schemes; *s; s++, count++) {
        if (lookup(*s))
            return weir_error_set(err, WEIR_E_CONFLICT, "URL scheme \"%s\" has a backend already",
                                  *s);
    }
    if (added_count == MAX_ADDED || scheme_count + count > MAX_SCHEMES)
        return weir_error_set(err, WEIR_E_FULL, "too many backends");
    added[added_count++] = backend;
    list_schemes(backend);
    return 0;
}

int
weir__registry_add(const weir_backend *backend, weir_error *err)
{
    int rc;

    if (!backend || !backend->name || !backend->schemes || !backend->schemes[0])
        return weir_error_set(err, WEIR_E_INVALID, "backend without name or schemes");
    if (backend->abi != WEIR_BROKER_ABI)
        return weir_error_set(err, WEIR_E_VERSION,
                              "backend %s was made for version %u of the broker contract, not %d",
                              backend->name, backend->abi, WEIR_BROKER_ABI);
    rc = weir__backend_check(backend, 0, err);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&lock);
    rc = add(backend, err);
    pthread_mutex_unlock(&lock);
    return rc;
}

bool
weir__registry_has(const weir_backend *backend)
{
    bool found = false;

    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < added_count; i++)
        found = found || added[i] == backend;
    pthread_mutex_unlock(&lock);
    return found;
}

/* What there is, and which of it may have been meant. Without the lock: the list only grows. */
static int
refuse_unknown(const char *scheme, weir_error *err)
{
    struct weir__nearest nearest = {0};
    char list[200] = "";
    size_t len = 0;

    for (const char *const *s = weir_broker_schemes(); *s; s++) {
        weir__nearest_consider(&nearest, *s, scheme);
        if (len < sizeof list)
            len +=
                (size_t)snprintf(list + len, sizeof list - len, "%s%s:", len > 0 ? ", " : "", *s);
    }
    if (nearest.word)
        return weir_error_set(err, WEIR_E_URL,
                              "broker URL: unknown scheme \"%.60s\" (did you mean \"%s:\"? this "
                              "build has %s)",
                              scheme, nearest.word, list);
    return weir_error_set(err, WEIR_E_URL,
                          "broker URL: unknown scheme \"%.60s\" (this build has %s)", scheme, list);
}

static int
refuse_scheme(const char *scheme, weir_error *err)
{
    for (const struct weir__absent_scheme *a = weir__absent_schemes; a->scheme; a++) {
        if (strcmp(a->scheme, scheme) == 0)
            return weir_error_set(err, WEIR_E_UNSUPPORTED,
                                  "broker URL: this build of weir is without \"%s:\" "
                                  "(configure %s)",
                                  scheme, a->configure_option);
    }
    return refuse_unknown(scheme, err);
}

int
weir__registry_find(const weir_backend **backend, const char *scheme, weir_error *err)
{
    pthread_mutex_lock(&lock);
    *backend = lookup(scheme);
    pthread_mutex_unlock(&lock);
    return *backend ? 0 : refuse_scheme(scheme, err);
}

const char *const *
weir_broker_schemes(void)
{
    pthread_mutex_lock(&lock);
    list_builtin_schemes();
    pthread_mutex_unlock(&lock);
    return schemes;
}

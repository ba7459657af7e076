/* SPDX-License-Identifier: MIT */
/*
 * The schemes' rows. A row makes a fresh store's URL from the place's URL and a number, and removes the store.
 */
#include <config.h>

#include "place.h"

#include "redis_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY "sqlite::memory:"
#define OWN_REDIS "redis:own" /* a redis-server of this program's */

struct scheme {
    const char *prefix; /* of the URL; the first row that fits counts */
    bool keeps_time;
    int64_t lease_grain_ms;
    void (*fresh)(char *url, size_t size, unsigned number);
    void (*drop)(const char *url);
};

static const struct scheme *chosen;
static const char *place;
static unsigned stores;

static void
same_url(char *url, size_t size, unsigned number)
{
    (void)number;
    snprintf(url, size, "%s", place);
}

static void
nothing_to_drop(const char *url)
{
    (void)url;
}

/* sqlite:FOLDER?PARAMS -> sqlite:FOLDER/store-PID-NUMBER.db?PARAMS */
static void
file_in_folder(char *url, size_t size, unsigned number)
{
    size_t len = strcspn(place, "?");

    snprintf(url, size, "%.*s/store-%ld-%u.db%s", (int)len, place, (long)getpid(), number,
             place + len);
}

static void
drop_file(const char *url)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    const char *path = strchr(url, ':') + 1;
    char name[4200];

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        snprintf(name, sizeof(name), "%.*s%s", (int)strcspn(path, "?"), path, endings[i]);
        unlink(name);
    }
}

/* redis...://...?PARAMS -> the same with a prefix that nobody has used: one server holds many stores. */
static void
prefix_of_its_own(char *url, size_t size, unsigned number)
{
    snprintf(url, size, "%s%cprefix=c%ld-%u:", place, strchr(place, '?') ? '&' : '?',
             (long)getpid(), number);
}

/* Of a backend from outside: {n} in the URL is the store's number; without it every case gets the same URL. */
static void
numbered(char *url, size_t size, unsigned number)
{
    const char *hole = strstr(place, "{n}");

    if (hole == NULL) {
        same_url(url, size, number);
        return;
    }
    snprintf(url, size, "%.*s%ld-%u%s", (int)(hole - place), place, (long)getpid(), number,
             hole + 3);
}

static struct redis_server *own_redis;

static void
own_server(char *url, size_t size, unsigned number)
{
    const char *at = place;

    if (!own_redis)
        own_redis = redis_server_start(NULL);
    if (!own_redis)
        exit(1);
    place = redis_server_unix_url(own_redis);
    prefix_of_its_own(url, size, number);
    place = at;
}

static void
flush_own_server(const char *url)
{
    char reply[16];

    (void)url;
    redis_server_say(own_redis, "FLUSHALL", reply, sizeof(reply));
}

static const struct scheme schemes[] = {
    {MEMORY, false, 0, same_url, nothing_to_drop},
    {"sqlite:", false, 0, file_in_folder, drop_file},
    {OWN_REDIS, true, 1000, own_server, flush_own_server},
    {"redis", true, 1000, prefix_of_its_own, nothing_to_drop},
    {"", false, 0, numbered, nothing_to_drop},
};

int
place_set(const char *url)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (strncmp(url, schemes[i].prefix, strlen(schemes[i].prefix)) == 0) {
            chosen = &schemes[i];
            place = url;
            return 0;
        }
    }
    fprintf(stderr, "conformance: %s: no way known to get empty stores there\n", url);
    return -1;
}

void
place_fresh(char *url, size_t size)
{
    chosen->fresh(url, size, ++stores);
}

void
place_drop(const char *url)
{
    chosen->drop(url);
}

bool
place_keeps_time(void)
{
    return chosen->keeps_time;
}

int64_t
place_lease_grain_ms(void)
{
    return chosen->lease_grain_ms;
}

void
place_leave(void)
{
    redis_server_free(own_redis);
    own_redis = NULL;
}

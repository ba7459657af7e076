/* SPDX-License-Identifier: MIT */
/* The socket's path and the prefix are taken from the case's URL. */
#include <config.h>

#include "raw.h"

#include "proxy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static redisContext *raw;
static redisReply *last;
static char path[512];
static char prefix[128];

void
raw_setup(void)
{
    const char *url;

    kit_setup();
    url = kit_url();
    if (sscanf(url, "redis+unix://%511[^?]?prefix=%127s", path, prefix) != 2) {
        fprintf(stderr, "redis: not the URL of an own server: %s\n", url);
        exit(1);
    }
    raw = redisConnectUnix(path);
    if (!raw || raw->err) {
        fprintf(stderr, "redis: %s: no connection\n", path);
        exit(1);
    }
}

void
raw_teardown(void)
{
    if (last)
        freeReplyObject(last);
    last = NULL;
    redisFree(raw);
    raw = NULL;
    kit_teardown();
}

const char *
raw_socket(void)
{
    return path;
}

#define KEY_SIZE 700

static char *
next_key(void)
{
    static char keys[12][KEY_SIZE];
    static int next;

    next = (next + 1) % 12;
    return keys[next];
}

struct proxy *
raw_setup_behind_proxy(void)
{
    char socket[108];
    char url[1024];

    raw_setup();
    snprintf(socket, sizeof(socket), "%.90s.proxy", raw_socket());
    struct proxy *proxy = proxy_start(socket, raw_socket());
    snprintf(url, sizeof(url), "redis+unix://%s?%s", socket, strchr(kit_url(), '?') + 1);
    weir_broker_close(store);
    store = kit_open(url, &now);
    if (store == NULL)
        exit(1);
    return proxy;
}

void
raw_teardown_behind_proxy(struct proxy *proxy)
{
    proxy_lose(proxy, 0);
    weir_broker_close(store);
    store = NULL;
    proxy_stop(proxy);
    raw_teardown();
}

const char *
raw_key(const char *queue, const char *rest)
{
    char *key = next_key();

    snprintf(key, KEY_SIZE, "%s{%s}:%s", prefix, queue, rest);
    return key;
}

const char *
raw_global(const char *rest)
{
    char *key = next_key();

    snprintf(key, KEY_SIZE, "%s%s", prefix, rest);
    return key;
}

static void
keep(void *reply)
{
    if (last)
        freeReplyObject(last);
    last = reply;
    if (!YES(last != NULL))
        exit(1);
    if (last->type == REDIS_REPLY_ERROR)
        SAME(last->str, "no error");
}

long long
raw_number(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    keep(redisvCommand(raw, format, args));
    va_end(args);
    if (last->type == REDIS_REPLY_INTEGER)
        return last->integer;
    return last->str ? (long long)strtod(last->str, NULL) : -1; /* scores may have an exponent */
}

const char *
raw_text(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    keep(redisvCommand(raw, format, args));
    va_end(args);
    return last->str ? last->str : "";
}

void
raw_args(int argc, const char **argv, const size_t *lens)
{
    keep(redisCommandArgv(raw, argc, argv, lens));
}

void
raw_end_leases(const char *queue)
{
    raw_number("EVAL %s 1 %s",
               "local r = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES') "
               "for i = 1, #r, 2 do redis.call('ZADD', KEYS[1], "
               "string.format('%.17g', 1000 + tonumber(r[i + 1]) % 1), r[i]) end return #r",
               KEY(queue, "lease"));
}

size_t
raw_mend(const char *queue)
{
    weir_claim items[100];
    size_t all = 0;

    for (int i = 0; i < 20; i++) {
        weir__claims claims = {items, 0};
        size_t repaired = 0;

        OK(weir__recover(store, &queue, 1, 100, LEASE_MS, &claims, &repaired, NULL));
        while (claims.count > 0)
            weir__claim_release(&claims.items[--claims.count]);
        all += repaired;
    }
    return all;
}

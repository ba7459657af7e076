/* SPDX-License-Identifier: MIT */
/*
 * The parameters are one table: a new one is a row here, a member in options.h and a line in
 * doc/redis-connections.md.
 */
#include <config.h>

#include "options.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PORT 6379
#define DEFAULT_SENTINEL_PORT 26379
#define DEFAULT_TIMEOUT_MS 5000
#define DEFAULT_MAX_CONNECTIONS 32

enum value {
    TEXT,
    NUMBER,
    DURATION
};

struct param {
    const char *name;
    enum value value;
    size_t offset;
    int min;
    int max;
};

#define AT(member) offsetof(struct weir__redis_options, member)

static const struct param params[] = {
    {"prefix", TEXT, AT(prefix), 0, 0},
    {"name", TEXT, AT(name), 0, 0},
    {"db", NUMBER, AT(db), 0, INT_MAX},
    {"timeout", DURATION, AT(timeout_ms), 10, 3600 * 1000},
    {"connect_timeout", DURATION, AT(connect_timeout_ms), 10, 3600 * 1000},
    {"max_connections", NUMBER, AT(max_connections), 1, 10000},
    {"wait_replicas", NUMBER, AT(wait_replicas), 0, 100},
    {"sentinel_user", TEXT, AT(sentinel_user), 0, 0},
    {"sentinel_password", TEXT, AT(sentinel_password), 0, 0},
    {"tls_ca", TEXT, AT(tls_ca), 0, 0},
    {"tls_cert", TEXT, AT(tls_cert), 0, 0},
    {"tls_key", TEXT, AT(tls_key), 0, 0},
    {"tls_name", TEXT, AT(tls_name), 0, 0},
};

struct scheme {
    const char *name;
    enum weir__redis_kind kind;
    bool tls;
};

static const struct scheme schemes[] = {
    {"redis", WEIR__REDIS_HOST, false},
    {"rediss", WEIR__REDIS_HOST, true},
    {"redis+unix", WEIR__REDIS_UNIX, false},
    {"redis+sentinel", WEIR__REDIS_SENTINEL, false},
    {"rediss+sentinel", WEIR__REDIS_SENTINEL, true},
};

static int
set_text(char **to, const char *text, weir_error *err)
{
    char *copy = text != NULL ? strdup(text) : NULL;

    if (text != NULL && copy == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    free(*to);
    *to = copy;
    return 0;
}

/* Digits, then what follows them in *rest; -1 when there are none or too many. */
static long
digits(const char *text, const char **rest)
{
    char *end = NULL;

    if (*text < '0' || *text > '9') {
        return -1;
    }
    errno = 0;
    long n = strtol(text, &end, 10);
    *rest = end;
    return errno == 0 ? n : -1;
}

static long
duration_ms(const char *text)
{
    static const struct {
        const char *unit;
        long ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}};
    const char *unit = "";
    long n = digits(text, &unit);

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (n >= 0 && strcmp(unit, units[i].unit) == 0) {
            return n <= INT_MAX / units[i].ms ? n * units[i].ms : -1;
        }
    }
    return -1;
}

static long
number(const char *text)
{
    const char *rest = "";
    long n = digits(text, &rest);

    return *rest == '\0' ? n : -1;
}

static int
set_param(struct weir__redis_options *o, const struct param *p, const char *text, weir_error *err)
{
    char *member = (char *)o + p->offset;

    if (p->value == TEXT) {
        return set_text((char **)(void *)member, text, err);
    }
    long n = p->value == NUMBER ? number(text) : duration_ms(text);
    if (n < p->min || n > p->max) {
        return weir_error_set(
            err, WEIR_E_URL,
            p->value == NUMBER ? "the Redis URL's parameter %s takes a number from %d to %d"
                               : "the Redis URL's parameter %s takes a time such as 500ms, 5s or "
                                 "1m, from %dms to %dms",
            p->name, p->min, p->max);
    }
    *(int *)(void *)member = (int)n;
    return 0;
}

static int
set_params(struct weir__redis_options *o, const weir_url *url, weir_error *err)
{
    for (size_t i = 0; i < url->param_count; i++) {
        const struct param *p = params;
        const struct param *end = params + sizeof params / sizeof params[0];

        while (p < end && strcmp(p->name, url->params[i].name) != 0) {
            p++;
        }
        if (p == end) {
            return weir_error_set(err, WEIR_E_URL, "a Redis URL has no parameter \"%s\"",
                                  url->params[i].name);
        }
        int rc = set_param(o, p, url->params[i].value != NULL ? url->params[i].value : "", err);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int
set_hosts(struct weir__redis_options *o, const weir_url *url, int default_port, weir_error *err)
{
    size_t count = url->host_count;

    if (count == 0 || url->hosts[0].name == NULL || url->hosts[0].name[0] == '\0') {
        return weir_error_set(err, WEIR_E_URL,
                              "the Redis URL names no host (a unix socket is redis+unix:///PATH)");
    }
    if (count > 1 && o->kind == WEIR__REDIS_HOST) {
        return weir_error_set(
            err, WEIR_E_URL, "%s:// takes one host (redis+sentinel:// takes several)", url->scheme);
    }
    o->hosts = calloc(count, sizeof o->hosts[0]);
    if (o->hosts == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    o->host_count = count;
    for (size_t i = 0; i < count; i++) {
        int rc = set_text(&o->hosts[i].name, url->hosts[i].name, err);
        if (rc != 0) {
            return rc;
        }
        o->hosts[i].port = url->hosts[i].port != 0 ? url->hosts[i].port : default_port;
    }
    return 0;
}

/* "/3" or "" or "/". */
static int
set_db(struct weir__redis_options *o, const char *path, weir_error *err)
{
    if (path == NULL || path[0] == '\0' || path[1] == '\0') {
        return 0;
    }
    long n = number(path + 1);
    if (n < 0 || n > INT_MAX) {
        return weir_error_set(err, WEIR_E_URL,
                              "the database in a Redis URL is a number, not \"%s\"", path + 1);
    }
    o->db = (int)n;
    return 0;
}

static int
set_unix(struct weir__redis_options *o, const weir_url *url, weir_error *err)
{
    if (url->host_count > 0 && url->hosts[0].name != NULL && url->hosts[0].name[0] != '\0') {
        return weir_error_set(err, WEIR_E_URL,
                              "redis+unix:// has a path and no host: redis+unix:///path/to/socket");
    }
    if (url->path == NULL || url->path[0] != '/' || url->path[1] == '\0') {
        return weir_error_set(err, WEIR_E_URL, "the redis+unix URL names no socket");
    }
    return set_text(&o->path, url->path, err);
}

static int
set_sentinel(struct weir__redis_options *o, const weir_url *url, weir_error *err)
{
    const char *path = url->path != NULL && url->path[0] == '/' ? url->path + 1 : "";
    const char *slash = strchr(path, '/');
    size_t len = slash != NULL ? (size_t)(slash - path) : strlen(path);

    if (len == 0) {
        return weir_error_set(err, WEIR_E_URL,
                              "the redis+sentinel URL names no master: "
                              "redis+sentinel://host1,host2/master");
    }
    o->master = strndup(path, len);
    if (o->master == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    int rc = set_hosts(o, url, DEFAULT_SENTINEL_PORT, err);
    return rc != 0 || slash == NULL ? rc : set_db(o, slash, err);
}

static int
set_place(struct weir__redis_options *o, const weir_url *url, weir_error *err)
{
    if (o->kind == WEIR__REDIS_UNIX) {
        return set_unix(o, url, err);
    }
    if (o->kind == WEIR__REDIS_SENTINEL) {
        return set_sentinel(o, url, err);
    }
    int rc = set_hosts(o, url, DEFAULT_PORT, err);
    return rc != 0 ? rc : set_db(o, url->path, err);
}

static int
set_scheme(struct weir__redis_options *o, const weir_url *url, weir_error *err)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strcmp(schemes[i].name, url->scheme) == 0) {
            o->kind = schemes[i].kind;
            o->tls = schemes[i].tls;
            return 0;
        }
    }
    return weir_error_set(err, WEIR_E_UNSUPPORTED, "%s:// is not supported by this version",
                          url->scheme);
}

static int
set_account(struct weir__redis_options *o, const weir_url *url, weir_error *err)
{
    const char *user = url->user != NULL && url->user[0] != '\0' ? url->user : NULL;

    if (user != NULL && url->password == NULL) {
        return weir_error_set(err, WEIR_E_URL,
                              "the Redis URL has a user and no password (a password alone is "
                              "written redis://:PASSWORD@host)");
    }
    int rc = set_text(&o->user, user, err);
    return rc != 0 ? rc : set_text(&o->password, url->password, err);
}

static int
check(const struct weir__redis_options *o, weir_error *err)
{
    bool tls_given = o->tls_ca != NULL || o->tls_cert != NULL || o->tls_key != NULL ||
                     o->tls_name != NULL;

    if (tls_given && !o->tls) {
        return weir_error_set(err, WEIR_E_URL, "the tls_ parameters need a rediss:// URL");
    }
    if ((o->tls_cert != NULL) != (o->tls_key != NULL)) {
        return weir_error_set(err, WEIR_E_URL, "tls_cert and tls_key go together");
    }
    if ((o->sentinel_user != NULL || o->sentinel_password != NULL) &&
        o->kind != WEIR__REDIS_SENTINEL) {
        return weir_error_set(err, WEIR_E_URL,
                              "the sentinel_ parameters need a redis+sentinel:// URL");
    }
    if (strpbrk(o->prefix, "{}") != NULL) {
        return weir_error_set(err, WEIR_E_URL, "the prefix must not contain { or }");
    }
    if (o->name[0] == '\0' || strpbrk(o->name, " \t\r\n") != NULL) {
        return weir_error_set(err, WEIR_E_URL, "the connection's name must not contain spaces");
    }
    return 0;
}

static int
fill(struct weir__redis_options *o, const weir_url *url, weir_error *err)
{
    static int (*const steps[])(struct weir__redis_options *, const weir_url *,
                                weir_error *) = {set_scheme, set_account, set_place, set_params};
    int rc = set_text(&o->prefix, "asynq:", err);

    if (rc == 0) {
        rc = set_text(&o->name, "weir", err);
    }
    for (size_t i = 0; rc == 0 && i < sizeof steps / sizeof steps[0]; i++) {
        rc = steps[i](o, url, err);
    }
    if (o->connect_timeout_ms == 0) {
        o->connect_timeout_ms = o->timeout_ms;
    }
    return rc != 0 ? rc : check(o, err);
}

int
weir__redis_options_init(struct weir__redis_options *options, const weir_url *url, weir_error *err)
{
    memset(options, 0, sizeof *options);
    options->timeout_ms = DEFAULT_TIMEOUT_MS;
    options->max_connections = DEFAULT_MAX_CONNECTIONS;
    int rc = fill(options, url, err);

    if (rc != 0) {
        weir__redis_options_release(options);
    }
    return rc;
}

static void
forget(char *secret)
{
    if (secret != NULL) {
        explicit_bzero(secret, strlen(secret));
    }
    free(secret);
}

void
weir__redis_options_release(struct weir__redis_options *options)
{
    for (size_t i = 0; i < options->host_count; i++) {
        free(options->hosts[i].name);
    }
    free(options->hosts);
    free(options->path);
    free(options->master);
    free(options->user);
    forget(options->password);
    free(options->sentinel_user);
    forget(options->sentinel_password);
    free(options->prefix);
    free(options->name);
    free(options->tls_ca);
    free(options->tls_cert);
    free(options->tls_key);
    free(options->tls_name);
    memset(options, 0, sizeof *options);
}

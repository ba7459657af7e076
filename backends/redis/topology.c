/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENTINEL_TIMEOUT_MS 1000
#define ASK_EVERY_MS 5000
/* No sentinel answers, but the master may be well: do not spend time on them with every command. */
#define ASK_AGAIN_MS 30000

static char *
name_of(const struct weir__redis_options *options)
{
    bool is_unix = options->kind == WEIR__REDIS_UNIX;

    if (options->kind == WEIR__REDIS_SENTINEL) {
        return strdup(options->master);
    }
    return weir__redis_endpoint_text(&(struct weir__redis_endpoint){
        .path = is_unix ? options->path : NULL,
        .host = is_unix ? NULL : options->hosts[0].name,
        .port = is_unix ? 0 : options->hosts[0].port,
    });
}

int
weir__redis_topology_init(struct weir__redis_topology *t, const struct weir__redis_options *options,
                          struct weir__redis_tls *tls, weir_logger *logger, weir_error *err)
{
    memset(t, 0, sizeof *t);
    t->options = options;
    t->asking = *options;
    if (t->asking.timeout_ms > SENTINEL_TIMEOUT_MS) {
        t->asking.timeout_ms = SENTINEL_TIMEOUT_MS;
    }
    if (t->asking.connect_timeout_ms > SENTINEL_TIMEOUT_MS) {
        t->asking.connect_timeout_ms = SENTINEL_TIMEOUT_MS;
    }
    t->tls = tls;
    t->logger = logger;
    t->name = name_of(options);
    if (t->name == NULL || pthread_mutex_init(&t->lock, NULL) != 0) {
        free(t->name);
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    return 0;
}

void
weir__redis_topology_release(struct weir__redis_topology *t)
{
    pthread_mutex_destroy(&t->lock);
    free(t->name);
    free(t->host);
}

const char *
weir__redis_topology_name(const struct weir__redis_topology *t)
{
    return t->name;
}

/* ---- sentinels ---- */

/* An answer of a sentinel; host is the caller's to free. */
struct master {
    char *host;
    int port;
};

static int
read_master(const struct weir__redis_topology *t, const redisReply *reply, const char *where,
            struct master *master, weir_error *err)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[0]->type != REDIS_REPLY_STRING ||
        reply->element[1]->type != REDIS_REPLY_STRING) {
        return weir_error_set(err, WEIR_E_UNAVAILABLE,
                              "the sentinel at %s knows no master named \"%s\"", where,
                              t->options->master);
    }
    master->host = strdup(reply->element[0]->str);
    master->port = atoi(reply->element[1]->str);
    return master->host != NULL ? 0 : weir_error_set(err, WEIR_E_NOMEM, NULL);
}

static int
ask_one(const struct weir__redis_topology *t, const struct weir__redis_host *sentinel,
        struct master *master, weir_error *err)
{
    const char *argv[] = {"SENTINEL", "get-master-addr-by-name", t->options->master};
    const struct weir__redis_endpoint to = {NULL, sentinel->name, sentinel->port};
    struct weir__redis_conn *conn = NULL;
    redisReply *reply = NULL;
    int rc = weir__redis_dial(&conn, &t->asking, &to, WEIR__REDIS_ASK, t->tls, err);

    if (rc != 0) {
        return rc;
    }
    rc = weir__redis_command(conn, &reply, 3, argv, NULL, err);
    if (rc == 0) {
        rc = read_master(t, reply, conn->where, master, err);
    }
    freeReplyObject(reply);
    weir__redis_hang_up(conn);
    return rc;
}

/* Without the lock: an answer may take long. */
static int
ask_all(struct weir__redis_topology *t, size_t first, struct master *master, size_t *answered,
        weir_error *err)
{
    size_t count = t->options->host_count;
    weir_error told = {0};
    int rc = WEIR_E_UNAVAILABLE;

    for (size_t i = 0; i < count; i++) {
        *answered = (first + i) % count;
        weir_error_clear(&told);
        rc = ask_one(t, &t->options->hosts[*answered], master, &told);
        if (rc == 0) {
            return 0;
        }
    }
    rc = rc == WEIR_E_AUTH ? rc : WEIR_E_UNAVAILABLE;
    return weir_error_set(err, rc,
                          "no sentinel (of %zu) tells the master \"%s\"; the last said: %s", count,
                          t->options->master, told.text);
}

/* With the lock; takes master->host. */
static void
settle(struct weir__redis_topology *t, struct master *master, size_t answered)
{
    bool same = t->host != NULL && strcmp(t->host, master->host) == 0 && t->port == master->port;

    t->first = answered;
    t->ask_at_ms = weir__redis_now_ms() + ASK_EVERY_MS;
    if (same) {
        free(master->host);
        return;
    }
    weir_log(t->logger, WEIR_LOG_INFO, "redis master found",
             weir_log_str("master", t->options->master), weir_log_str("host", master->host),
             weir_log_int("port", master->port));
    free(t->host);
    t->host = master->host;
    t->port = master->port;
    t->epoch++;
}

/* Asks and settles; *epoch is the one in which *host (the caller's to free, may be NULL) is master. */
static int
find_master(struct weir__redis_topology *t, struct master *copy, uint64_t *epoch, weir_error *err)
{
    struct master master = {NULL, 0};
    size_t answered = 0;

    pthread_mutex_lock(&t->lock);
    size_t first = t->first;
    t->ask_at_ms = weir__redis_now_ms() + ASK_AGAIN_MS;
    pthread_mutex_unlock(&t->lock);
    int rc = ask_all(t, first, &master, &answered, err);
    if (rc != 0) {
        return rc;
    }
    pthread_mutex_lock(&t->lock);
    copy->host = strdup(master.host);
    copy->port = master.port;
    settle(t, &master, answered);
    *epoch = t->epoch;
    pthread_mutex_unlock(&t->lock);
    return copy->host != NULL ? 0 : weir_error_set(err, WEIR_E_NOMEM, NULL);
}

static int
dial_master(struct weir__redis_topology *t, struct weir__redis_conn **conn, weir_error *err)
{
    struct master master = {NULL, 0};
    uint64_t epoch = 0;
    int rc = find_master(t, &master, &epoch, err);

    if (rc == 0) {
        const struct weir__redis_endpoint to = {NULL, master.host, master.port};
        rc = weir__redis_dial(conn, t->options, &to, WEIR__REDIS_MASTER, t->tls, err);
    }
    if (rc == 0) {
        (*conn)->epoch = epoch;
    }
    free(master.host);
    return rc;
}

/* ---- any kind ---- */

int
weir__redis_topology_dial(struct weir__redis_topology *t, struct weir__redis_conn **conn,
                          weir_error *err)
{
    const struct weir__redis_options *o = t->options;
    struct weir__redis_endpoint to = {o->path, NULL, 0};

    *conn = NULL;
    if (o->kind == WEIR__REDIS_SENTINEL) {
        return dial_master(t, conn, err);
    }
    if (o->kind == WEIR__REDIS_HOST) {
        to.host = o->hosts[0].name;
        to.port = o->hosts[0].port;
    }
    pthread_mutex_lock(&t->lock);
    uint64_t epoch = t->epoch;
    pthread_mutex_unlock(&t->lock);
    int rc = weir__redis_dial(conn, o, &to, WEIR__REDIS_SERVER, t->tls, err);
    if (rc == 0) {
        (*conn)->epoch = epoch;
    }
    return rc;
}

void
weir__redis_topology_moved(struct weir__redis_topology *t, uint64_t epoch)
{
    pthread_mutex_lock(&t->lock);
    if (t->epoch == epoch) {
        t->epoch++;
    }
    pthread_mutex_unlock(&t->lock);
}

uint64_t
weir__redis_topology_epoch(struct weir__redis_topology *t)
{
    struct master master = {NULL, 0};
    uint64_t epoch;
    bool ask;

    pthread_mutex_lock(&t->lock);
    epoch = t->epoch;
    ask = t->options->kind == WEIR__REDIS_SENTINEL && t->host != NULL &&
          weir__redis_now_ms() >= t->ask_at_ms;
    pthread_mutex_unlock(&t->lock);
    if (ask && find_master(t, &master, &epoch, NULL) == 0) {
        free(master.host);
    }
    return epoch;
}

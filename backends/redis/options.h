/* SPDX-License-Identifier: MIT */
/*
 * What a Redis URL asks for, checked and with its defaults filled in.
 *
 *     redis://[user:password@]host[:port][/db]      rediss://... (TLS)
 *     redis+unix://[user:password@]/path
 *     redis+sentinel://[user:password@]host[:port],.../master[/db]
 *
 * The parameters are the table in options.c; doc/redis-connections.md explains them. An unknown one is
 * an error. Messages name the parameter, and never repeat a password.
 */
#ifndef WEIR_REDIS_OPTIONS_H
#define WEIR_REDIS_OPTIONS_H

#include <weir/broker.h>

#include <stdbool.h>
#include <stddef.h>

enum weir__redis_kind {
    WEIR__REDIS_HOST = 1,
    WEIR__REDIS_UNIX,
    WEIR__REDIS_SENTINEL,
};

struct weir__redis_host {
    char *name;
    int port;
};

struct weir__redis_options {
    enum weir__redis_kind kind;
    bool tls;
    struct weir__redis_host *hosts; /* the server, or the sentinels */
    size_t host_count;
    char *path;   /* of the unix socket, else NULL */
    char *master; /* the name that the sentinels know, else NULL */
    char *user;   /* NULL: the default user */
    char *password;
    char *sentinel_user;
    char *sentinel_password;
    char *prefix; /* of every key and channel; never NULL, may be "" */
    char *name;   /* for CLIENT SETNAME; never NULL */
    int db;
    int timeout_ms;         /* for each reply */
    int connect_timeout_ms; /* for each connection, handshake included */
    int max_connections;
    int wait_replicas; /* 0: do not wait */
    char *tls_ca;      /* files; NULL: what the system trusts */
    char *tls_cert;
    char *tls_key;
    char *tls_name; /* the name that the certificate must have; NULL: the host's */
};

/* Fills options from a URL; release it in any case but failure. Errors: WEIR_E_URL, WEIR_E_UNSUPPORTED,
 * WEIR_E_NOMEM. */
int weir__redis_options_init(struct weir__redis_options *options, const weir_url *url,
                             weir_error *err);

void weir__redis_options_release(struct weir__redis_options *options);

#endif

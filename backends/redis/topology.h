/* SPDX-License-Identifier: MIT */
/*
 * Where the server is: a host or a unix socket for good, or whatever the sentinels name as the master.
 *
 * With sentinels each new connection asks them first, in turn, beginning with the one that answered last, and
 * the server must confirm by ROLE that it is a master. The epoch grows whenever the master's address
 * changes, or a server that we use says that it is none (READONLY). Connections of an older
 * epoch are not used again. A partition can leave us with a master that everybody else has left: so
 * the sentinels are asked every few seconds while commands are sent.
 */
#ifndef WEIR_REDIS_TOPOLOGY_H
#define WEIR_REDIS_TOPOLOGY_H

#include "link.h"

#include <pthread.h>

struct weir__redis_topology {
    const struct weir__redis_options *options;
    struct weir__redis_options asking; /* the same with the sentinels' time-outs; owns nothing */
    struct weir__redis_tls *tls;
    weir_logger *logger;
    char *name; /* of the broker, for the log */
    pthread_mutex_t lock;
    char *host; /* the present master's, NULL before the first answer */
    int port;
    size_t first; /* the sentinel to ask first */
    uint64_t epoch;
    int64_t ask_at_ms; /* when the sentinels are asked again */
};

/* Errors: WEIR_E_NOMEM. */
int weir__redis_topology_init(struct weir__redis_topology *t,
                              const struct weir__redis_options *options,
                              struct weir__redis_tls *tls, weir_logger *logger, weir_error *err);
void weir__redis_topology_release(struct weir__redis_topology *t);

/* Finds the server and connects to it; the connection has the epoch in which it was found. */
int weir__redis_topology_dial(struct weir__redis_topology *t, struct weir__redis_conn **conn,
                              weir_error *err);

/* The server of this epoch is not the one we look for. */
void weir__redis_topology_moved(struct weir__redis_topology *t, uint64_t epoch);

/* The present epoch, after asking the sentinels if it is time to. */
uint64_t weir__redis_topology_epoch(struct weir__redis_topology *t);

/* The broker as the log has it: HOST:PORT, the socket's path, or the name of the master that the sentinels know. */
const char *weir__redis_topology_name(const struct weir__redis_topology *t);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The connections of one opened broker.
 *
 * Idle connections wait on a stack, so that the warmest is used first and the others can be closed when
 * they were not needed for a while. A connection that the server closed meanwhile is noticed
 * when it is taken, before anything is sent on it.
 *
 * Connecting is for one thread at a time while Redis is away (outage.h has the back-off). The
 * epoch counts the servers that we were sent to: a connection of an older epoch is closed when it comes
 * back (topology.h).
 */
#ifndef WEIR_REDIS_POOLCONN_H
#define WEIR_REDIS_POOLCONN_H

#include "conn.h"
#include "options.h"

#include <weir/broker.h>

/* Reads the URL and makes the pool; connects to nothing. *r ends with weir__redis_close(). Errors: WEIR_E_URL,
 * WEIR_E_UNSUPPORTED, WEIR_E_NOMEM, and WEIR_E_CONFIG for certificates that cannot be used. */
int weir__redis_open(struct weir__redis **r, const weir_backend_open *how, weir_error *err);

/* Closes all connections; none is borrowed any more. NULL is allowed. */
void weir__redis_close(struct weir__redis *r);

/*
 * A connection of one's own, outside the count of the pool, closed with weir__redis_hang_up(). Takes part in the
 * back-off: a patient caller waits for it, another gets the last error at once.
 */
int weir__redis_connect(struct weir__redis *r, bool patient, struct weir__redis_conn **conn,
                        weir_error *err);

/* How long until connecting makes sense: 0 when Redis is not known to be away. */
int weir__redis_retry_ms(struct weir__redis *r);

/* False when the connection's server was left for another one. */
bool weir__redis_is_current(struct weir__redis *r, const struct weir__redis_conn *conn);

/* The options of the URL, unchanged until weir__redis_close(). */
const struct weir__redis_options *weir__redis_options(const struct weir__redis *r);

#endif

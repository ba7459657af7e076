/* SPDX-License-Identifier: MIT */
/*
 * TLS, where hiredis has it (1.0 and later, WEIR_HAVE_HIREDIS_SSL). Elsewhere weir__redis_tls_new() says so.
 *
 * The server's certificate must be signed by tls_ca (or by what the system trusts) and be made for
 * tls_name (or for the host of the URL): hiredis checks the first only, so the second is set on the connection
 * here, before the handshake. TLS 1.2 is the oldest version that is spoken.
 */
#ifndef WEIR_REDIS_TLS_H
#define WEIR_REDIS_TLS_H

#include "options.h"

#include <hiredis/hiredis.h>

#include <stdbool.h>

struct weir__redis_tls;

/* Reads the certificates. Errors: WEIR_E_CONFIG (names the file), WEIR_E_UNSUPPORTED, WEIR_E_NOMEM. */
int weir__redis_tls_new(struct weir__redis_tls **tls, const struct weir__redis_options *options,
                        weir_error *err);

void weir__redis_tls_free(struct weir__redis_tls *tls);

/* Shakes hands on a connected, blocking context with its time-outs set. Errors: WEIR_E_UNAVAILABLE,
 * WEIR_E_AUTH (the certificate is not accepted). */
int weir__redis_tls_start(struct weir__redis_tls *tls, redisContext *ctx, const char *host,
                          const char *where, weir_error *err);

/* redisBufferRead() and redisBufferWrite() without SIGPIPE. */
int weir__redis_tls_read(redisContext *ctx);
int weir__redis_tls_write(redisContext *ctx, bool *done);

/* True if something was decrypted and not read yet. */
bool weir__redis_tls_pending(const redisContext *ctx);

#endif

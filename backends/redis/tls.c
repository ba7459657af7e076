/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "tls.h"

#ifndef WEIR_HAVE_HIREDIS_SSL

int
weir__redis_tls_new(struct weir__redis_tls **tls, const struct weir__redis_options *options,
                    weir_error *err)
{
    (void)options;
    *tls = NULL;
    return weir_error_set(err, WEIR_E_UNSUPPORTED,
                          "rediss:// is not possible: this build's hiredis has no TLS (it needs "
                          "hiredis 1.0 or newer with libhiredis_ssl)");
}

void
weir__redis_tls_free(struct weir__redis_tls *tls)
{
    (void)tls;
}

int
weir__redis_tls_start(struct weir__redis_tls *tls, redisContext *ctx, const char *host,
                      const char *where, weir_error *err)
{
    (void)tls;
    (void)ctx;
    (void)host;
    return weir_error_set(err, WEIR_E_UNSUPPORTED, "no TLS to Redis at %s: hiredis has none",
                          where);
}

int
weir__redis_tls_write(redisContext *ctx, bool *done)
{
    (void)ctx;
    *done = false;
    return REDIS_ERR;
}

bool
weir__redis_tls_pending(const redisContext *ctx)
{
    (void)ctx;
    return false;
}

#else
#error "not here yet"
#endif

/* SPDX-License-Identifier: MIT */
/*
 * The backends of this build. A new one is a declaration and a row here, and its schemes are rows for the
 * builds that leave it out.
 */
#include <config.h>

#include "registry.h"

#ifdef WEIR_WITH_REDIS
#include "redis/redis.h"
#endif
#ifdef WEIR_WITH_SQLITE
#include "sqlite/sqlite.h"
#endif

const weir_backend *const weir__builtin_backends[] = {
#ifdef WEIR_WITH_REDIS
    &weir__redis_backend,
#endif
#ifdef WEIR_WITH_SQLITE
    &weir__sqlite_backend,
#endif
    NULL,
};

const struct weir__absent_scheme weir__absent_schemes[] = {
#ifndef WEIR_WITH_SQLITE
    {"sqlite", "--with-sqlite"},
#endif
#ifndef WEIR_WITH_REDIS
    {"redis", "--with-redis"},
    {"redis+unix", "--with-redis"},
    {"rediss", "--with-redis"},
    {"redis+sentinel", "--with-redis"},
    {"rediss+sentinel", "--with-redis"},
    {"redis+cluster", "--with-redis"},
#endif
    {NULL, NULL},
};

/* SPDX-License-Identifier: MIT */
/*
 * The Lua scripts: their texts are embedded at build time, and each is called by its digest. A new script
 * is a file in lua/, a row in the map (sorted as in Makefile.inc) and its keys in script.c.
 */
#ifndef WEIR_REDIS_SCRIPT_H
#define WEIR_REDIS_SCRIPT_H

#include "keys.h"

#define WEIR__SCRIPT_MAP(X)                                                                        \
    X(AMEND)                                                                                       \
    X(BEAT)                                                                                        \
    X(CANCEL)                                                                                      \
    X(COMMIT)                                                                                      \
    X(ENQUEUE)                                                                                     \
    X(EXPIRE)                                                                                      \
    X(EXTEND)                                                                                      \
    X(FINISH)                                                                                      \
    X(FORWARD)                                                                                     \
    X(LEAD)                                                                                        \
    X(LOOK)                                                                                        \
    X(MEND)                                                                                        \
    X(QUARANTINE)                                                                                  \
    X(RECLAIM)                                                                                     \
    X(RECOVER)                                                                                     \
    X(REMOVE)                                                                                      \
    X(SCHEDULE)                                                                                    \
    X(SHOW)                                                                                        \
    X(STAGE)                                                                                       \
    X(STAT)                                                                                        \
    X(STEER)                                                                                       \
    X(TAKE)                                                                                        \
    X(TICK)

enum weir__script {
#define WEIR__SCRIPT_ENUM(name) WEIR__SCRIPT_##name,
    WEIR__SCRIPT_MAP(WEIR__SCRIPT_ENUM)
#undef WEIR__SCRIPT_ENUM
    WEIR__SCRIPT_COUNT,
    WEIR__SCRIPT_NONE = WEIR__SCRIPT_COUNT /* a plain command */
};

/* A row of the embedded table. */
struct weir__redis_lua {
    const char *name;
    const char *text;
    size_t len;
};
extern const struct weir__redis_lua weir__redis_lua[];

/* The digest of each script, 40 digits, as SCRIPT LOAD computes it. */
struct weir__digests {
    char hex[WEIR__SCRIPT_COUNT][41];
};

void weir__digests_init(struct weir__digests *digests);

/* The keys of a queue that a script declares, ended by WEIR__KEY_NONE; empty for scripts on other keys. */
const enum weir__key *weir__script_keys(enum weir__script script);

/* SHA-1, which is what Redis names scripts by. */
void weir__sha1_hex(const void *data, size_t len, char hex[41]);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What an error reply of Redis means: a table from its first word (or, for the errors that all start with ERR,
 * from a part of its text) to a code, an explanation for people, and what is to become of the
 * connection. Errors that Lua scripts wrap in a text of their own (Redis 6) are found inside it.
 */
#ifndef WEIR_REDIS_REPLYERROR_H
#define WEIR_REDIS_REPLYERROR_H

#include <weir/error.h>

#include <stdbool.h>
#include <stddef.h>

enum {
    WEIR__REDIS_DROP = 1 << 0,  /* the connection is of no use any more */
    WEIR__REDIS_MOVED = 1 << 1, /* the server is not what we look for: ask again where it is */
    WEIR__REDIS_OUTAGE =
        1 << 2, /* a state of the server, not of the command: worth a line in the log */
    WEIR__REDIS_ECHOES = 1 << 3 /* the server's text may repeat arguments: keep it to ourselves */
};

struct weir__redis_meaning {
    const char *word; /* what the error starts with */
    const char *part; /* and what it contains, or NULL */
    int code;         /* WEIR_E_ */
    unsigned flags;
    const char *explain; /* what it means; NULL: Redis's own text says it all */
};

/* Never NULL: the last row fits everything. */
const struct weir__redis_meaning *weir__redis_meaning(const char *text, size_t len);

#endif

/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "replyerror.h"

#include <string.h>

#define DROP WEIR__REDIS_DROP
#define MOVED (WEIR__REDIS_DROP | WEIR__REDIS_MOVED)
#define OUTAGE WEIR__REDIS_OUTAGE

static const struct weir__redis_meaning meanings[] = {
    {"LOADING", NULL, WEIR_E_UNAVAILABLE, OUTAGE, "Redis is still loading its data"},
    {"BUSY", NULL, WEIR_E_BUSY, OUTAGE, "a script of somebody keeps Redis busy"},
    {"UNKILLABLE", NULL, WEIR_E_BUSY, OUTAGE, "a script of somebody keeps Redis busy"},
    {"READONLY", NULL, WEIR_E_READONLY, MOVED | OUTAGE, "this Redis is a read-only replica"},
    {"MASTERDOWN", NULL, WEIR_E_UNAVAILABLE, MOVED | OUTAGE,
     "this Redis is a replica that has lost its master"},
    {"OOM", NULL, WEIR_E_FULL, OUTAGE, "Redis has used up its maxmemory"},
    {"MISCONF", NULL, WEIR_E_IO, OUTAGE, "Redis refuses writes because it cannot save its data"},
    {"NOREPLICAS", NULL, WEIR_E_UNAVAILABLE, OUTAGE,
     "Redis refuses writes because too few replicas follow it"},
    {"NOAUTH", NULL, WEIR_E_AUTH, DROP | OUTAGE, "Redis wants a password"},
    {"WRONGPASS", NULL, WEIR_E_AUTH, DROP | OUTAGE, "Redis refused the user or the password"},
    {"NOPERM", NULL, WEIR_E_AUTH, OUTAGE, "the Redis user may not do this"},
    {"DENIED", NULL, WEIR_E_AUTH, DROP | OUTAGE, "Redis runs in protected mode"},
    {"NOSCRIPT", NULL, WEIR_E_INTERNAL, 0, NULL},
    {"WRONGTYPE", NULL, WEIR_E_CORRUPT, 0, "a key does not have the type that it should have"},
    {"CLUSTERDOWN", NULL, WEIR_E_UNAVAILABLE, OUTAGE, "the Redis cluster is down"},
    {"TRYAGAIN", NULL, WEIR_E_BUSY, 0, "the Redis cluster is moving this queue"},
    {"MOVED", NULL, WEIR_E_UNSUPPORTED, OUTAGE, "this Redis is part of a cluster"},
    {"ASK", NULL, WEIR_E_UNSUPPORTED, OUTAGE, "this Redis is part of a cluster"},
    {"CROSSSLOT", NULL, WEIR_E_UNSUPPORTED, OUTAGE, "this Redis is part of a cluster"},
    {"ERR", "max number of clients", WEIR_E_UNAVAILABLE, DROP | OUTAGE,
     "Redis has as many clients as its maxclients allows"},
    {"ERR", "invalid password", WEIR_E_AUTH, DROP | OUTAGE, "Redis refused the password"},
    {"ERR", "without any password configured", WEIR_E_AUTH, DROP | OUTAGE,
     "the URL has a password and this Redis has none"},
    {"ERR", "Client sent AUTH, but no password is set", WEIR_E_AUTH, DROP | OUTAGE,
     "the URL has a password and this Redis has none"},
    {"ERR", "wrong number of arguments for 'auth'", WEIR_E_AUTH, DROP | OUTAGE,
     "this Redis knows no users, only a password"},
    {"ERR", "DB index is out of range", WEIR_E_URL, DROP | OUTAGE,
     "this Redis has no database of that number"},
    {"ERR", "unknown command", WEIR_E_UNSUPPORTED, WEIR__REDIS_ECHOES,
     "this Redis does not know or not allow a command that weir needs"},
    {"ERR", "Protocol error", WEIR_E_INTERNAL, DROP, NULL},
    {"", NULL, WEIR_E_INTERNAL, 0, NULL},
};

static bool
starts_with(const char *text, size_t len, const char *word)
{
    size_t n = strlen(word);

    return len >= n && memcmp(text, word, n) == 0 && (len == n || text[n] == ' ' || n == 0);
}

static bool
fits(const struct weir__redis_meaning *m, const char *text, size_t len)
{
    return starts_with(text, len, m->word) &&
           (m->part == NULL || memmem(text, len, m->part, strlen(m->part)) != NULL);
}

/* "ERR Error running script (call to f_...): @user_script:1: @user_script: 1: -OOM command not ..." */
static void
unwrap(const char **text, size_t *len)
{
    static const char script[] = ": -";
    static const char transaction[] =
        "because of: "; /* "EXECABORT Transaction discarded because of: OOM ..." */
    const char *at = NULL;

    if (starts_with(*text, *len, "ERR") && memmem(*text, *len, "@user_script", 12) != NULL) {
        at = memmem(*text, *len, script, sizeof script - 1);
        at = at != NULL ? at + sizeof script - 1 : NULL;
    } else if (starts_with(*text, *len, "EXECABORT")) {
        at = memmem(*text, *len, transaction, sizeof transaction - 1);
        at = at != NULL ? at + sizeof transaction - 1 : NULL;
    }
    if (at != NULL) {
        *len -= (size_t)(at - *text);
        *text = at;
    }
}

const struct weir__redis_meaning *
weir__redis_meaning(const char *text, size_t len)
{
    const struct weir__redis_meaning *m = meanings;

    unwrap(&text, &len);
    while (!fits(m, text, len)) {
        m++;
    }
    return m;
}

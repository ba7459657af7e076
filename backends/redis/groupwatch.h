/* SPDX-License-Identifier: MIT */
/*
 * The groups of one queue that wait() looks after (see watch.h). Their names are a set of asynq's, which changes when a
 * group begins or ends; who joins a group that is named already changes nothing but its own key, so that each of them is
 * armed. Everything with the listener's lock.
 */
#ifndef WEIR_REDIS_GROUPWATCH_H
#define WEIR_REDIS_GROUPWATCH_H

#include "link.h"

/* Keys of one EXISTS. */
#define WEIR__REDIS_GROUP_CHUNK 100

struct weir__redis_group {
    bool armed;
    size_t len;
    char key[]; /* the whole key */
};

struct weir__redis_groupwatch {
    struct weir__redis_group **items; /* sorted */
    size_t count;
    size_t unarmed; /* how many of them */
};

void weir__redis_groupwatch_release(struct weir__redis_groupwatch *gw);

/* These names are all groups there are; head is what their keys begin with. New ones are not armed. Errors:
 * WEIR_E_NOMEM, with all as it was. */
int weir__redis_groupwatch_named(struct weir__redis_groupwatch *gw, const char *head,
                                 const redisReply *names);

/* Arms some that are not armed, and gives their keys. Returns how many. */
size_t weir__redis_groupwatch_arm(struct weir__redis_groupwatch *gw,
                                  const char *keys[WEIR__REDIS_GROUP_CHUNK],
                                  size_t lens[WEIR__REDIS_GROUP_CHUNK]);

/* A key changed. True if it was one of these. */
bool weir__redis_groupwatch_changed(struct weir__redis_groupwatch *gw, const char *key, size_t len);

void weir__redis_groupwatch_disarm(struct weir__redis_groupwatch *gw);

#endif

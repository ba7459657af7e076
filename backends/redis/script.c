/* SPDX-License-Identifier: MIT */
/*
 * Which keys each script declares, in the order of its KEYS. Everything that it builds besides begins with the
 * first of them, the queue's prefix.
 */
#include <config.h>

#include "script.h"

#define K(name) WEIR__KEY_##name
#define MAX_KEYS 18

static const enum weir__key keys[WEIR__SCRIPT_COUNT][MAX_KEYS] = {
    [WEIR__SCRIPT_AMEND] = {K(PREFIX), K(SCHEDULED), K(RETRY), K(NONE)},
    [WEIR__SCRIPT_BEAT] = {K(NONE)},
    [WEIR__SCRIPT_CANCEL] = {K(LEASE), K(CANCEL), K(NONE)},
    [WEIR__SCRIPT_COMMIT] = {K(PREFIX), K(LANE), K(PENDING), K(SCHEDULED), K(GROUPS), K(SETS),
                             K(NONE)},
    [WEIR__SCRIPT_ENQUEUE] = {K(PREFIX), K(LANE), K(PENDING), K(SCHEDULED), K(GROUPS), K(NONE)},
    [WEIR__SCRIPT_EXPIRE] = {K(PREFIX), K(COMPLETED), K(ARCHIVED), K(NONE)},
    [WEIR__SCRIPT_EXTEND] = {K(LEASE), K(CANCEL), K(NONE)},
    [WEIR__SCRIPT_FINISH] = {K(PREFIX), K(LANE), K(PENDING), K(ACTIVE), K(LEASE), K(RETRY),
                             K(ARCHIVED), K(COMPLETED), K(PROCESSED), K(FAILED), K(PROCESSED_DAY),
                             K(FAILED_DAY), K(CANCEL), K(NONE)},
    [WEIR__SCRIPT_FORWARD] = {K(PREFIX), K(SCHEDULED), K(RETRY), K(PENDING), K(GROUPS), K(NONE)},
    [WEIR__SCRIPT_LEAD] = {K(NONE)},
    [WEIR__SCRIPT_LOOK] = {K(PREFIX), K(SCHEDULED), K(RETRY), K(ARCHIVED), K(COMPLETED), K(LEASE),
                           K(SETS), K(NONE)},
    [WEIR__SCRIPT_MEND] = {K(PREFIX), K(PENDING), K(ACTIVE), K(LEASE), K(SCHEDULED), K(RETRY),
                           K(ARCHIVED), K(COMPLETED), K(GROUPS), K(SETS), K(NONE)},
    [WEIR__SCRIPT_QUARANTINE] = {K(PREFIX), K(ACTIVE), K(LEASE), K(QUARANTINE), K(NONE)},
    [WEIR__SCRIPT_RECLAIM] = {K(PREFIX), K(GROUPS), K(SETS), K(NONE)},
    [WEIR__SCRIPT_RECOVER] = {K(PREFIX), K(LANE), K(ACTIVE), K(LEASE), K(CANCEL), K(NONE)},
    [WEIR__SCRIPT_REMOVE] = {K(PREFIX), K(PENDING), K(ACTIVE), K(LEASE), K(SCHEDULED), K(RETRY),
                             K(ARCHIVED), K(COMPLETED), K(GROUPS), K(SETS), K(PAUSED), K(PROCESSED),
                             K(FAILED), K(CANCEL), K(QUARANTINE), K(TICK), K(NONE)},
    [WEIR__SCRIPT_SCHEDULE] = {K(NONE)},
    [WEIR__SCRIPT_SHOW] = {K(PREFIX), K(LEASE), K(NONE)},
    [WEIR__SCRIPT_STAGE] = {K(PREFIX), K(LANE), K(GROUPS), K(SETS), K(NONE)},
    [WEIR__SCRIPT_STAT] = {K(PREFIX), K(PENDING), K(ACTIVE), K(SCHEDULED), K(RETRY), K(ARCHIVED),
                           K(COMPLETED), K(PAUSED), K(GROUPS), K(PROCESSED), K(FAILED),
                           K(PROCESSED_DAY), K(FAILED_DAY), K(SETS), K(NONE)},
    [WEIR__SCRIPT_STEER] = {K(PREFIX), K(PENDING), K(SCHEDULED), K(RETRY), K(ARCHIVED),
                            K(COMPLETED), K(GROUPS), K(NONE)},
    [WEIR__SCRIPT_TAKE] = {K(PREFIX), K(LANE), K(PENDING), K(ACTIVE), K(LEASE), K(PAUSED), K(NONE)},
    [WEIR__SCRIPT_TICK] = {K(PREFIX), K(LANE), K(PENDING), K(SCHEDULED), K(GROUPS), K(TICK),
                           K(NONE)},
};

const enum weir__key *
weir__script_keys(enum weir__script script)
{
    return keys[script];
}

void
weir__digests_init(struct weir__digests *digests)
{
    for (int i = 0; i < WEIR__SCRIPT_COUNT; i++)
        weir__sha1_hex(weir__redis_lua[i].text, weir__redis_lua[i].len, digests->hex[i]);
}

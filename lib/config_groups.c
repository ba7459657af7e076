/* SPDX-License-Identifier: MIT */
/* "groups": when the tasks of groups become one, for all of them and by type. */
#include <config.h>

#include "config_groups.h"

#include <weir/config.h>

#include "prepare.h"

static weir__read_fn read_types;

#define POLICY(base)                                                                               \
    {.key = "grace",                                                                               \
     .read = weir__read_length,                                                                    \
     .offset = (base) + offsetof(weir_group_policy, grace_ms),                                     \
     .min = 1000,                                                                                  \
     .max = WEIR__PERIOD_MAX_MS},                                                                  \
        {.key = "max_delay",                                                                       \
         .read = weir__read_length,                                                                \
         .offset = (base) + offsetof(weir_group_policy, max_delay_ms),                             \
         .min = 1,                                                                                 \
         .max = WEIR__PERIOD_MAX_MS},                                                              \
    {                                                                                              \
        .key = "max_size", .read = weir__read_count,                                               \
        .offset = (base) + offsetof(weir_group_policy, max_size), .min = 1,                        \
        .max = WEIR_GROUP_SET_MAX                                                                  \
    }

static const struct weir__setting settings[] = {
    POLICY(offsetof(weir_server_options, group)),
    {.key = "timeout",
     .read = weir__read_length,
     .offset = offsetof(weir_server_options, group_timeout_ms),
     .min = 1000,
     .max = WEIR__PERIOD_MAX_MS},
    {.key = "types", .read = read_types},
    {0},
};

static const struct weir__setting type_settings[] = {
    POLICY(offsetof(weir_type_group, policy)),
    {0},
};

static int
read_types(struct weir__reader *reader, const struct weir__value *value,
           const struct weir__setting *setting, void *target)
{
    weir_server_options *server = target;
    struct weir__value member;
    struct weir__walk walk;
    weir_type_group *groups;
    int rc = 0;

    (void)setting;
    if (!json_is_object(value->json))
        return weir__wrong_type(reader, value, "an object of patterns and policies");
    groups = weir__array_for(reader, value, sizeof *groups);
    if (!groups)
        return WEIR_E_NOMEM;
    walk = weir__walk_begin(value);
    while (rc == 0 && weir__walk_next(reader, &walk, &member)) {
        weir_type_group *group = &groups[server->type_group_count++];

        rc = weir__keep_pattern(reader, &member, &group->pattern);
        if (rc == 0)
            rc = weir__read_table(reader, &member, type_settings, group);
    }
    server->type_groups = groups;
    return rc;
}

int
weir__read_groups(struct weir__reader *reader, const struct weir__value *value,
                  const struct weir__setting *setting, void *target)
{
    (void)setting;
    return weir__read_table(reader, value, settings, &((weir_config *)target)->server);
}

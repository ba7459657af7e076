/* SPDX-License-Identifier: MIT */
/* The place of a setting in its file, found by walking tree and text side by side. */
#include <config.h>

#include "config_owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
step_into(const struct weir__reader *reader, struct weir__value *value, const char *key)
{
    struct weir__walk walk = weir__walk_begin(value);
    struct weir__value child;
    char index[24];

    for (size_t i = 0; weir__walk_next(reader, &walk, &child); i++) {
        snprintf(index, sizeof index, "%zu", i);
        if (strcmp(json_is_array(value->json) ? index : child.key, key) == 0) {
            *value = child;
            return true;
        }
    }
    return false;
}

char *
weir_config_where(const weir_config *config, const char *const *path, char *buf, size_t size)
{
    const struct weir__config_owner *owner = (const struct weir__config_owner *)config;
    struct weir__value value = {.key = ""};
    size_t depth = 0;
    size_t line;
    size_t column;

    if (!config || !path)
        return NULL;
    value.json = owner->json;
    while (path[depth] && step_into(&owner->reader, &value, path[depth]))
        depth++;
    if (depth == 0)
        return NULL;
    weir__jsonpos_place(&owner->reader.pos, owner->reader.pos.nodes[value.node].value, &line,
                        &column);
    snprintf(buf, size, "%s:%zu:%zu", owner->reader.name, line, column);
    return buf;
}

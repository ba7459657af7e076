/* SPDX-License-Identifier: MIT */
/* What stands behind a weir_config: what was read, and the text with its tree, for the places of settings. */
#ifndef WEIR_LIB_CONFIG_OWNER_H
#define WEIR_LIB_CONFIG_OWNER_H

#include "config_read.h"

#include <weir/config.h>

struct weir__config_owner {
    weir_config config; /* first: it is what users hold */
    struct weir__arena arena;
    json_t *json;
    struct weir__reader reader; /* its name and text are in the arena */
};

/* weir_config_parse(), with the folder that relative paths begin in; NULL: leave them as they are. */
int weir__config_read(weir_config **config, const char *text, size_t len, const char *name,
                      const char *folder, weir_error *err);

#endif

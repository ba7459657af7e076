/* SPDX-License-Identifier: MIT */
/* The configuration's "groups". */
#ifndef WEIR_LIB_CONFIG_GROUPS_H
#define WEIR_LIB_CONFIG_GROUPS_H

#include "config_read.h"

/* Reads "groups" into the server's options; the target is a weir_config. */
weir__read_fn weir__read_groups;

#endif

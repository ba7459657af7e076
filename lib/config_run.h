/* SPDX-License-Identifier: MIT */
/* The settings that say what is loaded and what runs tasks: backends, modules and handlers. */
#ifndef WEIR_LIB_CONFIG_RUN_H
#define WEIR_LIB_CONFIG_RUN_H

#include "config_read.h"

/* They read into a weir_config. */
weir__read_fn weir__read_backends;
weir__read_fn weir__read_modules;
weir__read_fn weir__read_handlers;

#endif

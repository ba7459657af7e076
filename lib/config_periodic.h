/* SPDX-License-Identifier: MIT */
/* "periodic": tasks to enqueue at their times. */
#ifndef WEIR_LIB_CONFIG_PERIODIC_H
#define WEIR_LIB_CONFIG_PERIODIC_H

#include "config_read.h"

/* Reads into a weir_config. */
weir__read_fn weir__read_periodic;

#endif

/* SPDX-License-Identifier: MIT */
/* What the text form of queues (weir_queues_parse(), <weir/config.h>) and the JSON form share. */
#ifndef WEIR_LIB_QUEUES_H
#define WEIR_LIB_QUEUES_H

#include <weir/config.h>

/* The greatest weight; a sum of them stays far from overflowing. */
#define WEIR__WEIGHT_MAX 1000000

#endif

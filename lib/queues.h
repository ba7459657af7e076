/* SPDX-License-Identifier: MIT */
/* What the text form of queues (weir_queues_parse(), <weir/config.h>) and the JSON form share. */
#ifndef WEIR_LIB_QUEUES_H
#define WEIR_LIB_QUEUES_H

#include <weir/config.h>

/* The greatest weight; a sum of them stays far from overflowing. */
#define WEIR__WEIGHT_MAX 1000000
/* For a queue's name and WEIR__WEIGHT_MAX; what was given follows. */
#define WEIR__WEIGHT_RULE "queue \"%s\": weight must be a number from 1 to %d, not "

#endif

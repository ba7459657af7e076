/* SPDX-License-Identifier: MIT */
/*
 * The Redis backend's table, for the list of built-in backends. What the files behind it share is in backend.h.
 */
#ifndef WEIR_BACKENDS_REDIS_H
#define WEIR_BACKENDS_REDIS_H

#include <weir/broker.h>

extern const weir_backend weir__redis_backend;

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A backend that does as little as can be, "null:": it counts what is enqueued and gives as many tasks out again, all of
 * them the same. What a cycle on it costs is the cost of everything above a backend.
 */
#ifndef NULL_BACKEND_H
#define NULL_BACKEND_H

#include <weir/broker.h>

extern const weir_backend null_backend;

#endif

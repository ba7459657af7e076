/* SPDX-License-Identifier: MIT */
/*
 * What is behind a weir_broker. Only open.c, which makes and ends one, and the calls (calls*.c) look
 * inside; all others use calls.h.
 */
#ifndef WEIR_LIB_BROKER_H
#define WEIR_LIB_BROKER_H

#include "gather.h"
#include "lanes.h"

#include <stdatomic.h>
#include <weir/broker.h>
#include <weir/open.h>

struct weir_broker {
    const weir_backend *backend;
    void *self; /* the backend's instance */
    const weir_clock *clock;
    weir_logger *logger;   /* may be NULL */
    unsigned capabilities; /* WEIR_CAP_, fixed for the instance's life */
    char *url;             /* redacted */
    atomic_uint refs;
    struct weir__lanes lanes;
    struct weir__gather gather;
};

/* WEIR_E_UNSUPPORTED, naming what was wanted, unless the broker has the capability. */
int weir__require(const weir_broker *broker, unsigned capability, const char *what,
                  weir_error *err);

/* WEIR_E_INVALID when the list or one of its names is missing. */
int weir__check_queues(const char *const *queues, size_t count, weir_error *err);

/* How many of `left` items go into the next call. */
static inline size_t
weir__batch(size_t left)
{
    return left < WEIR_BATCH_MAX ? left : WEIR_BATCH_MAX;
}

#endif

/* SPDX-License-Identifier: MIT */
/* A periodic task, checked and copied. It never changes; who keeps it has a reference. */
#ifndef WEIR_LIB_PERIODIC_H
#define WEIR_LIB_PERIODIC_H

#include "arena.h"
#include "md5.h"

#include <stdatomic.h>
#include <weir/cron.h>
#include <weir/periodic.h>

struct weir__periodic {
    atomic_uint refs;
    struct weir__arena arena; /* all that it points to */
    char id[WEIR_ID_SIZE];
    char digest[WEIR__MD5_TEXT_SIZE]; /* of spec and task */
    const char *spec;
    weir_cron *cron;
    weir_task task;
    weir_missed missed;
    weir_task_info shown; /* type, payload and queue */
    const char *const *options;
    size_t option_count;
};

/* Errors as weir_periodic_id(). With one reference, given back with weir__periodic_unref(). */
int weir__periodic_new(struct weir__periodic **made, const weir_periodic *periodic,
                       weir_error *err);
struct weir__periodic *weir__periodic_ref(struct weir__periodic *periodic);
void weir__periodic_unref(struct weir__periodic *periodic); /* NULL is allowed */

/* True when both are the same in every respect. */
bool weir__periodic_same(const struct weir__periodic *a, const struct weir__periodic *b);

#endif

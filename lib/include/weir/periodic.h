/* SPDX-License-Identifier: MIT */
/*
 * Periodic tasks: tasks that a server enqueues at the times of a cron spec. doc/periodic.md tells
 * what is promised. Every replica of a server may have the same entries: each tick is enqueued once.
 */
#ifndef WEIR_PERIODIC_H
#define WEIR_PERIODIC_H

#include <weir/api.h>
#include <weir/error.h>
#include <weir/task.h>

WEIR_BEGIN_DECLS

/* What happens to ticks that came while no server ran. */
typedef enum weir_missed {
    WEIR_MISSED_SKIP = 0, /* nothing */
    WEIR_MISSED_ONCE,     /* the latest one is made up for */
    WEIR_MISSED_ALL       /* each one, the latest WEIR_MISSED_MAX at most */
} weir_missed;

#define WEIR_MISSED_MAX 1000
#define WEIR_PERIODIC_ID_MAX 200 /* bytes */

/* An entry; zero means the default. Everything is copied. Since 0.1. */
typedef struct weir_periodic {
    const char *id;     /* NULL: made of the definition, see weir_periodic_id() */
    const char *spec;   /* <weir/cron.h>; required */
    weir_task task;     /* id and process_at_ms must not be set: each tick has its own */
    weir_missed missed; /* WEIR_MISSED_ */
    uint64_t reserved[4];
} weir_periodic;

/*
 * Writes an entry's id: its own, or a UUID that is a hash of spec and task, so that the same entry has the
 * same id in every process, and one that was changed has another. The id of a tick's task is
 * "ID@SECONDS", the tick's time in seconds since 1970.
 * Errors: WEIR_E_INVALID (the entry is wrong; says where), WEIR_E_TOO_BIG, WEIR_E_CORRUPT and WEIR_E_IO
 * (a time zone's file), WEIR_E_NOMEM. Any thread. Since 0.1.
 */
WEIR_API int weir_periodic_id(const weir_periodic *periodic, char id[WEIR_ID_SIZE],
                              weir_error *err);

WEIR_END_DECLS

#endif

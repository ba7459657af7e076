/* SPDX-License-Identifier: MIT */
/*
 * From what an application asks for (weir_task) to what a broker gets: every option checked, every default put
 * in, id, state and unique key made.
 */
#ifndef WEIR_LIB_PREPARE_H
#define WEIR_LIB_PREPARE_H

#include "arena.h"
#include "id.h"

#include <weir/broker.h>

/* The latest point in time, the end of the year 9999, and the greatest length of time, 100 years. */
#define WEIR__AT_MAX_MS INT64_C(253402300799999)
#define WEIR__LENGTH_MAX_MS INT64_C(3155760000000)

/* The greatest length of time by which a server does its own work: a year. */
#define WEIR__PERIOD_MAX_MS INT64_C(31536000000)

/* A complete task. Points into the weir_task, into itself and into the arena: do not move it. */
struct weir__prepared {
    weir_task_info info;
    int64_t unique_ttl_ms; /* 0: not unique */
    char id[WEIR__ID_SIZE];
};

/*
 * Completes a task. A text of an error begins with the name of the option. The unique key is
 * "unique:TYPE:" and the MD5 of the payload in hexadecimal digits, or nothing after the last colon where
 * there is no payload: asynq's name of the lock without its prefix "asynq:{QUEUE}:", which is for the Redis
 * backend to put before it; a lock belongs to a queue in any case. A lock on a task that waits for its
 * time lasts unique_ms from that time.
 * Errors: WEIR_E_INVALID, WEIR_E_TOO_BIG, WEIR_E_NOMEM. Any thread.
 */
int weir__prepare(struct weir__prepared *prepared, const weir_task *task, const weir_clock *clock,
                  int64_t now_ms, struct weir__arena *arena, weir_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/* Ends and starts of attempts as steps of a trip. */
#ifndef WEIR_REDIS_FINISH_H
#define WEIR_REDIS_FINISH_H

#include "group.h"

/* Groups the finishes and adds a step for each queue. Those that are refused here, because they never started, are
 * left out. Returns 0 or WEIR_E_NOMEM. */
int weir__finish_add(struct weir__groups *groups, struct weir__trip *trip,
                     const weir_request_id *request, int64_t now_ms, weir_finish *finishes,
                     size_t count);

/* Adds starts to the steps that finish tasks of their queue, or as steps of their own. Returns 0 or WEIR_E_NOMEM. */
int weir__start_add(struct weir__groups *groups, const struct weir__groups *finishes,
                    struct weir__trip *trip, const weir_request_id *request, int64_t now_ms,
                    const weir_start *starts, size_t count);

/* Sets the outcomes once the trip was run. */
void weir__finish_results(struct weir__redis_backend *b, const struct weir__groups *groups,
                          weir_finish *finishes, size_t count);
void weir__start_results(const struct weir__groups *groups, weir_start *starts);

/* A step of finish.lua without tasks yet; request NULL: without memory. NULL when memory ran out. */
struct weir__step *weir__finish_step(struct weir__trip *trip, struct weir__queue *queue,
                                     const weir_request_id *request, const char *part,
                                     int64_t now_ms);
/* What precedes the tasks of a run. */
void weir__finish_run(struct weir__step *step, uint64_t token, const char *kind, size_t count);

#endif

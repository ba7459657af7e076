/* SPDX-License-Identifier: MIT */
/* Ends of attempts as steps of a trip. */
#ifndef WEIR_REDIS_FINISH_H
#define WEIR_REDIS_FINISH_H

#include "group.h"

/* Groups the finishes and adds a step for each queue. Those that are refused here, because they never started, are
 * left out. Returns 0 or WEIR_E_NOMEM. */
int weir__finish_add(struct weir__groups *groups, struct weir__trip *trip,
                     const weir_request_id *request, int64_t now_ms, weir_finish *finishes,
                     size_t count);

/* Sets the outcomes once the trip was run. */
void weir__finish_results(struct weir__redis_backend *b, const struct weir__groups *groups,
                          weir_finish *finishes, size_t count);

#endif

/* SPDX-License-Identifier: MIT */
/* What the pool needs of a mux beyond <weir/handler.h>. */
#ifndef WEIR_WORKER_MUX_H
#define WEIR_WORKER_MUX_H

#include <stdbool.h>
#include <weir/group.h>
#include <weir/handler.h>

/* Runs the middleware and the handler of the task's type. Any thread. */
weir_outcome weir__mux_run(const weir_mux *mux, weir_context *ctx, const weir_task_info *task);

/* Whether there is any aggregator. */
bool weir__mux_aggregates(const weir_mux *mux);

/* Finds the aggregator for groups whose oldest task has this type; false: there is none. */
bool weir__mux_aggregate_of(const weir_mux *mux, const char *type, weir_aggregate_fn *aggregate,
                            void **arg);

#endif

/* SPDX-License-Identifier: MIT */
/* What the pool needs of a mux beyond <weir/handler.h>. */
#ifndef WEIR_WORKER_MUX_H
#define WEIR_WORKER_MUX_H

#include <weir/handler.h>

/* Runs the middleware and the handler of the task's type. Any thread. */
weir_outcome weir__mux_run(const weir_mux *mux, weir_context *ctx, const weir_task_info *task);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The options of a task in the printed forms of asynq's, which its tools show and read back: Queue("low"), MaxRetry(3),
 * Timeout(30s), Deadline(Mon Jan  2 15:04:05 UTC 2006), Unique(1h0m0s), ProcessIn(1m0s), Retention(..), ArchiveFor(720h0m0s) (which asynq's leave out), Group("g"),
 * Header(["k","v"]). Each has a "(": asynq's reader does not survive a text without.
 */
#ifndef WEIR_LIB_TASKOPTS_H
#define WEIR_LIB_TASKOPTS_H

#include "arena.h"

#include <weir/task.h>

/* Lists those that are set, in the arena. 0 or WEIR_E_NOMEM. */
int weir__task_options(const weir_task *task, struct weir__arena *arena,
                       const char *const **options, size_t *count);

#endif

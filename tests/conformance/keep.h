/* SPDX-License-Identifier: MIT */
/*
 * Keeps claims and copies of tasks until the case ends, so that cases need not free them. Any thread.
 */
#ifndef CONFORMANCE_KEEP_H
#define CONFORMANCE_KEEP_H

#include "calls.h"

/* Takes the claim over and returns where it stays. */
weir_claim *keep_claim(const weir_claim *claim);
const weir_task_info *keep_task(weir_task_info *task);
void keep_free(void);

#endif

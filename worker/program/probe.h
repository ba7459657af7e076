/* SPDX-License-Identifier: MIT */
/* Could an exec handler run? Looked at before any task comes. */
#ifndef WEIR_PROGRAM_PROBE_H
#define WEIR_PROGRAM_PROBE_H

#include "exec.h"

/*
 * Finds the program of a handler as its tasks will. A shell command is parsed by the shell, and its first word looked up,
 * where that is a plain word; neither runs any of it. Errors: WEIR_E_CONFIG; WEIR_E_IO (no shell).
 */
int probe_exec(const struct exec_handler *exec, weir_error *err);

#endif

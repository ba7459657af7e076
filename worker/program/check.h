/* SPDX-License-Identifier: MIT */
/* weir-worker --check: is everything there that the settings name? */
#ifndef WEIR_PROGRAM_CHECK_H
#define WEIR_PROGRAM_CHECK_H

#include "program.h"

/*
 * Loads the modules, looks for the programs, opens the broker and makes a server of it all, without running anything; says
 * on standard error what is wrong, all of it, and prints what would be served. Returns 0, or the code of the first problem.
 */
int check_run(struct program *program);

#endif

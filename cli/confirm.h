/* SPDX-License-Identifier: MIT */
/*
 * Asks before many tasks are deleted. On a terminal the person answers; a script says --yes beforehand.
 */
#ifndef WEIR_CLI_CONFIRM_H
#define WEIR_CLI_CONFIRM_H

#include "session.h"

#include <weir/error.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * Returns 0 to go on. `question` says what is about to happen to `count` tasks, as in "delete 5 tasks". WEIR_E_INVALID:
 * nobody is there to be asked and `yes` is not set; COMMAND_FAILED: the answer was no.
 */
int confirm(struct session *session, bool yes, const char *question, size_t count, weir_error *err);

#endif

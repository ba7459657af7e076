/* SPDX-License-Identifier: MIT */
/*
 * Help texts and the search for a command by its words.
 */
#ifndef WEIR_CLI_HELP_H
#define WEIR_CLI_HELP_H

#include "command.h"

/*
 * Finds the command that words[0..count) begin with and puts the number of its words into *used. WEIR_E_INVALID
 * with a suggestion when there is none, or when only its noun is there.
 */
int help_find(const struct command **command, int *used, char *const *words, int count,
              weir_error *err);

/* Prints the help for the words: all commands, those of a noun, or one. WEIR_E_INVALID: no such command. */
int help_print(FILE *out, const struct option_set *globals, char *const *words, int count,
               weir_error *err);

/* Prints the help of one command. */
void help_command(FILE *out, const struct option_set *globals, const struct command *command);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The question goes to standard error, so that standard output stays the command's own. y, yes or the number of
 * tasks is a yes; anything else, also the end of the input, is a no.
 */
#include <config.h>

#include "confirm.h"

#include "command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool
is_yes(const char *answer, size_t count)
{
    char number[24];

    snprintf(number, sizeof number, "%zu", count);
    return strcmp(answer, "y") == 0 || strcmp(answer, "Y") == 0 || strcmp(answer, "yes") == 0 ||
           strcmp(answer, number) == 0;
}

int
confirm(struct session *session, bool yes, const char *question, size_t count, weir_error *err)
{
    char answer[64] = "";

    if (yes) {
        return 0;
    }
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        session->is_unconfirmed = true;
        return weir_error_set(err, WEIR_E_INVALID, "this would %s: confirm with --yes", question);
    }
    fprintf(stderr, "This will %s. Go on? (y or the number of tasks) ", question);
    if (fgets(answer, sizeof answer, stdin) == NULL) {
        fputc('\n', stderr);
    }
    answer[strcspn(answer, "\n")] = '\0';
    if (is_yes(answer, count)) {
        return 0;
    }
    fputs("weir: nothing was done\n", stderr);
    return COMMAND_FAILED;
}

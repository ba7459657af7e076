/* SPDX-License-Identifier: MIT */
/*
 * A command of weir: one const object in a file of its own, and one row in the list below. Words, options,
 * help and dispatch all come from it.
 */
#ifndef WEIR_CLI_COMMAND_H
#define WEIR_CLI_COMMAND_H

#include "options.h"
#include "session.h"

/* What run() returns beside 0 and the WEIR_E_ codes: it failed and has said so itself. */
#define COMMAND_FAILED 1

struct command {
    const char *noun;
    const char *verb;  /* NULL: the noun alone is the command */
    const char *alias; /* other words for the verb, with spaces between them, or NULL */
    const char *words; /* what follows the options, for the help: "QUEUE..." or "" */
    int min_words;
    int max_words; /* -1: any number */
    const char *summary;
    const char *details; /* more of the help text, or NULL */
    const struct option_row *rows;
    size_t row_count;
    size_t options_size; /* of the struct that the rows fill; it starts zero-filled */
    /*
     * Runs it: words[0..count) is what follows the options. Returns 0, COMMAND_FAILED, or a code with err filled;
     * WEIR_E_INVALID and WEIR_E_URL mean wrong usage.
     */
    int (*run)(struct session *session, void *options, char **words, int count, weir_error *err);
};

extern const struct command command_cron_history;
extern const struct command command_cron_ls;
extern const struct command command_group_ls;
extern const struct command command_queue_history;
extern const struct command command_queue_inspect;
extern const struct command command_queue_ls;
extern const struct command command_queue_pause;
extern const struct command command_queue_resume;
extern const struct command command_queue_rm;
extern const struct command command_server_ls;
extern const struct command command_stats;
extern const struct command command_task_archive;
extern const struct command command_task_archiveall;
extern const struct command command_task_cancel;
extern const struct command command_task_delete;
extern const struct command command_task_deleteall;
extern const struct command command_task_enqueue;
extern const struct command command_task_inspect;
extern const struct command command_task_ls;
extern const struct command command_task_reschedule;
extern const struct command command_task_run;
extern const struct command command_task_runall;
extern const struct command command_task_update;
extern const struct command command_version;

/* All of them, in the order of the help; NULL at the end. */
extern const struct command *const commands[];

#endif

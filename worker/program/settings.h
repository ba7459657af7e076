/* SPDX-License-Identifier: MIT */
/*
 * What weir-worker is to do, out of its options, the environment and the configuration file, in this order of
 * precedence.
 */
#ifndef WEIR_PROGRAM_SETTINGS_H
#define WEIR_PROGRAM_SETTINGS_H

#include "exec.h"
#include "where.h"

#include <weir/config.h>

#include <stdbool.h>
#include <stdio.h>

/* A list of words from the command line. */
struct words {
    const char **items;
    size_t count;
};

struct settings {
    /* from the command line */
    const char *config_path;
    const char *broker_option;
    const char *queues_text;
    bool strict;
    int concurrency;
    struct words modules_given;
    struct words execs_given;
    int64_t shutdown_timeout_ms; /* -1: not given */
    int64_t lease_ms;
    weir_log_level log_level;
    weir_log_format log_format;
    bool log_format_given;
    bool keep_when_stuck;
    bool check;
    bool version;
    bool help;

    /* made of all sources by settings_load() */
    weir_config *config; /* or NULL */
    struct where broker;
    weir_queue_weight *queues;
    weir_server_options server;
    weir_config_module *modules;
    size_t module_count;
    struct exec_handler *execs; /* the command line's first */
    size_t exec_count;
};

/* Parses the command line. settings ends with settings_release(), also on failure. WEIR_E_INVALID: wrong usage. */
int settings_parse(struct settings *settings, int argc, char **argv, weir_error *err);

/* Reads the configuration file and puts everything together. WEIR_E_INVALID: wrong usage. */
int settings_load(struct settings *settings, weir_error *err);

/*
 * Passes the error of a module or an exec handler on, with its place in the configuration file in front of the text
 * ("FILE:LINE:COLUMN: ") unless it is the command line's; exec handlers are named. Returns the code; a mistake in the file is WEIR_E_CONFIG.
 */
int settings_blame_module(const struct settings *settings, size_t i, const weir_error *why,
                          weir_error *err);
int settings_blame_exec(const struct settings *settings, size_t i, const weir_error *why,
                        weir_error *err);

/* The same for an error that begins with "option KEY: ", which becomes "FILE:LINE:COLUMN: KEY: ",
 * or "option --KEY: " where the command line gave it. */
int settings_blame_option(const struct settings *settings, const weir_error *why, weir_error *err);

void settings_release(struct settings *settings);

/* Prints the help text. */
void settings_help(FILE *out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The configuration file: one JSON object (weir.json(5)). Programs that embed a server may use it
 * as weir-worker does.
 */
#ifndef WEIR_CONFIG_H
#define WEIR_CONFIG_H

#include <weir/api.h>
#include <weir/log.h>
#include <weir/server.h>

WEIR_BEGIN_DECLS

/* A module to load: "modules": ["FILE.so", {"path": "FILE.so", "options": {...}}] */
typedef struct weir_config_module {
    const char *path;
    const char *options; /* JSON text, or NULL */
} weir_config_module;

/* A command that runs tasks: "handlers": {"PATTERN": {"exec": "COMMAND"}} (run by /bin/sh), or
 * {"exec": ["PROGRAM", "ARG", ...]} (run directly). */
typedef struct weir_config_exec {
    const char *pattern;
    const char *command;     /* shell command, or NULL */
    const char *const *argv; /* NULL-terminated, or NULL */
} weir_config_exec;

/*
 * A configuration; made by the library, read by the caller. Absent settings are zero or NULL. Since
 * 0.1.
 */
typedef struct weir_config {
    const char *broker;          /* "broker" */
    const char *const *backends; /* "backends": ["FILE.so"], see weir_backend_load() */
    size_t backend_count;
    weir_server_options server; /* queues, concurrency, timeouts, retry ...; no functions */
    weir_log_level log_level;
    weir_log_format log_format;
    const weir_config_module *modules;
    size_t module_count;
    const weir_config_exec *execs;
    size_t exec_count;
    const char *folder; /* of the file; NULL: read from text */
} weir_config;

/*
 * Reads a configuration file into *config, which ends with weir_config_free(). Unknown keys, wrong
 * types, duplicate keys and values out of range are errors that name the file, line and column.
 * Relative paths of modules, of backends and of programs without a shell (where they have a slash)
 * begin in the file's folder, and that folder stands before them in what is read. The broker's URL is left
 * as it is; the programs see to it that a relative path in it begins there, too. Errors: WEIR_E_CONFIG, WEIR_E_IO (the file cannot be read), WEIR_E_NOMEM. Any thread. Since 0.1.
 */
WEIR_API int weir_config_load(weir_config **config, const char *path, weir_error *err);

/* The same from text; `name` stands in messages where the file's name would, and relative paths stay
 * as they are. Since 0.1. */
WEIR_API int weir_config_parse(weir_config **config, const char *text, size_t len, const char *name,
                               weir_error *err);

/*
 * Writes the place of a setting, "FILE:LINE:COLUMN", into buf and returns buf: path is a list of keys, and of
 * indexes in arrays, that ends with NULL ({"modules", "0", "path", NULL}). Where not all of them are there, it is the
 * place of the innermost that is; NULL when the first is not. For messages about what only turns out to
 * be wrong when it is used. Any thread. Since 0.1.
 */
WEIR_API char *weir_config_where(const weir_config *config, const char *const *path, char *buf,
                                 size_t size);

/* Frees a configuration. NULL is allowed. Since 0.1. */
WEIR_API void weir_config_free(weir_config *config);

/*
 * Parses "critical=6,default=3,low" (weight 1 where none is given) into an array of *count queues
 * in one block, to be freed with free(). Errors: WEIR_E_INVALID, WEIR_E_NOMEM. Any thread. Since
 * 0.1.
 */
WEIR_API int weir_queues_parse(weir_queue_weight **queues, size_t *count, const char *text,
                               weir_error *err);

/*
 * Parses a length of time ("1h30m", "500ms", "1.5s", "2d", "0") into milliseconds; a part of one
 * counts as a whole one. Errors: WEIR_E_INVALID; *ms is then untouched. Any thread. Since 0.1.
 */
WEIR_API int weir_duration_parse(int64_t *ms, const char *text, weir_error *err);

/*
 * Parses a point in time, RFC 3339 or unix seconds ("1700000000.5"), into ms since 1970; a part of
 * one counts as a whole one. Errors: WEIR_E_INVALID; *at_ms is then untouched. Any thread. Since
 * 0.1.
 */
WEIR_API int weir_time_parse(int64_t *at_ms, const char *text, weir_error *err);

/*
 * Writes a point in time as RFC 3339 in UTC with milliseconds into buf and returns buf. Since 0.1.
 */
WEIR_API char *weir_time_format(char *buf, size_t size, int64_t at_ms);

WEIR_END_DECLS

#endif

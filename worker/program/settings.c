/* SPDX-License-Identifier: MIT */
/*
 * The options are a table. What is given on the command line is laid over the configuration's server options,
 * which are the base; modules and exec handlers of both are served, and a pattern on the command line replaces
 * the same pattern of the file.
 */
#include <config.h>

#include "settings.h"

#include "options.h"

#include <stdlib.h>
#include <string.h>

static int
add_word(struct words *words, const char *word)
{
    const char **more = realloc(words->items, (words->count + 1) * sizeof *more);

    if (more == NULL) {
        return WEIR_E_NOMEM;
    }
    words->items = more;
    words->items[words->count++] = word;
    return 0;
}

static int
set_module(void *into, const char *value, weir_error *err)
{
    struct settings *settings = into;

    if (value[0] == '\0') {
        return weir_error_set(err, WEIR_E_INVALID, "the file's name is empty");
    }
    return add_word(&settings->modules_given, value);
}

static int
set_exec(void *into, const char *value, weir_error *err)
{
    struct settings *settings = into;
    const char *equals = strchr(value, '=');

    if (equals == NULL || equals == value || equals[1 + strspn(equals + 1, " \t")] == '\0') {
        return weir_error_set(err, WEIR_E_INVALID, "\"%.100s\" is not of the form PATTERN=COMMAND",
                              value);
    }
    return add_word(&settings->execs_given, value);
}

static int
set_log_level(void *into, const char *value, weir_error *err)
{
    return weir_log_level_parse(&((struct settings *)into)->log_level, value, err);
}

static int
set_log_format(void *into, const char *value, weir_error *err)
{
    struct settings *settings = into;

    settings->log_format_given = true;
    return weir_log_format_parse(&settings->log_format, value, err);
}

#define FIELD(name) offsetof(struct settings, name)

static const struct option_row rows[] = {
    {"config", 'c', OPTION_TEXT, FIELD(config_path), "FILE",
     "configuration file, see weir.json(5); else WEIR_CONFIG", NULL},
    {"broker", 'b', OPTION_TEXT, FIELD(broker_option), "URL",
     "where the queues are; else WEIR_BROKER, the configuration file,\n"
     "or a SQLite file in your data folder",
     NULL},
    {"backend", 0, OPTION_CALL, 0, "FILE.so",
     "load a kind of broker from a shared object; repeatable", where_load_backend},
    {"queues", 'q', OPTION_TEXT, FIELD(queues_text), "LIST",
     "queues and their weights: critical=6,default=3,low=1", NULL},
    {"strict", 0, OPTION_FLAG, FIELD(strict), NULL,
     "always take from the heaviest queue that has tasks", NULL},
    {"concurrency", 'n', OPTION_COUNT, FIELD(concurrency), "N",
     "tasks at once (default: number of CPUs)", NULL},
    {"module", 'm', OPTION_CALL, 0, "FILE.so", "load handlers from a shared object; repeatable",
     set_module},
    {"exec", 'x', OPTION_CALL, 0, "PATTERN=COMMAND",
     "run a shell command for tasks of that type; repeatable", set_exec},
    {"shutdown-timeout", 0, OPTION_DURATION, FIELD(shutdown_timeout_ms), "TIME",
     "how long a stop waits for running tasks (default: 8s)", NULL},
    {"lease", 0, OPTION_DURATION, FIELD(lease_ms), "TIME",
     "how soon the tasks of a dead worker are taken over (default: 10s)", NULL},
    {"log-level", 0, OPTION_CALL, 0, "LEVEL", "debug, info, warn, error or off", set_log_level},
    {"log-format", 0, OPTION_CALL, 0, "FORMAT", "text or json", set_log_format},
    {"keep-when-stuck", 0, OPTION_FLAG, FIELD(keep_when_stuck), NULL,
     "go on when every slot hangs past its deadline (default: exit)", NULL},
    {"check", 0, OPTION_FLAG, FIELD(check), NULL,
     "load modules, look for commands, open the broker, print what\nwould be served and all that is wrong, exit",
     NULL},
    {"version", 'V', OPTION_FLAG, FIELD(version), NULL, "print the version and exit", NULL},
    {"help", 'h', OPTION_FLAG, FIELD(help), NULL, "print this and exit", NULL},
};

#define ROWS (sizeof rows / sizeof rows[0])

void
settings_help(FILE *out)
{
    fputs(
        "usage: weir-worker [OPTION]...\n\n"
        "Takes tasks off queues and runs them: with the handlers of modules, or with commands.\n\n",
        out);
    options_print(out, rows, ROWS);
    fputs("\nA command gets the payload on standard input and WEIR_TASK_* in its environment;\n"
          "exit status 0 is success, 65 failure for good, anything else is tried again.\n"
          "SIGTERM and SIGINT stop gracefully, SIGTSTP stops taking tasks, SIGHUP reads the\n"
          "configuration file again. See weir-worker(1).\n",
          out);
}

int
settings_parse(struct settings *settings, int argc, char **argv, weir_error *err)
{
    struct option_set set = {rows, ROWS, settings};
    int first;

    memset(settings, 0, sizeof *settings);
    settings->shutdown_timeout_ms = -1;
    int rc = options_parse(&set, 1, argc, argv, false, &first, err);
    if (rc != 0 || first == argc) {
        return rc;
    }
    return weir_error_set(err, WEIR_E_INVALID, "unexpected argument \"%s\"", argv[first]);
}

static int
lay_over(struct settings *settings, weir_error *err)
{
    weir_server_options *server = &settings->server;

    if (settings->config != NULL) {
        *server = settings->config->server;
        if (settings->log_level == WEIR_LOG_DEFAULT) {
            settings->log_level = settings->config->log_level;
        }
        if (!settings->log_format_given) {
            settings->log_format = settings->config->log_format;
        }
    }
    server->strict_priority = server->strict_priority || settings->strict;
    if (settings->keep_when_stuck) {
        server->exit_when_stuck = -1;
    } else if (server->exit_when_stuck == 0) {
        server->exit_when_stuck = 1;
    }
    if (settings->concurrency > 0) {
        server->concurrency = settings->concurrency;
    }
    if (settings->lease_ms > 0) {
        server->lease_ms = settings->lease_ms;
        server->heartbeat_ms = 0;
    }
    if (settings->shutdown_timeout_ms >= 0) {
        int64_t ms = settings->shutdown_timeout_ms;
        server->shutdown_timeout_ms = ms == 0 ? -1 : ms;
    }
    if (settings->queues_text == NULL) {
        return 0;
    }
    weir_error why = {0};
    int rc =
        weir_queues_parse(&settings->queues, &server->queue_count, settings->queues_text, &why);
    if (rc != 0) {
        return weir_error_set(err, rc, "option --queues: %s", why.text);
    }
    server->queues = settings->queues;
    return rc;
}

static int
list_modules(struct settings *settings, weir_error *err)
{
    const weir_config *config = settings->config;
    size_t configured = config != NULL ? config->module_count : 0;
    size_t max = configured + settings->modules_given.count;

    settings->modules = calloc(max + 1, sizeof *settings->modules);
    if (settings->modules == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    for (size_t i = 0; i < configured; i++) {
        settings->modules[settings->module_count++] = config->modules[i];
    }
    for (size_t i = 0; i < settings->modules_given.count; i++) {
        settings->modules[settings->module_count++].path = settings->modules_given.items[i];
    }
    return 0;
}

static bool
has_pattern(const struct settings *settings, const char *pattern)
{
    for (size_t i = 0; i < settings->exec_count; i++) {
        if (strcmp(settings->execs[i].pattern, pattern) == 0) {
            return true;
        }
    }
    return false;
}

static int
split_execs(struct settings *settings, weir_error *err)
{
    for (size_t i = 0; i < settings->execs_given.count; i++) {
        const char *word = settings->execs_given.items[i];
        const char *equals = strchr(word, '=');
        char *pattern = strndup(word, (size_t)(equals - word));
        if (pattern == NULL) {
            return weir_error_set(err, WEIR_E_NOMEM, NULL);
        }
        if (has_pattern(settings, pattern)) {
            weir_error_set(err, WEIR_E_INVALID, "option --exec: pattern \"%s\" is given twice",
                           pattern);
            free(pattern);
            return WEIR_E_INVALID;
        }
        settings->execs[settings->exec_count++] =
            (struct exec_handler){.pattern = pattern, .command = equals + 1};
    }
    return 0;
}

static int
list_execs(struct settings *settings, weir_error *err)
{
    const weir_config *config = settings->config;
    size_t configured = config != NULL ? config->exec_count : 0;
    int64_t grace_ms = settings->server.cancel_grace_ms;

    settings->execs = calloc(configured + settings->execs_given.count + 1, sizeof *settings->execs);
    if (settings->execs == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    int rc = split_execs(settings, err);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < configured; i++) {
        const weir_config_exec *exec = &config->execs[i];
        if (!has_pattern(settings, exec->pattern)) {
            settings->execs[settings->exec_count++] = (struct exec_handler){
                .pattern = exec->pattern, .command = exec->command, .argv = exec->argv};
        }
    }
    for (size_t i = 0; i < settings->exec_count; i++) {
        /* Dead before the server gives up on the handler, which it does after its own grace. */
        settings->execs[i].grace_ms = grace_ms > 0 ? grace_ms / 2 : 1000;
    }
    return 0;
}

int
settings_load(struct settings *settings, weir_error *err)
{
    int rc = where_config(&settings->config, settings->config_path, err);

    if (rc == 0) {
        rc = lay_over(settings, err);
    }
    if (rc == 0) {
        rc = list_modules(settings, err);
    }
    if (rc == 0) {
        rc = list_execs(settings, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (settings->module_count + settings->exec_count == 0) {
        return weir_error_set(err, WEIR_E_INVALID,
                              "nothing to run: give --module, --exec or a configuration file with "
                              "handlers");
    }
    return where_broker(&settings->broker, settings->broker_option, settings->config, err);
}

void
settings_release(struct settings *settings)
{
    /* The command line's exec handlers come first, and only their patterns were allocated. */
    for (size_t i = 0; i < settings->exec_count && i < settings->execs_given.count; i++) {
        free((char *)settings->execs[i].pattern);
    }
    free(settings->execs);
    free(settings->modules);
    free(settings->queues);
    where_release(&settings->broker);
    free(settings->modules_given.items);
    free(settings->execs_given.items);
    weir_config_free(settings->config);
    memset(settings, 0, sizeof *settings);
}

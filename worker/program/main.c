/* SPDX-License-Identifier: MIT */
/*
 * weir-worker: puts settings, broker, modules, exec handlers and server together, and takes them apart
 * in reverse order. What is still in use by a handler that does not return is left alone: the process
 * then ends with _exit().
 */
#include <config.h>

#include "check.h"
#include "child.h"
#include "program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    EXIT_USAGE = 2,
    STOP_GRACE_MS = 1500 /* for commands that were told to end */
};

/* Descriptors 0 to 2 are open: no pipe of a child may ever be one of them. */
static void
open_standard_fds(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        close(fd);
    }
}

/* A SIGHUP that comes before the server runs is for the server. */
static void
hold_hangups(void)
{
    sigset_t hangup;

    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    sigprocmask(SIG_BLOCK, &hangup, NULL);
}

static int
open_all(struct program *program, weir_error *err)
{
    const struct settings *settings = &program->settings;

    int rc = program_begin(program, err);
    for (size_t i = 0; rc == 0 && i < settings->module_count; i++) {
        rc = program_load_module(program, i, err);
    }
    for (size_t i = 0; rc == 0 && i < settings->exec_count; i++) {
        rc = program_add_exec(program, i, err);
    }
    if (rc == 0) {
        rc = program_open_broker(program, err);
    }
    return rc == 0 ? program_new_server(program, err) : rc;
}

/* Not fflush(NULL): a handler that hangs in stdio holds the lock of its FILE for ever. */
static _Noreturn void
leave_at_once(void)
{
    if (ftrylockfile(stdout) == 0) {
        fflush(stdout);
    }
    _exit(EXIT_FAILURE);
}

static int
serve(struct program *program, weir_error *err)
{
    weir_log(program->logger, WEIR_LOG_INFO, "weir-worker starts",
             weir_log_str("version", weir_version()), weir_log_int("pid", getpid()));
    int rc = weir_server_run(program->server, err);
    size_t left = children_stop(STOP_GRACE_MS);
    if (rc == WEIR_E_TIMEOUT) {
        int active = weir_server_active(program->server);
        weir_log(program->logger, WEIR_LOG_WARN, "stopped while tasks were running",
                 weir_log_int("handlers", active), weir_log_uint("commands", left));
        leave_at_once();
    }
    return rc;
}

static int
run(struct program *program, weir_error *err)
{
    struct settings *settings = &program->settings;
    int rc = settings_load(settings, err);

    if (rc != 0) {
        return rc;
    }
    if (settings->broker.from == WHERE_FALLBACK) {
        fprintf(stderr, "weir-worker: no broker given, using %s\n", settings->broker.url);
    }
    if (settings->check) {
        return check_run(program);
    }
    rc = open_all(program, err);
    return rc == 0 ? serve(program, err) : rc;
}

/* What another start would not mend has a status of its own: supervisors leave it alone. */
static int
exit_status(int rc)
{
    if (rc == 0) {
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    bool mistake = rc == WEIR_E_INVALID || rc == WEIR_E_URL || rc == WEIR_E_CONFIG;
    return mistake ? EXIT_USAGE : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
    struct program program = {.reload = {.argc = argc, .argv = argv}};
    weir_error err = {0};

    open_standard_fds();
    signal(SIGPIPE, SIG_IGN);
    hold_hangups();
    int rc = settings_parse(&program.settings, argc, argv, &err);
    if (rc == 0 && program.settings.help) {
        settings_help(stdout);
    } else if (rc == 0 && program.settings.version) {
        printf("weir-worker %s\n", weir_version());
    } else if (rc == 0) {
        rc = run(&program, &err);
    }
    if (rc != 0 && (err.code != 0 || !program.settings.check)) { /* a check has told */
        fprintf(stderr, "weir-worker: %s\n", err.text[0] != '\0' ? err.text : weir_strerror(rc));
    }
    if (rc == WEIR_E_INVALID) {
        fputs("Try 'weir-worker --help'.\n", stderr);
    }
    program_end(&program);
    return exit_status(rc);
}

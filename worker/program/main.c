/* SPDX-License-Identifier: MIT */
/*
 * weir-worker: puts settings, broker, modules, exec handlers and server together, and takes them apart
 * in reverse order. What is still in use by a handler that does not return is left alone: the process
 * then ends with _exit().
 */
#include <config.h>

#include "child.h"
#include "module.h"
#include "reload.h"
#include "settings.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir.h>

enum {
    EXIT_USAGE = 2,
    STOP_GRACE_MS = 1500 /* for commands that were told to end */
};

struct program {
    struct settings settings;
    weir_logger *logger;
    weir_broker *broker;
    weir_mux *mux;
    struct modules modules;
    weir_server *server;
    struct reload reload;
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
load_handlers(struct program *program, weir_error *err)
{
    struct settings *settings = &program->settings;
    weir_error why = {0};

    int rc = modules_init(&program->modules, settings->module_count, err);
    for (size_t i = 0; rc == 0 && i < settings->module_count; i++) {
        rc = modules_load(&program->modules, &settings->modules[i], program->mux, program->logger,
                          err);
    }
    for (size_t i = 0; rc == 0 && i < settings->exec_count; i++) {
        rc = exec_handle(program->mux, &settings->execs[i], &why);
        if (rc != 0) {
            weir_error_set(err, rc, "exec handler for \"%s\": %s", settings->execs[i].pattern,
                           why.text);
        }
    }
    return rc;
}

/* Threads that modules start inherit the mask: signals to the program stay with the server's own thread for
 * them, which weir_server_run() starts. */
static int
load_handlers_in_peace(struct program *program, weir_error *err)
{
    sigset_t signals, before;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTSTP);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    int rc = load_handlers(program, err);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static int
open_all(struct program *program, weir_error *err)
{
    struct settings *settings = &program->settings;
    weir_log_options log = {.level = settings->log_level, .format = settings->log_format};

    int rc = weir_logger_new(&program->logger, &log, err);
    if (rc != 0) {
        return rc;
    }
    program->mux = weir_mux_new();
    if (program->mux == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    rc = load_handlers_in_peace(program, err);
    if (rc != 0) {
        return rc;
    }
    weir_broker_options options = {.logger = program->logger};
    rc = weir_broker_open(&program->broker, settings->broker, &options, err);
    if (rc != 0) {
        return rc;
    }
    weir_server_options server = settings->server;
    server.on_reload = reload_run;
    server.on_reload_arg = &program->reload;
    rc = weir_server_new(&program->server, program->broker, program->mux, &server, err);
    program->reload.running = settings;
    program->reload.server = program->server;
    program->reload.logger = program->logger;
    return rc;
}

static void
close_all(struct program *program)
{
    weir_server_free(program->server);
    if (program->modules.items != NULL) {
        modules_release(&program->modules);
    }
    weir_mux_free(program->mux);
    weir_broker_close(program->broker);
    weir_logger_free(program->logger);
    settings_release(&program->settings);
}

static void
print_queues(const weir_server_options *server)
{
    if (server->queue_count == 0) {
        printf("queue:       default, weight 1\n");
    }
    for (size_t i = 0; i < server->queue_count; i++) {
        printf("queue:       %s, weight %d\n", server->queues[i].name, server->queues[i].weight);
    }
}

static void
print_exec(const struct exec_handler *exec)
{
    printf("exec:        %s = ", exec->pattern);
    if (exec->command != NULL) {
        printf("%s\n", exec->command);
        return;
    }
    for (size_t i = 0; exec->argv[i] != NULL; i++) {
        printf("%s%s", i > 0 ? " " : "", exec->argv[i]);
    }
    putchar('\n');
}

static void
print_served(const struct program *program)
{
    const struct settings *settings = &program->settings;

    printf("broker:      %s\n", weir_broker_url(program->broker));
    print_queues(&settings->server);
    printf("priority:    %s\n", settings->server.strict_priority ? "strict" : "weighted");
    if (settings->server.concurrency > 0) {
        printf("concurrency: %d\n", settings->server.concurrency);
    }
    for (size_t i = 0; i < program->modules.count; i++) {
        printf("module:      %s (%s)\n", program->modules.items[i].path,
               program->modules.items[i].entry->name);
    }
    for (size_t i = 0; i < settings->exec_count; i++) {
        print_exec(&settings->execs[i]);
    }
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
    if (settings->broker_is_fallback) {
        fprintf(stderr, "weir-worker: no broker given, using %s\n", settings->broker);
    }
    rc = open_all(program, err);
    if (rc != 0) {
        return rc;
    }
    if (settings->check) {
        print_served(program);
        return 0;
    }
    return serve(program, err);
}

static int
exit_status(int rc)
{
    if (rc == 0) {
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    return rc == WEIR_E_INVALID || rc == WEIR_E_URL ? EXIT_USAGE : EXIT_FAILURE;
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
    if (rc != 0) {
        fprintf(stderr, "weir-worker: %s\n", err.text[0] != '\0' ? err.text : weir_strerror(rc));
    }
    if (rc == WEIR_E_INVALID) {
        fputs("Try 'weir-worker --help'.\n", stderr);
    }
    close_all(&program);
    return exit_status(rc);
}

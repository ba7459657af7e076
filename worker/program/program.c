/* SPDX-License-Identifier: MIT */
/*
 * Threads that modules start inherit the mask of signals: signals to the program stay with the server's own thread
 * for them, which weir_server_run() starts.
 */
#include <config.h>

#include "program.h"

#include <signal.h>

int
program_begin(struct program *program, weir_error *err)
{
    const struct settings *settings = &program->settings;
    weir_log_options log = {.level = settings->log_level, .format = settings->log_format};

    int rc = weir_logger_new(&program->logger, &log, err);
    if (rc != 0) {
        return rc;
    }
    program->mux = weir_mux_new();
    if (program->mux == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    return modules_init(&program->modules, settings->module_count, err);
}

int
program_load_module(struct program *program, size_t i, weir_error *err)
{
    const struct settings *settings = &program->settings;
    weir_error why = {0};
    sigset_t signals, before;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTSTP);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    int rc =
        modules_load(&program->modules, &settings->modules[i], program->mux, program->logger, &why);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0 ? 0 : settings_blame_module(settings, i, &why, err);
}

int
program_add_exec(struct program *program, size_t i, weir_error *err)
{
    struct exec_handler *exec = &program->settings.execs[i];
    weir_error why = {0};

    int rc = exec_handle(program->mux, exec, &why);
    return rc == 0 ? 0 : settings_blame_exec(&program->settings, i, &why, err);
}

int
program_open_broker(struct program *program, weir_error *err)
{
    const struct settings *settings = &program->settings;
    weir_broker_options options = {.logger = program->logger,
                                   .mode = settings->check ? WEIR_OPEN_READ : WEIR_OPEN_CREATE};

    return where_open(&program->broker, &settings->broker, settings->config, &options, err);
}

int
program_new_server(struct program *program, weir_error *err)
{
    weir_server_options options = program->settings.server;
    weir_error why = {0};

    options.on_reload = reload_run;
    options.on_reload_arg = &program->reload;
    int rc = weir_server_new(&program->server, program->broker, program->mux, &options, &why);
    if (rc != 0) {
        return settings_blame_option(&program->settings, &why, err);
    }
    program->reload.running = &program->settings;
    program->reload.server = program->server;
    program->reload.logger = program->logger;
    return 0;
}

void
program_end(struct program *program)
{
    weir_server_free(program->server);
    if (program->modules.items != NULL) {
        modules_release(&program->modules);
    }
    weir_mux_free(program->mux);
    weir_broker_close(program->broker);
    weir_logger_free(program->logger);
    reload_release(&program->reload);
    settings_release(&program->settings);
}

/* SPDX-License-Identifier: MIT */
/*
 * Prepares what the child needs (file, arguments, environment), lets the pump run it, and turns its wait
 * status into an outcome by a table. A command that was told to end (deadline, cancel, stop of the
 * worker) did not finish its work, whatever status it ends with: that is always a retry.
 */
#include <config.h>

#include "exec.h"

#include "child.h"
#include "environ.h"
#include "pump.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum {
    WHAT_SIZE = 160
};

static const struct {
    int status;
    weir_outcome outcome;
    const char *text;
} endings[] = {
    {0, WEIR_DONE, NULL},
    {65, WEIR_SKIP_RETRY, "exit status 65 (bad data)"},
    {75, WEIR_RETRY, "exit status 75 (temporary failure)"},
    {126, WEIR_RETRY, "exit status 126 (command cannot be executed)"},
    {127, WEIR_RETRY, "exit status 127 (command not found)"},
};

static weir_outcome
outcome_of_exit(int status, char what[WHAT_SIZE])
{
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        if (endings[i].status == status) {
            snprintf(what, WHAT_SIZE, "%s", endings[i].text != NULL ? endings[i].text : "");
            return endings[i].outcome;
        }
    }
    snprintf(what, WHAT_SIZE, "exit status %d", status);
    return WEIR_RETRY;
}

static weir_outcome
outcome_of(const struct pump *pump, int status, char what[WHAT_SIZE])
{
    weir_outcome outcome = WEIR_RETRY;
    char ending[WHAT_SIZE / 2];

    if (WIFSIGNALED(status)) {
        int n = WTERMSIG(status);
        snprintf(what, WHAT_SIZE, "killed by signal %d (%s)", n, strsignal(n));
    } else {
        outcome = outcome_of_exit(WEXITSTATUS(status), what);
    }
    if (pump->cancelled != 0) {
        snprintf(ending, sizeof ending, "%.60s", what[0] != '\0' ? what : "exit status 0");
        snprintf(what, WHAT_SIZE, "%s, %s", weir_strerror(pump->cancelled), ending);
        outcome = WEIR_RETRY;
    }
    return outcome;
}

static weir_outcome
fail(weir_context *ctx, weir_outcome outcome, const char *what, const struct errors *errors)
{
    char said[TAIL_MAX + 1];

    errors_text(errors, said);
    const char *colon = said[0] != '\0' ? ": " : "";
    if (outcome == WEIR_SKIP_RETRY) {
        return weir_skip_retry(ctx, "%s%s%s", what, colon, said);
    }
    return weir_fail(ctx, "%s%s%s", what, colon, said);
}

static weir_outcome
finish(const struct pump *pump, const weir_task_info *task, int status)
{
    char what[WHAT_SIZE];
    weir_error err = {0};

    weir_outcome outcome = outcome_of(pump, status, what);
    if (outcome != WEIR_DONE) {
        return fail(pump->ctx, outcome, what, &pump->errors);
    }
    if (pump->result.cut) {
        weir_log(weir_context_logger(pump->ctx), WEIR_LOG_WARN, "result cut",
                 weir_log_str("id", task->id), weir_log_str("type", task->type),
                 weir_log_uint("kept_bytes", pump->result.len));
    }
    if (pump->result.len > 0 &&
        weir_context_set_result(pump->ctx, pump->result.data, pump->result.len, &err) != 0) {
        return weir_fail(pump->ctx, "cannot keep the result: %s", err.text);
    }
    return WEIR_DONE;
}

static int
start(struct child *child, const struct exec_handler *handler, const weir_task_info *task,
      weir_context *ctx, weir_error *err)
{
    const char *const shell[] = {"sh", "-c", handler->command, NULL};
    const char *const *argv = handler->command != NULL ? shell : handler->argv;
    const char *name = handler->command != NULL ? "/bin/sh" : argv[0];
    struct environment env;

    char *path = environment_find_program(name);
    if (path == NULL) {
        return weir_error_set(err, WEIR_E_IO, "cannot execute %s: %s", name, strerror(errno));
    }
    int rc = environment_init(&env, task, weir_context_deadline_ms(ctx), err);
    if (rc == 0) {
        rc = child_start(child, path, (char *const *)argv, env.vars, err);
        environment_release(&env);
    }
    free(path);
    return rc;
}

static weir_outcome
run_command(weir_context *ctx, const weir_task_info *task, void *arg)
{
    const struct exec_handler *handler = arg;
    struct child child;
    weir_error err = {0};

    if (start(&child, handler, task, ctx, &err) != 0) {
        return weir_fail(ctx, "%s", err.text);
    }
    struct pump pump = {.child = &child,
                        .ctx = ctx,
                        .input = task->payload,
                        .input_len = task->payload_len,
                        .grace_ms = handler->grace_ms,
                        .result.wanted = task->retention_ms > 0,
                        .errors.logger = weir_context_logger(ctx),
                        .errors.task_id = task->id,
                        .shown.ctx = ctx};
    int status = pump_run(&pump);
    weir_outcome outcome = finish(&pump, task, status);
    result_release(&pump.result);
    return outcome;
}

int
exec_handle(weir_mux *mux, struct exec_handler *handler, weir_error *err)
{
    return weir_mux_handle(mux, handler->pattern, run_command, handler, err);
}

/* SPDX-License-Identifier: MIT */
/*
 * Goes on after a problem, so that one run tells them all. Handlers are printed by the module that registered
 * them: those that came into the mux while it was loaded.
 */
#include <config.h>

#include "check.h"

#include "probe.h"

#include <stdio.h>
#include <string.h>

enum {
    PLACE_SIZE = 300 /* longer ones are cut */
};

/* Says what is wrong and keeps the first code. */
static void
note(int *first, int rc, weir_error *why)
{
    if (rc == 0) {
        return;
    }
    fprintf(stderr, "weir-worker: %s\n", why->text[0] != '\0' ? why->text : weir_strerror(rc));
    *first = *first != 0 ? *first : rc;
    weir_error_clear(why);
}

static void
load_handlers(struct program *program, int *first)
{
    const struct settings *settings = &program->settings;
    weir_error why = {0}, told = {0};

    for (size_t i = 0; i < settings->module_count; i++) {
        note(first, program_load_module(program, i, &why), &why);
    }
    for (size_t i = 0; i < settings->exec_count; i++) {
        note(first, program_add_exec(program, i, &why), &why);
        if (probe_exec(&settings->execs[i], &why) != 0) {
            note(first, settings_blame_exec(settings, i, &why, &told), &told);
            weir_error_clear(&why);
        }
    }
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
print_module(const struct module *module, const weir_mux *mux)
{
    printf("module:      %s (%s)\n", module->path, module->entry->name);
    for (size_t i = module->first_pattern; i < module->end_pattern; i++) {
        printf("  handler:   %s\n", weir_mux_pattern(mux, i));
    }
    for (size_t i = module->first_aggregate; i < module->end_aggregate; i++) {
        const char *pattern = weir_mux_aggregate_pattern(mux, i);
        printf("  groups of: %s\n", pattern[0] != '\0' ? pattern : "any other type");
    }
}

/* A URL that no broker could be made of is not redacted: of it only the kind is shown, unless it is a file's. */
static void
print_broker(const struct program *program, const char *told)
{
    const struct settings *settings = &program->settings;
    const char *url = settings->broker.url;
    char place[PLACE_SIZE];
    const char *source = where_source(&settings->broker, settings->config, place, sizeof place);
    bool whole = strncmp(url, "sqlite:", strlen("sqlite:")) == 0;
    size_t shown = whole ? strlen(url) : strchr(url, ':') != NULL ? strcspn(url, ":") + 1 : 0;

    if (told == NULL) {
        printf("broker:      %s", weir_broker_url(program->broker));
    } else {
        printf("broker:      %.*s%s(%s)", (int)shown, url, shown > 0 ? " " : "", told);
    }
    if (source != NULL) {
        printf(" (from %s)", source);
    }
    putchar('\n');
}

static void
print_served(const struct program *program, const char *broker_note)
{
    const struct settings *settings = &program->settings;
    const weir_server_options *server = &settings->server;

    print_broker(program, broker_note);
    print_queues(server);
    printf("priority:    %s\n", server->strict_priority ? "strict" : "weighted");
    if (server->concurrency > 0) {
        printf("concurrency: %d\n", server->concurrency);
    }
    for (size_t i = 0; i < program->modules.count; i++) {
        print_module(&program->modules.items[i], program->mux);
    }
    for (size_t i = 0; i < settings->exec_count; i++) {
        print_exec(&settings->execs[i]);
    }
    for (size_t i = 0; i < server->periodic_count; i++) {
        const weir_periodic *periodic = &server->periodic[i];
        printf("periodic:    %s = %s\n", periodic->spec, periodic->task.type);
    }
}

static bool
is_served(const weir_server_options *server, const char *queue)
{
    bool served = server->queue_count == 0 && strcmp(queue, WEIR_DEFAULT_QUEUE) == 0;

    for (size_t i = 0; i < server->queue_count && !served; i++) {
        served = strcmp(server->queues[i].name, queue) == 0;
    }
    return served;
}

/* Another worker may serve it: that is no mistake, but it looks like one. */
static void
warn_of_unserved(const weir_server_options *server)
{
    for (size_t i = 0; i < server->periodic_count; i++) {
        const weir_task *task = &server->periodic[i].task;
        const char *queue = task->queue != NULL ? task->queue : WEIR_DEFAULT_QUEUE;
        if (!is_served(server, queue)) {
            fprintf(stderr,
                    "weir-worker: warning: periodic task %s goes into queue %s, which is not "
                    "served here\n",
                    task->type, queue);
        }
    }
}

/* A file that is not there yet, or not yet ours, is none of the problems: a start makes it. The server's options are then
 * checked with a broker in memory. Returns what to say of it, or NULL. */
static const char *
open_broker(struct program *program, int *first)
{
    const struct where *where = &program->settings.broker;
    const char *told = NULL;
    weir_error why = {0};

    int rc = program_open_broker(program, &why);
    if (rc == 0) {
        return NULL;
    }
    if (where_is_missing(where, rc)) {
        weir_error_clear(&why);
        rc = where_can_make(where, program->settings.config, &why);
        told = rc == 0 ? "there is no such file yet, a start makes it" : "cannot be made";
        note(first, rc, &why);
    } else if (rc == WEIR_E_STATE) {
        told = "a start makes its tables or brings them up to date";
    } else {
        note(first, rc, &why);
        return "cannot be opened";
    }
    weir_error_clear(&why);
    note(first, weir_broker_open(&program->broker, "sqlite::memory:", NULL, &why), &why);
    return told;
}

int
check_run(struct program *program)
{
    weir_error why = {0};
    int first = 0;

    note(&first, program_begin(program, &why), &why);
    if (first != 0) {
        return first;
    }
    load_handlers(program, &first);
    const char *told = open_broker(program, &first);
    if (program->broker != NULL) {
        note(&first, program_new_server(program, &why), &why);
    }
    print_served(program, told);
    fflush(stdout);
    warn_of_unserved(&program->settings.server);
    return first;
}

/* SPDX-License-Identifier: MIT */
/*
 * The worker's own variables are borrowed, ours are allocated behind them, so that one index tells them
 * apart. Everything is made before the child exists: between fork and exec nothing may be allocated.
 */
#include <config.h>

#include "environ.h"
#include "shown.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <weir/config.h>

enum {
    FACTS = 9 /* variables that are not headers, and TRACEPARENT */
};

static bool
is_ours(const char *var)
{
    return strncmp(var, "WEIR_TASK_", 10) == 0;
}

static bool add(struct environment *env, const char *format, ...) WEIR_PRINTF_LIKE(2, 3);

static bool
add(struct environment *env, const char *format, ...)
{
    char *var;
    va_list args;

    va_start(args, format);
    int n = vasprintf(&var, format, args);
    va_end(args);
    if (n < 0) {
        return false;
    }
    env->vars[env->count++] = var;
    env->vars[env->count] = NULL;
    return true;
}

static bool
is_traceparent(const weir_header *header)
{
    return strcasecmp(header->name, "traceparent") == 0;
}

static bool
is_traced(const weir_task_info *task)
{
    size_t i = 0;

    while (i < task->header_count && !is_traceparent(&task->headers[i])) {
        i++;
    }
    return i < task->header_count;
}

static bool
add_header(struct environment *env, const weir_header *header)
{
    size_t at = env->count;

    if (!add(env, "WEIR_TASK_HEADER_%s=%s", header->name, header->value)) {
        return false;
    }
    char *name = env->vars[at] + strlen("WEIR_TASK_HEADER_");
    for (size_t i = 0; i < strlen(header->name); i++) {
        name[i] = isalnum((unsigned char)name[i]) ? (char)toupper((unsigned char)name[i]) : '_';
    }
    return !is_traceparent(header) || add(env, "TRACEPARENT=%s", header->value);
}

static bool
add_facts(struct environment *env, const weir_task_info *task, int64_t deadline_ms)
{
    char deadline[40] = "";

    if (deadline_ms > 0) {
        weir_time_format(deadline, sizeof deadline, deadline_ms);
    }
    return add(env, "WEIR_TASK_ID=%s", task->id) && add(env, "WEIR_TASK_TYPE=%s", task->type) &&
           add(env, "WEIR_TASK_QUEUE=%s", task->queue) &&
           add(env, "WEIR_TASK_RETRIED=%d", task->retried) &&
           add(env, "WEIR_TASK_MAX_RETRY=%d", task->max_retry) &&
           add(env, "WEIR_TASK_DEADLINE=%s", deadline) &&
           add(env, "WEIR_TASK_SHOW_FD=%d", SHOWN_FD);
}

int
environment_init(struct environment *env, const weir_task_info *task, int64_t deadline_ms,
                 weir_error *err)
{
    bool traced = is_traced(task);
    size_t inherited = 0;

    while (environ[inherited] != NULL) {
        inherited++;
    }
    memset(env, 0, sizeof *env);
    env->vars = calloc(inherited + FACTS + 2 * task->header_count, sizeof *env->vars);
    if (env->vars == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    for (char **var = environ; *var != NULL; var++) {
        if (!is_ours(*var) && !(traced && strncmp(*var, "TRACEPARENT=", 12) == 0)) {
            env->vars[env->count++] = *var;
        }
    }
    env->owned = env->count;
    bool fits = add_facts(env, task, deadline_ms);
    for (size_t i = 0; fits && i < task->header_count; i++) {
        fits = add_header(env, &task->headers[i]);
    }
    if (!fits) {
        environment_release(env);
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    return 0;
}

void
environment_release(struct environment *env)
{
    for (size_t i = env->owned; i < env->count; i++) {
        free(env->vars[i]);
    }
    free(env->vars);
    memset(env, 0, sizeof *env);
}

char *
environment_find_program(const char *name)
{
    const char *path = getenv("PATH");
    char *found;

    if (strchr(name, '/') != NULL) {
        return strdup(name);
    }
    path = path != NULL ? path : "/usr/local/bin:/usr/bin:/bin";
    for (const char *end; *path != '\0'; path = *end == ':' ? end + 1 : end) {
        end = path + strcspn(path, ":");
        if (end == path) {
            continue;
        }
        if (asprintf(&found, "%.*s/%s", (int)(end - path), path, name) < 0) {
            return NULL;
        }
        if (access(found, X_OK) == 0) {
            return found;
        }
        free(found);
    }
    errno = ENOENT;
    return NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * What only turns out to be wrong when it is used is told with its place in the configuration file all the same.
 */
#include <config.h>

#include "settings.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "option " /* of what the library says of a server's options */

enum {
    PLACE_SIZE = 300, /* longer ones are cut */
    KEY_SIZE = 64
};

/* A mistake in the file is none in the command line, for which the help would help. */
static int
configured_code(int code)
{
    return code == WEIR_E_INVALID || code == WEIR_E_URL ? WEIR_E_CONFIG : code;
}

static int
blame(const struct settings *settings, const char *const *path, const weir_error *why,
      weir_error *err)
{
    char place[PLACE_SIZE];

    if (weir_config_where(settings->config, path, place, sizeof place) == NULL) {
        return weir_error_set(err, why->code, "%s", why->text);
    }
    return weir_error_set(err, configured_code(why->code), "%s: %s", place, why->text);
}

int
settings_blame_module(const struct settings *settings, size_t i, const weir_error *why,
                      weir_error *err)
{
    char index[24];
    const char *const path[] = {"modules", index, "path", NULL}, *const none[] = {NULL};
    bool configured = settings->config != NULL && i < settings->config->module_count;

    snprintf(index, sizeof index, "%zu", i);
    return blame(settings, configured ? path : none, why, err);
}

int
settings_blame_exec(const struct settings *settings, size_t i, const weir_error *why,
                    weir_error *err)
{
    const char *const path[] = {"handlers", settings->execs[i].pattern, "exec", NULL};
    const char *const none[] = {NULL};
    bool configured = i >= settings->execs_given.count;
    weir_error named = {0};

    weir_error_set(&named, why->code, "exec handler for \"%s\": %s", settings->execs[i].pattern,
                   why->text);
    return blame(settings, configured ? path : none, &named, err);
}

/* "option groups.types: ..." is about what stands at groups, types. */
static void
split_key(char *key, const char *path[4])
{
    size_t n = 0;

    for (char *part = key; part != NULL && n < 3; n++) {
        char *dot = strchr(part, '.');
        path[n] = part;
        part = dot != NULL ? dot + 1 : NULL;
        if (dot != NULL) {
            *dot = '\0';
        }
    }
    path[n] = NULL;
}

/* True where the command line has the last word. */
static bool
is_given(const struct settings *settings, const char *key)
{
    const struct {
        const char *key;
        bool given;
    } options[] = {
        {"queues", settings->queues_text != NULL},
        {"concurrency", settings->concurrency > 0},
        {"lease", settings->lease_ms > 0},
        {"shutdown_timeout", settings->shutdown_timeout_ms >= 0},
    };

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (strcmp(options[i].key, key) == 0) {
            return options[i].given;
        }
    }
    return false;
}

/* The option of the command line is spelt "--shutdown-timeout". */
static int
blame_command_line(const char *key, const weir_error *why, weir_error *err)
{
    char option[KEY_SIZE];
    const char *rest = why->text + strlen(PREFIX) + strlen(key);
    size_t i = 0;

    for (; key[i] != '\0'; i++) {
        option[i] = key[i] == '_' ? '-' : key[i];
    }
    option[i] = '\0';
    return weir_error_set(err, why->code, "option --%s%s", option, rest);
}

int
settings_blame_option(const struct settings *settings, const weir_error *why, weir_error *err)
{
    const char *path[4] = {NULL};
    const char *name = why->text + strlen(PREFIX);
    char key[KEY_SIZE] = "", place[PLACE_SIZE];

    if (strncmp(why->text, PREFIX, strlen(PREFIX)) == 0) {
        snprintf(key, sizeof key, "%.*s", (int)strcspn(name, ":"), name);
        split_key(key, path);
    }
    if (path[0] != NULL && is_given(settings, path[0])) {
        return blame_command_line(path[0], why, err);
    }
    if (path[0] == NULL || weir_config_where(settings->config, path, place, sizeof place) == NULL) {
        return weir_error_set(err, why->code, "%s", why->text);
    }
    return weir_error_set(err, configured_code(why->code), "%s: %s", place, name);
}

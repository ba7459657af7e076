/* SPDX-License-Identifier: MIT */
/*
 * The broker URL's parameters: one table from names to readers.
 */
#include <config.h>

#include "options.h"

#include <stdlib.h>
#include <string.h>

#define BUSY_TIMEOUT_MAX_MS ((int64_t)24 * 60 * 60 * 1000)

static bool
read_sync(struct weir__options *options, const char *value)
{
    options->sync_normal = strcmp(value, "normal") == 0;
    return options->sync_normal || strcmp(value, "full") == 0;
}

static bool
read_busy_timeout(struct weir__options *options, const char *value)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}};
    char *end;
    double n = strtod(value, &end);
    size_t i;

    if (value[0] < '0' || value[0] > '9' || !(n >= 0 && n <= (double)BUSY_TIMEOUT_MAX_MS))
        return false;
    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(end, units[i].name) != 0 || n * units[i].ms > (double)BUSY_TIMEOUT_MAX_MS)
            continue;
        options->busy_timeout_ms = (int64_t)(n * units[i].ms);
        return true;
    }
    return false;
}

static bool
read_mode(struct weir__options *options, const char *value)
{
    static const char *const names[] = {
        [WEIR_OPEN_CREATE] = "rwc", [WEIR_OPEN_EXISTING] = "rw", [WEIR_OPEN_READ] = "ro"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(value, names[i]) != 0)
            continue;
        options->mode = (weir_open_mode)i;
        return true;
    }
    return false;
}

static const struct parameter {
    const char *name;
    const char *form;
    bool (*read)(struct weir__options *options, const char *value);
} parameters[] = {
    {"sync", "full or normal", read_sync},
    {"busy_timeout", "a duration such as 10s, of a day at most", read_busy_timeout},
    {"mode", "rwc, rw or ro", read_mode},
};

static int
read_parameter(struct weir__options *options, const weir_url_param *param, weir_error *err)
{
    size_t i;

    for (i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
        if (strcmp(parameters[i].name, param->name) != 0)
            continue;
        if (param->value != NULL && parameters[i].read(options, param->value))
            return 0;
        return weir_error_set(err, WEIR_E_URL, "sqlite: parameter %s must be %s", param->name,
                              parameters[i].form);
    }
    return weir_error_set(
        err, WEIR_E_URL, "sqlite: unknown parameter \"%s\" (there are sync, busy_timeout and mode)",
        param->name);
}

int
weir__options_parse(struct weir__options *options, const weir_url *url, weir_error *err)
{
    size_t i;
    int code = 0;

    memset(options, 0, sizeof(*options));
    options->busy_timeout_ms = WEIR__BUSY_TIMEOUT_MS;
    options->path = url->opaque != NULL ? url->opaque : url->path;
    if (url->host_count > 0 && url->hosts[0].name != NULL && url->hosts[0].name[0] != '\0')
        return weir_error_set(err, WEIR_E_URL, "sqlite: a URL is sqlite:PATH, without a host");
    if (options->path == NULL || options->path[0] == '\0')
        return weir_error_set(err, WEIR_E_URL, "sqlite: the URL names no file (sqlite:PATH)");
    for (i = 0; i < url->param_count && code == 0; i++)
        code = read_parameter(options, &url->params[i], err);
    return code;
}

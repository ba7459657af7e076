/* SPDX-License-Identifier: MIT */
/*
 * "modules": paths, or objects with options, which are handed to the module as JSON text. "handlers": an object
 * of patterns; a handler is an object, so that other kinds than "exec" can come.
 */
#include <config.h>

#include "config_run.h"

#include <string.h>
#include <weir/config.h>

static weir__read_fn read_module_options;
static weir__read_fn read_exec;

static const struct weir__setting module_settings[] = {
    {.key = "path", .read = weir__read_path, .offset = offsetof(weir_config_module, path)},
    {.key = "options", .read = read_module_options},
    {0},
};

static const struct weir__setting handler_settings[] = {
    {.key = "exec", .read = read_exec},
    {0},
};

static int
read_module_options(struct weir__reader *reader, const struct weir__value *value,
                    const struct weir__setting *setting, void *target)
{
    weir_config_module *module = target;
    size_t len;
    char *text;

    (void)setting;
    if (!json_is_object(value->json))
        return weir__wrong_type(reader, value, "an object");
    len = json_dumpb(value->json, NULL, 0, JSON_COMPACT);
    text = len > 0 ? weir__arena_alloc(reader->arena, len + 1) : NULL;
    if (!text || json_dumpb(value->json, text, len, JSON_COMPACT) != len)
        return weir__no_memory(reader);
    module->options = text;
    return 0;
}

static int
read_module(struct weir__reader *reader, const struct weir__value *value,
            weir_config_module *module)
{
    int rc;

    if (json_is_string(value->json))
        return weir__read_path(reader, value, &module_settings[0], module);
    if (!json_is_object(value->json))
        return weir__wrong_type(reader, value, "a path or an object");
    rc = weir__read_table(reader, value, module_settings, module);
    if (rc == 0 && !module->path)
        return weir__complain(reader, value, "the module has no \"path\"");
    return rc;
}

int
weir__read_modules(struct weir__reader *reader, const struct weir__value *value,
                   const struct weir__setting *setting, void *target)
{
    weir_config *config = target;
    struct weir__value element;
    struct weir__walk walk;
    weir_config_module *modules;
    int rc = 0;

    (void)setting;
    if (!json_is_array(value->json))
        return weir__wrong_type(reader, value, "an array of modules");
    modules = weir__array_for(reader, value, sizeof *modules);
    if (!modules)
        return WEIR_E_NOMEM;
    walk = weir__walk_begin(value);
    while (rc == 0 && weir__walk_next(reader, &walk, &element)) {
        element.key = "module";
        rc = read_module(reader, &element, &modules[config->module_count++]);
    }
    config->modules = modules;
    return rc;
}

int
weir__read_backends(struct weir__reader *reader, const struct weir__value *value,
                    const struct weir__setting *setting, void *target)
{
    static const struct weir__setting path = {.offset = 0};
    weir_config *config = target;
    struct weir__value element;
    struct weir__walk walk;
    const char **backends;
    int rc = 0;

    (void)setting;
    if (!json_is_array(value->json))
        return weir__wrong_type(reader, value, "an array of files");
    backends = weir__array_for(reader, value, sizeof *backends);
    if (!backends)
        return WEIR_E_NOMEM;
    walk = weir__walk_begin(value);
    while (rc == 0 && weir__walk_next(reader, &walk, &element)) {
        element.key = "backend";
        rc = weir__read_path(reader, &element, &path, &backends[config->backend_count++]);
    }
    config->backends = backends;
    return rc;
}

/* A program is a file where its name has a slash; others are looked up in PATH. */
static int
keep_word(struct weir__reader *reader, const char **copy, const char *word, bool program)
{
    bool file = program && strchr(word, '/');

    return file ? weir__keep_path(reader, copy, word) : weir__keep_text(reader, copy, word);
}

static int
read_argv(struct weir__reader *reader, const struct weir__value *value, weir_config_exec *exec)
{
    size_t count = json_array_size(value->json);
    const char **argv = weir__arena_array(reader->arena, count + 1, sizeof *argv);
    struct weir__walk walk = weir__walk_begin(value);
    struct weir__value element;
    int rc = 0;

    if (!argv)
        return weir__no_memory(reader);
    for (size_t i = 0; rc == 0 && weir__walk_next(reader, &walk, &element); i++) {
        element.key = "exec";
        if (!json_is_string(element.json))
            return weir__wrong_type(reader, &element, "text");
        rc = keep_word(reader, &argv[i], json_string_value(element.json), i == 0);
    }
    if (rc == 0 && (!argv[0] || argv[0][0] == '\0'))
        return weir__complain(reader, value, "exec: must name a program");
    exec->argv = argv;
    return rc;
}

static int
read_exec(struct weir__reader *reader, const struct weir__value *value,
          const struct weir__setting *setting, void *target)
{
    static const struct weir__setting command = {.offset = offsetof(weir_config_exec, command)};

    (void)setting;
    if (json_is_string(value->json))
        return weir__read_text(reader, value, &command, target);
    if (json_is_array(value->json))
        return read_argv(reader, value, target);
    return weir__wrong_type(reader, value, "a command or an array of its words");
}

static int
read_handler(struct weir__reader *reader, const struct weir__value *value, weir_config_exec *exec)
{
    int rc = weir__keep_pattern(reader, value, &exec->pattern);

    if (rc == 0)
        rc = weir__read_table(reader, value, handler_settings, exec);
    if (rc == 0 && !exec->command && !exec->argv)
        return weir__complain(reader, value, "the handler of \"%s\" has no \"exec\"", value->key);
    return rc;
}

int
weir__read_handlers(struct weir__reader *reader, const struct weir__value *value,
                    const struct weir__setting *setting, void *target)
{
    weir_config *config = target;
    struct weir__value member;
    struct weir__walk walk;
    weir_config_exec *execs;
    int rc = 0;

    (void)setting;
    if (!json_is_object(value->json))
        return weir__wrong_type(reader, value, "an object of patterns and handlers");
    execs = weir__array_for(reader, value, sizeof *execs);
    if (!execs)
        return WEIR_E_NOMEM;
    walk = weir__walk_begin(value);
    while (rc == 0 && weir__walk_next(reader, &walk, &member))
        rc = read_handler(reader, &member, &execs[config->exec_count++]);
    config->execs = execs;
    return rc;
}

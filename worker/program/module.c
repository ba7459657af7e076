/* SPDX-License-Identifier: MIT */
/*
 * RTLD_NOW, so that a missing symbol is told at the start and not in the middle of a task; RTLD_LOCAL, so
 * that two modules may have functions of the same name. The file is looked at before the dynamic linker
 * sees it: its own message for a missing file names the file twice and says "shared object".
 */
#include <config.h>

#include "module.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int
open_library(struct module *module, weir_error *err)
{
    const char *path = module->path;
    struct stat st;
    char *slashed = NULL;

    if (stat(path, &st) != 0) {
        return weir_error_set(err, WEIR_E_MODULE, "module %s: %s", path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return weir_error_set(err, WEIR_E_MODULE, "module %s: not a file", path);
    }
    if (strchr(path, '/') == NULL && asprintf(&slashed, "./%s", path) < 0) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    module->library = dlopen(slashed != NULL ? slashed : path, RTLD_NOW | RTLD_LOCAL);
    free(slashed);
    if (module->library == NULL) {
        return weir_error_set(err, WEIR_E_MODULE, "module %s: cannot be loaded: %s", path,
                              dlerror());
    }
    return 0;
}

static int
find_entry(struct module *module, weir_error *err)
{
    const weir_module *entry = dlsym(module->library, WEIR_MODULE_SYMBOL);

    if (entry == NULL) {
        return weir_error_set(err, WEIR_E_MODULE,
                              "module %s: it does not define %s, so it is not a module for weir",
                              module->path, WEIR_MODULE_SYMBOL);
    }
    if (entry->abi != WEIR_MODULE_ABI) {
        return weir_error_set(err, WEIR_E_MODULE,
                              "module %s: built for module interface %d, this program has %d",
                              module->path, entry->abi, WEIR_MODULE_ABI);
    }
    if (entry->init == NULL) {
        return weir_error_set(err, WEIR_E_MODULE, "module %s: it has no init function",
                              module->path);
    }
    module->entry = entry;
    return 0;
}

static int
init_module(struct module *module, const char *options, weir_mux *mux, weir_logger *logger,
            weir_error *err)
{
    weir_error why = {0};
    int rc = module->entry->init(mux, options, logger, &module->state, &why);

    if (rc == 0) {
        return 0;
    }
    return weir_error_set(err, rc < 0 ? rc : WEIR_E_MODULE, "module %s: %s", module->path,
                          why.text[0] != '\0' ? why.text : "its init function failed");
}

int
modules_init(struct modules *modules, size_t max, weir_error *err)
{
    modules->count = 0;
    modules->items = calloc(max + 1, sizeof *modules->items);
    return modules->items == NULL ? weir_error_set(err, WEIR_E_NOMEM, NULL) : 0;
}

static void
count_patterns(const weir_mux *mux, size_t *patterns, size_t *aggregates)
{
    for (*patterns = 0; weir_mux_pattern(mux, *patterns) != NULL; ++*patterns) {}
    for (*aggregates = 0; weir_mux_aggregate_pattern(mux, *aggregates) != NULL; ++*aggregates) {}
}

int
modules_load(struct modules *modules, const weir_config_module *wanted, weir_mux *mux,
             weir_logger *logger, weir_error *err)
{
    struct module module = {.path = wanted->path};

    int rc = open_library(&module, err);
    if (rc != 0) {
        return rc;
    }
    count_patterns(mux, &module.first_pattern, &module.first_aggregate);
    rc = find_entry(&module, err);
    if (rc == 0) {
        rc = init_module(&module, wanted->options, mux, logger, err);
    }
    if (rc != 0) {
        dlclose(module.library);
        return rc;
    }
    count_patterns(mux, &module.end_pattern, &module.end_aggregate);
    weir_log(logger, WEIR_LOG_DEBUG, "module loaded", weir_log_str("file", module.path),
             weir_log_str("name", module.entry->name));
    modules->items[modules->count++] = module;
    return 0;
}

void
modules_release(struct modules *modules)
{
    while (modules->count > 0) {
        struct module *module = &modules->items[--modules->count];
        if (module->entry->fini != NULL) {
            module->entry->fini(module->state);
        }
        dlclose(module->library);
    }
    free(modules->items);
    modules->items = NULL;
}

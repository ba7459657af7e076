/* SPDX-License-Identifier: MIT */
/*
 * Backends from outside: registered by the program itself, or loaded from a shared object. What was loaded stays for
 * the life of the process: brokers keep pointers into it.
 */
#include <config.h>

#include "registry.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
weir_backend_register(const weir_backend *backend, weir_error *err)
{
    return weir__registry_add(backend, err);
}

/* A name without '/' is a file in the current folder, never one of the system's libraries. */
static void *
open_library(const char *path, weir_error *err)
{
    char *slashed = NULL;
    void *library;

    if (!strchr(path, '/') && asprintf(&slashed, "./%s", path) < 0) {
        weir_error_set(err, WEIR_E_NOMEM, NULL);
        return NULL;
    }
    library = dlopen(slashed ? slashed : path, RTLD_NOW | RTLD_LOCAL);
    free(slashed);
    if (!library)
        weir_error_set(err, WEIR_E_MODULE, "backend %s: cannot be loaded: %s", path, dlerror());
    return library;
}

static int
register_from(void *library, const char *path, weir_error *err)
{
    const weir_backend *backend = dlsym(library, WEIR_BACKEND_SYMBOL);
    weir_error why = {0};
    int rc;

    if (!backend)
        return weir_error_set(err, WEIR_E_MODULE, "backend %s: it does not define %s", path,
                              WEIR_BACKEND_SYMBOL);
    if (weir__registry_has(backend))
        return 0;
    rc = weir__registry_add(backend, &why);
    return rc == 0 ? 0 : weir_error_set(err, rc, "backend %s: %s", path, why.text);
}

int
weir_backend_load(const char *path, weir_error *err)
{
    void *library;
    int rc;

    if (!path || path[0] == '\0')
        return weir_error_set(err, WEIR_E_INVALID, "no backend to load");
    library = open_library(path, err);
    if (!library)
        return WEIR_E_MODULE;
    rc = register_from(library, path, err);
    if (rc < 0)
        dlclose(library);
    return rc;
}

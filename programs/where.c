/* SPDX-License-Identifier: MIT */
/*
 * The data folder is $XDG_DATA_HOME/weir or ~/.local/share/weir, as the XDG base directory rules have it: a
 * relative XDG_DATA_HOME is ignored, what is missing is made with mode 0700.
 */
#include <config.h>

#include "where.h"

#include <weir/broker.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *
from_env(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

int
where_config(weir_config **config, const char *option, weir_error *err)
{
    const char *path = option != NULL ? option : from_env("WEIR_CONFIG");

    *config = NULL;
    int rc = path == NULL ? 0 : weir_config_load(config, path, err);
    for (size_t i = 0; rc == 0 && *config != NULL && i < (*config)->backend_count; i++) {
        rc = weir_backend_load((*config)->backends[i], err);
    }
    return rc;
}

int
where_load_backend(void *into, const char *value, weir_error *err)
{
    (void)into;
    return weir_backend_load(value, err);
}

/* Makes a folder and those above it. */
static int
make_folders(char *path, weir_error *err)
{
    for (char *p = path + 1;; p++) {
        if (*p != '/' && *p != '\0') {
            continue;
        }
        char kept = *p;
        *p = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            return weir_error_set(err, WEIR_E_IO, "cannot make the folder %s: %s", path,
                                  strerror(errno));
        }
        *p = kept;
        if (kept == '\0') {
            return 0;
        }
    }
}

static bool
is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("/._-~", c) != NULL;
}

static char *
sqlite_url(const char *folder)
{
    static const char scheme[] = "sqlite:", file[] = "/weir.db";
    char *url = malloc(sizeof scheme + 3 * strlen(folder) + sizeof file);

    if (url == NULL) {
        return NULL;
    }
    char *p = stpcpy(url, scheme);
    for (; *folder != '\0'; folder++) {
        p += sprintf(p, is_plain(*folder) ? "%c" : "%%%02X", (unsigned char)*folder);
    }
    strcpy(p, file);
    return url;
}

static int
data_folder(char **folder, weir_error *err)
{
    const char *data = from_env("XDG_DATA_HOME");
    const char *home = from_env("HOME");
    int n;

    if (data != NULL && data[0] == '/') {
        n = asprintf(folder, "%s/weir", data);
    } else if (home != NULL && home[0] == '/') {
        n = asprintf(folder, "%s/.local/share/weir", home);
    } else {
        return weir_error_set(err, WEIR_E_CONFIG,
                              "no broker given and HOME is not set: use --broker or WEIR_BROKER");
    }
    return n < 0 ? weir_error_set(err, WEIR_E_NOMEM, NULL) : 0;
}

static int
fallback_broker(char **url, weir_error *err)
{
    char *folder;
    int rc = data_folder(&folder, err);

    if (rc != 0) {
        return rc;
    }
    rc = make_folders(folder, err);
    if (rc == 0) {
        *url = sqlite_url(folder);
        rc = *url == NULL ? weir_error_set(err, WEIR_E_NOMEM, NULL) : 0;
    }
    free(folder);
    return rc;
}

int
where_broker(char **url, bool *fallback, const char *option, const weir_config *config,
             weir_error *err)
{
    const char *given = option != NULL ? option : from_env("WEIR_BROKER");

    *url = NULL;
    *fallback = false;
    if (given == NULL && config != NULL) {
        given = config->broker;
    }
    if (given == NULL) {
        *fallback = true;
        return fallback_broker(url, err);
    }
    *url = strdup(given);
    return *url == NULL ? weir_error_set(err, WEIR_E_NOMEM, NULL) : 0;
}

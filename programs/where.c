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
#include <unistd.h>

#define SQLITE "sqlite:"

enum {
    PLACE_SIZE = 300 /* a file's name with line and column; longer ones are cut */
};

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

static bool
is_file(const char *url)
{
    return strncmp(url, SQLITE, strlen(SQLITE)) == 0;
}

/* "sqlite:FOLDER/REST", the folder as a part of a URL. */
static char *
sqlite_url(const char *folder, const char *rest)
{
    char *url = malloc(strlen(SQLITE) + 3 * strlen(folder) + 1 + strlen(rest) + 1);

    if (url == NULL) {
        return NULL;
    }
    char *p = stpcpy(url, SQLITE);
    for (; *folder != '\0'; folder++) {
        p += sprintf(p, is_plain(*folder) ? "%c" : "%%%02X", (unsigned char)*folder);
    }
    *p++ = '/';
    strcpy(p, rest);
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
fallback_broker(struct where *where, weir_error *err)
{
    int rc = data_folder(&where->folder, err);

    if (rc != 0) {
        where->folder = NULL;
        return rc;
    }
    where->url = sqlite_url(where->folder, "weir.db");
    return where->url == NULL ? weir_error_set(err, WEIR_E_NOMEM, NULL) : 0;
}

/* The configuration's URL. A path of its own begins where the file is, so that it is the same file from wherever the
 * programs are started. */
static char *
configured_url(const weir_config *config)
{
    const char *path = config->broker + strlen(SQLITE);
    bool relative = is_file(config->broker) && strchr("/:?", path[0]) == NULL && path[0] != '\0';

    if (!relative || config->folder == NULL || strcmp(config->folder, ".") == 0) {
        return strdup(config->broker);
    }
    return sqlite_url(strcmp(config->folder, "/") == 0 ? "" : config->folder, path);
}

int
where_broker(struct where *where, const char *option, const weir_config *config, weir_error *err)
{
    const char *given = option != NULL ? option : from_env("WEIR_BROKER");

    if (given != NULL) {
        where->from = option != NULL ? WHERE_OPTION : WHERE_ENVIRONMENT;
        where->url = strdup(given);
    } else if (config != NULL && config->broker != NULL) {
        where->from = WHERE_CONFIG;
        where->url = configured_url(config);
    } else {
        where->from = WHERE_FALLBACK;
        return fallback_broker(where, err);
    }
    return where->url == NULL ? weir_error_set(err, WEIR_E_NOMEM, NULL) : 0;
}

const char *
where_source(const struct where *where, const weir_config *config, char *buf, size_t size)
{
    static const char *const path[] = {"broker", NULL};

    switch (where->from) {
    case WHERE_OPTION:
        return "--broker";
    case WHERE_ENVIRONMENT:
        return "WEIR_BROKER";
    case WHERE_CONFIG:
        return weir_config_where(config, path, buf, size);
    case WHERE_FALLBACK:
        break;
    }
    return NULL;
}

/* A mistake in the file is none in the command line. */
static int
blame(const struct where *where, const weir_config *config, const weir_error *why, weir_error *err)
{
    char place[PLACE_SIZE];
    const char *source = where_source(where, config, place, sizeof place);
    bool of_url = why->code == WEIR_E_URL || why->code == WEIR_E_UNSUPPORTED;

    if (source == NULL) {
        return weir_error_set(err, why->code, "%s", why->text);
    }
    if (where->from == WHERE_CONFIG) {
        return weir_error_set(err, of_url ? WEIR_E_CONFIG : why->code, "%s: broker: %s", source,
                              why->text);
    }
    return weir_error_set(err, why->code, "%s: %s", source, why->text);
}

int
where_open(weir_broker **broker, const struct where *where, const weir_config *config,
           const weir_broker_options *options, weir_error *err)
{
    weir_error why = {0};
    bool creates = options == NULL || options->mode == WEIR_OPEN_CREATE;

    int rc = creates && where->folder != NULL ? make_folders(where->folder, err) : 0;
    if (rc != 0) {
        return rc;
    }
    rc = weir_broker_open(broker, where->url, options, &why);
    if (rc == 0) {
        return 0;
    }
    if (where_is_missing(where, rc)) {
        return weir_error_set(
            err, rc, "%s; enqueueing a task makes it, and so does starting a worker", why.text);
    }
    return blame(where, config, &why, err);
}

bool
where_is_in_memory(const char *url)
{
    static const char memory[] = SQLITE ":memory:";
    size_t len = strlen(memory);

    return strncmp(url, memory, len) == 0 && (url[len] == '\0' || url[len] == '?');
}

bool
where_is_missing(const struct where *where, int rc)
{
    return rc == WEIR_E_UNAVAILABLE && is_file(where->url);
}

/* The path in a URL whose %XX are well-formed: it has been opened before. */
static char *
path_of(const char *url)
{
    const char *from = url + strlen(SQLITE);
    char *path = malloc(strlen(from) + 1);
    unsigned byte;
    int used;

    if (path == NULL) {
        return NULL;
    }
    char *to = path;
    while (*from != '\0' && *from != '?') {
        if (*from == '%' && sscanf(from, "%%%2x%n", &byte, &used) == 1) {
            *to++ = (char)byte;
            from += used;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return path;
}

int
where_can_make(const struct where *where, const weir_config *config, weir_error *err)
{
    weir_error why = {0};
    int rc = 0;

    if (where->folder != NULL) { /* is made, too */
        return 0;
    }
    char *path = path_of(where->url);
    if (path == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    char *slash = strrchr(path, '/');
    const char *folder = slash == NULL ? "." : slash == path ? "/" : path;
    if (slash != NULL) {
        *slash = '\0';
    }
    if (access(folder, W_OK | X_OK) != 0) {
        weir_error_set(&why, WEIR_E_IO, "the broker's folder %s: %s", folder, strerror(errno));
        rc = blame(where, config, &why, err);
    }
    free(path);
    return rc;
}

void
where_release(struct where *where)
{
    free(where->url);
    free(where->folder);
    memset(where, 0, sizeof *where);
}

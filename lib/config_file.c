/* SPDX-License-Identifier: MIT */
/* Reading a configuration file as a whole; config.c makes sense of it. */
#include <config.h>

#include <weir/config.h>

#include "buf.h"
#include "config_owner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_MAX = 16 * 1024 * 1024, /* nobody's configuration is larger */
    PIECE = 4096
};

static int
read_all(FILE *file, const char *path, struct weir__buf *text, weir_error *err)
{
    char piece[PIECE];
    size_t n;

    while ((n = fread(piece, 1, sizeof piece, file)) > 0 && text->len <= FILE_MAX)
        weir__buf_append(text, piece, n);
    if (ferror(file))
        return weir_error_set(err, WEIR_E_IO, "%s: %s", path, strerror(errno));
    if (text->len > FILE_MAX)
        return weir_error_set(err, WEIR_E_CONFIG, "%s: larger than %d bytes", path, FILE_MAX);
    if (text->failed)
        return weir_error_set(err, WEIR_E_NOMEM, "%s: out of memory", path);
    return 0;
}

/* "." where the path is a name alone, "/" where the file is there. NULL when memory runs out. */
static char *
folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static int
parse_file(weir_config **config, const struct weir__buf *text, const char *path, weir_error *err)
{
    char *folder = folder_of(path);
    int rc;

    if (!folder)
        return weir_error_set(err, WEIR_E_NOMEM, "%s: out of memory", path);
    rc = weir__config_read(config, text->data ? text->data : "", text->len, path, folder, err);
    free(folder);
    return rc;
}

int
weir_config_load(weir_config **config, const char *path, weir_error *err)
{
    struct weir__buf text = {0};
    FILE *file;
    int rc;

    if (!config || !path)
        return weir_error_set(err, WEIR_E_INVALID, "no configuration file to read");
    *config = NULL;
    file = fopen(path, "re");
    if (!file)
        return weir_error_set(err, WEIR_E_IO, "%s: %s", path, strerror(errno));
    rc = read_all(file, path, &text, err);
    fclose(file);
    if (rc == 0)
        rc = parse_file(config, &text, path, err);
    weir__buf_release(&text);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * Reads in pieces that double, up to the largest payload that there may be.
 */
#include <config.h>

#include "payload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/task.h>

static int
read_stream(FILE *file, char **data, size_t *len)
{
    size_t size = 65536;

    *data = NULL;
    *len = 0;
    for (;;) {
        char *bigger = realloc(*data, size);
        if (bigger == NULL) {
            return WEIR_E_NOMEM;
        }
        *data = bigger;
        *len += fread(*data + *len, 1, size - *len, file);
        if (*len < size) {
            return ferror(file) ? WEIR_E_IO : 0;
        }
        if (*len > WEIR_PAYLOAD_MAX) {
            return WEIR_E_TOO_BIG;
        }
        size *= 2;
    }
}

int
payload_read(const char *path, char **data, size_t *len, weir_error *err)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "rbe");

    if (file == NULL) {
        return weir_error_set(err, WEIR_E_IO, "%s: %s", path, strerror(errno));
    }
    errno = 0;
    int rc = read_stream(file, data, len);
    if (rc == WEIR_E_TOO_BIG) {
        weir_error_set(err, rc, "%s: larger than a payload can be (%d MiB)",
                       standard ? "standard input" : path, (int)(WEIR_PAYLOAD_MAX >> 20));
    } else if (rc != 0) {
        const char *why = rc == WEIR_E_IO && errno != 0 ? strerror(errno) : weir_strerror(rc);
        weir_error_set(err, rc, "%s: %s", standard ? "standard input" : path, why);
    }
    if (!standard) {
        fclose(file);
    }
    return rc;
}

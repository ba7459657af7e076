/* SPDX-License-Identifier: MIT */
/*
 * Reads a file line by line, lines of any length. Unlike getline() it can tell whether the next line is there
 * already, so that a program that gathers lines need not hold them back while its input pauses.
 */
#ifndef WEIR_CLI_LINES_H
#define WEIR_CLI_LINES_H

#include <weir/error.h>

#include <stdbool.h>
#include <stddef.h>

struct lines {
    int fd;
    const char *name; /* for messages; the caller's */
    char *data;
    size_t start; /* of what was read and not given out yet */
    size_t end;
    size_t size;
    size_t scanned; /* no line break before this */
    bool at_end;
    size_t number; /* of the line given out last, from 1 */
};

/* Opens a file, or standard input for "-". WEIR_E_IO. */
int lines_open(struct lines *lines, const char *path, weir_error *err);

/*
 * Puts the next line, without its line break, into *line, valid until the next call; *line is NULL at the end of the
 * file. WEIR_E_IO, WEIR_E_NOMEM.
 */
int lines_next(struct lines *lines, char **line, size_t *len, weir_error *err);

/* True when lines_next() would have to wait for input. */
bool lines_would_wait(const struct lines *lines);

void lines_close(struct lines *lines);

#endif

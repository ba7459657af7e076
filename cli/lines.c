/* SPDX-License-Identifier: MIT */
/*
 * One buffer: what was given out is moved over only when there is no room behind the rest, and the search for a line
 * break goes on where it stopped, so that long lines cost no more than short ones.
 */
#include <config.h>

#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FIRST_SIZE = 256 * 1024
};

int
lines_open(struct lines *lines, const char *path, weir_error *err)
{
    bool standard = strcmp(path, "-") == 0;

    memset(lines, 0, sizeof *lines);
    lines->name = standard ? "standard input" : path;
    lines->fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (lines->fd < 0) {
        return weir_error_set(err, WEIR_E_IO, "%s: %s", path, strerror(errno));
    }
    lines->size = FIRST_SIZE;
    lines->data = malloc(lines->size);
    if (lines->data == NULL) {
        lines_close(lines);
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    return 0;
}

static int
make_room(struct lines *lines, weir_error *err)
{
    if (lines->end < lines->size) {
        return 0;
    }
    if (lines->start > 0) {
        memmove(lines->data, lines->data + lines->start, lines->end - lines->start);
        lines->end -= lines->start;
        lines->scanned -= lines->start;
        lines->start = 0;
    }
    if (lines->end < lines->size / 2) {
        return 0;
    }
    char *bigger = realloc(lines->data, 2 * lines->size);
    if (bigger == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, "%s: out of memory for line %zu", lines->name,
                              lines->number + 1);
    }
    lines->data = bigger;
    lines->size *= 2;
    return 0;
}

static int
fill(struct lines *lines, weir_error *err)
{
    int rc = make_room(lines, err);

    if (rc != 0) {
        return rc;
    }
    ssize_t n = read(lines->fd, lines->data + lines->end, lines->size - lines->end);
    if (n < 0 && errno == EINTR) {
        return 0;
    }
    if (n < 0) {
        return weir_error_set(err, WEIR_E_IO, "%s: %s", lines->name, strerror(errno));
    }
    lines->at_end = n == 0;
    lines->end += (size_t)n;
    return 0;
}

static char *
find_break(struct lines *lines)
{
    size_t len = lines->end - lines->scanned;
    char *at = len > 0 ? memchr(lines->data + lines->scanned, '\n', len) : NULL;

    if (at == NULL) {
        lines->scanned = lines->end;
    }
    return at;
}

int
lines_next(struct lines *lines, char **line, size_t *len, weir_error *err)
{
    char *at = find_break(lines);

    while (at == NULL && !lines->at_end) {
        int rc = fill(lines, err);
        if (rc != 0) {
            return rc;
        }
        at = find_break(lines);
    }
    *line = NULL;
    if (at == NULL && lines->start == lines->end) {
        return 0;
    }
    *line = lines->data + lines->start;
    *len = (at != NULL ? (size_t)(at - lines->data) : lines->end) - lines->start;
    lines->start += *len + (at != NULL);
    lines->scanned = lines->start;
    lines->number++;
    return 0;
}

bool
lines_would_wait(const struct lines *lines)
{
    struct pollfd input = {lines->fd, POLLIN, 0};
    size_t len = lines->end - lines->start;

    if (lines->at_end || (len > 0 && memchr(lines->data + lines->start, '\n', len) != NULL)) {
        return false;
    }
    return poll(&input, 1, 0) == 0;
}

void
lines_close(struct lines *lines)
{
    if (lines->fd > STDIN_FILENO) {
        close(lines->fd);
    }
    free(lines->data);
    memset(lines, 0, sizeof *lines);
}

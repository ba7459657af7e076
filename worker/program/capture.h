/* SPDX-License-Identifier: MIT */
/*
 * What a command writes. Standard output is the task's result: its first RESULT_MAX bytes are kept, the rest is
 * read and thrown away, so that the command never blocks. Of standard error, the end is kept for the error
 * text, and each line goes to the log at level debug.
 */
#ifndef WEIR_PROGRAM_CAPTURE_H
#define WEIR_PROGRAM_CAPTURE_H

#include <weir/log.h>

#include <stdbool.h>
#include <stddef.h>

#define RESULT_MAX ((size_t)1024 * 1024)

enum {
    TAIL_MAX = 2048,
    LINE_MAX_LOGGED = 1024
};

/* Standard output. Zero-filled with `wanted` set it is empty. */
struct result {
    bool wanted; /* false: nothing is kept */
    bool cut;    /* more came than is kept */
    char *data;
    size_t len;
    size_t size;
};

/* Takes bytes. False when memory ran out; they are then lost and `cut` is set. */
bool result_add(struct result *result, const char *data, size_t len);

void result_release(struct result *result);

/* Standard error. Zero-filled with logger and id set it is empty. */
struct errors {
    weir_logger *logger; /* NULL: lines are not logged */
    const char *task_id;
    char tail[TAIL_MAX];
    size_t tail_len;
    bool tail_cut; /* the tail's first byte is not the first that came */
    char line[LINE_MAX_LOGGED];
    size_t line_len;
};

void errors_add(struct errors *errors, const char *data, size_t len);

/* Logs a last line that has no end. */
void errors_end(struct errors *errors);

/*
 * Writes the last lines into dst, NUL-terminated: from the beginning of a line where there is one, or of a
 * character; without the line breaks at the end. Returns dst, which is "" when nothing was written.
 */
char *errors_text(const struct errors *errors, char dst[TAIL_MAX + 1]);

#endif

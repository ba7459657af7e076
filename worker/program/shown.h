/* SPDX-License-Identifier: MIT */
/*
 * What a command shows before it ends: lines on its descriptor SHOWN_FD. The last complete line is shown as the result of
 * the active task, at most once in SHOWN_GAP_MS, so that a command that shows much costs the broker little. Of a line,
 * the first SHOWN_MAX bytes are kept; lines without a byte are passed over.
 */
#ifndef WEIR_PROGRAM_SHOWN_H
#define WEIR_PROGRAM_SHOWN_H

#include <weir/handler.h>

#define SHOWN_FD 3 /* one digit: all shells can write to it */

enum {
    SHOWN_MAX = 65536,
    SHOWN_GAP_MS = 200
};

/* Zero-filled with ctx set it is empty. Only on the handler's thread; ends with shown_end(). */
struct shown {
    weir_context *ctx;
    char *line; /* the one under way; NULL: none came yet */
    char *last; /* the last complete one */
    size_t line_len;
    size_t last_len;
    bool waits; /* the last one is not shown yet */
    bool cut;   /* a line was longer than is kept */
    int64_t not_before_ms;
};

/* Takes bytes. */
void shown_add(struct shown *shown, const char *data, size_t len);

/* When there will be something to show, INT64_MAX: not before more comes. */
int64_t shown_due_ms(const struct shown *shown);

/* Shows what is due. What the broker refuses is lost, and the next line tried again. */
void shown_look(struct shown *shown, int64_t now_ms);

/* Shows what is left, a last line without an end too, unless nobody wants it any more; frees. */
void shown_end(struct shown *shown, bool wanted);

#endif

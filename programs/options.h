/* SPDX-License-Identifier: MIT */
/*
 * Command-line options from a table: one row feeds the parser, the help text and the setting. The rows of
 * several tables may be known at once (those of a command and those of the whole program). What a row sets is a
 * field of the caller's struct, found by its offset, or whatever a function of the row's does.
 */
#ifndef WEIR_PROGRAMS_OPTIONS_H
#define WEIR_PROGRAMS_OPTIONS_H

#include <weir/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef enum option_kind {
    OPTION_FLAG,     /* bool: set to true */
    OPTION_TEXT,     /* const char *: points into argv; may not be given twice */
    OPTION_COUNT,    /* int, 1 to INT_MAX */
    OPTION_DURATION, /* int64_t ms, not negative */
    OPTION_CALL      /* set(into, value, err) */
} option_kind;

typedef int (*option_fn)(void *into, const char *value, weir_error *err);

struct option_row {
    const char *name; /* without the "--" */
    char letter;      /* short form, or 0 */
    option_kind kind;
    size_t offset;    /* of the field, unless it is a call */
    const char *arg;  /* what stands for the value in the help; NULL for flags */
    const char *help; /* NULL: not shown */
    option_fn set;    /* for calls; its errors are prefixed with the option's name */
};

/* A table and the struct that it fills. */
struct option_set {
    const struct option_row *rows;
    size_t count;
    void *into;
};

/*
 * Parses argv[1..argc) and moves the words that are not options to its end; *first is the index of the first of
 * them. With `until_word`, stops at the first such word instead. Errors: WEIR_E_INVALID, fit to be shown to a user.
 */
int options_parse(const struct option_set *sets, size_t set_count, int argc, char **argv,
                  bool until_word, int *first, weir_error *err);

/* Prints the rows of a table, aligned, for a help text. */
void options_print(FILE *out, const struct option_row *rows, size_t count);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Reading a JSON tree by tables of settings: what config.c, which knows the keys, is written on.
 *
 * Each table row names a key, the function that reads its value, and where in the target it goes. A
 * reader function finds its limits in the row. All messages begin with "NAME:LINE:COLUMN: ".
 */
#ifndef WEIR_LIB_CONFIG_READ_H
#define WEIR_LIB_CONFIG_READ_H

#include "arena.h"
#include "jsonpos.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <weir/error.h>

struct weir__reader {
    const char *name;   /* of the file */
    const char *folder; /* where relative paths begin; NULL: they stay */
    struct weir__jsonpos pos;
    struct weir__arena *arena; /* where what was read is kept */
    weir_error *err;
};

/* A value with its place in the text. */
struct weir__value {
    const char *key; /* "" in an array */
    json_t *json;
    size_t node;
};

struct weir__setting {
    const char *key; /* NULL ends a table */
    int (*read)(struct weir__reader *reader, const struct weir__value *value,
                const struct weir__setting *setting, void *target);
    size_t offset; /* of the member in the target */
    int64_t min;   /* numbers and lengths of time */
    int64_t max;
    const char *word; /* text that stands for word_value, or NULL */
    int64_t word_value;
    const struct weir__setting *table; /* of an object */
};

/* Steps through an array's elements or an object's members, in order. */
struct weir__walk {
    const struct weir__value *parent;
    size_t i;
    void *iter;
    size_t node;
};

struct weir__walk weir__walk_begin(const struct weir__value *parent);
bool weir__walk_next(const struct weir__reader *reader, struct weir__walk *walk,
                     struct weir__value *value);

/* Report an error at a value, or at its key; return WEIR_E_CONFIG. */
int weir__complain(struct weir__reader *reader, const struct weir__value *value, const char *format,
                   ...) WEIR_PRINTF_LIKE(3, 4);
int weir__complain_key(struct weir__reader *reader, const struct weir__value *value,
                       const char *format, ...) WEIR_PRINTF_LIKE(3, 4);

/* Reports that a value is of the wrong type: "KEY: must be WANTED, not text". */
int weir__wrong_type(struct weir__reader *reader, const struct weir__value *value,
                     const char *wanted);

/* Reports what another parser said about a value. */
int weir__complain_detail(struct weir__reader *reader, const struct weir__value *value,
                          const weir_error *detail);

/* An array in the arena with room for each element or member of a value, or NULL with the error
 * reported. */
void *weir__array_for(struct weir__reader *reader, const struct weir__value *value, size_t size);

/* Copies a text into the arena. */
int weir__keep_text(struct weir__reader *reader, const char **copy, const char *text);

/* Copies a path into the arena, with the folder in front of it where it is relative. */
int weir__keep_path(struct weir__reader *reader, const char **copy, const char *path);

/* Checks and copies a value's key that is a pattern: any name that a type may have. */
int weir__keep_pattern(struct weir__reader *reader, const struct weir__value *value,
                       const char **pattern);

/* The reader's out-of-memory error. */
int weir__no_memory(struct weir__reader *reader);

/* Reads an object by a table; every key of it must be in the table. */
int weir__read_table(struct weir__reader *reader, const struct weir__value *value,
                     const struct weir__setting *table, void *target);

/* Readers for tables: text (not empty), path (the same), bool, choice (an int: 1 true, -1 false), int, int64 count, length of time in ms, object. */
typedef int weir__read_fn(struct weir__reader *reader, const struct weir__value *value,
                          const struct weir__setting *setting, void *target);
weir__read_fn weir__read_text;
weir__read_fn weir__read_path;
weir__read_fn weir__read_bool;
weir__read_fn weir__read_choice;
weir__read_fn weir__read_int;
weir__read_fn weir__read_count;
weir__read_fn weir__read_length;
weir__read_fn weir__read_object;

#endif

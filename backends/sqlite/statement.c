/* SPDX-License-Identifier: MIT */
/*
 * The texts of the statements: sections of the embedded SQL files.
 *
 * A statement for several tasks is that for one, with what stands between the marks repeated: a row of VALUES, or a parameter of
 * a list.
 */
#include <config.h>

#include "conn.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define SUFFIX "_rows"
#define MARK "/*[*/"
#define MARK_END "/*]*/"

/* The line after "-- @name" in a text, or NULL. */
static const char *
find_section(const char *text, const char *name, size_t len)
{
    const char *at;

    for (at = strstr(text, "-- @"); at != NULL; at = strstr(at, "-- @")) {
        at += 4;
        if (strncmp(at, name, len) == 0 && at[len] == '\n')
            return at + len + 1;
    }
    return NULL;
}

static const char *
find_text(const char *name, size_t len)
{
    const struct weir__sqlite_sql *file;
    const char *text = NULL;

    for (file = weir__sqlite_sql; file->name != NULL && text == NULL; file++)
        text = find_section(file->text, name, len);
    return text;
}

/* The same with what is between the marks once for each row. */
static char *
repeat(const char *text, size_t len)
{
    const char *from = strstr(text, MARK);
    const char *to = strstr(text, MARK_END);
    size_t row, used;
    char *copy;
    int i;

    if (from == NULL || to == NULL || to > text + len)
        return NULL;
    from += strlen(MARK);
    row = (size_t)(to - from);
    copy = malloc(len + WEIR__ROWS * (row + 1));
    if (copy == NULL)
        return NULL;
    used = (size_t)(from - text);
    memcpy(copy, text, used);
    for (i = 0; i < WEIR__ROWS; i++) {
        if (i > 0)
            copy[used++] = ',';
        memcpy(copy + used, from, row);
        used += row;
    }
    len -= (size_t)(to - text);
    memcpy(copy + used, to, len);
    copy[used + len] = '\0';
    return copy;
}

char *
weir__statement_text(const char *name)
{
    size_t len = strlen(name), base = len - strlen(SUFFIX);
    bool rows = len > strlen(SUFFIX) && strcmp(name + base, SUFFIX) == 0;
    const char *text = find_text(name, len), *end;

    if (text == NULL && rows)
        text = find_text(name, base);
    if (text == NULL)
        return NULL;
    end = strstr(text, ";\n");
    len = end != NULL ? (size_t)(end - text) + 1 : strlen(text);
    return rows ? repeat(text, len) : strndup(text, len);
}

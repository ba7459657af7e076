/* SPDX-License-Identifier: MIT */
/*
 * One pass without recursion. A string is a member's name when a colon follows it; everything else that is not
 * punctuation is a value.
 */
#include <config.h>

#include "jsonpos.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <weir/error.h>

static const size_t none = SIZE_MAX;

/* Where the scan is. */
struct scan {
    struct weir__jsonpos *pos;
    size_t at;
    size_t open; /* node of the innermost open array or object */
    size_t key;  /* offset of the name whose value comes next */
};

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t
skip_string(const struct weir__jsonpos *pos, size_t at)
{
    for (at++; at < pos->len && pos->text[at] != '"'; at++) {
        if (pos->text[at] == '\\')
            at++;
    }
    return at + 1;
}

static size_t
skip_word(const struct weir__jsonpos *pos, size_t at)
{
    while (at < pos->len && !is_space(pos->text[at]) && !strchr(",:]}", pos->text[at]))
        at++;
    return at;
}

static bool
colon_follows(const struct weir__jsonpos *pos, size_t at)
{
    while (at < pos->len && is_space(pos->text[at]))
        at++;
    return at < pos->len && pos->text[at] == ':';
}

static int
add_node(struct scan *scan, size_t value)
{
    struct weir__jsonpos *pos = scan->pos;

    if (pos->count == pos->room) {
        size_t room = pos->room ? 2 * pos->room : 64;
        struct weir__jsonpos_node *nodes = realloc(pos->nodes, room * sizeof *nodes);

        if (!nodes)
            return WEIR_E_NOMEM;
        pos->nodes = nodes;
        pos->room = room;
    }
    pos->nodes[pos->count] = (struct weir__jsonpos_node){
        .key = scan->key == none ? value : scan->key,
        .value = value,
        .next = pos->count + 1,
        .parent = scan->open,
    };
    pos->count++;
    scan->key = none;
    return 0;
}

static int
scan_string(struct scan *scan)
{
    size_t start = scan->at;

    scan->at = skip_string(scan->pos, start);
    if (!colon_follows(scan->pos, scan->at))
        return add_node(scan, start);
    scan->key = start;
    return 0;
}

static int
scan_open(struct scan *scan)
{
    int rc = add_node(scan, scan->at++);

    if (rc == 0)
        scan->open = scan->pos->count - 1;
    return rc;
}

static int
scan_close(struct scan *scan)
{
    scan->at++;
    if (scan->open == none)
        return 0;
    scan->pos->nodes[scan->open].next = scan->pos->count;
    scan->open = scan->pos->nodes[scan->open].parent;
    return 0;
}

static int
scan_word(struct scan *scan)
{
    size_t start = scan->at;

    scan->at = skip_word(scan->pos, start);
    return add_node(scan, start);
}

static int
scan_next(struct scan *scan)
{
    char c = scan->pos->text[scan->at];

    if (is_space(c) || c == ',' || c == ':' || c == '\0') {
        scan->at++;
        return 0;
    }
    if (c == '"')
        return scan_string(scan);
    if (c == '{' || c == '[')
        return scan_open(scan);
    return c == '}' || c == ']' ? scan_close(scan) : scan_word(scan);
}

int
weir__jsonpos_scan(struct weir__jsonpos *pos, const char *text, size_t len)
{
    struct scan scan = {.pos = pos, .open = none, .key = none};
    int rc = 0;

    *pos = (struct weir__jsonpos){.text = text, .len = len};
    while (rc == 0 && scan.at < len)
        rc = scan_next(&scan);
    return rc;
}

void
weir__jsonpos_release(struct weir__jsonpos *pos)
{
    free(pos->nodes);
    *pos = (struct weir__jsonpos){0};
}

void
weir__jsonpos_place(const struct weir__jsonpos *pos, size_t offset, size_t *line, size_t *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = 0; i < offset && i < pos->len; i++) {
        unsigned char c = (unsigned char)pos->text[i];

        if (c == '\n') {
            (*line)++;
            *column = 1;
        } else if ((c & 0xc0) != 0x80) {
            (*column)++;
        }
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * Where in a JSON text each value stands, which jansson does not tell.
 *
 * A light scan of a text that jansson has accepted already gives one node for each value, in the order of the text, so a
 * tree of jansson's (whose objects keep their order) and the nodes can be walked side by side.
 */
#ifndef WEIR_LIB_JSONPOS_H
#define WEIR_LIB_JSONPOS_H

#include <stddef.h>

struct weir__jsonpos_node {
    size_t key;   /* offset of the member's name; of the value where there is none */
    size_t value; /* offset of the value's first byte */
    size_t next;  /* node after this value and all that is in it */
    size_t parent;
};

struct weir__jsonpos {
    const char *text; /* the caller's */
    size_t len;
    struct weir__jsonpos_node *nodes; /* [0] is the whole */
    size_t count;
    size_t room;
};

/*
 * Scans valid JSON. Ends with weir__jsonpos_release(), also after a failure. What is not JSON gives nodes without
 * meaning, but no harm. Errors: WEIR_E_NOMEM.
 */
int weir__jsonpos_scan(struct weir__jsonpos *pos, const char *text, size_t len);

void weir__jsonpos_release(struct weir__jsonpos *pos);

/* Line and column of an offset, both from 1; columns count characters. */
void weir__jsonpos_place(const struct weir__jsonpos *pos, size_t offset, size_t *line,
                         size_t *column);

#endif

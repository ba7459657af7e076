/* SPDX-License-Identifier: MIT */
/*
 * Whether a task is one of those that a weir_match means, and both of them in words. A criterion is one line in the
 * table of match.c.
 */
#ifndef WEIR_TESTING_MATCH_H
#define WEIR_TESTING_MATCH_H

#include "buf.h"

#include <jansson.h>
#include <weir/testing.h>

struct weir__matcher {
    const weir_match *match;
    json_t *json; /* of match->json, or NULL */
    int64_t now_ms;
};

/* match must outlive it. WEIR_E_INVALID. */
int weir__matcher_init(struct weir__matcher *matcher, const weir_match *match, int64_t now_ms,
                       weir_error *err);
void weir__matcher_release(struct weir__matcher *matcher);

/* How many of the criteria that are given the task does not meet. */
size_t weir__matcher_misses(const struct weir__matcher *matcher, const weir_task_info *task);

/* Append: what is wanted ("type "x" and queue "low""), a task, and what of it is different. */
void weir__matcher_wanted(const struct weir__matcher *matcher, struct weir__buf *buf);
void weir__match_show(const weir_task_info *task, struct weir__buf *buf);
void weir__matcher_differences(const struct weir__matcher *matcher, const weir_task_info *task,
                               struct weir__buf *buf);

/* subset.c: whether `has` has all of `wanted`: objects may have more members, everything else is equal. */
bool weir__json_has(const json_t *has, const json_t *wanted);

#endif

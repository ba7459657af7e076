/* SPDX-License-Identifier: MIT */
/*
 * One statement for several tasks: see several.h. Which of them it has changed SQLite tells through the hook for updates, as a count says it only
 * while all are.
 */
#include <config.h>

#include "several.h"

#include <stdlib.h>

#define RANGE_LEAST 3 /* fewer in a row go into a list with others */

static int
run_bound(struct weir__conn *conn, const struct weir__several *what, bool range,
          const int64_t *seqs, size_t count, size_t *changed)
{
    sqlite3_stmt *stmt;
    int at = 1, rows = 0, i;
    int code = weir__conn_prepare(conn, range ? what->range : what->rows, &stmt);

    for (i = 0; i < what->value_count && code == 0; i++)
        code = weir__conn_bind(conn, stmt, &at, "i", what->values[i]);
    if (code == 0 && range)
        code = weir__conn_bind(conn, stmt, &at, "ii", seqs[0], seqs[count - 1]);
    for (i = 0; !range && i < WEIR__ROWS && code == 0; i++) /* what is missing: the last again */
        code =
            weir__conn_bind(conn, stmt, &at, "i", seqs[(size_t)i < count ? (size_t)i : count - 1]);
    if (code == 0)
        code = weir__conn_complete(conn, stmt, &rows);
    if (code == 0)
        *changed += (size_t)rows;
    return code;
}

/* How many tasks from the first on have consecutive numbers. */
static size_t
in_a_row(const int64_t *seqs, size_t count)
{
    size_t n = 1;

    while (n < count && seqs[n] == seqs[n - 1] + 1)
        n++;
    return n;
}

/* How many tasks go into a list: up to where the next range begins. */
static size_t
scattered(const int64_t *seqs, size_t count)
{
    size_t n = 1;

    while (n < count && n < WEIR__ROWS && in_a_row(seqs + n, count - n) < RANGE_LEAST)
        n++;
    return n;
}

int
weir__several_run(struct weir__conn *conn, const struct weir__several *what, const int64_t *seqs,
                  size_t count, size_t *changed)
{
    size_t done, n;
    bool range;
    int code = 0;

    *changed = 0;
    for (done = 0; done < count && code == 0; done += n) {
        n = in_a_row(seqs + done, count - done);
        range = n >= RANGE_LEAST || n == count - done;
        if (!range)
            n = scattered(seqs + done, count - done);
        code = run_bound(conn, what, range || n == 1, seqs + done, n, changed);
    }
    return code;
}

static int
compare(const void *a, const void *b)
{
    const struct weir__claimed *one = a, *other = b;

    if (one->token != other->token)
        return one->token < other->token ? -1 : 1;
    return (one->seq > other->seq) - (one->seq < other->seq);
}

bool
weir__claimed_sort(struct weir__claimed *claims, size_t count)
{
    size_t i;

    qsort(claims, count, sizeof(*claims), compare);
    for (i = 1; i < count; i++) {
        if (claims[i].token == claims[i - 1].token && claims[i].seq == claims[i - 1].seq)
            return false;
    }
    return true;
}

/* Claims of one token. */
struct group {
    struct weir__claimed *claims;
    size_t count;
};

static int
compare_seq(const void *key, const void *element)
{
    const int64_t *seq = key;
    const struct weir__claimed *claim = element;

    return (*seq > claim->seq) - (*seq < claim->seq);
}

static void
note_change(void *arg, int what, const char *database, const char *table, sqlite3_int64 seq)
{
    const struct group *group = arg;
    const int64_t key = seq;
    struct weir__claimed *claim =
        bsearch(&key, group->claims, group->count, sizeof(*claim), compare_seq);

    (void)what;
    (void)database;
    (void)table;
    if (claim != NULL)
        claim->changed = true;
}

static int
run_group(struct weir__conn *conn, struct weir__several *what, struct group *group)
{
    int64_t seqs[WEIR__SEVERAL_MAX];
    size_t changed, i;
    int code;

    for (i = 0; i < group->count; i++) {
        seqs[i] = group->claims[i].seq;
        group->claims[i].changed = false;
    }
    what->values[0] = group->claims[0].token;
    sqlite3_update_hook(conn->db, note_change, group);
    code = weir__several_run(conn, what, seqs, group->count, &changed);
    sqlite3_update_hook(conn->db, NULL, NULL);
    return code;
}

int
weir__claimed_run(struct weir__conn *conn, enum weir__statement range, enum weir__statement rows,
                  struct weir__claimed *claims, size_t count)
{
    struct weir__several what = {.range = range, .rows = rows, .value_count = 1};
    struct group group = {claims, 0};
    int code = 0;

    for (; count > 0 && code == 0; group.claims += group.count, count -= group.count) {
        group.count = 1;
        while (group.count < count && group.claims[group.count].token == group.claims[0].token)
            group.count++;
        code = run_group(conn, &what, &group);
    }
    return code;
}

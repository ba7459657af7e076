/* SPDX-License-Identifier: MIT */
/*
 * The rows of all tables are turned into the arrays that getopt_long() wants; `val` of a long option
 * is the row's number beyond the range of characters, so that long and short forms end in the same row.
 */
#include <config.h>

#include "options.h"
#include "suggest.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <weir/config.h>

enum {
    MAX_ROWS = 48,
    FIRST_ROW = 256 /* beyond any character */
};

struct known {
    const struct option_row *rows[MAX_ROWS];
    void *into[MAX_ROWS];
    size_t count;
    struct option longs[MAX_ROWS + 1];
    char shorts[2 * MAX_ROWS + 4];
};

static int
know(struct known *known, const struct option_set *sets, size_t set_count, bool until_word)
{
    char *shorts = known->shorts;

    shorts = stpcpy(shorts, until_word ? "+:" : ":");
    for (size_t s = 0; s < set_count; s++) {
        for (size_t i = 0; i < sets[s].count; i++) {
            const struct option_row *row = &sets[s].rows[i];
            size_t n = known->count++;
            if (n >= MAX_ROWS) {
                return WEIR_E_INTERNAL;
            }
            known->rows[n] = row;
            known->into[n] = sets[s].into;
            known->longs[n].name = row->name;
            known->longs[n].has_arg = row->arg != NULL ? required_argument : no_argument;
            known->longs[n].val = FIRST_ROW + (int)n;
            if (row->letter != 0) {
                *shorts++ = row->letter;
                shorts = stpcpy(shorts, row->arg != NULL ? ":" : "");
            }
        }
    }
    *shorts = '\0';
    return 0;
}

static size_t
find_row(const struct known *known, int val)
{
    size_t i = 0;

    if (val >= FIRST_ROW) {
        return (size_t)(val - FIRST_ROW);
    }
    while (i < known->count && known->rows[i]->letter != val) {
        i++;
    }
    return i;
}

static int
set_count(int *field, const char *value, weir_error *err)
{
    char *end;

    errno = 0;
    long n = strtol(value, &end, 10);
    if (end == value || *end != '\0') {
        return weir_error_set(err, WEIR_E_INVALID, "\"%.100s\" is not a number", value);
    }
    if (errno != 0 || n < 1 || n > INT_MAX) {
        return weir_error_set(err, WEIR_E_INVALID, "%.100s is %s", value,
                              errno == 0 && n < 1 ? "less than 1" : "too large");
    }
    *field = (int)n;
    return 0;
}

static int
set_duration(int64_t *field, const char *value, weir_error *err)
{
    int64_t ms;
    int rc = weir_duration_parse(&ms, value, err);

    if (rc != 0) {
        return rc;
    }
    if (ms < 0) {
        return weir_error_set(err, WEIR_E_INVALID, "%.100s is negative", value);
    }
    *field = ms;
    return 0;
}

static int
set_text(const char **field, const char *value, weir_error *err)
{
    if (*field != NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "given twice");
    }
    *field = value;
    return 0;
}

static int
set_row(const struct option_row *row, void *into, const char *value, weir_error *err)
{
    void *field = (char *)into + row->offset;

    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return 0;
    case OPTION_TEXT:
        return set_text(field, value, err);
    case OPTION_COUNT:
        return set_count(field, value, err);
    case OPTION_DURATION:
        return set_duration(field, value, err);
    case OPTION_CALL:
        break;
    }
    return row->set(into, value, err);
}

static int
unknown_option(const struct known *known, const char *word, weir_error *err)
{
    struct suggestion best = {0};

    if (optopt > 0 && optopt < FIRST_ROW) {
        return weir_error_set(err, WEIR_E_INVALID, "unknown option -%c", optopt);
    }
    size_t len = strcspn(word + 2, "=");
    if (optopt != 0) {
        return weir_error_set(err, WEIR_E_INVALID, "option --%.*s takes no value", (int)len,
                              word + 2);
    }
    for (size_t i = 0; i < known->count; i++) {
        suggest_consider(&best, known->rows[i]->name, word + 2, len);
    }
    if (best.name == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "unknown option --%.*s", (int)len, word + 2);
    }
    return weir_error_set(err, WEIR_E_INVALID, "unknown option --%.*s (did you mean --%s?)",
                          (int)len, word + 2, best.name);
}

static int
take_option(const struct known *known, int val, const char *word, weir_error *err)
{
    weir_error why = {0};

    if (val == '?') {
        return unknown_option(known, word, err);
    }
    size_t i = find_row(known, val == ':' ? optopt : val);
    if (i >= known->count) {
        return unknown_option(known, word, err);
    }
    const struct option_row *row = known->rows[i];
    if (val == ':') {
        return weir_error_set(err, WEIR_E_INVALID, "option --%s needs a value (%s)", row->name,
                              row->arg);
    }
    if (set_row(row, known->into[i], optarg, &why) != 0) {
        return weir_error_set(err, WEIR_E_INVALID, "option --%s: %s", row->name, why.text);
    }
    return 0;
}

int
options_parse(const struct option_set *sets, size_t count, int argc, char **argv, bool until_word,
              int *first, weir_error *err)
{
    struct known known = {0};
    int val;

    if (know(&known, sets, count, until_word) != 0) {
        return weir_error_set(err, WEIR_E_INTERNAL, "too many options in a table");
    }
    opterr = 0;
    optind = 0; /* start anew: this may be the second table of this run */
    for (;;) {
        optopt = 0;
        val = getopt_long(argc, argv, known.shorts, known.longs, NULL);
        if (val == -1) {
            break;
        }
        int rc = take_option(&known, val, argv[optind - 1], err);
        if (rc != 0) {
            return rc;
        }
    }
    *first = optind;
    return 0;
}

static void
head_of(const struct option_row *row, char *dst, size_t size)
{
    char letter[8] = "    ";

    if (row->letter != 0) {
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    }
    snprintf(dst, size, "  %s--%s%s%s", letter, row->name, row->arg != NULL ? " " : "",
             row->arg != NULL ? row->arg : "");
}

void
options_print(FILE *out, const struct option_row *rows, size_t count)
{
    char head[80];
    size_t width = 0;

    for (size_t i = 0; i < count; i++) {
        if (rows[i].help == NULL) {
            continue;
        }
        head_of(&rows[i], head, sizeof head);
        width = strlen(head) > width ? strlen(head) : width;
    }
    for (size_t i = 0; i < count; i++) {
        const char *help = rows[i].help;
        if (help == NULL) {
            continue;
        }
        head_of(&rows[i], head, sizeof head);
        for (const char *eol = strchr(help, '\n'); eol != NULL; eol = strchr(help, '\n')) {
            fprintf(out, "%-*s  %.*s\n", (int)width, head, (int)(eol - help), help);
            head[0] = '\0';
            help = eol + 1;
        }
        fprintf(out, "%-*s  %s\n", (int)width, head, help);
    }
}

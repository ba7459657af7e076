/* SPDX-License-Identifier: MIT */
/*
 * Progress is one line on standard error that is written over; anything else that goes there first wipes it.
 */
#include <config.h>

#include "tally.h"

#include "json_out.h"
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PROGRESS_MS = 200
};

int
tally_init(struct tally *tally, bool quiet, weir_error *err)
{
    memset(tally, 0, sizeof *tally);
    tally->bad_lines = calloc(TALLY_KEPT, sizeof *tally->bad_lines);
    if (tally->bad_lines == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    tally->quiet = quiet;
    tally->live = isatty(STDERR_FILENO);
    tally->started_ms = progress_clock_ms();
    return 0;
}

static void
wipe(struct tally *tally)
{
    if (tally->progress_shown) {
        fputs("\r\033[K", stderr);
        tally->progress_shown = false;
    }
}

static void
tell(struct tally *tally, size_t line, const char *text)
{
    tally->problems++;
    if (tally->quiet || tally->problems > TALLY_SHOWN + 1) {
        return;
    }
    wipe(tally);
    if (tally->problems > TALLY_SHOWN) {
        fputs("weir: further problems are counted, but not shown\n", stderr);
        return;
    }
    fprintf(stderr, "weir: line %zu: %s\n", line, text);
}

void
tally_enqueued(struct tally *tally)
{
    tally->enqueued++;
}

void
tally_refused(struct tally *tally, size_t line, int code)
{
    if (code < 0 && code > -TALLY_REASONS) {
        tally->refused[-code]++;
    }
    tell(tally, line, weir_strerror(code));
}

void
tally_bad(struct tally *tally, size_t line, const char *text)
{
    if (tally->bad < TALLY_KEPT) {
        tally->bad_lines[tally->bad] = (struct bad_line){line, strdup(text)};
    }
    tally->bad++;
    tell(tally, line, text);
}

void
tally_progress(struct tally *tally)
{
    if (!tally->live) {
        return;
    }
    int64_t now_ms = progress_clock_ms();
    int64_t since_ms = now_ms - tally->started_ms;
    if (now_ms - tally->shown_ms < PROGRESS_MS || since_ms <= 0) {
        return;
    }
    tally->shown_ms = now_ms;
    tally->progress_shown = true;
    fprintf(stderr, "\r\033[K%zu enqueued, %" PRId64 "/s", tally->enqueued,
            (int64_t)tally->enqueued * 1000 / since_ms);
    if (tally->problems > 0) {
        fprintf(stderr, ", %zu problems", tally->problems);
    }
    fflush(stderr);
}

bool
tally_is_clean(const struct tally *tally)
{
    return tally->problems == 0;
}

static json_t *
summary(const struct tally *tally)
{
    json_t *object = json_object(), *refused = json_object(), *bad = json_array();

    for (int i = 1; i < TALLY_REASONS; i++) {
        if (tally->refused[i] > 0) {
            json_object_set_new(refused, weir_error_name(-i),
                                json_integer((json_int_t)tally->refused[i]));
        }
    }
    for (size_t i = 0; i < tally->bad && i < TALLY_KEPT; i++) {
        json_t *line = json_object();
        json_object_set_new(line, "line", json_integer((json_int_t)tally->bad_lines[i].number));
        json_object_set_new(line, "error", json_out_text(tally->bad_lines[i].text));
        json_array_append_new(bad, line);
    }
    json_object_set_new(object, "enqueued", json_integer((json_int_t)tally->enqueued));
    json_object_set_new(object, "refused", refused);
    json_object_set_new(object, "bad", json_integer((json_int_t)tally->bad));
    json_object_set_new(object, "bad_lines", bad);
    return object;
}

static void
print_bad_numbers(const struct tally *tally)
{
    printf("bad lines: %zu (", tally->bad);
    for (size_t i = 0; i < tally->bad && i < TALLY_SHOWN; i++) {
        printf("%s%zu", i > 0 ? ", " : "", tally->bad_lines[i].number);
    }
    puts(tally->bad > TALLY_SHOWN ? ", ...)" : ")");
}

int
tally_print(struct tally *tally, bool json, weir_error *err)
{
    wipe(tally);
    if (json) {
        return json_out_print(summary(tally), err);
    }
    printf("enqueued:  %zu\n", tally->enqueued);
    for (int i = 1; i < TALLY_REASONS; i++) {
        if (tally->refused[i] > 0) {
            printf("refused:   %zu (%s)\n", tally->refused[i], weir_strerror(-i));
        }
    }
    if (tally->bad > 0) {
        print_bad_numbers(tally);
    }
    return 0;
}

void
tally_release(struct tally *tally)
{
    for (size_t i = 0; i < tally->bad && i < TALLY_KEPT; i++) {
        free(tally->bad_lines[i].text);
    }
    free(tally->bad_lines);
    memset(tally, 0, sizeof *tally);
}

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
#include <string.h>
#include <unistd.h>

enum {
    PROGRESS_MS = 200
};

void
tally_init(struct tally *tally, bool json)
{
    *tally = (struct tally){
        .json = json, .live = isatty(STDERR_FILENO), .started_ms = progress_clock_ms()};
}

static void
wipe(struct tally *tally)
{
    if (tally->progress_shown) {
        fputs("\r\033[K", stderr);
        tally->progress_shown = false;
    }
}

/* ---- as text ---- */

static void
tell(struct tally *tally, size_t line, const char *id, const char *text)
{
    if (tally->json || tally->problems > TALLY_SHOWN + 1) {
        return;
    }
    wipe(tally);
    if (tally->problems > TALLY_SHOWN) {
        fputs("weir: further problems are counted, but not shown\n", stderr);
        return;
    }
    fprintf(stderr, "weir: line %zu: %s%s%s\n", line, id, id[0] != '\0' ? ": " : "", text);
}

/* ---- as JSON ---- */

static void
begin(struct tally *tally)
{
    if (!tally->begun) {
        fputs("{\n  \"lines\": [", stdout);
        tally->begun = true;
    }
}

/* Takes the object over. */
static void
print_line(struct tally *tally, json_t *object)
{
    bool first = tally->enqueued + tally->problems == 1;

    begin(tally);
    wipe(tally);
    fputs(first ? "\n    " : ",\n    ", stdout);
    json_dumpf(object, stdout, 0);
    json_decref(object);
}

static json_t *
line_json(size_t line, bool ok)
{
    json_t *object = json_object();

    json_object_set_new(object, "line", json_integer((json_int_t)line));
    json_object_set_new(object, "ok", json_boolean(ok));
    return object;
}

static json_t *
receipt_json(size_t line, const weir_task *task, const weir_receipt *receipt)
{
    const char *queue = task->queue != NULL ? task->queue : WEIR_DEFAULT_QUEUE;
    const char *id = receipt->id[0] != '\0' ? receipt->id : task->id;
    json_t *object = line_json(line, receipt->code == 0);

    json_object_set_new(object, "id", json_out_text(id));
    json_object_set_new(object, "queue", json_out_text(queue));
    if (receipt->code == 0) {
        json_object_set_new(object, "state", json_out_text(weir_state_name(receipt->state)));
    } else {
        json_object_set_new(object, "error",
                            json_out_error(receipt->code, weir_strerror(receipt->code)));
    }
    return object;
}

static void
print_summary_json(struct tally *tally)
{
    json_t *refused = json_object();

    for (int i = 1; i < TALLY_REASONS; i++) {
        if (tally->refused[i] > 0) {
            json_object_set_new(refused, weir_error_name(-i),
                                json_integer((json_int_t)tally->refused[i]));
        }
    }
    begin(tally);
    printf("%s],\n  \"enqueued\": %zu,\n  \"refused\": ",
           tally->enqueued + tally->problems > 0 ? "\n  " : "", tally->enqueued);
    json_dumpf(refused, stdout, 0);
    printf(",\n  \"bad\": %zu\n}\n", tally->bad);
    json_decref(refused);
}

/* ---- both ---- */

void
tally_receipt(struct tally *tally, size_t line, const weir_task *task, const weir_receipt *receipt)
{
    int code = receipt->code;

    tally->enqueued += code == 0;
    tally->problems += code != 0;
    if (code < 0 && code > -TALLY_REASONS) {
        tally->refused[-code]++;
    }
    if (code != 0) {
        tell(tally, line, receipt->id, weir_strerror(code));
    }
    if (tally->json) {
        print_line(tally, receipt_json(line, task, receipt));
    }
}

void
tally_bad(struct tally *tally, size_t line, const weir_error *why)
{
    if (tally->bad < TALLY_SHOWN) {
        tally->bad_lines[tally->bad] = line;
    }
    tally->bad++;
    tally->problems++;
    tell(tally, line, "", why->text);
    if (tally->json) {
        json_t *object = line_json(line, false);
        json_object_set_new(object, "error", json_out_error(why->code, why->text));
        print_line(tally, object);
    }
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

static void
print_bad_numbers(const struct tally *tally)
{
    printf("bad lines: %zu (line%s ", tally->bad, tally->bad == 1 ? "" : "s");
    for (size_t i = 0; i < tally->bad && i < TALLY_SHOWN; i++) {
        printf("%s%zu", i > 0 ? ", " : "", tally->bad_lines[i]);
    }
    fputs(tally->bad > TALLY_SHOWN ? ", ..." : "", stdout);
    puts(tally->stopped ? "; nothing behind it was tried)" : ")");
}

void
tally_print(struct tally *tally)
{
    wipe(tally);
    if (tally->json) {
        print_summary_json(tally);
        return;
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
}

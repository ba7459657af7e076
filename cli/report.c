/* SPDX-License-Identifier: MIT */
/*
 * Standard output is flushed first: on a terminal both are one, and what was printed came first. Messages quote what
 * was typed or stored: what a terminal would obey is escaped.
 */
#include <config.h>

#include "report.h"

#include "json_out.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
print_line(json_t *object)
{
    json_dumpf(object, stderr, JSON_COMPACT);
    fputc('\n', stderr);
    json_decref(object);
}

void
report_error(const struct session *session, int rc, const weir_error *err)
{
    const char *text = err->text[0] != '\0' ? err->text : weir_strerror(rc);

    fflush(stdout);
    if (!session->json) {
        char *shown = text_shown(text, strlen(text), WEIR_ERROR_TEXT_SIZE);
        fprintf(stderr, "weir: %s\n", shown != NULL ? shown : text);
        free(shown);
        return;
    }
    json_t *object = json_object(), *error = json_out_error(rc, text);
    if (session->about != NULL) {
        json_object_set_new(error, session->about_key, json_out_text(session->about));
    }
    json_object_set_new(object, "error", error);
    print_line(object);
}

void
report_note(const struct session *session, const char *format, ...)
{
    char text[WEIR_ERROR_TEXT_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fflush(stdout);
    if (!session->json) {
        fprintf(stderr, "weir: %s\n", text);
        return;
    }
    json_t *object = json_object();
    json_object_set_new(object, "note", json_out_text(text));
    print_line(object);
}

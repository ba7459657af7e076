/* SPDX-License-Identifier: MIT */
/*
 * What a command says on standard error: errors and notes, each one line. As text, or with --json as JSON objects,
 * {"error": {"code", "name", "message"}} and {"note": "..."}, so that standard output never holds anything but results.
 */
#ifndef WEIR_CLI_REPORT_H
#define WEIR_CLI_REPORT_H

#include "session.h"

/* Says why the command failed; what the session is about is named. err->text may be empty. */
void report_error(const struct session *session, int rc, const weir_error *err);

/* Says something that is good to know. */
void report_note(const struct session *session, const char *format, ...) WEIR_PRINTF_LIKE(2, 3);

#endif

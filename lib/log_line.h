/* SPDX-License-Identifier: MIT */
/*
 * How an event of the log becomes a line.
 */
#ifndef WEIR_LIB_LOG_LINE_H
#define WEIR_LIB_LOG_LINE_H

#include "buf.h"

#include <weir/log.h>

/* Appends an event as one line with its '\n'; record->line is not looked at. Always valid UTF-8
 * without control characters. */
void weir__log_line_text(struct weir__buf *buf, const weir_log_record *record);
void weir__log_line_json(struct weir__buf *buf, const weir_log_record *record);

#endif

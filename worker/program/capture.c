/* SPDX-License-Identifier: MIT */
/*
 * The tail is a plain buffer that is shifted when it is full: it is small, and a command that writes much to
 * standard error pays a memmove() of 2 KiB for each read.
 */
#include <config.h>

#include "capture.h"

#include <stdlib.h>
#include <string.h>

bool
result_add(struct result *result, const char *data, size_t len)
{
    size_t room = RESULT_MAX - result->len;

    if (!result->wanted || len == 0) {
        return true;
    }
    if (len > room) {
        len = room;
        result->cut = true;
    }
    if (result->len + len > result->size) {
        size_t size = result->size == 0 ? 4096 : 2 * result->size;
        while (size < result->len + len) {
            size *= 2;
        }
        char *bigger = realloc(result->data, size);
        if (bigger == NULL) {
            result->cut = true;
            return false;
        }
        result->data = bigger;
        result->size = size;
    }
    if (len > 0) {
        memcpy(result->data + result->len, data, len);
        result->len += len;
    }
    return true;
}

void
result_release(struct result *result)
{
    free(result->data);
    memset(result, 0, sizeof *result);
}

static void
keep_tail(struct errors *errors, const char *data, size_t len)
{
    if (len > TAIL_MAX) {
        data += len - TAIL_MAX;
        len = TAIL_MAX;
        errors->tail_cut = true;
    }
    if (errors->tail_len + len > TAIL_MAX) {
        size_t gone = errors->tail_len + len - TAIL_MAX;
        memmove(errors->tail, errors->tail + gone, errors->tail_len - gone);
        errors->tail_len -= gone;
        errors->tail_cut = true;
    }
    memcpy(errors->tail + errors->tail_len, data, len);
    errors->tail_len += len;
}

static void
log_line(struct errors *errors)
{
    weir_log(errors->logger, WEIR_LOG_DEBUG, "command said", weir_log_str("id", errors->task_id),
             weir_log_bytes("stderr", errors->line, errors->line_len));
    errors->line_len = 0;
}

static void
log_lines(struct errors *errors, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\n' || errors->line_len == LINE_MAX_LOGGED) {
            log_line(errors);
        }
        if (data[i] != '\n') {
            errors->line[errors->line_len++] = data[i];
        }
    }
}

void
errors_add(struct errors *errors, const char *data, size_t len)
{
    keep_tail(errors, data, len);
    if (weir_logger_enabled(errors->logger, WEIR_LOG_DEBUG)) {
        log_lines(errors, data, len);
    }
}

void
errors_end(struct errors *errors)
{
    if (errors->line_len > 0) {
        log_line(errors);
    }
}

static bool
is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* Skips the rest of a line whose beginning is lost, or of a character when there is only one line. */
static size_t
first_whole(const char *data, size_t len)
{
    const char *eol = memchr(data, '\n', len);
    size_t skip = 0;

    if (eol != NULL && eol + 1 < data + len) {
        return (size_t)(eol + 1 - data);
    }
    while (skip < len && skip < 3 && is_continuation(data[skip])) {
        skip++;
    }
    return skip;
}

char *
errors_text(const struct errors *errors, char dst[TAIL_MAX + 1])
{
    const char *data = errors->tail;
    size_t len = errors->tail_len;

    while (len > 0 && (data[len - 1] == '\n' || data[len - 1] == '\r')) {
        len--;
    }
    size_t skip = errors->tail_cut ? first_whole(data, len) : 0;
    for (size_t i = skip; i < len; i++) {
        dst[i - skip] = data[i] == '\0' ? ' ' : data[i];
    }
    dst[len - skip] = '\0';
    return dst;
}

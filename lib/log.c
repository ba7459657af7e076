/* SPDX-License-Identifier: MIT */
/*
 * Loggers. An event is formatted into a buffer of its own, without a lock, and goes out in one
 * write() on the file's descriptor under the FILE's lock; what the program itself had buffered in
 * that FILE is flushed first, so the order is kept. A FILE without a descriptor (memory) gets it
 * through stdio.
 */
#include <config.h>

#include <weir/log.h>

#include "buf.h"
#include "clock.h"
#include "log_line.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct weir_logger {
    atomic_int level;
    weir_log_format format;
    FILE *file;
    weir_log_fn fn;
    void *fn_arg;
    const weir_clock *clock;
};

static const struct {
    const char *name;
    weir_log_level level;
} levels[] = {
#define WEIR_LOG_LEVEL_ROW(name, value, text) {text, WEIR_LOG_##name},
    WEIR_LOG_LEVEL_MAP(WEIR_LOG_LEVEL_ROW)
#undef WEIR_LOG_LEVEL_ROW
};

static const struct {
    const char *name;
    weir_log_format format;
    void (*put_line)(struct weir__buf *buf, const weir_log_record *record);
} formats[] = {
    [WEIR_LOG_TEXT] = {"text", WEIR_LOG_TEXT, weir__log_line_text},
    [WEIR_LOG_JSON] = {"json", WEIR_LOG_JSON, weir__log_line_json},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *
weir_log_level_name(weir_log_level level)
{
    for (size_t i = 0; i < COUNT(levels); i++) {
        if (levels[i].level == level) {
            return levels[i].name;
        }
    }
    return "default";
}

int
weir_log_level_parse(weir_log_level *level, const char *text, weir_error *err)
{
    for (size_t i = 0; i < COUNT(levels); i++) {
        if (strcmp(levels[i].name, text) == 0) {
            *level = levels[i].level;
            return 0;
        }
    }
    return weir_error_set(err, WEIR_E_INVALID,
                          "invalid log level \"%.100s\": use debug, info, warn, error or off",
                          text);
}

int
weir_log_format_parse(weir_log_format *format, const char *text, weir_error *err)
{
    for (size_t i = 0; i < COUNT(formats); i++) {
        if (strcmp(formats[i].name, text) == 0) {
            *format = formats[i].format;
            return 0;
        }
    }
    return weir_error_set(err, WEIR_E_INVALID, "invalid log format \"%.100s\": use text or json",
                          text);
}

static int
check_options(const weir_log_options *options, weir_error *err)
{
    if ((int)options->level < WEIR_LOG_DEFAULT || options->level > WEIR_LOG_OFF) {
        return weir_error_set(err, WEIR_E_INVALID, "log options: there is no level %d",
                              (int)options->level);
    }
    if ((size_t)options->format >= COUNT(formats)) {
        return weir_error_set(err, WEIR_E_INVALID, "log options: there is no format %d",
                              (int)options->format);
    }
    for (size_t i = 0; i < COUNT(options->reserved); i++) {
        if (options->reserved[i] != 0) {
            return weir_error_set(err, WEIR_E_INVALID, "log options: reserved must be zero");
        }
    }
    return 0;
}

int
weir_logger_new(weir_logger **logger, const weir_log_options *options, weir_error *err)
{
    static const weir_log_options defaults = {0};

    *logger = NULL;
    if (options == NULL) {
        options = &defaults;
    }
    int rc = check_options(options, err);
    if (rc != 0) {
        return rc;
    }
    weir_logger *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    weir_logger_set_level(made, options->level);
    made->format = options->format;
    made->file = options->file != NULL ? options->file : stderr;
    made->fn = options->fn;
    made->fn_arg = options->fn_arg;
    made->clock = weir__clock_or_system(options->clock);
    *logger = made;
    return 0;
}

void
weir_logger_free(weir_logger *logger)
{
    free(logger);
}

void
weir_logger_set_level(weir_logger *logger, weir_log_level level)
{
    if (logger != NULL) {
        atomic_store(&logger->level, level == WEIR_LOG_DEFAULT ? WEIR_LOG_INFO : level);
    }
}

bool
weir_logger_enabled(const weir_logger *logger, weir_log_level level)
{
    return logger != NULL && (int)level > WEIR_LOG_DEFAULT && level < WEIR_LOG_OFF &&
           (int)level >= atomic_load(&logger->level);
}

static void
write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return;
        }
        data += n;
        len -= (size_t)n;
    }
}

static void
write_line(FILE *file, const char *line, size_t len)
{
    flockfile(file);
    fflush(file);
    int fd = fileno(file);
    if (fd >= 0) {
        write_all(fd, line, len);
    } else {
        fwrite(line, 1, len, file);
        fflush(file);
    }
    funlockfile(file);
}

static void
deliver(const weir_logger *logger, const weir_log_record *record)
{
    if (logger->fn != NULL) {
        logger->fn(record, logger->fn_arg);
    } else {
        write_line(logger->file, record->line, record->line_len);
    }
}

void
weir_log_fields(weir_logger *logger, weir_log_level level, const char *message,
                const weir_log_field *fields, size_t field_count)
{
    struct weir__buf line = {0};
    int saved_errno = errno;

    if (!weir_logger_enabled(logger, level)) {
        return;
    }
    weir_log_record record = {
        .at_ms = weir__clock_wall_ms(logger->clock),
        .level = level,
        .message = message,
        .fields = fields,
        .field_count = field_count,
    };
    formats[logger->format].put_line(&line, &record);
    if (!line.failed) {
        record.line = line.data;
        record.line_len = line.len;
        deliver(logger, &record);
    }
    weir__buf_release(&line);
    errno = saved_errno;
}

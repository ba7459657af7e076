/* SPDX-License-Identifier: MIT */
/*
 * Logging: one line per event, made of a message and of named values.
 *
 *     weir_log(logger, WEIR_LOG_INFO, "task failed", weir_log_str("id", id),
 *              weir_log_int("retried", retried), weir_log_ms("delay", delay_ms));
 *
 * As text:
 *     2006-01-02T15:04:05.678Z INFO  task failed id=0190b6... retried=2 delay=1m2s
 * As JSON:
 *     {"time":"2006-01-02T15:04:05.678Z","level":"info","msg":"task failed","id":"0190b6...",
 *      "retried":2,"delay_ms":62000}
 *
 * A message is a constant; what changes goes into the values. A logger may be used by any number of
 * threads. A NULL logger is silent, and so is any logger below its level: the values are then not
 * even evaluated. Logging never fails and leaves errno as it was; a line that cannot be written is
 * lost.
 */
#ifndef WEIR_LOG_H
#define WEIR_LOG_H

#include <weir/api.h>
#include <weir/clock.h>
#include <weir/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

WEIR_BEGIN_DECLS

/*   name      value  text */
#define WEIR_LOG_LEVEL_MAP(X)                                                                      \
    X(DEBUG, 1, "debug")                                                                           \
    X(INFO, 2, "info")                                                                             \
    X(WARN, 3, "warn")                                                                             \
    X(ERROR, 4, "error")                                                                           \
    X(OFF, 5, "off")

typedef enum weir_log_level {
    WEIR_LOG_DEFAULT = 0, /* as a setting: info */
#define WEIR_LOG_LEVEL_ENUM(name, value, text) WEIR_LOG_##name = (value),
    WEIR_LOG_LEVEL_MAP(WEIR_LOG_LEVEL_ENUM)
#undef WEIR_LOG_LEVEL_ENUM
} weir_log_level;

typedef enum weir_log_format {
    WEIR_LOG_TEXT = 0,
    WEIR_LOG_JSON, /* one JSON object a line */
} weir_log_format;

typedef enum weir_log_kind {
    WEIR_LOG_STR = 0, /* str: bytes; what is not UTF-8 is replaced */
    WEIR_LOG_INT,     /* i64 */
    WEIR_LOG_UINT,    /* u64 */
    WEIR_LOG_REAL,    /* real; JSON has null for infinities and NaN */
    WEIR_LOG_BOOL,    /* boolean */
    WEIR_LOG_MS,      /* i64, a length of time; JSON has the number, its key gets "_ms" appended */
} weir_log_kind;

/* A named value; made with the functions below. Points to the caller's strings. Since 0.1. */
typedef struct weir_log_field {
    const char *key;
    weir_log_kind kind;
    union {
        struct {
            const char *data; /* NULL is null */
            size_t len;
        } str;
        int64_t i64;
        uint64_t u64;
        double real;
        bool boolean;
    } value;
} weir_log_field;

/* An event, as a function of the application's gets it; valid during the call. Since 0.1. */
typedef struct weir_log_record {
    int64_t at_ms; /* since 1970 UTC */
    weir_log_level level;
    const char *message;
    const weir_log_field *fields;
    size_t field_count;
    const char
        *line; /* the whole line in the logger's format, UTF-8, NUL-terminated, with its '\n' */
    size_t line_len; /* without the NUL */
} weir_log_record;

/*
 * Takes an event in place of a file. Called on the thread that logs, by several at once; must not
 * use the logger it was called by. A server holds none of its locks meanwhile: its functions may be called, but
 * those that wait for its threads (weir_server_stop(), weir_server_free()). Since 0.1.
 */
typedef void (*weir_log_fn)(const weir_log_record *record, void *arg);

/* How to log; zero means the default everywhere. `reserved` must be zero. Since 0.1. */
typedef struct weir_log_options {
    weir_log_level level;    /* default: info */
    weir_log_format format;  /* default: text */
    FILE *file;              /* default: stderr. Stays the caller's; written to its descriptor */
    weir_log_fn fn;          /* if set, gets the events, and file is not used */
    void *fn_arg;            /* handed to fn */
    const weir_clock *clock; /* default: the system's; must outlive the logger */
    uint64_t reserved[4];
} weir_log_options;

typedef struct weir_logger weir_logger;

/*
 * Makes a logger and puts it into *logger; options may be NULL. Each line goes out in one write, so
 * that lines of several threads do not mix, nor those of several processes with one file opened for
 * appending (or one pipe, up to PIPE_BUF bytes a line). Ends with weir_logger_free().
 * Errors: WEIR_E_INVALID (names the option), WEIR_E_NOMEM. Any thread. Since 0.1.
 */
WEIR_API int weir_logger_new(weir_logger **logger, const weir_log_options *options,
                             weir_error *err);

/* Frees a logger that no thread uses any more; its file stays open. NULL is allowed. Since 0.1. */
WEIR_API void weir_logger_free(weir_logger *logger);

/* Changes the level; events under way may still see the old one. NULL is allowed. Any thread.
 * Since 0.1. */
WEIR_API void weir_logger_set_level(weir_logger *logger, weir_log_level level);

/* True if an event of that level would be written. False for NULL. Any thread. Since 0.1. */
WEIR_API bool weir_logger_enabled(const weir_logger *logger, weir_log_level level);

/*
 * Logs an event with an array of values: what weir_log() ends in. An event of level OFF or DEFAULT
 * is not written. Keys are words of letters, digits, '_', '.' and '-'. Any thread. Since 0.1.
 */
WEIR_API void weir_log_fields(weir_logger *logger, weir_log_level level, const char *message,
                              const weir_log_field *fields, size_t field_count);

/* Returns the word for a level ("info"), or "default". Static. Any thread. Since 0.1. */
WEIR_API const char *weir_log_level_name(weir_log_level level);

/* Puts the level that a word names into *level. Errors: WEIR_E_INVALID. Any thread. Since 0.1. */
WEIR_API int weir_log_level_parse(weir_log_level *level, const char *text, weir_error *err);

/* Puts the format that a word names ("text", "json") into *format. Errors: WEIR_E_INVALID. Any
 * thread. Since 0.1. */
WEIR_API int weir_log_format_parse(weir_log_format *format, const char *text, weir_error *err);

/* A string; NULL is logged as null. Since 0.1. */
static inline weir_log_field
weir_log_str(const char *key, const char *s)
{
    weir_log_field field = {key, WEIR_LOG_STR, {{s, 0}}};

    while (s != NULL && s[field.value.str.len] != '\0') {
        field.value.str.len++;
    }
    return field;
}

/* Bytes with their length. Since 0.1. */
static inline weir_log_field
weir_log_bytes(const char *key, const void *data, size_t len)
{
    weir_log_field field = {key, WEIR_LOG_STR, {{(const char *)data, len}}};

    return field;
}

/* A signed number. Since 0.1. */
static inline weir_log_field
weir_log_int(const char *key, int64_t value)
{
    weir_log_field field = {key, WEIR_LOG_INT, {{NULL, 0}}};

    field.value.i64 = value;
    return field;
}

/* An unsigned number. Since 0.1. */
static inline weir_log_field
weir_log_uint(const char *key, uint64_t value)
{
    weir_log_field field = {key, WEIR_LOG_UINT, {{NULL, 0}}};

    field.value.u64 = value;
    return field;
}

/* A number with a fraction. Since 0.1. */
static inline weir_log_field
weir_log_real(const char *key, double value)
{
    weir_log_field field = {key, WEIR_LOG_REAL, {{NULL, 0}}};

    field.value.real = value;
    return field;
}

/* True or false. Since 0.1. */
static inline weir_log_field
weir_log_bool(const char *key, bool value)
{
    weir_log_field field = {key, WEIR_LOG_BOOL, {{NULL, 0}}};

    field.value.boolean = value;
    return field;
}

/* A length of time in milliseconds. Text: "delay=1m30s"; JSON: "delay_ms":90000. Since 0.1. */
static inline weir_log_field
weir_log_ms(const char *key, int64_t ms)
{
    weir_log_field field = {key, WEIR_LOG_MS, {{NULL, 0}}};

    field.value.i64 = ms;
    return field;
}

/*
 * weir_log(logger, level, message, values...): logs a message with none to twelve values. The
 * values are evaluated only if the event will be written. Since 0.1.
 */
#define weir_log(...)                                                                              \
    WEIR__LOG_PICK(__VA_ARGS__, WEIR__LOG_VALUES, WEIR__LOG_VALUES, WEIR__LOG_VALUES,              \
                   WEIR__LOG_VALUES, WEIR__LOG_VALUES, WEIR__LOG_VALUES, WEIR__LOG_VALUES,         \
                   WEIR__LOG_VALUES, WEIR__LOG_VALUES, WEIR__LOG_VALUES, WEIR__LOG_VALUES,         \
                   WEIR__LOG_VALUES, WEIR__LOG_PLAIN, 0, 0, 0)                                     \
    (__VA_ARGS__)

#define WEIR__LOG_PICK(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, macro,    \
                       ...)                                                                        \
    macro

#define WEIR__LOG_PLAIN(logger, level, message) weir_log_fields(logger, level, message, NULL, 0)

#define WEIR__LOG_VALUES(logger, level, message, ...)                                              \
    do {                                                                                           \
        weir_logger *weir__log_to = (logger);                                                      \
        if (weir_logger_enabled(weir__log_to, (level))) {                                          \
            const weir_log_field weir__log_list[] = {__VA_ARGS__};                                 \
            weir_log_fields(weir__log_to, (level), (message), weir__log_list,                      \
                            sizeof(weir__log_list) / sizeof(weir__log_list[0]));                   \
        }                                                                                          \
    } while (0)

WEIR_END_DECLS

#endif

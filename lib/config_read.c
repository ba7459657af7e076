/* SPDX-License-Identifier: MIT */
/* The general half of reading a configuration: tables, plain values, messages with positions. */
#include <config.h>

#include "config_read.h"

#include "duration.h"
#include "names.h"
#include "nearest.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <weir/config.h>

struct weir__walk
weir__walk_begin(const struct weir__value *parent)
{
    return (struct weir__walk){
        .parent = parent,
        .iter = json_is_object(parent->json) ? json_object_iter(parent->json) : NULL,
        .node = parent->node + 1,
    };
}

bool
weir__walk_next(const struct weir__reader *reader, struct weir__walk *walk,
                struct weir__value *value)
{
    json_t *parent = walk->parent->json;

    if (json_is_array(parent) && walk->i < json_array_size(parent)) {
        *value = (struct weir__value){"", json_array_get(parent, walk->i++), walk->node};
    } else if (walk->iter) {
        *value = (struct weir__value){json_object_iter_key(walk->iter),
                                      json_object_iter_value(walk->iter), walk->node};
        walk->iter = json_object_iter_next(parent, walk->iter);
    } else {
        return false;
    }
    walk->node = reader->pos.nodes[walk->node].next;
    return true;
}

/* ---- messages ---- */

static void complain(struct weir__reader *reader, size_t offset, const char *format, va_list args)
    WEIR_PRINTF_LIKE(3, 0);

static void
complain(struct weir__reader *reader, size_t offset, const char *format, va_list args)
{
    char text[WEIR_ERROR_TEXT_SIZE];
    size_t line;
    size_t column;

    vsnprintf(text, sizeof text, format, args);
    weir__jsonpos_place(&reader->pos, offset, &line, &column);
    weir_error_set(reader->err, WEIR_E_CONFIG, "%s:%zu:%zu: %s", reader->name, line, column, text);
}

int
weir__complain(struct weir__reader *reader, const struct weir__value *value, const char *format,
               ...)
{
    va_list args;

    va_start(args, format);
    complain(reader, reader->pos.nodes[value->node].value, format, args);
    va_end(args);
    return WEIR_E_CONFIG;
}

int
weir__complain_key(struct weir__reader *reader, const struct weir__value *value, const char *format,
                   ...)
{
    va_list args;

    va_start(args, format);
    complain(reader, reader->pos.nodes[value->node].key, format, args);
    va_end(args);
    return WEIR_E_CONFIG;
}

int
weir__complain_detail(struct weir__reader *reader, const struct weir__value *value,
                      const weir_error *detail)
{
    if (detail->code == WEIR_E_NOMEM)
        return weir__no_memory(reader);
    if (value->key[0] == '\0')
        return weir__complain(reader, value, "%s", detail->text);
    return weir__complain(reader, value, "%s: %s", value->key, detail->text);
}

int
weir__no_memory(struct weir__reader *reader)
{
    return weir_error_set(reader->err, WEIR_E_NOMEM, "%s: out of memory", reader->name);
}

static const char *
type_name(const json_t *json)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "text",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number",  [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "null",
    };

    return names[json_typeof(json)];
}

int
weir__wrong_type(struct weir__reader *reader, const struct weir__value *value, const char *wanted)
{
    return weir__complain(reader, value, "%s%smust be %s, not %s", value->key,
                          value->key[0] ? ": " : "", wanted, type_name(value->json));
}

/* ---- keeping ---- */

void *
weir__array_for(struct weir__reader *reader, const struct weir__value *value, size_t size)
{
    size_t count = json_is_array(value->json) ? json_array_size(value->json)
                                              : json_object_size(value->json);
    void *array = weir__arena_array(reader->arena, count, size);

    if (!array)
        weir__no_memory(reader);
    return array;
}

int
weir__keep_text(struct weir__reader *reader, const char **copy, const char *text)
{
    *copy = weir__arena_strdup(reader->arena, text);
    return *copy ? 0 : weir__no_memory(reader);
}

/* A file in the working directory stays as it is written: its place in a message is then the user's own words. */
int
weir__keep_path(struct weir__reader *reader, const char **copy, const char *path)
{
    const char *folder = reader->folder;
    char *joined;

    if (!folder || path[0] == '/' || strcmp(folder, ".") == 0)
        return weir__keep_text(reader, copy, path);
    path += strncmp(path, "./", 2) == 0 ? 2 : 0;
    joined = weir__arena_alloc(reader->arena, strlen(folder) + 1 + strlen(path) + 1);
    if (!joined)
        return weir__no_memory(reader);
    stpcpy(stpcpy(stpcpy(joined, folder), strcmp(folder, "/") == 0 ? "" : "/"), path);
    *copy = joined;
    return 0;
}

int
weir__keep_pattern(struct weir__reader *reader, const struct weir__value *value,
                   const char **pattern)
{
    weir_error detail = {0};

    if (weir__check_name("pattern", value->key, &detail) < 0)
        return weir__complain_key(reader, value, "%s", detail.text);
    return weir__keep_text(reader, pattern, value->key);
}

/* ---- tables ---- */

static const char *
nearest_key(const struct weir__setting *table, const char *key)
{
    struct weir__nearest nearest = {0};

    for (; table->key; table++)
        weir__nearest_consider(&nearest, table->key, key);
    return nearest.word;
}

static int
unknown_key(struct weir__reader *reader, const struct weir__value *value,
            const struct weir__setting *table)
{
    const char *nearest = nearest_key(table, value->key);

    if (!nearest)
        return weir__complain_key(reader, value, "unknown key \"%s\"", value->key);
    return weir__complain_key(reader, value, "unknown key \"%s\" (did you mean \"%s\"?)",
                              value->key, nearest);
}

static int
read_setting(struct weir__reader *reader, const struct weir__value *value,
             const struct weir__setting *table, void *target)
{
    for (const struct weir__setting *s = table; s->key; s++) {
        if (strcmp(s->key, value->key) == 0)
            return s->read(reader, value, s, target);
    }
    return unknown_key(reader, value, table);
}

int
weir__read_table(struct weir__reader *reader, const struct weir__value *value,
                 const struct weir__setting *table, void *target)
{
    struct weir__walk walk;
    struct weir__value member;
    int rc = 0;

    if (!json_is_object(value->json))
        return weir__wrong_type(reader, value, "an object");
    walk = weir__walk_begin(value);
    while (rc == 0 && weir__walk_next(reader, &walk, &member))
        rc = read_setting(reader, &member, table, target);
    return rc;
}

int
weir__read_object(struct weir__reader *reader, const struct weir__value *value,
                  const struct weir__setting *setting, void *target)
{
    return weir__read_table(reader, value, setting->table, target);
}

/* ---- plain values ---- */

static void
put(void *target, const struct weir__setting *setting, const void *value, size_t size)
{
    memcpy((char *)target + setting->offset, value, size);
}

static int
read_text(struct weir__reader *reader, const struct weir__value *value,
          const struct weir__setting *setting, void *target,
          int (*keep)(struct weir__reader *reader, const char **copy, const char *text))
{
    const char *text = json_string_value(value->json);
    const char *copy;
    int rc;

    if (!text)
        return weir__wrong_type(reader, value, "text");
    if (text[0] == '\0')
        return weir__complain(reader, value, "%s: must not be empty", value->key);
    rc = keep(reader, &copy, text);
    if (rc == 0)
        put(target, setting, &copy, sizeof copy);
    return rc;
}

int
weir__read_text(struct weir__reader *reader, const struct weir__value *value,
                const struct weir__setting *setting, void *target)
{
    return read_text(reader, value, setting, target, weir__keep_text);
}

int
weir__read_path(struct weir__reader *reader, const struct weir__value *value,
                const struct weir__setting *setting, void *target)
{
    return read_text(reader, value, setting, target, weir__keep_path);
}

int
weir__read_bool(struct weir__reader *reader, const struct weir__value *value,
                const struct weir__setting *setting, void *target)
{
    bool yes = json_is_true(value->json);

    if (!json_is_boolean(value->json))
        return weir__wrong_type(reader, value, "true or false");
    put(target, setting, &yes, sizeof yes);
    return 0;
}

int
weir__read_choice(struct weir__reader *reader, const struct weir__value *value,
                  const struct weir__setting *setting, void *target)
{
    int choice = json_is_true(value->json) ? 1 : -1;

    if (!json_is_boolean(value->json))
        return weir__wrong_type(reader, value, "true or false");
    put(target, setting, &choice, sizeof choice);
    return 0;
}

static int
read_number(struct weir__reader *reader, const struct weir__value *value,
            const struct weir__setting *setting, int64_t *number)
{
    const char *text = json_string_value(value->json);

    if (text && setting->word && strcmp(text, setting->word) == 0) {
        *number = setting->word_value;
        return 0;
    }
    if (json_is_real(value->json))
        return weir__complain(reader, value, "%s: must be a whole number", value->key);
    if (!json_is_integer(value->json))
        return weir__wrong_type(reader, value, "a number");
    *number = json_integer_value(value->json);
    if (*number < setting->min || *number > setting->max)
        return weir__complain(reader, value,
                              "%s: must be from %" PRId64 " to %" PRId64 ", not %" PRId64,
                              value->key, setting->min, setting->max, *number);
    return 0;
}

int
weir__read_int(struct weir__reader *reader, const struct weir__value *value,
               const struct weir__setting *setting, void *target)
{
    int64_t number = 0;
    int rc = read_number(reader, value, setting, &number);
    int small = (int)number;

    if (rc == 0)
        put(target, setting, &small, sizeof small);
    return rc;
}

int
weir__read_count(struct weir__reader *reader, const struct weir__value *value,
                 const struct weir__setting *setting, void *target)
{
    int64_t number = 0;
    int rc = read_number(reader, value, setting, &number);

    if (rc == 0)
        put(target, setting, &number, sizeof number);
    return rc;
}

static int
parse_length(struct weir__reader *reader, const struct weir__value *value,
             const struct weir__setting *setting, int64_t *ms)
{
    char least[WEIR__DURATION_SIZE];
    weir_error detail = {0};

    if (weir_duration_parse(ms, json_string_value(value->json), &detail) < 0)
        return weir__complain_detail(reader, value, &detail);
    if (*ms < setting->min || *ms > setting->max)
        return weir__complain(reader, value, "%s: must be from %s to %" PRId64 "h", value->key,
                              weir__duration_format(setting->min, least),
                              setting->max / (3600 * 1000));
    return 0;
}

/* Where zero is allowed it is the word's value: the member itself has the default for zero. */
int
weir__read_length(struct weir__reader *reader, const struct weir__value *value,
                  const struct weir__setting *setting, void *target)
{
    const char *text = json_string_value(value->json);
    int64_t ms;
    int rc;

    if (json_is_number(value->json))
        return weir__complain(
            reader, value, "%s: a length of time is text with a unit, such as \"10s\"", value->key);
    if (!text)
        return weir__wrong_type(reader, value, "text, such as \"10s\"");
    if (setting->word && strcmp(text, setting->word) == 0) {
        ms = setting->word_value;
    } else {
        rc = parse_length(reader, value, setting, &ms);
        if (rc < 0)
            return rc;
        ms = ms == 0 ? setting->word_value : ms;
    }
    put(target, setting, &ms, sizeof ms);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The parser checks the line and gives the strings. A payload that is not a string is copied from the text of the
 * line instead, so that it keeps its digits and its order.
 *
 * JSON_DECODE_INT_AS_REAL: a payload may hold whole numbers of any size, which are not the parser's business.
 */
#include <config.h>

#include "task_line.h"

#include "base64.h"
#include "json_slice.h"
#include "suggest.h"
#include "task_fields.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*key_fn)(struct task_line *line, json_t *value, weir_error *err);

static int
wrong_type(const char *key, const char *expected, weir_error *err)
{
    return weir_error_set(err, WEIR_E_INVALID, "\"%s\" must be %s", key, expected);
}

/* A string without NUL bytes, or NULL. */
static const char *
plain_text(json_t *value)
{
    const char *text = json_string_value(value);

    return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

static int
set_text_field(struct task_line *line, const struct task_field *field, json_t *value,
               weir_error *err)
{
    const char *text = plain_text(value);
    weir_error why = {0};

    if (text == NULL) {
        return wrong_type(field->name, "a string without NUL characters", err);
    }
    int rc = field->set(&line->task, text, &why);
    return rc == 0 ? 0 : weir_error_set(err, rc, "\"%s\": %s", field->name, why.text);
}

static int
set_payload(struct task_line *line, json_t *value, weir_error *err)
{
    (void)err;
    line->task.payload = json_string_value(value); /* NULL for other values: see copy_payload() */
    line->task.payload_len = json_string_length(value);
    return 0;
}

static int
set_payload_base64(struct task_line *line, json_t *value, weir_error *err)
{
    if (!json_is_string(value)) {
        return wrong_type("payload_base64", "a string", err);
    }
    int rc = base64_decode(&line->payload, &line->task.payload_len, json_string_value(value),
                           json_string_length(value));
    line->task.payload = line->payload;
    return rc == 0 ? 0 : weir_error_set(err, rc, "\"payload_base64\" is not base64");
}

static int
set_max_retry(struct task_line *line, json_t *value, weir_error *err)
{
    double number = json_number_value(value);

    if (!json_is_number(value) || number < 0 || number > INT_MAX || number != (double)(int)number) {
        return wrong_type("max_retry", "a whole number, 0 or more", err);
    }
    line->task.max_retry = number == 0 ? WEIR_NO_RETRY : (int)number;
    return 0;
}

static int
set_headers(struct task_line *line, json_t *value, weir_error *err)
{
    const char *name;
    json_t *header;
    size_t n = 0;

    if (!json_is_object(value)) {
        return wrong_type("headers", "an object of strings", err);
    }
    line->headers = calloc(json_object_size(value) + 1, sizeof *line->headers);
    if (line->headers == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    json_object_foreach(value, name, header)
    {
        const char *text = plain_text(header);
        if (text == NULL) {
            return wrong_type("headers", "an object of strings", err);
        }
        line->headers[n++] = (weir_header){name, text};
    }
    line->task.headers = line->headers;
    line->task.header_count = n;
    return 0;
}

static const struct {
    const char *name;
    key_fn set;
} other_keys[] = {
    {"payload", set_payload},
    {"payload_base64", set_payload_base64},
    {"max_retry", set_max_retry},
    {"headers", set_headers},
};

#define OTHER_KEYS (sizeof other_keys / sizeof other_keys[0])

static int
unknown_key(const char *key, weir_error *err)
{
    struct suggestion best = {0};

    for (size_t i = 0; task_fields[i].name != NULL; i++) {
        suggest_consider(&best, task_fields[i].name, key, strlen(key));
    }
    for (size_t i = 0; i < OTHER_KEYS; i++) {
        suggest_consider(&best, other_keys[i].name, key, strlen(key));
    }
    if (best.name == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "unknown key \"%.100s\"", key);
    }
    return weir_error_set(err, WEIR_E_INVALID, "unknown key \"%.100s\" (did you mean \"%s\"?)", key,
                          best.name);
}

static int
set_key(struct task_line *line, const char *key, json_t *value, weir_error *err)
{
    for (size_t i = 0; task_fields[i].name != NULL; i++) {
        if (strcmp(task_fields[i].name, key) == 0) {
            return set_text_field(line, &task_fields[i], value, err);
        }
    }
    for (size_t i = 0; i < OTHER_KEYS; i++) {
        if (strcmp(other_keys[i].name, key) == 0) {
            return other_keys[i].set(line, value, err);
        }
    }
    return unknown_key(key, err);
}

/* What contradicts itself, and the defaults that a line's own keys replace. */
static int
settle(struct task_line *line, weir_error *err)
{
    const json_t *document = line->document;
    bool in = json_object_get(document, "in") != NULL;
    bool at = json_object_get(document, "at") != NULL;
    bool payload = json_object_get(document, "payload") != NULL;
    bool base64 = json_object_get(document, "payload_base64") != NULL;

    if (in && at) {
        return weir_error_set(err, WEIR_E_INVALID, "\"in\" and \"at\" exclude each other");
    }
    if (payload && base64) {
        return weir_error_set(err, WEIR_E_INVALID,
                              "\"payload\" and \"payload_base64\" exclude each other");
    }
    if (in || at) {
        line->task.process_in_ms = 0;
        line->task.process_at_ms = 0;
    }
    return 0;
}

static int
copy_payload(struct task_line *line, const char *text, size_t len, weir_error *err)
{
    json_t *value = json_object_get(line->document, "payload");

    if (value == NULL || json_is_string(value) || json_is_null(value)) {
        return 0;
    }
    line->payload = json_slice(text, len, "payload", &line->task.payload_len);
    if (line->payload == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "the key \"payload\" must be written plainly");
    }
    line->task.payload = line->payload;
    return 0;
}

static int
parse(struct task_line *line, const char *text, size_t len, weir_error *err)
{
    json_error_t why;

    line->document = json_loadb(
        text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &why);
    if (line->document == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "column %d: %s", why.column, why.text);
    }
    if (!json_is_object(line->document)) {
        return weir_error_set(err, WEIR_E_INVALID, "not a JSON object");
    }
    return settle(line, err);
}

int
task_line_parse(struct task_line *line, const char *text, size_t len, const weir_task *defaults,
                weir_error *err)
{
    const char *key;
    json_t *value;

    *line = (struct task_line){.task = *defaults};
    int rc = parse(line, text, len, err);
    if (rc != 0) {
        return rc;
    }
    json_object_foreach(line->document, key, value)
    {
        rc = set_key(line, key, value, err);
        if (rc != 0) {
            return rc;
        }
    }
    return copy_payload(line, text, len, err);
}

void
task_line_release(struct task_line *line)
{
    json_decref(line->document);
    free(line->payload);
    free(line->headers);
    memset(line, 0, sizeof *line);
}

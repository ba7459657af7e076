/* SPDX-License-Identifier: MIT */
/*
 * "periodic": an array of objects. An entry has spec, id and missed; the rest are the keys of a task in a line of
 * JSONL. What they say together is checked as the server will check it, so that a wrong spec is told with
 * its place in the file.
 */
#include <config.h>

#include "config_periodic.h"

#include "periodic.h"
#include "prepare.h"

#include <limits.h>
#include <string.h>
#include <weir/config.h>

static weir__read_fn read_missed;
static weir__read_fn read_payload;
static weir__read_fn read_base64;
static weir__read_fn read_deadline;
static weir__read_fn read_max_retry;
static weir__read_fn read_headers;

#define ENTRY(member) .offset = offsetof(weir_periodic, member)
#define LENGTH(member, least)                                                                      \
    .read = weir__read_length, ENTRY(task.member), .min = (least), .max = WEIR__LENGTH_MAX_MS

/* Of lengths of time, 0 becomes word_value: the option's named nothing. */
static const struct weir__setting settings[] = {
    {.key = "id", .read = weir__read_text, ENTRY(id)},
    {.key = "spec", .read = weir__read_text, ENTRY(spec)},
    {.key = "missed", .read = read_missed},
    {.key = "type", .read = weir__read_text, ENTRY(task.type)},
    {.key = "payload", .read = read_payload},
    {.key = "payload_base64", .read = read_base64},
    {.key = "queue", .read = weir__read_text, ENTRY(task.queue)},
    {.key = "group", .read = weir__read_text, ENTRY(task.group)},
    {.key = "in", LENGTH(process_in_ms, 0)},
    {.key = "timeout", LENGTH(timeout_ms, 0), .word_value = WEIR_NO_TIMEOUT},
    {.key = "deadline", .read = read_deadline},
    {.key = "retention", LENGTH(retention_ms, 0), .word_value = WEIR_NO_RETENTION},
    {.key = "archive_for", LENGTH(archive_for_ms, 0)},
    {.key = "unique", LENGTH(unique_ms, 1000)},
    {.key = "max_retry", .read = read_max_retry},
    {.key = "headers", .read = read_headers},
    {0},
};

static int
read_missed(struct weir__reader *reader, const struct weir__value *value,
            const struct weir__setting *setting, void *target)
{
    static const char *const words[] = {
        [WEIR_MISSED_SKIP] = "skip", [WEIR_MISSED_ONCE] = "once", [WEIR_MISSED_ALL] = "all"};
    const char *text = json_string_value(value->json);

    (void)setting;
    for (size_t i = 0; text && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], text) == 0) {
            ((weir_periodic *)target)->missed = (weir_missed)i;
            return 0;
        }
    }
    return weir__complain(reader, value, "missed: must be \"skip\", \"once\" or \"all\"");
}

/* ---- the task ---- */

static int
payload_once(struct weir__reader *reader, const struct weir__value *value, const weir_task *task)
{
    if (!task->payload)
        return 0;
    return weir__complain_key(reader, value, "payload and payload_base64 exclude each other");
}

static int
keep_payload(struct weir__reader *reader, weir_task *task, const void *data, size_t len)
{
    task->payload = weir__arena_copy(reader->arena, data, len);
    task->payload_len = len;
    return task->payload ? 0 : weir__no_memory(reader);
}

static int
read_payload(struct weir__reader *reader, const struct weir__value *value,
             const struct weir__setting *setting, void *target)
{
    weir_task *task = &((weir_periodic *)target)->task;
    const char *text = json_string_value(value->json);
    size_t len;
    char *dump;
    int rc = payload_once(reader, value, task);

    (void)setting;
    if (rc < 0 || json_is_null(value->json))
        return rc;
    if (text)
        return keep_payload(reader, task, text, json_string_length(value->json));
    len = json_dumpb(value->json, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
    dump = weir__arena_alloc(reader->arena, len + 1);
    if (!dump || json_dumpb(value->json, dump, len, JSON_COMPACT | JSON_ENCODE_ANY) != len)
        return weir__no_memory(reader);
    task->payload = dump;
    task->payload_len = len;
    return 0;
}

/* The six bits of a digit, or -1. */
static int
base64_bits(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Decodes into out, which has room for the text; returns the length, or -1. */
static long
decode(const char *text, size_t len, unsigned char *out)
{
    size_t padding = len >= 2 && text[len - 1] == '=' ? 1 + (text[len - 2] == '=') : 0;
    unsigned bits = 0;
    long count = 0;

    if (len % 4 != 0)
        return -1;
    for (size_t i = 0; i < len; i++) {
        int digit = i < len - padding ? base64_bits(text[i]) : 0;

        if (digit < 0)
            return -1;
        bits = bits << 6 | (unsigned)digit;
        if (i % 4 == 0)
            continue;
        out[count++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
    }
    return count - (long)padding;
}

static int
read_base64(struct weir__reader *reader, const struct weir__value *value,
            const struct weir__setting *setting, void *target)
{
    weir_task *task = &((weir_periodic *)target)->task;
    size_t text_len = json_string_length(value->json);
    unsigned char *out;
    long len;
    int rc = payload_once(reader, value, task);

    (void)setting;
    if (rc < 0)
        return rc;
    if (!json_is_string(value->json))
        return weir__wrong_type(reader, value, "text");
    out = weir__arena_alloc(reader->arena, text_len + 1);
    if (!out)
        return weir__no_memory(reader);
    len = decode(json_string_value(value->json), text_len, out);
    if (len < 0)
        return weir__complain(reader, value, "payload_base64: is not base64");
    task->payload = out;
    task->payload_len = (size_t)len;
    return 0;
}

static int
read_deadline(struct weir__reader *reader, const struct weir__value *value,
              const struct weir__setting *setting, void *target)
{
    weir_error detail = {0};

    (void)setting;
    if (!json_is_string(value->json))
        return weir__wrong_type(reader, value, "text");
    if (weir_time_parse(&((weir_periodic *)target)->task.deadline_ms,
                        json_string_value(value->json), &detail) < 0)
        return weir__complain_detail(reader, value, &detail);
    return 0;
}

static int
read_max_retry(struct weir__reader *reader, const struct weir__value *value,
               const struct weir__setting *setting, void *target)
{
    static const struct weir__setting number = {
        .offset = offsetof(weir_periodic, task.max_retry), .min = 0, .max = INT_MAX};
    weir_periodic *periodic = target;
    int rc = weir__read_int(reader, value, &number, target);

    (void)setting;
    if (rc == 0 && periodic->task.max_retry == 0)
        periodic->task.max_retry = WEIR_NO_RETRY;
    return rc;
}

static int
read_headers(struct weir__reader *reader, const struct weir__value *value,
             const struct weir__setting *setting, void *target)
{
    weir_task *task = &((weir_periodic *)target)->task;
    struct weir__value member;
    struct weir__walk walk;
    weir_header *headers;
    int rc = 0;

    (void)setting;
    if (!json_is_object(value->json))
        return weir__wrong_type(reader, value, "an object of text");
    headers = weir__array_for(reader, value, sizeof *headers);
    if (!headers)
        return WEIR_E_NOMEM;
    walk = weir__walk_begin(value);
    while (rc == 0 && weir__walk_next(reader, &walk, &member)) {
        weir_header *header = &headers[task->header_count++];

        if (!json_is_string(member.json))
            return weir__wrong_type(reader, &member, "text");
        rc = weir__keep_text(reader, &header->name, member.key);
        if (rc == 0)
            rc = weir__keep_text(reader, &header->value, json_string_value(member.json));
    }
    task->headers = headers;
    return rc;
}

/* ---- entries ---- */

/* As the server will check it. */
static int
check_entry(struct weir__reader *reader, const struct weir__value *value,
            const weir_periodic *entries, size_t i)
{
    char id[WEIR_ID_SIZE], other[WEIR_ID_SIZE];
    weir_error detail = {0};

    if (!entries[i].spec || !entries[i].task.type)
        return weir__complain(reader, value, "the periodic task has no \"%s\"",
                              entries[i].spec ? "type" : "spec");
    if (weir_periodic_id(&entries[i], id, &detail) < 0)
        return weir__complain_detail(reader, value, &detail);
    for (size_t k = 0; k < i; k++) {
        if (weir_periodic_id(&entries[k], other, &detail) == 0 && strcmp(id, other) == 0)
            return weir__complain(reader, value, "the periodic task is there twice");
    }
    return 0;
}

int
weir__read_periodic(struct weir__reader *reader, const struct weir__value *value,
                    const struct weir__setting *setting, void *target)
{
    weir_server_options *server = &((weir_config *)target)->server;
    struct weir__value element;
    struct weir__walk walk;
    weir_periodic *entries;
    int rc = 0;

    (void)setting;
    if (!json_is_array(value->json))
        return weir__wrong_type(reader, value, "an array of periodic tasks");
    entries = weir__array_for(reader, value, sizeof *entries);
    if (!entries)
        return WEIR_E_NOMEM;
    walk = weir__walk_begin(value);
    while (rc == 0 && weir__walk_next(reader, &walk, &element)) {
        size_t i = server->periodic_count++;

        element.key = "periodic task";
        rc = weir__read_table(reader, &element, settings, &entries[i]);
        if (rc == 0)
            rc = check_entry(reader, &element, entries, i);
    }
    server->periodic = entries;
    return rc;
}

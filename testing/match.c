/* SPDX-License-Identifier: MIT */
/*
 * The criteria, a table: whether a match has it, whether a task meets it, what is wanted and what the task has, in words.
 * Payloads are cut: a text of an error has little room.
 */
#include <config.h>

#include "match.h"

#include <string.h>
#include <weir/config.h>

enum {
    SHOWN = 100 /* bytes of a payload */
};

typedef const struct weir__matcher *matcher_ptr;

struct criterion {
    const char *name;
    bool (*given)(const weir_match *match);
    bool (*met)(matcher_ptr matcher, const weir_task_info *task);
    void (*want)(matcher_ptr matcher, struct weir__buf *buf);
    void (*have)(const weir_task_info *task, struct weir__buf *buf);
};

/* ---- words ---- */

static void
put_text(struct weir__buf *buf, const char *text)
{
    if (text == NULL) {
        weir__buf_puts(buf, "none");
    } else {
        weir__buf_printf(buf, "\"%s\"", text);
    }
}

static void
put_bytes(struct weir__buf *buf, const void *data, size_t len)
{
    const unsigned char *bytes = data;

    if (bytes == NULL) {
        weir__buf_puts(buf, "none");
        return;
    }
    if (len == 0) {
        weir__buf_puts(buf, "empty");
    }
    for (size_t i = 0; i < len && i < SHOWN; i++) {
        weir__buf_putc(buf, bytes[i] < ' ' || bytes[i] == 0x7f ? '?' : (char)bytes[i]);
    }
    if (len > SHOWN) {
        weir__buf_puts(buf, "...");
    }
}

static void
put_time(struct weir__buf *buf, int64_t at_ms)
{
    char text[64];

    if (at_ms == 0) {
        weir__buf_puts(buf, "none");
        return;
    }
    weir__buf_puts(buf, weir_time_format(text, sizeof(text), at_ms));
}

static bool
same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool
same_bytes(const void *a, size_t a_len, const void *b, size_t b_len)
{
    return a != NULL && a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

static void
have_payload(const weir_task_info *task, struct weir__buf *buf)
{
    put_bytes(buf, task->payload, task->payload_len);
}

/* ---- names ---- */

#define NAME_CRITERION(name)                                                                       \
    static bool given_##name(const weir_match *match)                                              \
    {                                                                                              \
        return match->name != NULL;                                                                \
    }                                                                                              \
    static bool met_##name(matcher_ptr matcher, const weir_task_info *task)                        \
    {                                                                                              \
        return same_text(task->name, matcher->match->name);                                        \
    }                                                                                              \
    static void want_##name(matcher_ptr matcher, struct weir__buf *buf)                            \
    {                                                                                              \
        put_text(buf, matcher->match->name);                                                       \
    }                                                                                              \
    static void have_##name(const weir_task_info *task, struct weir__buf *buf)                     \
    {                                                                                              \
        put_text(buf, task->name);                                                                 \
    }

NAME_CRITERION(type)
NAME_CRITERION(queue)
NAME_CRITERION(id)
NAME_CRITERION(group)

/* ---- state ---- */

static bool
given_state(const weir_match *match)
{
    return match->state != WEIR_STATE_NONE;
}

static bool
met_state(matcher_ptr matcher, const weir_task_info *task)
{
    return task->state == matcher->match->state;
}

static void
want_state(matcher_ptr matcher, struct weir__buf *buf)
{
    weir__buf_puts(buf, weir_state_name(matcher->match->state));
}

static void
have_state(const weir_task_info *task, struct weir__buf *buf)
{
    weir__buf_puts(buf, weir_state_name(task->state));
}

/* ---- payload ---- */

static bool
given_text(const weir_match *match)
{
    return match->text != NULL;
}

static bool
met_text(matcher_ptr matcher, const weir_task_info *task)
{
    return same_bytes(task->payload, task->payload_len, matcher->match->text,
                      strlen(matcher->match->text));
}

static void
want_text(matcher_ptr matcher, struct weir__buf *buf)
{
    put_bytes(buf, matcher->match->text, strlen(matcher->match->text));
}

static bool
given_payload(const weir_match *match)
{
    return match->payload != NULL;
}

static bool
met_payload(matcher_ptr matcher, const weir_task_info *task)
{
    return same_bytes(task->payload, task->payload_len, matcher->match->payload,
                      matcher->match->payload_len);
}

static void
want_payload(matcher_ptr matcher, struct weir__buf *buf)
{
    put_bytes(buf, matcher->match->payload, matcher->match->payload_len);
}

static bool
given_contains(const weir_match *match)
{
    return match->contains != NULL;
}

static bool
met_contains(matcher_ptr matcher, const weir_task_info *task)
{
    const char *part = matcher->match->contains;

    return task->payload != NULL &&
           memmem(task->payload, task->payload_len, part, strlen(part)) != NULL;
}

static void
want_contains(matcher_ptr matcher, struct weir__buf *buf)
{
    put_text(buf, matcher->match->contains);
}

static bool
given_json(const weir_match *match)
{
    return match->json != NULL;
}

static bool
met_json(matcher_ptr matcher, const weir_task_info *task)
{
    json_t *has = task->payload != NULL
                      ? json_loadb(task->payload, task->payload_len, JSON_DECODE_ANY, NULL)
                      : NULL;
    bool met = has != NULL && weir__json_has(has, matcher->json);

    json_decref(has);
    return met;
}

static void
want_json(matcher_ptr matcher, struct weir__buf *buf)
{
    put_bytes(buf, matcher->match->json, strlen(matcher->match->json));
}

/* ---- headers ---- */

static bool
given_header(const weir_match *match)
{
    return match->header != NULL;
}

static bool
met_header(matcher_ptr matcher, const weir_task_info *task)
{
    const weir_header *wanted = matcher->match->header;
    const char *value = weir_task_info_header(task, wanted->name);

    return value != NULL && (wanted->value == NULL || strcmp(value, wanted->value) == 0);
}

static void
want_header(matcher_ptr matcher, struct weir__buf *buf)
{
    const weir_header *wanted = matcher->match->header;

    weir__buf_printf(buf, "%s=%s", wanted->name, wanted->value != NULL ? wanted->value : "...");
}

static void
have_header(const weir_task_info *task, struct weir__buf *buf)
{
    for (size_t i = 0; i < task->header_count; i++) {
        weir__buf_printf(buf, "%s%s=%s", i > 0 ? " " : "", task->headers[i].name,
                         task->headers[i].value);
    }
    if (task->header_count == 0) {
        weir__buf_puts(buf, "none");
    }
}

/* ---- times ---- */

static bool
given_process_at_ms(const weir_match *match)
{
    return match->process_at_ms != 0;
}

static bool
met_process_at_ms(matcher_ptr matcher, const weir_task_info *task)
{
    return task->next_process_at_ms == matcher->match->process_at_ms;
}

static void
want_process_at_ms(matcher_ptr matcher, struct weir__buf *buf)
{
    put_time(buf, matcher->match->process_at_ms);
}

static bool
given_process_in_ms(const weir_match *match)
{
    return match->process_in_ms != 0;
}

static bool
met_process_in_ms(matcher_ptr matcher, const weir_task_info *task)
{
    return task->next_process_at_ms == matcher->now_ms + matcher->match->process_in_ms;
}

static void
want_process_in_ms(matcher_ptr matcher, struct weir__buf *buf)
{
    put_time(buf, matcher->now_ms + matcher->match->process_in_ms);
}

static void
have_time(const weir_task_info *task, struct weir__buf *buf)
{
    put_time(buf, task->next_process_at_ms);
}

/* ---- the rest ---- */

static bool
given_error(const weir_match *match)
{
    return match->error != NULL;
}

static bool
met_error(matcher_ptr matcher, const weir_task_info *task)
{
    return task->last_error != NULL && strstr(task->last_error, matcher->match->error) != NULL;
}

static void
want_error(matcher_ptr matcher, struct weir__buf *buf)
{
    put_text(buf, matcher->match->error);
}

static void
have_error(const weir_task_info *task, struct weir__buf *buf)
{
    put_text(buf, task->last_error);
}

static bool
given_where(const weir_match *match)
{
    return match->where != NULL;
}

static bool
met_where(matcher_ptr matcher, const weir_task_info *task)
{
    return matcher->match->where(task, matcher->match->arg);
}

static void
want_where(matcher_ptr matcher, struct weir__buf *buf)
{
    (void)matcher;
    weir__buf_puts(buf, "true");
}

static void
have_where(const weir_task_info *task, struct weir__buf *buf)
{
    (void)task;
    weir__buf_puts(buf, "false");
}

#define CRITERION(text, name, have)                                                                \
    {                                                                                              \
        text, given_##name, met_##name, want_##name, have                                          \
    }

static const struct criterion criteria[] = {
    CRITERION("type", type, have_type),
    CRITERION("queue", queue, have_queue),
    CRITERION("id", id, have_id),
    CRITERION("group", group, have_group),
    CRITERION("state", state, have_state),
    CRITERION("payload", text, have_payload),
    CRITERION("payload", payload, have_payload),
    CRITERION("payload with", contains, have_payload),
    CRITERION("json", json, have_payload),
    CRITERION("header", header, have_header),
    CRITERION("time", process_at_ms, have_time),
    CRITERION("time", process_in_ms, have_time),
    CRITERION("error with", error, have_error),
    CRITERION("where()", where, have_where),
};

#define CRITERIA (sizeof(criteria) / sizeof(criteria[0]))

/* ---- the matcher ---- */

static int
check_match(const weir_match *match, weir_error *err)
{
    for (size_t i = 0; i < sizeof(match->reserved) / sizeof(match->reserved[0]); i++) {
        if (match->reserved[i] != 0) {
            return weir_error_set(err, WEIR_E_INVALID, "match: reserved is not zero");
        }
    }
    if (match->header != NULL && match->header->name == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "match: header has no name");
    }
    return 0;
}

int
weir__matcher_init(struct weir__matcher *matcher, const weir_match *match, int64_t now_ms,
                   weir_error *err)
{
    static const weir_match any;
    json_error_t fault;

    *matcher = (struct weir__matcher){.match = match != NULL ? match : &any, .now_ms = now_ms};
    int code = check_match(matcher->match, err);
    if (code != 0 || matcher->match->json == NULL) {
        return code;
    }
    matcher->json = json_loads(matcher->match->json, JSON_DECODE_ANY, &fault);
    if (matcher->json == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "match: json is not valid: %s", fault.text);
    }
    return 0;
}

void
weir__matcher_release(struct weir__matcher *matcher)
{
    json_decref(matcher->json);
}

static bool
misses(matcher_ptr matcher, const struct criterion *criterion, const weir_task_info *task)
{
    return criterion->given(matcher->match) && !criterion->met(matcher, task);
}

size_t
weir__matcher_misses(matcher_ptr matcher, const weir_task_info *task)
{
    size_t count = 0;

    for (size_t i = 0; i < CRITERIA; i++) {
        count += misses(matcher, &criteria[i], task) ? 1 : 0;
    }
    return count;
}

void
weir__matcher_wanted(matcher_ptr matcher, struct weir__buf *buf)
{
    const char *before = "";

    for (size_t i = 0; i < CRITERIA; i++) {
        if (criteria[i].given(matcher->match)) {
            weir__buf_printf(buf, "%s%s ", before, criteria[i].name);
            criteria[i].want(matcher, buf);
            before = " and ";
        }
    }
    if (before[0] == '\0') {
        weir__buf_puts(buf, "any properties");
    }
}

void
weir__match_show(const weir_task_info *task, struct weir__buf *buf)
{
    weir__buf_printf(buf, "\"%s\" %s in %s, %s", task->type, task->id, task->queue,
                     weir_state_name(task->state));
}

void
weir__matcher_differences(matcher_ptr matcher, const weir_task_info *task, struct weir__buf *buf)
{
    const char *before = "";

    for (size_t i = 0; i < CRITERIA; i++) {
        if (misses(matcher, &criteria[i], task)) {
            weir__buf_printf(buf, "%s%s is ", before, criteria[i].name);
            criteria[i].have(task, buf);
            before = ", ";
        }
    }
}

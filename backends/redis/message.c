/* SPDX-License-Identifier: MIT */
/*
 * proto3 writes no zeros, and neither do we; Go knows only seconds, so times are rounded up (a timeout of
 * half a second must not become "none") and the exact ones travel in a field that Go ignores.
 */
#include <config.h>

#include "message.h"

#include "weir.pb-c.h"

#include <string.h>

static void *
alloc_in_space(void *space, size_t size)
{
    return weir__space_alloc(space, size);
}

static void
free_in_space(void *space, void *data)
{
    (void)space;
    (void)data;
}

ProtobufCAllocator
weir__message_allocator(struct weir__space *space)
{
    return (ProtobufCAllocator){alloc_in_space, free_in_space, space};
}

const char *
weir__message_pack(const ProtobufCMessage *message, struct weir__space *space, size_t *len)
{
    char *data;

    *len = protobuf_c_message_get_packed_size(message);
    data = weir__space_alloc(space, *len + 1);
    if (data)
        protobuf_c_message_pack(message, (uint8_t *)data);
    return data;
}

const char *
weir__lock_key(const char *unique_key, const struct weir__queue *queue, struct weir__space *space)
{
    if (!unique_key || strncmp(unique_key, queue->prefix, queue->prefix_len) == 0)
        return unique_key;
    return weir__space_text(space, "%s%s", queue->prefix, unique_key);
}

/* A field of whole seconds and what is beside it in ms, when that says more. */
#define SET_SECONDS(message, exact, field, ms)                                                     \
    do {                                                                                           \
        (message)->field = weir__seconds_up(ms);                                                   \
        (message)->has_##field = (message)->field != 0;                                            \
        (exact)->field = (ms);                                                                     \
        (exact)->has_##field = (ms) % 1000 != 0;                                                   \
    } while (0)

static void
set_times(Weir__TaskMessage *message, Weir__Exact *exact, const weir_task_info *task)
{
    int64_t completed_ms = task->state == WEIR_STATE_COMPLETED ? task->state_since_ms : 0;

    SET_SECONDS(message, exact, timeout, task->timeout_ms);
    SET_SECONDS(message, exact, deadline, task->deadline_ms);
    SET_SECONDS(message, exact, retention, task->retention_ms);
    SET_SECONDS(message, exact, last_failed_at, task->last_failed_at_ms);
    SET_SECONDS(message, exact, completed_at, completed_ms);
    exact->enqueued_at = task->enqueued_at_ms;
    exact->has_enqueued_at = task->enqueued_at_ms != 0;
    exact->archive_for = task->archive_for_ms;
    exact->has_archive_for = task->archive_for_ms != 0;
    if (exact->has_timeout || exact->has_deadline || exact->has_retention ||
        exact->has_last_failed_at || exact->has_completed_at || exact->has_enqueued_at ||
        exact->has_archive_for)
        message->exact = exact;
}

static int
set_headers(Weir__TaskMessage *message, const weir_task_info *task, struct weir__space *space)
{
    size_t count = task->header_count;
    Weir__Header *headers;

    if (count == 0)
        return 0;
    headers = weir__space_alloc(space, count * sizeof *headers);
    message->headers = weir__space_alloc(space, count * sizeof *message->headers);
    if (!headers || !message->headers)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        weir__header__init(&headers[i]);
        headers[i].key = (char *)weir__message_text(task->headers[i].name, space);
        headers[i].value = (char *)weir__message_text(task->headers[i].value, space);
        message->headers[i] = &headers[i];
    }
    message->n_headers = count;
    return 0;
}

int
weir__message_encode(const weir_task_info *task, const struct weir__queue *queue,
                     struct weir__space *space, const char **data, size_t *len)
{
    Weir__TaskMessage message = WEIR__TASK_MESSAGE__INIT;
    Weir__Exact exact = WEIR__EXACT__INIT;

    message.type = (char *)weir__message_text(task->type, space);
    message.id = (char *)weir__message_text(task->id, space);
    message.queue = (char *)weir__message_text(queue->name, space);
    message.error_msg = (char *)weir__message_text(task->last_error, space);
    message.group_key = (char *)weir__message_text(task->group, space);
    message.unique_key = (char *)weir__lock_key(task->unique_key, queue, space);
    message.has_payload = task->payload != NULL;
    message.payload = (ProtobufCBinaryData){task->payload_len, (uint8_t *)task->payload};
    message.retry = task->max_retry;
    message.has_retry = task->max_retry != 0;
    message.retried = task->retried;
    message.has_retried = task->retried != 0;
    set_times(&message, &exact, task);
    if (set_headers(&message, task, space) < 0)
        return WEIR_E_NOMEM;
    *data = weir__message_pack(&message.base, space, len);
    return *data ? 0 : WEIR_E_NOMEM;
}

/* ---- reading ---- */

#define EXACT_MS(message, field)                                                                   \
    (((message)->exact && (message)->exact->has_##field &&                                         \
      weir__seconds_up((message)->exact->field) == (message)->field)                               \
         ? (message)->exact->field                                                                 \
         : ms_of((message)->field))

/* Seconds that a program wrote which knows no bounds. */
static int64_t
ms_of(int64_t seconds)
{
    if (seconds > INT64_MAX / 1000)
        return INT64_MAX / 1000 * 1000;
    if (seconds < INT64_MIN / 1000)
        return INT64_MIN / 1000 * 1000;
    return seconds * 1000;
}

static void
get_times(weir_task_info *task, const Weir__TaskMessage *message)
{
    task->timeout_ms = EXACT_MS(message, timeout);
    task->deadline_ms = EXACT_MS(message, deadline);
    task->retention_ms = EXACT_MS(message, retention);
    task->last_failed_at_ms = EXACT_MS(message, last_failed_at);
    task->state_since_ms = EXACT_MS(message, completed_at);
    task->enqueued_at_ms = message->exact ? message->exact->enqueued_at : 0;
    if (message->exact && message->exact->archive_for > 0 &&
        message->exact->archive_for <= WEIR__ARCHIVE_FOR_MAX_MS)
        task->archive_for_ms = message->exact->archive_for;
}

static int
get_headers(weir_task_info *task, const Weir__TaskMessage *message, struct weir__space *space)
{
    weir_header *headers;

    if (message->n_headers == 0)
        return 0;
    headers = weir__space_alloc(space, message->n_headers * sizeof *headers);
    if (!headers)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < message->n_headers; i++) {
        headers[i].name = message->headers[i]->key ? message->headers[i]->key : "";
        headers[i].value = message->headers[i]->value ? message->headers[i]->value : "";
    }
    task->headers = headers;
    task->header_count = message->n_headers;
    return 0;
}

static const char *
or_absent(const char *text)
{
    return text && text[0] != '\0' ? text : NULL;
}

static const char *
without_prefix(const char *lock, const struct weir__queue *queue)
{
    if (lock && strncmp(lock, queue->prefix, queue->prefix_len) == 0)
        return lock + queue->prefix_len;
    return or_absent(lock);
}

int
weir__message_decode(const void *data, size_t len, const char *id, const struct weir__queue *queue,
                     struct weir__space *space, weir_task_info *task)
{
    ProtobufCAllocator allocator = weir__message_allocator(space);
    Weir__TaskMessage *message = weir__task_message__unpack(&allocator, len, data);

    memset(task, 0, sizeof *task);
    if (!message || !message->id || strcmp(message->id, id) != 0)
        return WEIR_E_CORRUPT;
    task->id = message->id;
    task->type = message->type ? message->type : "";
    task->queue = queue->name;
    if (message->has_payload) {
        task->payload = message->payload.data ? (const void *)message->payload.data : "";
        task->payload_len = message->payload.len;
    }
    task->max_retry = message->retry;
    task->retried = message->retried;
    task->last_error = or_absent(message->error_msg);
    task->unique_key = without_prefix(message->unique_key, queue);
    task->group = or_absent(message->group_key);
    get_times(task, message);
    return get_headers(task, message, space);
}

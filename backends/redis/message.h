/* SPDX-License-Identifier: MIT */
/*
 * Tasks as asynq's TaskMessage (weir.proto). What is read points into the bytes given and the space.
 */
#ifndef WEIR_REDIS_MESSAGE_H
#define WEIR_REDIS_MESSAGE_H

#include "keys.h"

#include <protobuf-c/protobuf-c.h>

/*
 * The scores of archived tasks with a time of their own: so many seconds and the end of that time, rounded up; more than
 * any time there is. The scripts have the same number.
 */
#define WEIR__ARCHIVE_OWN_S (INT64_C(1) << 42)
#define WEIR__ARCHIVE_FOR_MAX_MS                                                                   \
    INT64_C(3155760000000) /* a hundred years; what is longer counts as none */

/* Encodes a task of a queue. What is not UTF-8 in a text is replaced. Returns 0 or WEIR_E_NOMEM. */
int weir__message_encode(const weir_task_info *task, const struct weir__queue *queue,
                         struct weir__space *space, const char **data, size_t *len);

/*
 * Fills what the message tells of a task whose id is known; the rest of *task is zero. Returns 0, or
 * WEIR_E_CORRUPT when it is no message or another task's.
 */
int weir__message_decode(const void *data, size_t len, const char *id,
                         const struct weir__queue *queue, struct weir__space *space,
                         weir_task_info *task);

/* Unpacks into a space: what protobuf-c allocates comes from it. */
ProtobufCAllocator weir__message_allocator(struct weir__space *space);
/* Packs any message into the space; NULL when memory ran out. */
const char *weir__message_pack(const ProtobufCMessage *message, struct weir__space *space,
                               size_t *len);

/* A text that protobuf allows: itself, or a copy with U+FFFD for what is not UTF-8. NULL stays. */
const char *weir__message_text(const char *text, struct weir__space *space);

/* The full name of a uniqueness lock: the queue's prefix goes before ours, others stay. */
const char *weir__lock_key(const char *unique_key, const struct weir__queue *queue,
                           struct weir__space *space);

#endif

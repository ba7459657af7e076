/* SPDX-License-Identifier: MIT */
/*
 * Commands are written into the connection's buffer as they are made, and sent while the next are made. Nothing is done
 * before EXEC is there as a whole, so that what breaks earlier was certainly not done.
 */
#include <config.h>

#include "message.h"
#include "plaincall.h"
#include "protocol.h"

#include <inttypes.h>
#include <stdio.h>

#define PUSH_EVERY 64 /* tasks */

int
weir__plain_command(struct plain *p, size_t argc, const char *const *argv)
{
    size_t size = WEIR__PUT_ROOM;
    char *at;

    for (size_t i = 0; i < argc; i++) {
        if (!argv[i])
            return WEIR_E_NOMEM;
        size += strlen(argv[i]) + WEIR__PUT_ROOM;
    }
    at = weir__redis_room(p->conn, size);
    if (!at)
        return WEIR_E_NOMEM;
    at = weir__put_count(at, '*', argc);
    for (size_t i = 0; i < argc; i++)
        at = weir__put_text(at, argv[i]);
    weir__redis_wrote(p->conn, at);
    return 0;
}

static int
write_task(struct plain *p, const weir_task_info *task)
{
    static const char head[] = "*8\r\n$4\r\nHSET\r\n";
    static const char msg[] = "$3\r\nmsg\r\n";
    static const char state[] = "$5\r\nstate\r\n$7\r\npending\r\n$13\r\npending_since\r\n";
    size_t id_len = strlen(task->id);
    size_t key_len = p->queue.prefix_len + 2 + id_len;
    struct weir__space space; /* this task's: what a whole call takes would be new memory */
    const char *message = NULL;
    size_t len = 0;
    char *at = NULL;

    weir__space_init(&space);
    if (weir__message_encode(task, &p->queue, &space, &message, &len) == 0)
        at = weir__redis_room(p->conn, sizeof head + sizeof msg + sizeof state + key_len + len +
                                           sizeof p->since + 3 * WEIR__PUT_ROOM);
    if (!at) {
        weir__space_release(&space);
        return WEIR_E_NOMEM;
    }
    at = weir__put(at, head, sizeof head - 1);
    at = weir__put_count(at, '$', key_len);
    at = weir__put(at, p->queue.prefix, p->queue.prefix_len);
    at = weir__put(at, "t:", 2);
    at = weir__put(at, task->id, id_len);
    at = weir__put(at, "\r\n", 2);
    at = weir__put(at, msg, sizeof msg - 1);
    at = weir__put_bulk(at, message, len);
    at = weir__put(at, state, sizeof state - 1);
    at = weir__put_text(at, p->since);
    weir__redis_wrote(p->conn, at);
    weir__space_release(&space);
    return 0;
}

static int
write_push(struct plain *p)
{
    size_t key_len = 0;
    const char *key = weir__queue_key(&p->queue, WEIR__KEY_PENDING, &p->space, &key_len);
    size_t size = key_len + 4 * WEIR__PUT_ROOM;
    char *at;

    for (size_t i = 0; i < p->count; i++)
        size += strlen(p->items[i].task->id) + WEIR__PUT_ROOM;
    at = key ? weir__redis_room(p->conn, size) : NULL;
    if (!at)
        return WEIR_E_NOMEM;
    at = weir__put_count(at, '*', 2 + p->count);
    at = weir__put_text(at, "LPUSH");
    at = weir__put_bulk(at, key, key_len);
    for (size_t i = 0; i < p->count; i++)
        at = weir__put_text(at, p->items[i].task->id);
    weir__redis_wrote(p->conn, at);
    return 0;
}

/* What the lane remembers: as the script, but a p for each task. */
static const char *
memory(struct plain *p)
{
    char *text = weir__space_alloc(&p->space, p->count + 24);

    if (text) {
        int len = snprintf(text, 24, "%" PRIu64 " ", p->request->number);

        memset(text + len, 'p', p->count);
        text[len + (int)p->count] = '\0';
    }
    return text;
}

int
weir__plain_write_watch(struct plain *p)
{
    return WEIR__PLAIN_WRITE(p, "WATCH", weir__plain_fence_key(p->b, p->request, &p->space));
}

int
weir__plain_write(struct plain *p)
{
    size_t len = 0;
    const char *lane = weir__queue_key(&p->queue, WEIR__KEY_LANE, &p->space, &len);
    const char *queues = weir__space_text(&p->space, "%squeues", p->b->prefix);
    int rc = WEIR__PLAIN_WRITE(p, "MULTI");

    rc = rc == 0 ? WEIR__PLAIN_WRITE(p, "SADD", queues, p->queue.name) : rc;
    for (size_t i = 0; rc == 0 && i < p->count; i++) {
        rc = write_task(p, p->items[i].task);
        if (i % PUSH_EVERY == PUSH_EVERY - 1)
            weir__redis_push(p->conn);
    }
    rc = rc == 0 ? write_push(p) : rc;
    rc = rc == 0 ? WEIR__PLAIN_WRITE(p, "SET", lane, memory(p), "EX", "7200") : rc;
    rc = rc == 0 ? WEIR__PLAIN_WRITE(p, "EXEC") : rc;
    return rc == 0 ? weir__plain_write_watch(p) : rc;
}

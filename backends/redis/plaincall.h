/* SPDX-License-Identifier: MIT */
/* The inside of plain.h: one call, and the transaction as it is written and read. */
#ifndef WEIR_REDIS_PLAINCALL_H
#define WEIR_REDIS_PLAINCALL_H

#include "plain.h"
#include "space.h"

/* Commands of a transaction beside one HSET for each task. */
enum {
    WEIR__PLAIN_BEFORE = 1, /* SADD */
    WEIR__PLAIN_BEHIND = 2  /* LPUSH, SET */
};

struct plain {
    struct weir__redis_backend *b;
    struct weir__redis_conn *conn;
    const weir_request_id *request;
    weir_enqueue_item *items;
    size_t count;
    struct weir__queue queue;
    struct weir__space space;
    char since[24]; /* ns */
    bool done;      /* the transaction was executed */
    bool astray;    /* but for the list */
    weir_error *err;
};

const char *weir__plain_fence_key(struct weir__redis_backend *b, const weir_request_id *request,
                                  struct weir__space *space);

/* Each item's result; returns it. */
int weir__plain_set_all(struct plain *p, int rc);

/* plainwrite.c: 0, or the connection failed (see weir__redis_conn_alive) or memory ran out, and EXEC was not sent. */
int weir__plain_command(struct plain *p, size_t argc, const char *const *argv);
#define WEIR__PLAIN_WRITE(p, ...)                                                                  \
    weir__plain_command(p, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                 \
                        (const char *[]){__VA_ARGS__})
int weir__plain_write_watch(struct plain *p);
int weir__plain_write(struct plain *p);

/* plainread.c: what weir__plain_enqueue() returns. */
int weir__plain_read(struct plain *p);
/* Of what is astray: the tasks go again, and the call's memory with them. */
void weir__plain_take_back(struct plain *p);

#endif

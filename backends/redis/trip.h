/* SPDX-License-Identifier: MIT */
/*
 * One trip to Redis: steps (commands and scripts) that are sent together on one connection and whose replies
 * are read together. A script that the server has lost is loaded and its step repeated, which is
 * safe because it was not run.
 *
 * Building never fails visibly: when memory ran out, running the trip says so, before anything is sent.
 */
#ifndef WEIR_REDIS_TRIP_H
#define WEIR_REDIS_TRIP_H

#include "backend.h"
#include "space.h"

struct weir__step {
    struct weir__step *next;
    struct weir__trip *trip;
    enum weir__script script;
    bool loads; /* its script is sent before it, and has a reply of its own */
    const char **argv;
    size_t *lens;
    size_t argc;
    size_t room;
    redisReply *reply; /* NULL when rc < 0 */
    int rc;            /* the step's own fate, once the trip was run */
};

struct weir__trip {
    struct weir__redis_backend *b;
    struct weir__space space; /* for what belongs to this trip */
    struct weir__step *first;
    struct weir__step **last;
    bool writes; /* wait for replicas, where the URL asks for it */
    bool nomem;
};

void weir__trip_init(struct weir__trip *trip, struct weir__redis_backend *b);
void weir__trip_release(struct weir__trip *trip);

/* Forgets the steps and their replies, so that others can be made; the space keeps what it has. */
void weir__trip_clear(struct weir__trip *trip);

/* A plain command; what follows it is added with weir__step_*(). NULL when memory ran out, which
 * weir__step_*() take. */
struct weir__step *weir__trip_command(struct weir__trip *trip, const char *name);
/* A script with the keys that it declares. */
struct weir__step *weir__trip_script(struct weir__trip *trip, enum weir__script script,
                                     const struct weir__queue *queue);
/* A script on keys that are given here. */
struct weir__step *weir__trip_script_on(struct weir__trip *trip, enum weir__script script,
                                        size_t key_count, const char *const *keys);

/* Adds an argument. Bytes and texts are borrowed until the trip was run. */
void weir__step_text(struct weir__step *step, const char *text);
void weir__step_bytes(struct weir__step *step, const void *data, size_t len);
void weir__step_number(struct weir__step *step, int64_t value);
void weir__step_key(struct weir__step *step, const struct weir__queue *queue, enum weir__key key);

/*
 * Sends all steps and reads their replies. Returns 0 when each has one that is no error, else the code of
 * the first that failed; each step has its own in rc.
 */
int weir__trip_run(struct weir__trip *trip, weir_error *err);
/* The same for the steps that were added after `from` was trip->last; earlier replies stay. */
int weir__trip_run_from(struct weir__trip *trip, struct weir__step **from, weir_error *err);

/* Parts of replies: an integer or a number as text (0 when it is neither); a string or NULL. */
int64_t weir__reply_number(const redisReply *reply);
const char *weir__reply_text(const redisReply *reply, size_t *len);
/* The i-th element of an array, or NULL. */
const redisReply *weir__reply_at(const redisReply *reply, size_t i);

/* The code for a reply that is not what the script promises. */
int weir__bad_reply(weir_error *err, const char *what);

#endif

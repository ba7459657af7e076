/* SPDX-License-Identifier: MIT */
/* tests/golden/asynq-v0.26.json: what asynq wrote, key by key. */
#ifndef TEST_REDIS_DUMP_H
#define TEST_REDIS_DUMP_H

#include <jansson.h>
#include <stddef.h>

/* Reads the file; ends the program when it is not there. */
json_t *dump_open(void);

/* The bytes of a value (a text, or {"base64": ...}); to be freed. */
char *dump_bytes(const json_t *value, size_t *len);

/* Writes every key into the server of the case, under its own name. */
void dump_load(const json_t *dump);

#endif

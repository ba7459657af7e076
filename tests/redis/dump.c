/* SPDX-License-Identifier: MIT */
/* Each value becomes one command: SET, HSET, RPUSH, SADD or ZADD. Keys that had a TTL get one of an hour. */
#include <config.h>

#include "dump.h"

#include "raw.h"

#include <stdio.h>
#include <stdlib.h>

#define MOST 64

json_t *
dump_open(void)
{
    const char *top = getenv("abs_top_srcdir");
    char path[4096];
    json_error_t error;
    json_t *dump;

    snprintf(path, sizeof(path), "%s/tests/golden/asynq-v0.26.json", top ? top : ".");
    dump = json_load_file(path, 0, &error);
    if (!dump) {
        fprintf(stderr, "%s: %s\n", path, error.text);
        exit(1);
    }
    return dump;
}

static int
digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = strchr(digits, c);

    return c != '\0' && at ? (int)(at - digits) : -1;
}

static char *
from_base64(const char *text, size_t *len)
{
    char *bytes = malloc(strlen(text) + 1);
    unsigned gathered = 0;
    int bits = 0;

    *len = 0;
    for (; bytes && digit(*text) >= 0; text++) {
        gathered = (gathered << 6 | (unsigned)digit(*text)) & 0xffffff;
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        bytes[(*len)++] = (char)(gathered >> bits & 0xff);
    }
    return bytes;
}

char *
dump_bytes(const json_t *value, size_t *len)
{
    const json_t *base64 = json_object_get(value, "base64");

    if (base64)
        return from_base64(json_string_value(base64), len);
    *len = json_string_length(value);
    return strdup(json_string_value(value));
}

/* ---- loading ---- */

struct command {
    char *args[MOST];
    size_t lens[MOST];
    int count;
};

static void
add_text(struct command *command, const char *text)
{
    command->lens[command->count] = strlen(text);
    command->args[command->count++] = strdup(text);
}

static void
add_value(struct command *command, const json_t *value)
{
    command->args[command->count] = dump_bytes(value, &command->lens[command->count]);
    command->count++;
}

static void
add_all(struct command *command, const char *type, json_t *value)
{
    const char *field;
    json_t *part;
    size_t i;

    if (strcmp(type, "string") == 0)
        add_value(command, value);
    json_object_foreach(value, field, part)
    {
        if (strcmp(type, "hash") != 0)
            break;
        add_text(command, field);
        add_value(command, part);
    }
    json_array_foreach(value, i, part)
    {
        if (strcmp(type, "zset") == 0) {
            add_value(command, json_array_get(part, 1));
            add_value(command, json_array_get(part, 0));
        } else {
            add_value(command, part);
        }
    }
}

static void
run(struct command *command)
{
    raw_args(command->count, (const char **)command->args, command->lens);
    while (command->count > 0)
        free(command->args[--command->count]);
}

void
dump_load(const json_t *dump)
{
    static const char *const verbs[][2] = {
        {"string", "SET"}, {"hash", "HSET"}, {"list", "RPUSH"}, {"set", "SADD"}, {"zset", "ZADD"}};
    struct command command = {.count = 0};
    const char *key;
    json_t *entry;

    json_object_foreach((json_t *)dump, key, entry)
    {
        const char *type = json_string_value(json_object_get(entry, "type"));

        for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
            if (strcmp(verbs[i][0], type) == 0)
                add_text(&command, verbs[i][1]);
        }
        add_text(&command, key);
        add_all(&command, type, json_object_get(entry, "value"));
        run(&command);
        if (json_is_string(json_object_get(entry, "ttl")))
            raw_number("EXPIRE %s 3600", key);
    }
}

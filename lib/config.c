/* SPDX-License-Identifier: MIT */
/*
 * The configuration file. jansson checks the syntax and builds the tree, jsonpos.c says where each value stands,
 * config_read.c reads by tables, config_run.c reads what runs tasks; this file has the table of all keys.
 *
 * A new setting is a row of `settings` and an entry in doc/man/weir.json.5. Keys are named like the members of
 * weir_server_options, without their unit.
 */
#include <config.h>

#include <weir/config.h>

#include "config_groups.h"
#include "config_owner.h"
#include "config_periodic.h"
#include "config_read.h"
#include "config_run.h"
#include "names.h"
#include "prepare.h"
#include "queues.h"

#include <stdlib.h>
#include <string.h>

static weir__read_fn read_queues;
static weir__read_fn read_policy;
static weir__read_fn read_type_retries;
static weir__read_fn read_level;
static weir__read_fn read_format;

#define CONFIG(member) .offset = offsetof(weir_config, member)
#define SERVER(member) .offset = offsetof(weir_config, server.member)
#define PERIOD(member, least)                                                                      \
    .read = weir__read_length, SERVER(member), .min = (least), .max = WEIR__PERIOD_MAX_MS

static const struct weir__setting log_settings[] = {
    {.key = "level", .read = read_level, CONFIG(log_level)},
    {.key = "format", .read = read_format, CONFIG(log_format)},
    {0},
};

static const struct weir__setting settings[] = {
    {.key = "broker", .read = weir__read_text, CONFIG(broker)},
    {.key = "backends", .read = weir__read_backends},
    {.key = "queues", .read = read_queues},
    {.key = "strict_priority", .read = weir__read_bool, SERVER(strict_priority)},
    {.key = "concurrency", .read = weir__read_int, SERVER(concurrency), .min = 1, .max = 65536},
    {.key = "shutdown_timeout", PERIOD(shutdown_timeout_ms, 0), .word_value = -1},
    {.key = "lease", PERIOD(lease_ms, 300)},
    {.key = "heartbeat", PERIOD(heartbeat_ms, 10)},
    {.key = "cancel_grace", PERIOD(cancel_grace_ms, 1)},
    {.key = "recover", PERIOD(recover_ms, 10)},
    {.key = "janitor", PERIOD(janitor_ms, 10)},
    {.key = "archive_max",
     .read = weir__read_count,
     SERVER(archive_max),
     .min = 1,
     .max = 1000000000,
     .word = "all",
     .word_value = -1},
    {.key = "archive_age",
     .read = weir__read_length,
     SERVER(archive_age_ms),
     .min = 1,
     .max = WEIR__LENGTH_MAX_MS,
     .word = "forever",
     .word_value = -1},
    {.key = "exit_when_stuck", .read = weir__read_choice, SERVER(exit_when_stuck)},
    {.key = "retry", .read = read_policy, SERVER(retry)},
    {.key = "type_retries", .read = read_type_retries},
    {.key = "log", .read = weir__read_object, .table = log_settings},
    {.key = "modules", .read = weir__read_modules},
    {.key = "handlers", .read = weir__read_handlers},
    {.key = "groups", .read = weir__read_groups},
    {.key = "periodic", .read = weir__read_periodic},
    {0},
};

/* ---- queues and retry policies ---- */

static int
complain_weight(struct weir__reader *reader, const struct weir__value *value)
{
    char *given = json_dumps(value->json, JSON_ENCODE_ANY | JSON_COMPACT);
    int rc = given ? weir__complain(reader, value, WEIR__WEIGHT_RULE "%.100s", value->key,
                                    WEIR__WEIGHT_MAX, given)
                   : weir_error_set(reader->err, WEIR_E_NOMEM, NULL);

    free(given);
    return rc;
}

static int
read_weight(struct weir__reader *reader, const struct weir__value *value, weir_queue_weight *queue)
{
    json_int_t weight = json_integer_value(value->json); /* 0 for what is none */
    weir_error detail = {0};

    if (weir__check_queue_name("queue", value->key, &detail) < 0)
        return weir__complain_key(reader, value, "%s", detail.text);
    if (weir__keep_text(reader, &queue->name, value->key) < 0)
        return WEIR_E_NOMEM;
    if (weight < 1 || weight > WEIR__WEIGHT_MAX)
        return complain_weight(reader, value);
    queue->weight = (int)weight;
    return 0;
}

static int
read_queues(struct weir__reader *reader, const struct weir__value *value,
            const struct weir__setting *setting, void *target)
{
    weir_server_options *server = &((weir_config *)target)->server;
    struct weir__value member;
    struct weir__walk walk;
    weir_queue_weight *queues;
    int rc = 0;

    (void)setting;
    if (!json_is_object(value->json))
        return weir__wrong_type(reader, value, "an object of queues and weights");
    if (json_object_size(value->json) == 0)
        return weir__complain(reader, value, "queues: must have at least one queue");
    queues = weir__array_for(reader, value, sizeof *queues);
    if (!queues)
        return WEIR_E_NOMEM;
    walk = weir__walk_begin(value);
    while (rc == 0 && weir__walk_next(reader, &walk, &member))
        rc = read_weight(reader, &member, &queues[server->queue_count++]);
    server->queues = queues;
    return rc;
}

static int
read_policy(struct weir__reader *reader, const struct weir__value *value,
            const struct weir__setting *setting, void *target)
{
    weir_retry_policy policy;
    weir_error detail = {0};

    if (!json_is_string(value->json))
        return weir__wrong_type(reader, value, "text");
    if (weir_retry_policy_parse(&policy, json_string_value(value->json), &detail) < 0)
        return weir__complain_detail(reader, value, &detail);
    memcpy((char *)target + setting->offset, &policy, sizeof policy);
    return 0;
}

static int
read_type_retries(struct weir__reader *reader, const struct weir__value *value,
                  const struct weir__setting *setting, void *target)
{
    static const struct weir__setting policy = {.offset = offsetof(weir_type_retry, policy)};
    weir_server_options *server = &((weir_config *)target)->server;
    struct weir__value member;
    struct weir__walk walk;
    weir_type_retry *retries;
    int rc = 0;

    (void)setting;
    if (!json_is_object(value->json))
        return weir__wrong_type(reader, value, "an object of patterns and policies");
    retries = weir__array_for(reader, value, sizeof *retries);
    if (!retries)
        return WEIR_E_NOMEM;
    walk = weir__walk_begin(value);
    while (rc == 0 && weir__walk_next(reader, &walk, &member)) {
        weir_type_retry *retry = &retries[server->type_retry_count++];

        rc = weir__keep_pattern(reader, &member, &retry->pattern);
        if (rc == 0)
            rc = read_policy(reader, &member, &policy, retry);
    }
    server->type_retries = retries;
    return rc;
}

/* ---- log ---- */

static int
read_level(struct weir__reader *reader, const struct weir__value *value,
           const struct weir__setting *setting, void *target)
{
    weir_error detail = {0};
    weir_log_level *level = (weir_log_level *)((char *)target + setting->offset);

    if (!json_is_string(value->json))
        return weir__wrong_type(reader, value, "text");
    if (weir_log_level_parse(level, json_string_value(value->json), &detail) < 0)
        return weir__complain_detail(reader, value, &detail);
    return 0;
}

static int
read_format(struct weir__reader *reader, const struct weir__value *value,
            const struct weir__setting *setting, void *target)
{
    weir_error detail = {0};
    weir_log_format *format = (weir_log_format *)((char *)target + setting->offset);

    if (!json_is_string(value->json))
        return weir__wrong_type(reader, value, "text");
    if (weir_log_format_parse(format, json_string_value(value->json), &detail) < 0)
        return weir__complain_detail(reader, value, &detail);
    return 0;
}

/* ---- the whole ---- */

static int
syntax_error(const char *name, const json_error_t *error, weir_error *err)
{
    /* jansson says nothing when memory runs out in the middle. */
    if (error->text[0] == '\0' || json_error_code(error) == json_error_out_of_memory)
        return weir_error_set(err, WEIR_E_NOMEM, "%s: out of memory", name);
    return weir_error_set(err, WEIR_E_CONFIG, "%s:%d:%d: %s", name,
                          error->line > 0 ? error->line : 1, error->column > 0 ? error->column : 1,
                          error->text);
}

/* The text and its name must last as long as the configuration: its places may be asked for later. */
static int
keep_source(struct weir__config_owner *owner, const char *text, size_t len, const char *name,
            const char *folder)
{
    char *copy = weir__arena_alloc(&owner->arena, len + 1);

    owner->reader.name = weir__arena_strdup(&owner->arena, name);
    if (folder)
        owner->config.folder = weir__arena_strdup(&owner->arena, folder);
    owner->reader.folder = owner->config.folder;
    if (!copy || !owner->reader.name || (folder && !owner->config.folder))
        return WEIR_E_NOMEM;
    memcpy(copy, text, len);
    return weir__jsonpos_scan(&owner->reader.pos, copy, len);
}

static int
read_tree(struct weir__config_owner *owner, const char *text, size_t len, const char *name,
          const char *folder, weir_error *err)
{
    struct weir__value root = {.key = "", .json = owner->json};
    int rc;

    owner->reader.arena = &owner->arena;
    owner->reader.err = err;
    if (keep_source(owner, text, len, name, folder) < 0)
        rc = weir_error_set(err, WEIR_E_NOMEM, "%s: out of memory", name);
    else if (!json_is_object(owner->json))
        rc = weir__wrong_type(&owner->reader, &root, "an object");
    else
        rc = weir__read_table(&owner->reader, &root, settings, &owner->config);
    owner->reader.err = NULL;
    return rc;
}

int
weir__config_read(weir_config **config, const char *text, size_t len, const char *name,
                  const char *folder, weir_error *err)
{
    struct weir__config_owner *owner;
    json_error_t error;
    json_t *json;
    int rc;

    if (!config || !text || !name)
        return weir_error_set(err, WEIR_E_INVALID, "no configuration to read");
    *config = NULL;
    json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        return syntax_error(name, &error, err);
    owner = calloc(1, sizeof *owner);
    if (!owner) {
        json_decref(json);
        return weir_error_set(err, WEIR_E_NOMEM, "%s: out of memory", name);
    }
    owner->json = json;
    rc = read_tree(owner, text, len, name, folder, err);
    if (rc < 0) {
        weir_config_free(&owner->config);
        return rc;
    }
    *config = &owner->config;
    return 0;
}

int
weir_config_parse(weir_config **config, const char *text, size_t len, const char *name,
                  weir_error *err)
{
    return weir__config_read(config, text, len, name, NULL, err);
}

void
weir_config_free(weir_config *config)
{
    struct weir__config_owner *owner = (struct weir__config_owner *)config;

    if (!owner)
        return;
    json_decref(owner->json);
    weir__jsonpos_release(&owner->reader.pos);
    weir__arena_release(&owner->arena);
    free(owner);
}

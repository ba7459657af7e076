/* SPDX-License-Identifier: MIT */
/*
 * What asynq wrote is read as it was meant, and written again as it was; and every operation handles every task of
 * a Redis that asynq filled.
 */
#include <config.h>

#include "dump.h"
#include "raw.h"

#include "message.h"

#include <stdio.h>
#include <stdlib.h>

#define PAYLOAD_LESS "d41d8cd98f00b204e9800998ecf8427e"
#define BTC "116f483dfef0156969e17cf74c80e642"

static const weir_header trace[] = {
    {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, {"tenant", "acme"}};

#define TICK(uuid)                                                                                 \
    {                                                                                              \
        .queue = "ticks", .id = uuid, .type = "tick", .payload = "{\"n\":1}", .payload_len = 7,    \
        .max_retry = 25, .timeout_ms = 1800000, .state = WEIR_STATE_PENDING                        \
    }
#define TASK(queue_, id_, type_, payload_, state_, ...)                                            \
    {                                                                                              \
        .queue = queue_, .id = id_, .type = type_, .payload = payload_,                            \
        .payload_len = sizeof(payload_) - 1, .max_retry = 25, .timeout_ms = 1800000,               \
        .state = WEIR_STATE_##state_, __VA_ARGS__                                                  \
    }

static const weir_task_info wanted[] = {
    TASK("default", "pending-plain", "email:deliver", "{\"user_id\":42,\"subject\":\"Welcome!\"}",
         PENDING, .pending_since_ms = 1795340678156),
    {.queue = "critical",
     .id = "pending-options",
     .type = "email:deliver",
     .payload = "{\"user_id\":43,\"subject\":\"héllo ✓\"}",
     .payload_len = 37,
     .max_retry = 3,
     .timeout_ms = 90000,
     .deadline_ms = 1893553445000,
     .retention_ms = 3600000,
     .headers = trace,
     .header_count = 2,
     .state = WEIR_STATE_PENDING},
    TASK("low", "scheduled", "sweep:accounts", "{\"chain\":\"eth\"}", SCHEDULED,
         .next_process_at_ms = 1798940678000),
    TASK("low", "unique", "sweep:accounts", "{\"chain\":\"btc\"}", PENDING,
         .unique_key = "unique:sweep:accounts:" BTC),
    {.queue = "low",
     .id = "unique-no-payload",
     .type = "sweep:accounts",
     .max_retry = 25,
     .timeout_ms = 1800000,
     .unique_key = "unique:sweep:accounts:" PAYLOAD_LESS,
     .state = WEIR_STATE_PENDING},
    TASK("low", "grouped-1", "notify:digest", "n1", AGGREGATING, .group = "user:7",
         .state_since_ms = 1795340678000),
    TASK("low", "grouped-2", "notify:digest", "n2", AGGREGATING, .group = "user:7"),
    TASK("bin", "binary-payload", "blob", "\x00\xff\x10\x80\x0a", PENDING),
    TASK("f", "retrying", "fail", "x", RETRY, .retried = 1,
         .last_error = "asked to fail the first attempt", .last_failed_at_ms = 1795340678000,
         .next_process_at_ms = 1798940678000),
    {.queue = "f",
     .id = "archived",
     .type = "fail",
     .payload = "x",
     .payload_len = 1,
     .timeout_ms = 1800000,
     .last_error = "asked to fail always",
     .last_failed_at_ms = 1795340678000,
     .state = WEIR_STATE_ARCHIVED,
     .state_since_ms = 1795340678000},
    TASK("f", "completed", "ok", "x", COMPLETED, .retention_ms = 3600000000,
         .state_since_ms = 1795340678000, .result = "{\"sent\":true}", .result_len = 13),
    TASK("act", "active", "slow", "x", ACTIVE, .lease_expires_at_ms = 1795340714000),
    TICK("974b7aa4-367e-4d7a-8059-6bf4a1602760"),
    TICK("bf53e474-f078-4ab7-a2df-9522c29a06eb"),
    TICK("02fadf7b-e821-4c7f-a69b-5d982de7aecc"),
};
#define COUNT (sizeof(wanted) / sizeof(wanted[0]))

static void
setup(void)
{
    json_t *dump = dump_open();
    char url[600];

    raw_setup();
    dump_load(dump);
    json_decref(dump);
    weir_broker_close(store);
    snprintf(url, sizeof(url), "redis+unix://%s", raw_socket());
    store = kit_open(url, &now);
    if (store == NULL)
        exit(1);
}

/* ---- messages ---- */

static void
check_message(const weir_task_info *task, const weir_task_info *want)
{
    SAME(task->id, want->id);
    SAME(task->type, want->type);
    SAME(task->queue, want->queue);
    if (IS(task->payload_len, want->payload_len) && want->payload_len > 0)
        OK(memcmp(task->payload, want->payload, want->payload_len));
    IS(task->max_retry, want->max_retry);
    IS(task->retried, want->retried);
    SAME(task->last_error, want->last_error);
    IS(task->last_failed_at_ms, want->last_failed_at_ms);
    IS(task->timeout_ms, want->timeout_ms);
    IS(task->deadline_ms, want->deadline_ms);
    IS(task->retention_ms, want->retention_ms);
    SAME(task->unique_key, want->unique_key);
    SAME(task->group, want->group);
    if (!IS(task->header_count, want->header_count))
        return;
    for (size_t i = 0; i < want->header_count; i++)
        SAME(weir_task_info_header(task, want->headers[i].name), want->headers[i].value);
}

static void
check_encoding(const weir_task_info *want, const char *bytes, size_t len)
{
    struct weir__space space;
    struct weir__queue queue;
    const char *again = NULL;
    size_t again_len = 0;
    weir_task_info task;

    weir__space_init(&space);
    OK(weir__queue_init(&queue, "asynq:", want->queue, START_MS, &space));
    if (OK(weir__message_decode(bytes, len, want->id, &queue, &space, &task))) {
        check_message(&task, want);
        task.state = want->state;
        OK(weir__message_encode(&task, &queue, &space, &again, &again_len));
        if (IS(again_len, len))
            OK(memcmp(again, bytes, len));
    }
    weir__space_release(&space);
}

static void
each_message_is_read_as_listed_and_written_as_it_was(void)
{
    json_t *dump = dump_open();
    char key[200];
    size_t len;

    for (size_t i = 0; i < COUNT; i++) {
        const json_t *task;
        char *bytes;

        snprintf(key, sizeof(key), "asynq:{%s}:t:%s", wanted[i].queue, wanted[i].id);
        task = json_object_get(json_object_get(dump, key), "value");
        if (!YES(task != NULL))
            continue;
        bytes = dump_bytes(json_object_get(task, "msg"), &len);
        check_encoding(&wanted[i], bytes, len);
        free(bytes);
    }
    json_decref(dump);
}

static void
each_task_is_inspected_as_listed(void)
{
    for (size_t i = 0; i < COUNT; i++) {
        const weir_task_info *want = &wanted[i];
        const weir_task_info *task = look(want->queue, want->id);

        if (!YES(task != NULL))
            continue;
        check_message(task, want);
        IS(task->state, want->state);
        IS(task->next_process_at_ms, want->next_process_at_ms);
        IS(task->lease_expires_at_ms, want->lease_expires_at_ms);
        if (want->state_since_ms != 0)
            IS(task->state_since_ms, want->state_since_ms);
        if (want->pending_since_ms != 0)
            IS(task->pending_since_ms, want->pending_since_ms);
        IS(task->result_len, want->result_len);
    }
}

static void
queues_and_pages_are_listed(void)
{
    IDS("ticks", PENDING,
        "974b7aa4-367e-4d7a-8059-6bf4a1602760 bf53e474-f078-4ab7-a2df-9522c29a06eb "
        "02fadf7b-e821-4c7f-a69b-5d982de7aecc");
    IDS("low", PENDING, "unique unique-no-payload");
    IDS("low", SCHEDULED, "scheduled");
    IDS("low", AGGREGATING, "grouped-1 grouped-2");
    IDS("f", RETRY, "retrying");
    IDS("f", ARCHIVED, "archived");
    IDS("f", COMPLETED, "completed");
    IDS("act", ACTIVE, "active");
    IS(queue_info("bin").paused, true);
    IS(queue_info("f").processed_total, 3);
    IS(queue_info("f").failed_total, 2);
    IS(queue_info("low").size, 5);
    IS(queue_info("low").groups, 1);
}

/* ---- operations ---- */

static void
every_pending_task_is_taken_and_finished(void)
{
    static const char *const queues[] = {"default", "critical", "low",  "low",
                                         "ticks",   "ticks",    "ticks"};

    IS(take("bin") == NULL, true);
    OK(weir__pause(store, "bin", false, NULL));
    OK(FINISH(take("bin"), REQUEUE));
    OK(FINISH(take("bin"), ARCHIVE, .error = "no"));
    for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
        weir_claim *claim = take(queues[i]);

        if (YES(claim != NULL))
            OK(FINISH(claim, DONE));
    }
    IS(raw_number("EXISTS asynq:{low}:unique:sweep:accounts:" BTC), 0);
    IS(raw_number("EXISTS asynq:{low}:unique:sweep:accounts:" PAYLOAD_LESS), 0);
    IS(queue_info("ticks").size, 0);
}

static void
what_waits_is_forwarded_when_it_is_due(void)
{
    int64_t next;

    IS(forward("low", 10, &next), 0);
    IS(next, 1798940678000);
    manual_clock_advance(&now, 1798940678000 - START_MS);
    IS(forward("low", 10, NULL), 1);
    IS(forward("f", 10, NULL), 1);
    OK(FINISH(take("f"), COMPLETE, .at_ms = now_ms() + DAY, .result = "r", .result_len = 1));
    IS(look("f", "retrying")->result_len, 1);
}

static void
a_go_server_s_dead_task_is_recovered(void)
{
    weir_claim *claims[2];

    raw_number("ZADD asynq:{act}:lease 4000000000 active");
    IS(recover("act", 2, claims), 0);
    raw_number("ZADD asynq:{act}:lease 1000 active");
    MUST(recover("act", 2, claims) == 1);
    IS(claims[0]->started, true);
    OK(FINISH(claims[0], RETRY, .at_ms = now_ms() + 1, .counted = true,
              .error = "asynq: task lease expired"));
    IS(look("act", "active")->retried, 1);
    IS(raw_mend("act") + raw_mend("low") + raw_mend("f"), 0);
}

static void
every_task_that_is_not_active_can_be_run_archived_and_deleted(void)
{
    for (size_t i = 0; i < COUNT; i++) {
        const weir_task_info *want = &wanted[i];
        bool active = want->state == WEIR_STATE_ACTIVE;
        bool pending = want->state == WEIR_STATE_PENDING;

        IS(steer(WEIR_VERB_RUN, want->queue, want->id), active || pending ? WEIR_E_STATE : 0);
        IS(steer(WEIR_VERB_ARCHIVE, want->queue, want->id), active ? WEIR_E_STATE : 0);
        IS(steer(WEIR_VERB_DELETE, want->queue, want->id), active ? WEIR_E_STATE : 0);
        IS(look(want->queue, want->id) == NULL, !active);
    }
    IS(queue_info("low").size, 0);
    IS(queue_info("low").groups, 0);
}

static void
kept_tasks_expire(void)
{
    manual_clock_advance(&now, 1798940678000 - START_MS + 200 * DAY);
    IS(expire("f", 10, -1, 90 * DAY), 2);
    IDS("f", COMPLETED, "");
    IDS("f", ARCHIVED, "");
}

static void
amending_keeps_the_rest_of_the_message(void)
{
    const weir_amend amend = {.payload = "new", .payload_len = 3, .process_at_ms = 1798940679500};
    const weir_task_info *task;

    OK(weir__amend(store, "f", "retrying", &amend, NULL));
    task = look("f", "retrying");
    IS(task->payload_len, 3);
    IS(task->retried, 1);
    SAME(task->last_error, "asked to fail the first attempt");
    IS(task->next_process_at_ms, 1798940679500);
}

static int
check_server(void *arg, const weir_server_info *server)
{
    ++*(int *)arg;
    SAME(server->host, "vm");
    IS(server->pid, 23716);
    SAME(server->id, "f72a1607-88d8-4779-aef3-355bb7d1ad5a");
    IS(server->concurrency, 4);
    SAME(server->status, "active");
    IS(server->started_at_ms, 1795340679526);
    IS(server->queue_count, 2);
    if (IS(server->worker_count, 1)) {
        SAME(server->workers[0].task_id, "active");
        SAME(server->workers[0].task_type, "slow");
        SAME(server->workers[0].queue, "act");
        IS(server->workers[0].started_at_ms, 1795340679527);
    }
    return 0;
}

static void
go_s_server_is_listed(void)
{
    int seen = 0;

    OK(weir__servers(store, check_server, &seen, NULL));
    IS(seen, 1);
}

/* What is published again is what Go wrote, byte by byte. */
static int
check_entry(void *arg, const weir_scheduler_entry *entry)
{
    static const char same[] = "return redis.call('LINDEX', KEYS[1], 0) == "
                               "redis.call('LINDEX', KEYS[2], 0) and 1 or 0";

    ++*(int *)arg;
    SAME(entry->id, "5e8e529f-7d98-4574-9d19-1bc08e3b075d");
    SAME(entry->spec, "@every 2s");
    SAME(entry->task->type, "tick");
    SAME(entry->task->queue, "ticks");
    if (IS(entry->task->payload_len, 7))
        OK(memcmp(entry->task->payload, "{\"n\":1}", 7));
    if (IS(entry->option_count, 1))
        SAME(entry->options[0], "Queue(\"ticks\")");
    IS(entry->next_at_ms, 1795340687000);
    IS(entry->prev_at_ms, 1795340685000);
    OK(weir__scheduler_beat(store, "host:1:x", entry, 1, 5000, NULL));
    IS(raw_number("EVAL %s 2 %s %s", same, "asynq:schedulers:{host:1:x}",
                  "asynq:schedulers:{vm:23718:0c3bb2df-5beb-44eb-bbcc-0e9133466f3f}"),
       1);
    return 0;
}

static void
go_s_scheduler_is_listed(void)
{
    int seen = 0;

    OK(weir__scheduler_entries(store, check_entry, &seen, NULL));
    IS(seen, 1);
    IS(raw_number("ZSCORE asynq:schedulers asynq:schedulers:{host:1:x}"), START_MS / 1000 + 5);
    IS(raw_number("PTTL asynq:schedulers:{host:1:x}") > 0, true);
}

static int
check_event(void *arg, const char *task_id, int64_t enqueued_at_ms)
{
    static const weir_task_info *const ticks = &wanted[COUNT - 3];
    static const int64_t times[] = {1795340681001, 1795340683000, 1795340685000};
    int *left = arg;

    --*left;
    SAME(task_id, ticks[*left].id);
    IS(enqueued_at_ms, times[*left]);
    return 0;
}

static void
go_s_history_is_listed_the_latest_first(void)
{
    int left = 3;

    OK(weir__scheduler_history(store, "5e8e529f-7d98-4574-9d19-1bc08e3b075d", 0, 3, check_event,
                               &left, NULL));
    IS(left, 0);
}

static const CU_TestInfo cases[] = {
    CASE(each_message_is_read_as_listed_and_written_as_it_was),
    CASE(each_task_is_inspected_as_listed),
    CASE(queues_and_pages_are_listed),
    CASE(every_pending_task_is_taken_and_finished),
    CASE(what_waits_is_forwarded_when_it_is_due),
    CASE(a_go_server_s_dead_task_is_recovered),
    CASE(every_task_that_is_not_active_can_be_run_archived_and_deleted),
    CASE(kept_tasks_expire),
    CASE(amending_keeps_the_rest_of_the_message),
    CASE(go_s_server_is_listed),
    CASE(go_s_scheduler_is_listed),
    CASE(go_s_history_is_listed_the_latest_first),
    CASES_END,
};

HARNESS_SUITE(golden, cases, setup, raw_teardown);

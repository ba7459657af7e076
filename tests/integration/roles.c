/* SPDX-License-Identifier: MIT */
/* The worker and the producer; roles.h tells more. */
#include <config.h>

#include "roles.h"

#include "ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH_MAX 8
#define RETENTION_MS (60 * 60 * 1000)

static int
complain(const char *who, const weir_error *err)
{
    fprintf(stderr, "%s: %s: %s\n", who, weir_error_name(err->code), err->text);
    return 1;
}

/* ---- the worker ---- */

struct diary {
    int log;
    int words; /* what its logger said */
};

static weir_outcome
handle(weir_context *ctx, const weir_task_info *task, void *arg)
{
    int log = ((struct diary *)arg)->log;
    char text[32] = "";
    int work_ms = 0, fails = 0;

    ledger_append(log, "start", task->id);
    memcpy(text, task->payload, task->payload_len < 31 ? task->payload_len : 31);
    if (sscanf(text, "%d %d", &work_ms, &fails) != 2)
        return weir_skip_retry(ctx, "no such payload: %s", text);
    if (weir_context_wait(ctx, work_ms) != 0) {
        ledger_append(log, "lost", task->id);
        return WEIR_RETRY;
    }
    if (fails && task->retried == 0) {
        ledger_append(log, "fail", task->id);
        return weir_fail(ctx, "the first attempt fails");
    }
    ledger_append(log, "end", task->id);
    return WEIR_DONE;
}

static void
note_trouble(const weir_log_record *record, void *arg)
{
    const struct diary *diary = arg;
    size_t len = strlen(record->line);

    if (write(diary->words, record->line, len) != (ssize_t)len)
        perror("words");
    if (strstr(record->message, "broker fails") == NULL)
        return;
    fprintf(stderr, "%s", record->line);
    ledger_append(diary->log, "broker", "-");
}

static int
serve(char **argv, struct diary *diary)
{
    weir_log_options to = {.level = WEIR_LOG_WARN, .fn = note_trouble, .fn_arg = diary};
    weir_queue_weight queues[] = {{argv[4], 3}, {argv[5], 1}};
    weir_server_options options = {
        .queues = queues,
        .queue_count = 2,
        .concurrency = atoi(argv[6]),
        .lease_ms = atoi(argv[7]),
        .retry = {.kind = WEIR_RETRY_KIND_FIXED, .base_ms = 20},
    };
    weir_broker_options broker_options = {0};
    weir_logger *logger = NULL;
    weir_broker *broker = NULL;
    weir_server *server = NULL;
    weir_mux *mux = weir_mux_new();
    weir_error err = {0};
    int code = weir_logger_new(&logger, &to, &err);

    broker_options.logger = logger;
    if (code == 0)
        code = weir_mux_handle(mux, "t", handle, diary, &err);
    if (code == 0)
        code = weir_broker_open(&broker, argv[2], &broker_options, &err);
    if (code == 0)
        code = weir_server_new(&server, broker, mux, &options, &err);
    if (code == 0)
        code = weir_server_run(server, &err);
    weir_server_free(server);
    weir_broker_close(broker);
    weir_mux_free(mux);
    weir_logger_free(logger);
    return code == 0 ? 0 : complain("worker", &err);
}

static int
play_worker(int argc, char **argv)
{
    if (argc != 8)
        return 2;
    char words[CREW_PATH_SIZE];
    snprintf(words, sizeof(words), "%s.words", argv[3]);
    struct diary diary = {ledger_open(argv[3]), ledger_open(words)};
    return serve(argv, &diary);
}

/* ---- the producer ---- */

struct producer {
    weir_client *client;
    int acks;
    int refusals; /* -1: a refusal ends it */
    char *queues[2];
    char payloads[BATCH_MAX][16];
    weir_task tasks[BATCH_MAX];
    weir_receipt receipts[BATCH_MAX];
};

static void
think_of_a_task(struct producer *producer, int i)
{
    weir_task *task = &producer->tasks[i];
    char *payload = producer->payloads[i];
    size_t size = sizeof(producer->payloads[i]);
    bool has_retries = !crew_chance(10);

    snprintf(payload, size, "%u %d", crew_random(crew_chance(3) ? 60 : 5),
             has_retries && crew_chance(5));
    *task = (weir_task){
        .type = "t",
        .queue = producer->queues[crew_chance(4)],
        .payload = payload,
        .payload_len = strlen(payload),
        .max_retry = has_retries ? 0 : WEIR_NO_RETRY,
        .process_in_ms = crew_chance(7) ? 50 + crew_random(350) : 0,
        .retention_ms = RETENTION_MS,
    };
}

static int
send_some(struct producer *producer, int count)
{
    weir_error err = {0};
    int code;

    memset(producer->receipts, 0, sizeof(producer->receipts));
    for (int i = 0; i < count; i++)
        think_of_a_task(producer, i);
    if (count == 1)
        code = weir_enqueue(producer->client, producer->tasks, producer->receipts, &err);
    else
        code = weir_enqueue_many(producer->client, producer->tasks, (size_t)count,
                                 producer->receipts, &err);
    for (int i = 0; i < count; i++) {
        if (producer->receipts[i].code == 0 && producer->receipts[i].id[0] != '\0')
            ledger_append(producer->acks,
                          producer->tasks[i].max_retry == WEIR_NO_RETRY ? "once" : "ack",
                          producer->receipts[i].id);
        else if (code == 0)
            return weir_error_set(&err, WEIR_E_INTERNAL, NULL);
    }
    if (code != 0 && producer->refusals >= 0) {
        ledger_append(producer->refusals, "refused", weir_error_name(code));
        return 0;
    }
    return code == 0 ? 0 : complain("producer", &err);
}

static int
produce(struct producer *producer, long count, long seconds)
{
    int64_t until_us = crew_now_us() + seconds * 1000000;
    long sent = 0;
    int code = 0;

    while (code == 0 && (count == 0 || sent < count) &&
           (seconds == 0 || crew_now_us() < until_us)) {
        int some = crew_chance(3) ? 2 + (int)crew_random(BATCH_MAX - 1) : 1;
        code = send_some(producer, some);
        sent += some;
        crew_pause_us(crew_random(3000));
    }
    return code;
}

static int
producer_open(struct producer *producer, weir_broker **broker, char **argv)
{
    weir_error err = {0};
    int code;

    crew_random_start(strtoull(argv[6], NULL, 10));
    producer->acks = ledger_open(argv[3]);
    producer->refusals = -1;
    producer->queues[0] = argv[4];
    producer->queues[1] = argv[5];
    code = weir_broker_open(broker, argv[2], NULL, &err);
    if (code == 0)
        code = weir_client_new(&producer->client, *broker, &err);
    return code == 0 ? 0 : complain("producer", &err);
}

static int
play_producer(int argc, char **argv)
{
    struct producer producer = {0};
    weir_broker *broker = NULL;

    if (argc != 9)
        return 2;
    int code = producer_open(&producer, &broker, argv);
    if (code == 0)
        code = produce(&producer, atol(argv[7]), atol(argv[8]));
    weir_client_free(producer.client);
    weir_broker_close(broker);
    return code;
}

static int
play_steady(int argc, char **argv)
{
    struct producer producer = {0};
    weir_broker *broker = NULL;
    char refusals[CREW_PATH_SIZE];

    if (argc != 8)
        return 2;
    int code = producer_open(&producer, &broker, argv);
    snprintf(refusals, sizeof(refusals), "%s.refused", argv[3]);
    producer.refusals = ledger_open(refusals);
    while (code == 0 && access(argv[7], F_OK) != 0) {
        code = send_some(&producer, crew_chance(3) ? 2 + (int)crew_random(BATCH_MAX - 1) : 1);
        crew_pause_us(crew_random(20000));
    }
    weir_client_free(producer.client);
    weir_broker_close(broker);
    return code;
}

static const struct role {
    const char *name;
    int (*play)(int argc, char **argv);
} roles[] = {
    {"worker", play_worker},
    {"producer", play_producer},
    {"steady", play_steady},
};

bool
roles_play(int argc, char **argv, int *status)
{
    for (size_t i = 0; argc > 1 && i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (strcmp(argv[1], roles[i].name) == 0) {
            *status = roles[i].play(argc, argv);
            return true;
        }
    }
    return false;
}

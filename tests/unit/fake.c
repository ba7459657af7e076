/* SPDX-License-Identifier: MIT */
/* See fake.h. One backend, one global record: suites run one after the other, on one thread. */
#include <config.h>

#include "fake.h"

#include "harness.h"
#include "registry.h"

#include <string.h>

struct fake fake;

static const struct fake_answer success;

static int
fake_open_store(void **self, const weir_backend_open *how, weir_error *err)
{
    (void)how;
    if (fake.open_rc < 0)
        return weir_error_set(err, fake.open_rc, "the fake store does not open");
    fake.opened++;
    *self = &fake;
    return 0;
}

static void
fake_close(void *self)
{
    (void)self;
    fake.closed++;
}

static unsigned
fake_capabilities(void *self)
{
    (void)self;
    return fake.capabilities;
}

static int
fake_ping(void *self, weir_error *err)
{
    (void)self;
    return weir_error_set(err, WEIR_E_UNAVAILABLE, "no pong");
}

static const struct fake_answer *
record(const weir_request_id *request, size_t items, size_t max)
{
    const struct fake_answer *answer = fake.calls < fake.answer_count ? &fake.answers[fake.calls]
                                                                      : &success;

    if (fake.calls < FAKE_CALLS) {
        if (request)
            fake.requests[fake.calls] = *request;
        fake.sizes[fake.calls] = items;
        fake.takes[fake.calls] = max;
    }
    fake.calls++;
    return answer;
}

static int
answer_code(const struct fake_answer *answer, weir_error *err)
{
    if (answer->rc < 0 && answer->text)
        return weir_error_set(err, answer->rc, "%s", answer->text);
    return answer->rc;
}

static void
set_result(const struct fake_answer *answer, size_t i, int *result)
{
    int value = answer->rc;

    if (i < sizeof answer->results / sizeof answer->results[0] && answer->results[i] != 0)
        value = answer->results[i];
    if (value != FAKE_SILENT)
        *result = value;
}

static void
give_claims(const struct fake_answer *answer, weir_claim_sink sink, void *arg)
{
    weir_task_info task = {.id = "1", .type = "t", .queue = "q", .payload = "p", .payload_len = 1};

    for (size_t i = 0; i < answer->claims; i++) {
        uint64_t token = answer->token ? answer->token : 7;

        fake.sink_rc = sink(arg, &task, answer->no_token ? 0 : token, i, true);
        if (fake.sink_rc < 0)
            return;
    }
}

static int
fake_enqueue(void *self, const weir_request_id *request, int64_t now_ms, weir_enqueue_item *items,
             size_t count, weir_error *err)
{
    const struct fake_answer *answer = record(request, count, 0);

    (void)self;
    (void)now_ms;
    for (size_t i = 0; i < count; i++) {
        set_result(answer, i, &items[i].result);
        if (fake.task_count == FAKE_TASKS)
            continue;
        fake.ttls_ms[fake.task_count] = items[i].unique_ttl_ms;
        fake.fresh[fake.task_count] = items[i].fresh;
        fake.tasks[fake.task_count] = weir_task_info_copy(items[i].task);
        fake.task_count += fake.tasks[fake.task_count] != NULL;
    }
    return answer_code(answer, err);
}

static int
fake_consume(void *self, const weir_request_id *request, int64_t now_ms, weir_consume *work,
             weir_error *err)
{
    const struct fake_answer *answer =
        record(request, work->finish_count + work->start_count, work->take ? work->take->max : 0);

    (void)self;
    (void)now_ms;
    for (size_t i = 0; i < work->finish_count; i++)
        set_result(answer, i, &work->finishes[i].outcome);
    for (size_t i = 0; i < work->start_count; i++)
        set_result(answer, work->finish_count + i, &work->starts[i].result);
    if (work->take)
        give_claims(answer, work->take->sink, work->take->sink_arg);
    return answer_code(answer, err);
}

static int
fake_extend(void *self, int64_t now_ms, int64_t lease_ms, weir_extend_item *items, size_t count,
            weir_error *err)
{
    const struct fake_answer *answer = record(NULL, count, 0);

    (void)self;
    (void)now_ms;
    (void)lease_ms;
    for (size_t i = 0; i < count; i++)
        set_result(answer, i, &items[i].result);
    return answer_code(answer, err);
}

static int
fake_recover(void *self, const weir_request_id *request, int64_t now_ms, weir_recover *recover,
             weir_error *err)
{
    const struct fake_answer *answer = record(request, 0, recover->max);

    (void)self;
    (void)now_ms;
    recover->repaired = 2;
    give_claims(answer, recover->sink, recover->sink_arg);
    return answer_code(answer, err);
}

static int
fake_wait(void *self, weir_wait *wait, weir_error *err)
{
    (void)self;
    (void)err;
    wait->reasons = fake.wait_reasons;
    return 0;
}

static void
fake_interrupt(void *self)
{
    (void)self;
}

static int
fake_forward(void *self, int64_t now_ms, weir_forward *forward, weir_error *err)
{
    (void)self;
    (void)now_ms;
    (void)err;
    forward->moved = fake.stuck ? 0 : 1;
    forward->next_due_at_ms = fake.stuck ? 0 : WEIR_NEVER;
    fake.forwards++;
    return 0;
}

static int
fake_expire(void *self, int64_t now_ms, weir_expire *expire, weir_error *err)
{
    (void)self;
    (void)now_ms;
    (void)err;
    expire->removed = 1;
    return 0;
}

static int
fake_beat(void *self, int64_t now_ms, const weir_server_info *server, int64_t ttl_ms,
          weir_error *err)
{
    (void)self;
    (void)now_ms;
    (void)server;
    (void)ttl_ms;
    (void)err;
    if (fake.on_beat != NULL)
        fake.on_beat();
    return 0;
}

static int
fake_leave(void *self, const weir_server_info *server, weir_error *err)
{
    (void)self;
    (void)server;
    (void)err;
    return 0;
}

static int
fake_servers(void *self, int64_t now_ms, weir_server_sink sink, void *arg, weir_error *err)
{
    const weir_queue_weight queues[] = {{"high", 3}, {"low", 1}};
    const weir_worker_info worker = {.task_id = "1",
                                     .task_type = "t",
                                     .queue = "high",
                                     .payload = "p",
                                     .payload_len = 1,
                                     .started_at_ms = now_ms};
    const weir_server_info server = {.id = "s",
                                     .host = "h",
                                     .pid = 1,
                                     .queues = queues,
                                     .queue_count = 2,
                                     .status = "active",
                                     .workers = &worker,
                                     .worker_count = 1};

    (void)self;
    (void)err;
    return sink(arg, &server);
}

static int
fake_queues(void *self, weir_name_sink sink, void *arg, weir_error *err)
{
    int rc = 0;

    (void)self;
    (void)err;
    for (const char *const *name = fake.queue_names; rc == 0 && name && *name; name++)
        rc = sink(arg, *name);
    return rc;
}

/* A queue named "gone" is listed, but no longer there. */
static int
fake_queue(void *self, const char *queue, int64_t now_ms, weir_queue_info *info, weir_error *err)
{
    (void)self;
    (void)now_ms;
    if (strcmp(queue, "gone") == 0)
        return weir_error_set(err, WEIR_E_NO_QUEUE, "no queue \"%s\"", queue);
    info->pending = 5;
    info->size = 5;
    return 0;
}

static int
fake_history(void *self, const char *queue, weir_day *days, size_t count, weir_error *err)
{
    (void)self;
    (void)queue;
    (void)err;
    days[count - 1].processed = 1;
    return 0;
}

static int
fake_tasks(void *self, const char *queue, weir_state state, const char *group, size_t offset,
           size_t limit, weir_task_sink sink, void *arg, weir_error *err)
{
    int rc = 0;

    (void)self;
    (void)group;
    (void)err;
    for (size_t i = 0; rc == 0 && i < limit; i++) {
        const weir_task_info task = {
            .id = "x", .type = "t", .queue = queue, .state = state, .retried = (int)(offset + i)};

        rc = sink(arg, &task);
    }
    return rc;
}

static int
fake_task(void *self, const char *queue, const char *id, weir_task_sink sink, void *arg,
          weir_error *err)
{
    (void)self;
    (void)sink;
    (void)arg;
    return weir_error_set(err, WEIR_E_NO_TASK, "no task \"%s\" in queue \"%s\"", id, queue);
}

/* A result of WEIR_E_STALE comes with a last tick of 77. */
static int
fake_tick(void *self, const weir_request_id *request, int64_t now_ms, const char *entry_id,
          int64_t *last_at_ms, int64_t tick_at_ms, weir_enqueue_item *item, weir_error *err)
{
    const struct fake_answer *answer = record(request, 1, 0);

    (void)self;
    (void)now_ms;
    (void)entry_id;
    (void)tick_at_ms;
    fake.last_ticks[(fake.calls - 1) % FAKE_CALLS] = *last_at_ms;
    *last_at_ms = 77;
    set_result(answer, 0, &item->result);
    return answer_code(answer, err);
}

static int
fake_last_tick(void *self, const char *queue, const char *entry_id, int64_t *last_at_ms,
               weir_error *err)
{
    (void)self;
    (void)queue;
    (void)entry_id;
    (void)err;
    *last_at_ms = 77;
    return 0;
}

static int
fake_scheduler_beat(void *self, int64_t now_ms, const char *scheduler_id,
                    const weir_scheduler_entry *entries, size_t count, int64_t ttl_ms,
                    weir_error *err)
{
    (void)self;
    (void)now_ms;
    (void)scheduler_id;
    (void)entries;
    (void)count;
    (void)ttl_ms;
    (void)err;
    return 0;
}

static int
fake_scheduler_entries(void *self, int64_t now_ms, weir_entry_sink sink, void *arg, weir_error *err)
{
    (void)self;
    (void)now_ms;
    (void)sink;
    (void)arg;
    (void)err;
    return 0;
}

static int
fake_scheduler_history(void *self, const char *entry_id, size_t offset, size_t limit,
                       weir_event_sink sink, void *arg, weir_error *err)
{
    (void)self;
    (void)entry_id;
    (void)offset;
    (void)limit;
    (void)sink;
    (void)arg;
    (void)err;
    return 0;
}

static const char *const schemes[] = {"fake", NULL};

const weir_backend fake_backend = {
    .abi = WEIR_BROKER_ABI,
    .name = "fake",
    .schemes = schemes,
    .open = fake_open_store,
    .close = fake_close,
    .capabilities = fake_capabilities,
    .ping = fake_ping,
    .enqueue = fake_enqueue,
    .consume = fake_consume,
    .extend = fake_extend,
    .wait = fake_wait,
    .interrupt = fake_interrupt,
    .forward = fake_forward,
    .recover = fake_recover,
    .expire = fake_expire,
    .beat = fake_beat,
    .leave = fake_leave,
    .servers = fake_servers,
    .queues = fake_queues,
    .queue = fake_queue,
    .history = fake_history,
    .tasks = fake_tasks,
    .task = fake_task,
    .tick = fake_tick,
    .last_tick = fake_last_tick,
    .scheduler_beat = fake_scheduler_beat,
    .scheduler_entries = fake_scheduler_entries,
    .scheduler_history = fake_scheduler_history,
};

void
fake_reset(unsigned capabilities)
{
    for (size_t i = 0; i < fake.task_count; i++)
        weir_task_info_free(fake.tasks[i]);
    memset(&fake, 0, sizeof fake);
    fake.capabilities = capabilities;
}

void
fake_script(const struct fake_answer *answers, size_t count)
{
    fake.answers = answers;
    fake.answer_count = count;
    fake.calls = 0;
}

weir_broker *
fake_open(const weir_clock *clock)
{
    static bool registered;
    weir_broker_options options = {.clock = clock};
    weir_broker *broker = NULL;

    if (!registered)
        registered = weir__registry_add(&fake_backend, NULL) == 0;
    CU_ASSERT_EQUAL_FATAL(weir_broker_open(&broker, "fake:store", &options, NULL), 0);
    return broker;
}

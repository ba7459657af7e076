/* SPDX-License-Identifier: MIT */
/* Handlers, waiting and looking things up for the tests of the server; world.h tells more. */
#include <config.h>

#include "world.h"
#include "flaky.h"
#include "harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 10000

struct world world;

static atomic_int next_id;

int64_t
world_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t
mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool
world_until(bool (*test)(long arg), long arg)
{
    int64_t until_ms = mono_ms() + PATIENCE_MS;
    static const struct timespec moment = {0, 1000000};

    while (!test(arg)) {
        if (mono_ms() > until_ms) {
            return false;
        }
        nanosleep(&moment, NULL);
    }
    return true;
}

bool
world_begun(long count)
{
    return atomic_load(&world.begun) >= count;
}

bool
world_ended(long count)
{
    return atomic_load(&world.ended) >= count;
}

static bool
is_released(long unused)
{
    (void)unused;
    return atomic_load(&world.released);
}

void
world_release(void)
{
    atomic_store(&world.released, true);
}

/* ---- the broker's clock: the system's, and what a test adds ---- */

static atomic_llong added_wall_ms;
static atomic_llong added_boot_ms;

static int64_t
stepped_wall_ms(void *ctx)
{
    (void)ctx;
    return weir_clock_system()->wall_ms(NULL) + atomic_load(&added_wall_ms);
}

static int64_t
stepped_boot_ms(void *ctx)
{
    (void)ctx;
    return weir_clock_system()->boot_ms(NULL) + atomic_load(&added_boot_ms);
}

static void
system_random(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    weir_clock_system()->random(NULL, buf, len);
}

static const weir_clock stepped_clock = {
    .wall_ms = stepped_wall_ms, .boot_ms = stepped_boot_ms, .random = system_random};

void
world_step_clocks(int64_t wall_ms, int64_t boot_ms)
{
    atomic_fetch_add(&added_wall_ms, wall_ms);
    atomic_fetch_add(&added_boot_ms, boot_ms);
}

/* ---- what handlers do ---- */

static weir_outcome
do_done(weir_context *ctx, const weir_task_info *task)
{
    (void)task;
    weir_context_set_result(ctx, "ok", 2, NULL);
    return WEIR_DONE;
}

static weir_outcome
do_fail(weir_context *ctx, const weir_task_info *task)
{
    return weir_fail(ctx, "broken: %s", task->type);
}

static weir_outcome
do_skip(weir_context *ctx, const weir_task_info *task)
{
    (void)ctx;
    (void)task;
    return WEIR_SKIP_RETRY;
}

static weir_outcome
do_revoke(weir_context *ctx, const weir_task_info *task)
{
    (void)ctx;
    (void)task;
    return WEIR_REVOKE;
}

static weir_outcome
do_snooze(weir_context *ctx, const weir_task_info *task)
{
    (void)task;
    return atomic_load(&world.begun) == 1 ? weir_snooze(ctx, 20) : WEIR_DONE;
}

static weir_outcome
do_wait(weir_context *ctx, const weir_task_info *task)
{
    (void)task;
    atomic_store(&world.cancelled, weir_context_wait(ctx, PATIENCE_MS));
    return WEIR_RETRY;
}

static weir_outcome
do_poll(weir_context *ctx, const weir_task_info *task)
{
    struct pollfd look = {.fd = weir_context_fd(ctx), .events = POLLIN};

    (void)task;
    if (poll(&look, 1, PATIENCE_MS) == 1) {
        atomic_store(&world.cancelled, weir_context_cancelled(ctx));
    }
    return WEIR_RETRY;
}

static weir_outcome
do_late(weir_context *ctx, const weir_task_info *task)
{
    (void)task;
    atomic_store(&world.cancelled, weir_context_wait(ctx, PATIENCE_MS));
    return WEIR_DONE;
}

static weir_outcome
do_nap(weir_context *ctx, const weir_task_info *task)
{
    (void)task;
    weir_context_wait(ctx, 100);
    return WEIR_DONE;
}

static weir_outcome
do_stay(weir_context *ctx, const weir_task_info *task)
{
    (void)ctx;
    (void)task;
    world_until(is_released, 0);
    return WEIR_DONE;
}

static const struct act {
    const char *name;
    weir_outcome (*run)(weir_context *ctx, const weir_task_info *task);
} acts[] = {
    {"done", do_done},     {"fail", do_fail}, {"skip", do_skip}, {"revoke", do_revoke},
    {"snooze", do_snooze}, {"wait", do_wait}, {"poll", do_poll}, {"late", do_late},
    {"stay", do_stay},     {"nap", do_nap},
};

static void
note_begin(const weir_task_info *task)
{
    int n = atomic_fetch_add(&world.begun, 1);
    int inside = atomic_fetch_add(&world.inside, 1) + 1;
    int most = atomic_load(&world.most_inside);

    if (n < (int)(sizeof(world.queues) / sizeof(world.queues[0]))) {
        snprintf(world.queues[n], sizeof(world.queues[n]), "%s", task->queue);
    }
    while (inside > most && !atomic_compare_exchange_weak(&world.most_inside, &most, inside)) {}
}

static weir_outcome
handle(weir_context *ctx, const weir_task_info *task, void *arg)
{
    weir_outcome outcome = WEIR_SKIP_RETRY;

    (void)arg;
    note_begin(task);
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        if (strlen(acts[i].name) == task->payload_len &&
            memcmp(acts[i].name, task->payload, task->payload_len) == 0) {
            outcome = acts[i].run(ctx, task);
        }
    }
    atomic_fetch_sub(&world.inside, 1);
    atomic_fetch_add(&world.ended, 1);
    return outcome;
}

/* ---- set up and take down ---- */

typedef void hear_fn(const weir_log_record *record);

static _Atomic(hear_fn *) heard_by; /* threads of a server that is gone may log still */

void
world_hear(void (*hear)(const weir_log_record *record))
{
    atomic_store(&heard_by, hear);
}

static void
count_line(const weir_log_record *record, void *arg)
{
    (void)arg;
    if (strstr(record->message, "broker fails, ") != NULL) {
        atomic_fetch_add(&world.outages, 1);
    }
    if (strstr(record->message, "broker answers") != NULL) {
        atomic_fetch_add(&world.recoveries, 1);
    }
    if (strstr(record->message, "the clock stepped") != NULL) {
        atomic_store(&world.jumped_ms, world_now_ms());
        atomic_fetch_add(&world.jumps, 1);
    }
    hear_fn *hear = atomic_load(&heard_by);
    if (hear != NULL) {
        hear(record);
    }
    if (getenv("WEIR_TEST_LOG") != NULL) {
        fputs(record->line, stderr);
    }
}

static void
count_error(const weir_task_info *task, weir_outcome outcome, const char *error, void *arg)
{
    (void)task;
    (void)outcome;
    (void)arg;
    CU_ASSERT_PTR_NOT_NULL(error);
    atomic_fetch_add(&world.errors, 1);
}

/* A handler that its server did not wait for uses them at any time: they live as long as the process. */
static void
make_lasting(void)
{
    weir_log_options log = {.level = WEIR_LOG_DEBUG, .fn = count_line};
    static weir_logger *logger;
    static weir_mux *mux;

    if (mux == NULL) {
        CU_ASSERT_EQUAL_FATAL(weir_logger_new(&logger, &log, NULL), 0);
        mux = weir_mux_new();
        CU_ASSERT_EQUAL_FATAL(weir_mux_handle(mux, "t", handle, NULL, NULL), 0);
    }
    world.logger = logger;
    world.mux = mux;
}

static void
open_url(const char *url)
{
    weir_error err = {0};

    make_lasting();
    weir_broker_options options = {.logger = world.logger, .clock = &stepped_clock};
    int code = weir_broker_open(&world.broker, url, &options, &err);
    if (code != 0) {
        fprintf(stderr, "%s: %s\n", url, err.text);
    }
    CU_ASSERT_EQUAL_FATAL(code, 0);
    CU_ASSERT_EQUAL_FATAL(weir_client_new(&world.client, world.broker, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(weir_inspector_new(&world.inspector, world.broker, NULL), 0);
}

static void
reset(void)
{
    memset(&world, 0, sizeof(world));
    atomic_store(&next_id, 0);
    atomic_store(&heard_by, NULL);
    atomic_store(&added_wall_ms, 0);
    atomic_store(&added_boot_ms, 0);
    flaky_reset();
}

void
world_open_url(const char *url)
{
    reset();
    open_url(url);
}

void
world_open_memory(void)
{
    world_open_url("sqlite::memory:");
}

void
world_open_file(void)
{
    char url[128];

    reset();
    snprintf(world.dir, sizeof(world.dir), "/tmp/weir-test-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(world.dir));
    snprintf(url, sizeof(url), "sqlite:%s/q.db", world.dir);
    open_url(url);
}

void
world_open_flaky(void)
{
    reset();
    flaky_register();
    open_url("flaky::memory:");
}

static void
remove_folder(void)
{
    DIR *folder = opendir(world.dir);
    const struct dirent *entry;

    CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
    while ((entry = readdir(folder)) != NULL) {
        unlinkat(dirfd(folder), entry->d_name, 0);
    }
    closedir(folder);
    CU_ASSERT_EQUAL(rmdir(world.dir), 0);
}

void
world_close(void)
{
    world_release();
    flaky_reset();
    weir_server_free(world.server);
    CU_ASSERT_TRUE(world_until(world_ended, atomic_load(&world.begun)));
    weir_inspector_free(world.inspector);
    weir_client_free(world.client);
    weir_broker_close(world.broker);
    if (world.dir[0] != '\0') {
        remove_folder();
    }
}

weir_server_options
world_options(void)
{
    return (weir_server_options){
        .concurrency = 2,
        .shutdown_timeout_ms = 5000,
        .lease_ms = 600,
        .heartbeat_ms = 100,
        .cancel_grace_ms = 50,
        .recover_ms = 100,
        .janitor_ms = 100,
        .retry = {.kind = WEIR_RETRY_KIND_FIXED, .base_ms = 30},
        .on_error = count_error,
    };
}

void
world_serve(const weir_server_options *options)
{
    weir_error err = {0};
    int code = weir_server_new(&world.server, world.broker, world.mux, options, &err);

    CU_ASSERT_EQUAL_FATAL(code, 0);
    CU_ASSERT_EQUAL_FATAL(weir_server_start(world.server, &err), 0);
}

void
world_enqueue_task(weir_task task, const char *what)
{
    weir_error err = {0};
    char id[16];

    snprintf(id, sizeof(id), "%d", atomic_fetch_add(&next_id, 1) + 1);
    task.type = task.type != NULL ? task.type : "t";
    task.id = task.id != NULL ? task.id : id;
    task.payload = what;
    task.payload_len = strlen(what);
    int code = weir_enqueue(world.client, &task, NULL, &err);
    if (code != 0) {
        fprintf(stderr, "enqueue: %s\n", err.text);
    }
    CU_ASSERT_EQUAL_FATAL(code, 0);
}

void
world_enqueue(const char *what)
{
    world_enqueue_task((weir_task){0}, what);
}

static void
copy_text(char *to, size_t size, const void *from, size_t len)
{
    len = len < size ? len : size - 1;
    if (len > 0) {
        memcpy(to, from, len);
    }
    to[len] = '\0';
}

struct world_task
world_task(const char *id)
{
    struct world_task found = {0};
    weir_task_list *list = NULL;

    if (weir_inspect_task(world.inspector, "default", id, &list, NULL) != 0) {
        return found;
    }
    const weir_task_info *info = list->items[0];
    found.state = info->state;
    found.retried = info->retried;
    found.next_process_at_ms = info->next_process_at_ms;
    if (info->last_error != NULL) {
        copy_text(found.error, sizeof(found.error), info->last_error, strlen(info->last_error));
    }
    copy_text(found.result, sizeof(found.result), info->result, info->result_len);
    weir_task_list_free(list);
    return found;
}

static const char *looked_for;

static bool
is_in_state(long state)
{
    return (long)world_task(looked_for).state == state;
}

bool
world_reaches(const char *id, weir_state state)
{
    looked_for = id;
    return world_until(is_in_state, (long)state);
}

bool
world_ended_and_gone(const char *id)
{
    return world_until(world_ended, 1) && world_reaches(id, WEIR_STATE_NONE);
}

/* SPDX-License-Identifier: MIT */
/*
 * A fixed amount of work, for tests/bench/guards to count what it costs:
 *
 *   cycle single URL N    N tasks with weir_enqueue()
 *   cycle enqueue URL N   N tasks with weir_enqueue_many(), 64 a call
 *   cycle consume URL N   the same, then all of them are taken and finished, 64 a call: the calls that a busy server makes
 *   cycle serve URL N     the same with a server of two handlers that do nothing
 *
 * Every mode enqueues the same tasks first, so that the difference of two modes is the cost of what is beyond that.
 * Printed are the allocations, the syncs and the writes of the last part (of "enqueue" and "single": of the enqueueing): the functions
 * below stand in front of the C library's, for all libraries in this process.
 */
#include <config.h>

#include "calls.h"
#include "null.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <weir.h>

enum {
    BATCH = 64,
    LEASE_MS = 60000
};

#define QUEUE "cycle"

/* ---- what is counted ---- */

static atomic_long allocations, syncs, writes, written;

#pragma GCC visibility push(default)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void *
malloc(size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_calloc(count, size);
}

void *
realloc(void *old, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_realloc(old, size);
}

int
fsync(int fd)
{
    atomic_fetch_add(&syncs, 1);
    return (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
    atomic_fetch_add(&syncs, 1);
    return (int)syscall(SYS_fdatasync, fd);
}

ssize_t
pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    atomic_fetch_add(&writes, 1);
    atomic_fetch_add(&written, (long)size);
    return syscall(SYS_pwrite64, fd, data, size, offset);
}

#pragma GCC visibility pop

struct counts {
    long allocations, syncs, writes, written;
};

static struct counts
counts_now(void)
{
    return (struct counts){atomic_load(&allocations), atomic_load(&syncs), atomic_load(&writes),
                           atomic_load(&written)};
}

/* ---- the work ---- */

static void
check(int rc, const weir_error *err)
{
    if (rc != 0) {
        fprintf(stderr, "cycle: %s\n", err->text);
        exit(EXIT_FAILURE);
    }
}

static void
enqueue(weir_broker *broker, size_t count, size_t batch)
{
    static const char payload[] =
        "0123456789012345678901234567890123456789012345678901234567890123";
    const weir_task task = {
        .type = "bench", .queue = QUEUE, .payload = payload, .payload_len = sizeof payload - 1};
    weir_task tasks[BATCH];
    weir_client *client = NULL;
    weir_error err = {0};

    for (size_t i = 0; i < BATCH; i++) {
        tasks[i] = task;
    }
    check(weir_client_new(&client, broker, &err), &err);
    for (size_t sent = 0; sent < count; sent += batch) {
        check(batch == 1 ? weir_enqueue(client, tasks, NULL, &err)
                         : weir_enqueue_many(client, tasks, batch, NULL, &err),
              &err);
    }
    weir_client_free(client);
}

static void
consume(weir_broker *broker, size_t count)
{
    static weir_claim held[2][BATCH];
    static weir_finish finishes[BATCH];
    weir__claims claims[2] = {{held[0], 0}, {held[1], 0}};
    weir_error err = {0};

    for (size_t done = 0, turn = 0; done < count; turn++) {
        weir__claims *old = &claims[turn % 2], *new = &claims[(turn + 1) % 2];
        weir_take_queue from = {.name = QUEUE, .want = BATCH};
        weir__want want = {&from, 1, BATCH, BATCH, LEASE_MS, 0};
        for (size_t i = 0; i < old->count; i++) {
            finishes[i] = (weir_finish){.claim = &old->items[i], .kind = WEIR_FINISH_DONE};
        }
        check(weir__consume(broker, finishes, old->count, NULL, 0, &want, new, &err), &err);
        for (size_t i = 0; i < old->count; i++) {
            check(finishes[i].outcome, &err);
            weir__claim_release(&old->items[i]);
        }
        done += old->count;
        old->count = 0;
    }
}

struct finish_line {
    atomic_size_t left;
    sem_t reached;
};

static weir_outcome
handle(weir_context *ctx, const weir_task_info *task, void *arg)
{
    struct finish_line *line = arg;

    (void)ctx;
    (void)task;
    if (atomic_fetch_sub(&line->left, 1) == 1) {
        sem_post(&line->reached);
    }
    return WEIR_DONE;
}

static void
serve(weir_broker *broker, size_t count)
{
    const weir_queue_weight queue = {QUEUE, 1};
    const weir_server_options options = {.queues = &queue, .queue_count = 1, .concurrency = 2};
    struct finish_line line = {.left = count};
    weir_server *server = NULL;
    weir_mux *mux = weir_mux_new();
    weir_error err = {0};

    sem_init(&line.reached, 0, 0);
    check(weir_mux_handle(mux, "bench", handle, &line, &err), &err);
    check(weir_server_new(&server, broker, mux, &options, &err), &err);
    check(weir_server_start(server, &err), &err);
    while (sem_wait(&line.reached) != 0) {}
    weir_server_stop(server);
    weir_server_free(server);
    weir_mux_free(mux);
}

int
main(int argc, char **argv)
{
    size_t count = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    weir_broker *broker = NULL;
    weir_error err = {0};

    if (count == 0 || count % BATCH != 0) {
        fputs("usage: cycle single|enqueue|consume|serve URL N (a multiple of 64)\n", stderr);
        return 2;
    }
    check(weir_backend_register(&null_backend, &err), &err);
    check(weir_broker_open(&broker, argv[2], NULL, &err), &err);
    struct counts before = counts_now();
    enqueue(broker, count, strcmp(argv[1], "single") == 0 ? 1 : BATCH);
    if (strcmp(argv[1], "consume") == 0) {
        before = counts_now();
        consume(broker, count);
    } else if (strcmp(argv[1], "serve") == 0) {
        before = counts_now();
        serve(broker, count);
    }
    struct counts after = counts_now();
    weir_broker_close(broker);
    printf("allocations %ld\nsyncs %ld\nwrites %ld\nwritten %ld\n",
           after.allocations - before.allocations, after.syncs - before.syncs,
           after.writes - before.writes, after.written - before.written);
    return 0;
}

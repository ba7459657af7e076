/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "apart.h"

#include "bench.h"
#include "load.h"
#include "meter.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static weir_outcome
note_arrival(weir_context *ctx, const weir_task_info *task, void *arg)
{
    struct apart_slot now = {.mono_ns = meter_now_ns(), .wall_us = meter_wall_us()};
    struct apart_board *board = arg;
    struct load_stamp stamp;

    (void)ctx;
    memcpy(&stamp, task->payload, sizeof stamp);
    if (stamp.value >= 0 && (size_t)stamp.value < board->slot_count) {
        board->slots[stamp.value] = now;
        __atomic_fetch_add(&board->arrivals, 1, __ATOMIC_RELAXED);
        sem_post(&board->arrived);
    }
    return WEIR_DONE;
}

static int
serve(struct place *place, int concurrency, struct apart_board *board, weir_error *err)
{
    weir_queue_weight queue = {place->queues[0], 1};
    weir_server_options options = {.queues = &queue, .queue_count = 1, .concurrency = concurrency};
    weir_server *server = NULL;
    weir_mux *mux = weir_mux_new();

    int rc = mux == NULL ? weir_error_set(err, WEIR_E_NOMEM, NULL)
                         : weir_mux_handle(mux, "bench", note_arrival, board, err);
    if (rc == 0) {
        rc = place_open_broker(place, err);
    }
    if (rc == 0) {
        rc = weir_server_new(&server, place->broker, mux, &options, err);
    }
    if (rc == 0) {
        rc = weir_server_run(server, err);
    }
    weir_server_free(server);
    place_close(place);
    weir_mux_free(mux);
    return rc;
}

static _Noreturn void
be_the_worker(const struct place *named, int concurrency, struct apart_board *board, pid_t parent)
{
    struct place place = *named;
    weir_error err = {0};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(EXIT_FAILURE);
    }
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    int rc = serve(&place, concurrency, board, &err);
    if (rc != 0) {
        fprintf(stderr, "weir-bench: worker: %s\n", err.text);
    }
    exit(rc != 0);
}

static size_t
board_size(size_t slots)
{
    return sizeof(struct apart_board) + slots * sizeof(struct apart_slot);
}

int
apart_start(struct apart *apart, const struct place *place, int concurrency, size_t slot_count,
            weir_error *err)
{
    pid_t parent = getpid();

    apart->board = mmap(NULL, board_size(slot_count), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (apart->board == MAP_FAILED) {
        apart->board = NULL;
        return weir_error_set(err, WEIR_E_NOMEM, "no shared memory: %s", strerror(errno));
    }
    apart->board->slot_count = slot_count;
    sem_init(&apart->board->arrived, 1, 0);
    fflush(NULL);
    apart->pid = fork();
    if (apart->pid < 0) {
        return weir_error_set(err, WEIR_E_NOMEM, "cannot fork: %s", strerror(errno));
    }
    if (apart->pid == 0) {
        be_the_worker(place, concurrency, apart->board, parent);
    }
    return 0;
}

static size_t
arrivals(void *arg)
{
    struct apart *apart = arg;

    return __atomic_load_n(&apart->board->arrivals, __ATOMIC_RELAXED);
}

int
apart_await(struct apart *apart, weir_error *err)
{
    if (apart->pid > 0 && waitpid(apart->pid, NULL, WNOHANG) == apart->pid) {
        apart->pid = 0;
        return weir_error_set(err, WEIR_E_STATE, "the worker has ended");
    }
    return bench_await(&apart->board->arrived, arrivals, apart, err);
}

void
apart_end(struct apart *apart)
{
    if (apart->pid > 0) {
        kill(apart->pid, SIGTERM);
        while (waitpid(apart->pid, NULL, 0) < 0 && errno == EINTR) {}
    }
    if (apart->board != NULL) {
        munmap(apart->board, board_size(apart->board->slot_count));
    }
    memset(apart, 0, sizeof *apart);
}

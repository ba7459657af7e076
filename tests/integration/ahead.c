/* SPDX-License-Identifier: MIT */
/*
 * Tasks that a worker has taken ahead cost no attempt when it is killed. A worker runs tasks without retries, so short that
 * it is given more of them than it has handlers; suddenly its handlers do not return, and it is killed. Another worker must
 * then run each task that never began; only what was in a handler is archived.
 *
 * WEIR_TEST_BROKER is the broker (a fresh SQLite file). A round in which the worker happened to hold nothing ahead proves
 * nothing and is repeated.
 */
#include <config.h>

#include <weir.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    TASKS = 3000,
    SHORT_TASKS = 1500, /* before handlers stay */
    HANDLERS = 2,
    ROUNDS = 20,
    PATIENCE_S = 60
};

/* Shared with the worker that is killed. */
struct board {
    atomic_int begun;
    atomic_bool stays;
    atomic_int runs[TASKS];
};

static struct board *board;
static char folder[] = "/tmp/weir-ahead-XXXXXX";
static char url[256];
static char queue[32];

static void
fail(const char *what, const weir_error *err)
{
    fprintf(stderr, "ahead: %s: %s\n", what, err->text);
    exit(1);
}

static weir_outcome
handle(weir_context *ctx, const weir_task_info *task, void *arg)
{
    int n = atomic_fetch_add(&board->begun, 1);

    (void)ctx;
    (void)arg;
    atomic_fetch_add(&board->runs[atoi(task->id)], 1);
    while (n >= SHORT_TASKS && atomic_load(&board->stays)) {
        pause();
    }
    return WEIR_DONE;
}

static weir_server *
start_server(weir_broker **broker, weir_mux **mux)
{
    weir_queue_weight weight = {queue, 1};
    weir_server_options options = {.queues = &weight,
                                   .queue_count = 1,
                                   .concurrency = HANDLERS,
                                   .lease_ms = 1500,
                                   .heartbeat_ms = 500,
                                   .recover_ms = 200};
    weir_server *server = NULL;
    weir_error err = {0};

    *mux = weir_mux_new();
    if (weir_broker_open(broker, url, NULL, &err) != 0 ||
        weir_mux_handle(*mux, "t", handle, NULL, &err) != 0 ||
        weir_server_new(&server, *broker, *mux, &options, &err) != 0 ||
        weir_server_start(server, &err) != 0) {
        fail("server", &err);
    }
    return server;
}

static pid_t
start_victim(void)
{
    weir_broker *broker;
    weir_mux *mux;
    pid_t pid = fork();

    if (pid == 0) {
        start_server(&broker, &mux);
        for (;;) {
            pause();
        }
    }
    return pid;
}

static void
enqueue_all(weir_client *client)
{
    weir_error err = {0};
    char id[16];

    for (int i = 0; i < TASKS; i++) {
        weir_task task = {.type = "t", .queue = queue, .id = id, .max_retry = WEIR_NO_RETRY};
        snprintf(id, sizeof(id), "%d", i);
        if (weir_enqueue(client, &task, NULL, &err) != 0) {
            fail("enqueue", &err);
        }
    }
}

static weir_queue_info
look(weir_inspector *inspector)
{
    weir_queue_list *list = NULL;
    weir_error err = {0};

    if (weir_inspect_queue(inspector, queue, &list, &err) != 0) {
        fail("inspect", &err);
    }
    weir_queue_info info = list->items[0];
    weir_queue_list_free(list);
    return info;
}

static bool
until_begun(int count)
{
    static const struct timespec moment = {0, 100000};
    time_t end = time(NULL) + PATIENCE_S;

    while (atomic_load(&board->begun) < count && time(NULL) < end) {
        nanosleep(&moment, NULL);
    }
    return atomic_load(&board->begun) >= count;
}

static weir_queue_info
until_empty(weir_inspector *inspector)
{
    static const struct timespec moment = {0, 10000000};
    time_t end = time(NULL) + PATIENCE_S;
    weir_queue_info info = look(inspector);

    while (info.active + info.pending > 0 && time(NULL) < end) {
        nanosleep(&moment, NULL);
        info = look(inspector);
    }
    return info;
}

/* Has the worker take tasks and kills it; returns how many it held that no handler had. */
static size_t
kill_one(weir_inspector *inspector)
{
    pid_t pid = start_victim();

    if (!until_begun(SHORT_TASKS + HANDLERS)) {
        fprintf(stderr, "ahead: the worker began %d tasks\n", atomic_load(&board->begun));
        exit(1);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return look(inspector).active - HANDLERS;
}

/* Each task runs once, and those that were killed are archived. */
static bool
judge(const weir_queue_info *info)
{
    bool good = info->archived == HANDLERS && info->active + info->pending + info->retry == 0;

    for (int i = 0; i < TASKS; i++) {
        if (atomic_load(&board->runs[i]) < 1) {
            fprintf(stderr, "ahead: task %d never ran\n", i);
            good = false;
        }
    }
    if (!good) {
        fprintf(stderr, "ahead: %zu archived, %zu active, %zu pending, %zu to retry\n",
                info->archived, info->active, info->pending, info->retry);
    }
    return good;
}

static bool
play_round(int round, size_t *held)
{
    weir_broker *broker;
    weir_mux *mux;
    weir_client *client;
    weir_inspector *inspector;
    weir_error err = {0};

    snprintf(queue, sizeof(queue), "ahead-%d", round);
    memset(board, 0, sizeof(*board));
    atomic_store(&board->stays, true);
    if (weir_broker_open(&broker, url, NULL, &err) != 0 ||
        weir_client_new(&client, broker, &err) != 0 ||
        weir_inspector_new(&inspector, broker, &err) != 0) {
        fail("open", &err);
    }
    enqueue_all(client);
    *held = kill_one(inspector);
    atomic_store(&board->stays, false);
    weir_broker *second;
    weir_server *server = start_server(&second, &mux);
    weir_queue_info info = until_empty(inspector);
    weir_server_free(server);
    weir_broker_close(second);
    weir_mux_free(mux);
    bool good = judge(&info);
    weir_remove_queue(inspector, queue, true, NULL, NULL, NULL);
    weir_inspector_free(inspector);
    weir_client_free(client);
    weir_broker_close(broker);
    return good;
}

static void
choose_broker(void)
{
    const char *given = getenv("WEIR_TEST_BROKER");

    if (mkdtemp(folder) == NULL) {
        perror(folder);
        exit(1);
    }
    if (given != NULL && given[0] != '\0') {
        snprintf(url, sizeof(url), "%s", given);
    } else {
        snprintf(url, sizeof(url), "sqlite:%s/q.db", folder);
    }
}

static void
remove_folder(void)
{
    char command[64];

    snprintf(command, sizeof(command), "rm -rf %s", folder);
    if (system(command) != 0) {
        fprintf(stderr, "ahead: %s is left\n", folder);
    }
}

int
main(void)
{
    size_t held = 0;
    bool good = true;

    board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    choose_broker();
    for (int round = 0; round < ROUNDS && good && held == 0; round++) {
        good = play_round(round, &held);
    }
    remove_folder();
    if (good && held == 0) {
        fprintf(stderr, "ahead: no worker ever took a task ahead\n");
    }
    printf("ahead: %zu tasks were held beyond those in handlers\n", held);
    return good && held > 0 ? 0 : 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * How long a task takes from weir_enqueue() to its handler, with an idle worker in another process; how late
 * scheduled tasks run; what an idle worker costs.
 *
 *   WEIR_BENCH_TASKS  tasks that are sent one at a time, each 5 to 30 ms after the last one arrived (20)
 *   WEIR_BENCH_DUE    tasks with random due times within three seconds (20)
 *   WEIR_BENCH_IDLE   seconds for which the worker is watched idle (0: not at all)
 *
 * Figures are printed, not judged, but for one: no scheduled task may run early. Worker and director share memory,
 * where a handler notes the time in the slot that its task's payload names.
 */
#include <config.h>

#include "crew.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 100000
#define SPREAD_MS 3000
#define PATIENCE_S 30

struct slot {
    int64_t mono_ns;
    int64_t wall_us;
};

struct board {
    sem_t arrived;
    struct slot slots[SLOTS];
};

static int64_t
mono_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct board *
map_board(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    void *board = MAP_FAILED;

    if (fd >= 0 && ftruncate(fd, sizeof(struct board)) == 0)
        board = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (board == MAP_FAILED) {
        perror(path);
        exit(2);
    }
    close(fd);
    return board;
}

/* ---- the worker ---- */

static weir_outcome
note_time(weir_context *ctx, const weir_task_info *task, void *arg)
{
    int64_t at_ns = mono_ns();
    struct board *board = arg;
    int32_t slot;

    (void)ctx;
    if (task->payload_len != sizeof(slot))
        return WEIR_SKIP_RETRY;
    memcpy(&slot, task->payload, sizeof(slot));
    board->slots[slot].mono_ns = at_ns;
    board->slots[slot].wall_us = crew_now_us();
    sem_post(&board->arrived);
    return WEIR_DONE;
}

static int
play_worker(char **argv)
{
    struct board *board = map_board(argv[4]);
    weir_queue_weight queue = {argv[3], 1};
    weir_server_options options = {.queues = &queue, .queue_count = 1, .concurrency = 4};
    weir_broker *broker = NULL;
    weir_server *server = NULL;
    weir_mux *mux = weir_mux_new();
    weir_error err = {0};
    int code = weir_mux_handle(mux, "t", note_time, board, &err);

    if (code == 0)
        code = weir_broker_open(&broker, argv[2], NULL, &err);
    if (code == 0)
        code = weir_server_new(&server, broker, mux, &options, &err);
    if (code == 0)
        code = weir_server_run(server, &err);
    if (code != 0)
        fprintf(stderr, "worker: %s\n", err.text);
    weir_server_free(server);
    weir_broker_close(broker);
    weir_mux_free(mux);
    return code != 0;
}

/* ---- the director ---- */

static int
by_value(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;

    return (one > other) - (one < other);
}

static void
print_figures(const char *what, double *ms, size_t count)
{
    if (count == 0)
        return;
    qsort(ms, count, sizeof(*ms), by_value);
    printf("%s: n=%zu p50 %.2f ms, p95 %.2f ms, p99 %.2f ms, max %.2f ms\n", what, count,
           ms[count / 2], ms[count * 95 / 100], ms[count * 99 / 100], ms[count - 1]);
    fflush(stdout);
}

static bool
await_arrival(struct board *board)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    while (sem_timedwait(&board->arrived, &until) != 0) {
        if (errno == EINTR)
            continue;
        crew_fail("a task did not arrive within %d s", PATIENCE_S);
        return false;
    }
    return true;
}

static void
send_task(struct crew_scene *scene, weir_client *client, int32_t slot, int64_t at_ms)
{
    weir_error err = {0};
    weir_task task = {
        .type = "t",
        .queue = scene->queues[0],
        .payload = &slot,
        .payload_len = sizeof(slot),
        .process_at_ms = at_ms,
    };

    if (weir_enqueue(client, &task, NULL, &err) != 0)
        crew_fail("enqueue: %s", err.text);
}

static void
measure_latency(struct crew_scene *scene, weir_client *client, struct board *board, size_t count)
{
    double *ms = calloc(count, sizeof(*ms)), *calls = calloc(count, sizeof(*calls));

    for (size_t i = 0; i < count && crew_failures() == 0; i++) {
        crew_pause_us(5000 + crew_random(25000));
        int64_t sent_ns = mono_ns();
        send_task(scene, client, (int32_t)i, 0);
        calls[i] = (double)(mono_ns() - sent_ns) / 1e6;
        if (await_arrival(board))
            ms[i] = (double)(board->slots[i].mono_ns - sent_ns) / 1e6;
    }
    print_figures("enqueue call", calls, count);
    print_figures("enqueue to handler", ms, count);
    free(calls);
    free(ms);
}

static void
measure_lateness(struct crew_scene *scene, weir_client *client, struct board *board, size_t count)
{
    int64_t *due_ms = calloc(count, sizeof(*due_ms));
    double *late_ms = calloc(count, sizeof(*late_ms));
    size_t on_time = 0;

    for (size_t i = 0; i < count; i++) {
        due_ms[i] = crew_now_us() / 1000 + 50 + crew_random(SPREAD_MS);
        send_task(scene, client, (int32_t)i, due_ms[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (!await_arrival(board))
            break;
    }
    for (size_t i = 0; i < count && crew_failures() == 0; i++) {
        double late = (double)(board->slots[i].wall_us - due_ms[i] * 1000) / 1000;
        if (late < 0)
            crew_fail("a task ran %.3f ms early", -late);
        late_ms[on_time++] = late;
    }
    print_figures("scheduled, lateness", late_ms, on_time);
    free(late_ms);
    free(due_ms);
}

/* ---- idle ---- */

struct cost {
    double cpu_ms;
    long switches; /* voluntary: how often a thread slept and woke */
    long rss_kb;
};

/* The number after a word in a file, 0 where there is none; the first one when the word is empty. */
static double
number_in(const char *path, const char *word)
{
    char line[256];
    double number = 0;
    FILE *file = fopen(path, "r");

    if (file == NULL)
        return 0;
    while (number <= 0 && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, word, strlen(word)) == 0)
            number = strtod(line + strlen(word), NULL);
    }
    fclose(file);
    return number;
}

static struct cost
cost_of(pid_t pid)
{
    struct cost cost = {0};
    char path[CREW_PATH_SIZE + 64], tasks[64];
    const struct dirent *entry;

    snprintf(tasks, sizeof(tasks), "/proc/%d/task", (int)pid);
    DIR *folder = opendir(tasks);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        snprintf(path, sizeof(path), "%s/%.64s/schedstat", tasks, entry->d_name);
        cost.cpu_ms += number_in(path, "") / 1e6;
        snprintf(path, sizeof(path), "%s/%.64s/status", tasks, entry->d_name);
        cost.switches += (long)number_in(path, "voluntary_ctxt_switches:");
    }
    if (folder != NULL)
        closedir(folder);
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    cost.rss_kb = (long)number_in(path, "VmRSS:");
    return cost;
}

static void
measure_idleness(pid_t worker, long seconds)
{
    struct cost before, after;

    if (seconds == 0)
        return;
    crew_pause_us(1000000);
    before = cost_of(worker);
    crew_pause_us(seconds * 1000000);
    after = cost_of(worker);
    printf("idle worker, %ld s: %.1f ms CPU, %ld wake-ups, RSS %ld kB\n", seconds,
           after.cpu_ms - before.cpu_ms, after.switches - before.switches, after.rss_kb);
}

static size_t
wanted(const char *variable)
{
    long count = crew_number(variable, 20);

    return count < 0 ? 0 : count > SLOTS ? SLOTS : (size_t)count;
}

static void
measure(struct crew_scene *scene, const char *path, struct board *board)
{
    weir_client *client = NULL;
    pid_t worker = crew_start("worker", scene->url, scene->queues[0], path, (char *)NULL);

    if (weir_client_new(&client, scene->broker, NULL) != 0)
        crew_fail("no client");
    send_task(scene, client, 0, 0);
    if (await_arrival(board)) {
        measure_latency(scene, client, board, wanted("WEIR_BENCH_TASKS"));
        measure_lateness(scene, client, board, wanted("WEIR_BENCH_DUE"));
        measure_idleness(worker, crew_number("WEIR_BENCH_IDLE", 0));
    }
    crew_end(worker, "worker");
    weir_client_free(client);
}

int
main(int argc, char **argv)
{
    struct crew_scene scene;
    char path[CREW_PATH_SIZE];
    struct board *board;

    if (argc == 5 && strcmp(argv[1], "worker") == 0)
        return play_worker(argv);
    crew_seed("latency");
    crew_open(&scene, "latency");
    crew_path(&scene, "board", path);
    board = map_board(path);
    sem_init(&board->arrived, 1, 0);
    measure(&scene, path, board);
    munmap(board, sizeof(*board));
    crew_close(&scene);
    return crew_failures() > 0;
}

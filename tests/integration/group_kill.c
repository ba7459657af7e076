/* SPDX-License-Identifier: MIT */
/*
 * Servers that are killed (SIGKILL) at each step of aggregation, and another one that goes on: every member of the
 * group ends up in exactly one task.
 *
 * Each server is a process of its own. The handler writes "TASK MEMBER..." into a file; a task that runs twice because its
 * server was killed writes the same line twice, which is at-least-once and not a doubled member.
 *
 * On the broker that WEIR_TEST_BROKER names; default: a SQLite file in a folder of its own.
 */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weir.h>

enum {
    MEMBERS = 6,
    SET = 3
};

/* Where a server dies: not at all, when its aggregator begins, when it has made the task, or when the task runs. */
enum step {
    LIVE,
    IN_AGGREGATOR,
    BEFORE_COMMIT,
    AFTER_COMMIT,
    STEPS
};

static enum step dies;
static char folder[] = "/tmp/weir-group-kill-XXXXXX";

static const char *
url(void)
{
    const char *given = getenv("WEIR_TEST_BROKER");

    return given != NULL && given[0] != '\0' ? given : "sqlite:db";
}

static void
die_at(enum step step)
{
    if (dies == step) {
        kill(getpid(), SIGKILL);
    }
}

static int
unite(const weir_group *group, weir_task *task, void *arg, weir_error *err)
{
    size_t len = 0;
    char *text = weir_group_alloc(group, 512);

    (void)arg;
    (void)err;
    die_at(IN_AGGREGATOR);
    for (size_t i = 0; i < group->count; i++) {
        len += (size_t)snprintf(text + len, 512 - len, " %s", group->tasks[i]->id);
    }
    *task = (weir_task){.type = "united", .payload = text, .payload_len = len};
    die_at(BEFORE_COMMIT);
    return 0;
}

static weir_outcome
note(weir_context *ctx, const weir_task_info *task, void *arg)
{
    FILE *file;

    (void)ctx;
    (void)arg;
    die_at(AFTER_COMMIT);
    file = fopen("ledger", "a");
    if (file == NULL) {
        return WEIR_RETRY;
    }
    fprintf(file, "%s%.*s\n", task->id, (int)task->payload_len, (const char *)task->payload);
    return fclose(file) == 0 ? WEIR_DONE : WEIR_RETRY;
}

static bool
is_empty(weir_inspector *inspector)
{
    weir_queue_list *list;
    bool empty;

    if (weir_inspect_queue(inspector, WEIR_DEFAULT_QUEUE, &list, NULL) != 0) {
        return false;
    }
    empty = list->items[0].size == 0;
    weir_queue_list_free(list);
    return empty;
}

static void
tell_what_is_left(weir_inspector *inspector)
{
    weir_queue_list *list;

    if (weir_inspect_queue(inspector, WEIR_DEFAULT_QUEUE, &list, NULL) != 0) {
        return;
    }
    const weir_queue_info *queue = &list->items[0];
    fprintf(stderr, "left: aggregating %zu, pending %zu, active %zu, retry %zu, archived %zu\n",
            queue->aggregating, queue->pending, queue->active, queue->retry, queue->archived);
    weir_queue_list_free(list);
}

/* The life of a server process: it serves until the queue is empty. Returns its exit status. */
static int
serve(void)
{
    const weir_server_options options = {.group = {.grace_ms = 60000, .max_size = SET},
                                         .group_timeout_ms = 1000,
                                         .lease_ms = 300,
                                         .retry = {.kind = WEIR_RETRY_KIND_FIXED, .base_ms = 10}};
    weir_broker *broker;
    weir_inspector *inspector;
    weir_server *server;
    weir_mux *mux = weir_mux_new();
    bool empty = false;

    if (weir_broker_open(&broker, url(), NULL, NULL) != 0 ||
        weir_inspector_new(&inspector, broker, NULL) != 0 ||
        weir_mux_handle(mux, "united", note, NULL, NULL) != 0 ||
        weir_mux_aggregate(mux, NULL, unite, NULL, NULL) != 0 ||
        weir_server_new(&server, broker, mux, &options, NULL) != 0 ||
        weir_server_start(server, NULL) != 0) {
        return 1;
    }
    for (int i = 0; i < 2000 && !empty; i++) {
        usleep(10000);
        empty = is_empty(inspector);
    }
    int status = empty ? 0 : 2;
    if (status != 0) {
        tell_what_is_left(inspector);
    }
    weir_server_stop(server);
    weir_server_free(server);
    weir_inspector_free(inspector);
    weir_mux_free(mux);
    weir_broker_close(broker);
    return status;
}

static int
run_server(enum step step)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        dies = step;
        _exit(serve());
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

static int
enqueue_all(void)
{
    weir_broker *broker;
    weir_client *client;
    char id[16];
    int code = weir_broker_open(&broker, url(), NULL, NULL);

    if (code != 0) {
        return code;
    }
    code = weir_client_new(&client, broker, NULL);
    for (int i = 0; i < MEMBERS && code == 0; i++) {
        snprintf(id, sizeof(id), "m%d", i);
        code = weir_enqueue(client, &(weir_task){.type = "member", .id = id, .group = "g"}, NULL,
                            NULL);
    }
    weir_client_free(client);
    weir_broker_close(broker);
    return code;
}

/* In how many different tasks a member is. */
static int
tasks_of(int member)
{
    char line[512], id[16], known[MEMBERS * 4][64];
    FILE *file = fopen("ledger", "r");
    int count = 0;

    snprintf(id, sizeof(id), " m%d", member);
    while (file != NULL && count < MEMBERS * 4 && fgets(line, sizeof(line), file) != NULL) {
        bool seen = strstr(line, id) == NULL;
        for (int i = 0; i < count && !seen; i++) {
            seen = strncmp(known[i], line, strlen(known[i])) == 0;
        }
        if (!seen) {
            snprintf(known[count++], sizeof(known[0]), "%.*s", (int)strcspn(line, " "), line);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return count;
}

static void
clean(void)
{
    static const char *const files[] = {"db", "db-wal", "db-shm", "db-weir", "ledger"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        unlink(files[i]);
    }
}

/* Returns 0 when every member is in exactly one task. */
static int
try_step(enum step step)
{
    int status, failed = 0;

    if (enqueue_all() != 0) {
        return 1;
    }
    status = run_server(step);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
        fprintf(stderr, "step %d: the server was not killed (%d)\n", step, status);
        return 1;
    }
    status = run_server(LIVE);
    if (status != 0) {
        fprintf(stderr, "step %d: the second server ended with %d\n", step, status);
        return 1;
    }
    for (int i = 0; i < MEMBERS; i++) {
        int count = tasks_of(i);
        if (count != 1) {
            fprintf(stderr, "step %d: member %d is in %d tasks\n", step, i, count);
            failed = 1;
        }
    }
    return failed;
}

int
main(void)
{
    int failed = 0;

    if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
        return 1;
    }
    for (int step = LIVE + 1; step < STEPS; step++) {
        failed |= try_step((enum step)step);
        clean();
    }
    if (chdir("/") == 0) {
        rmdir(folder);
    }
    return failed;
}

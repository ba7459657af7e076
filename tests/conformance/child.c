/* SPDX-License-Identifier: MIT */
/* Roles for a second process, a table of them, and its start. */
#include <config.h>

#include "child.h"
#include "keep.h"
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK 50

/* Enqueues one task with the id that is given. */
static int
enqueue_one(const char *id)
{
    return PUT(.queue = "alpha", .id = id);
}

/* Enqueues as many tasks as are asked for, with ids that carry this process's id. */
static int
enqueue_many(const char *count)
{
    char id[64];

    for (long i = 0; i < atol(count); i++) {
        snprintf(id, sizeof(id), "%ld-%ld", (long)getpid(), i);
        if (PUT(.queue = "alpha", .id = id) != 0)
            return 1;
    }
    return 0;
}

/* Takes and finishes until so many are completed by all; a second finish by anybody would be refused. */
static int
work_until(const char *count)
{
    int64_t end = real_ms() + 20000;

    while (queue_info("alpha").completed < (size_t)atol(count)) {
        weir_claim *claims[CHUNK];
        size_t taken = take_some(store, "alpha", CHUNK, CHUNK, claims);

        for (size_t i = 0; i < taken; i++) {
            if (FINISH(claims[i], COMPLETE, .at_ms = START_MS + DAY) != 0)
                return 1;
        }
        if (real_ms() > end)
            return 1;
    }
    return 0;
}

/* Takes a task and dies with it. */
static int
take_and_die(const char *queue)
{
    if (take(queue) == NULL)
        return 1;
    _exit(0);
}

static const struct {
    const char *name;
    int (*play)(const char *arg);
} roles[] = {
    {"enqueue", enqueue_one},
    {"enqueue-many", enqueue_many},
    {"work-until", work_until},
    {"take-and-die", take_and_die},
};

int
child_main(int argc, char **argv)
{
    int status = 2;

    if (argc != 5)
        return 2;
    manual_clock_init(&now, atoll(argv[2]), (uint64_t)getpid());
    atomic_store(&now.boot_ms, atoll(argv[3]));
    store = kit_open(argv[1], &now);
    if (store == NULL || CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (strcmp(roles[i].name, argv[0]) == 0)
            status = roles[i].play(argv[4]);
    }
    keep_free();
    weir_broker_close(store);
    return status;
}

pid_t
child_start(const char *role, const char *arg)
{
    char wall[32];
    char boot[32];
    char self[4096] = "";
    pid_t pid;

    snprintf(wall, sizeof(wall), "%" PRId64, now_ms());
    snprintf(boot, sizeof(boot), "%" PRId64, (int64_t)atomic_load(&now.boot_ms));
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
        return -1;
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        execl(self, self, "--child", role, kit_url(), wall, boot, arg, (char *)NULL);
        _exit(127);
    }
    return pid;
}

int
child_wait(pid_t pid)
{
    int status = 0;

    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

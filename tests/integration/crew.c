/* SPDX-License-Identifier: MIT */
/* Scenes, processes and chance for the tests with many processes; crew.h tells more. */
#include <config.h>

#include "crew.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_ARGUMENTS 16
#define END_PATIENCE_MS 30000
#define MAX_PRINTED 50 /* failures */

static uint64_t chance = 1;
static int failures;

/* ---- chance and time ---- */

void
crew_random_start(uint64_t seed)
{
    chance = seed * 2 + 1;
}

uint64_t
crew_seed(const char *program)
{
    const char *given = getenv("WEIR_SEED");
    uint64_t seed;

    if (given != NULL && given[0] != '\0')
        seed = strtoull(given, NULL, 10);
    else
        seed = (uint64_t)crew_now_us() * 2654435761u % 1000000007u + (uint64_t)getpid();
    printf("%s: WEIR_SEED=%" PRIu64 "\n", program, seed);
    fflush(stdout);
    crew_random_start(seed);
    return seed;
}

unsigned
crew_random(unsigned limit)
{
    chance ^= chance >> 12;
    chance ^= chance << 25;
    chance ^= chance >> 27;
    return (unsigned)(chance * UINT64_C(2685821657736338717) >> 33) % limit;
}

bool
crew_chance(unsigned times)
{
    return crew_random(times) == 0;
}

int64_t
crew_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void
crew_pause_us(int64_t us)
{
    struct timespec left = {us / 1000000, us % 1000000 * 1000};

    while (nanosleep(&left, &left) != 0 && errno == EINTR) {}
}

bool
crew_until(bool (*test)(void *arg), void *arg, int64_t patience_ms)
{
    int64_t until_us = crew_now_us() + patience_ms * 1000;
    bool seen = test(arg);

    while (!seen && crew_now_us() < until_us) {
        crew_pause_us(2000);
        seen = test(arg);
    }
    return seen;
}

long
crew_number(const char *variable, long otherwise)
{
    const char *text = getenv(variable);

    return text != NULL && text[0] != '\0' ? strtol(text, NULL, 10) : otherwise;
}

/* ---- failures ---- */

void
crew_fail(const char *format, ...)
{
    va_list args;

    if (++failures > MAX_PRINTED)
        return;
    printf("FAILED: ");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    fflush(stdout);
}

int
crew_failures(void)
{
    return failures;
}

/* ---- the scene ---- */

static void
die(const char *what, const char *why)
{
    printf("%s: %s\n", what, why);
    exit(2);
}

void
crew_path(const struct crew_scene *scene, const char *name, char *path)
{
    if (snprintf(path, CREW_PATH_SIZE, "%s/%s", scene->dir, name) >= CREW_PATH_SIZE)
        die(name, "path too long");
}

void
crew_name_queues(struct crew_scene *scene, const char *name, uint64_t number)
{
    for (int i = 0; i < 2; i++)
        snprintf(scene->queues[i], CREW_NAME_SIZE, "%s-%d-%" PRIu64 "-%c", name, (int)getpid(),
                 number, 'a' + i);
}

void
crew_open(struct crew_scene *scene, const char *name)
{
    const char *given = getenv("WEIR_TEST_BROKER");
    const char *base = getenv("TMPDIR");
    weir_error err = {0};

    memset(scene, 0, sizeof(*scene));
    snprintf(scene->dir, sizeof(scene->dir), "%s/weir-%s-XXXXXX", base != NULL ? base : "/tmp",
             name);
    if (mkdtemp(scene->dir) == NULL)
        die(scene->dir, strerror(errno));
    if (given != NULL && given[0] != '\0')
        snprintf(scene->url, sizeof(scene->url), "%s", given);
    else
        snprintf(scene->url, sizeof(scene->url), "sqlite:%s/q.db", scene->dir);
    if (weir_broker_open(&scene->broker, scene->url, NULL, &err) != 0 ||
        weir_inspector_new(&scene->inspector, scene->broker, &err) != 0)
        die(scene->url, err.text);
    crew_name_queues(scene, name, 0);
}

static void
remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    if (folder == NULL)
        return;
    while ((entry = readdir(folder)) != NULL)
        unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    rmdir(path);
}

void
crew_close(struct crew_scene *scene)
{
    weir_inspector_free(scene->inspector);
    weir_broker_close(scene->broker);
    if (failures == 0)
        remove_folder(scene->dir);
    else
        printf("what was left is in %s\n", scene->dir);
}

static bool
queue_is_settled(struct crew_scene *scene, const char *name)
{
    weir_queue_list *list;
    weir_error err = {0};
    int code = weir_inspect_queue(scene->inspector, name, &list, &err);

    if (code == WEIR_E_NO_QUEUE)
        return true;
    if (code != 0) {
        crew_fail("looking at %s: %s", name, err.text);
        return false;
    }
    const weir_queue_info *queue = &list->items[0];
    bool settled = queue->pending + queue->active + queue->scheduled + queue->retry == 0;
    weir_queue_list_free(list);
    return settled;
}

bool
crew_is_settled(void *arg)
{
    struct crew_scene *scene = arg;

    return queue_is_settled(scene, scene->queues[0]) && queue_is_settled(scene, scene->queues[1]);
}

/* ---- processes ---- */

pid_t
crew_start(const char *role, ...)
{
    char *argv[MAX_ARGUMENTS + 3] = {(char *)(uintptr_t) "crew", (char *)(uintptr_t)role};
    int count = 2;
    va_list args;
    pid_t director = getpid();

    va_start(args, role);
    while (count < MAX_ARGUMENTS + 2 && (argv[count] = va_arg(args, char *)) != NULL)
        count++;
    va_end(args);
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0)
        die("fork", strerror(errno));
    if (pid > 0)
        return pid;
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error, not the end */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != director)
        _exit(127);
    execv("/proc/self/exe", argv);
    _exit(127);
}

void
crew_stop(pid_t pid)
{
    siginfo_t seen;

    kill(pid, SIGSTOP);
    waitid(P_PID, (id_t)pid, &seen, WSTOPPED | WEXITED | WNOWAIT);
}

void
crew_kill(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

struct ending {
    pid_t pid;
    int status;
};

static bool
has_ended(void *arg)
{
    struct ending *ending = arg;

    return waitpid(ending->pid, &ending->status, WNOHANG) == ending->pid;
}

static void
note_ending(const struct ending *ending, const char *who, bool seen)
{
    if (!seen) {
        crew_fail("%s (%d) does not end", who, (int)ending->pid);
        crew_kill(ending->pid);
        return;
    }
    if (ending->status != 0)
        crew_fail("%s (%d) ended with status %#x", who, (int)ending->pid, (unsigned)ending->status);
}

void
crew_await(pid_t pid, const char *who)
{
    struct ending ending = {.pid = pid};
    bool seen = crew_until(has_ended, &ending, END_PATIENCE_MS);

    note_ending(&ending, who, seen);
}

static off_t
size_of(const char *path)
{
    struct stat now;

    return stat(path, &now) == 0 ? now.st_size : 0;
}

void
crew_await_writer(pid_t pid, const char *who, const char *log)
{
    struct ending ending = {.pid = pid};
    off_t size;
    bool seen;

    do {
        size = size_of(log);
        seen = crew_until(has_ended, &ending, END_PATIENCE_MS);
    } while (!seen && size_of(log) > size);
    note_ending(&ending, who, seen);
}

void
crew_end(pid_t pid, const char *who)
{
    kill(pid, SIGTERM);
    crew_await(pid, who);
}

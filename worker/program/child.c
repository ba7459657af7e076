/* SPDX-License-Identifier: MIT */
/*
 * Between fork and exec the child is a copy of one thread of many: only async-signal-safe calls are made
 * there, on data that was prepared before. Why an exec failed comes back through a pipe that a
 * successful exec closes.
 *
 * A process id stays ours until it is reaped. So a child is looked at with WNOWAIT, taken off the list, and its
 * group killed before it is reaped: no signal can reach a stranger that got the same number.
 */
#include <config.h>

#include "child.h"
#include "shown.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum {
    IN,
    OUT,
    ERR,
    SHOWN,
    FAILURE,
    PIPES
};

/* The pipes of a child, [0] to read from, [1] to write to. */
struct pipes {
    int ends[PIPES][2];
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct child *first;
} children = {.lock = PTHREAD_MUTEX_INITIALIZER};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
init_changed(void)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&children.changed, &attr);
    pthread_condattr_destroy(&attr);
}

static void
close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static int
open_pipe(int ends[2])
{
#ifdef HAVE_PIPE2
    return pipe2(ends, O_CLOEXEC);
#else
    if (pipe(ends) != 0) {
        return -1;
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
#endif
}

/* Out of the way of the descriptors that the child will have. */
static bool
lift(int *fd)
{
    if (*fd > SHOWN_FD) {
        return true;
    }
    int higher = fcntl(*fd, F_DUPFD_CLOEXEC, SHOWN_FD + 1);
    if (higher < 0) {
        return false;
    }
    close(*fd);
    *fd = higher;
    return true;
}

static bool
make_pipe(int ends[2])
{
    return open_pipe(ends) == 0 && lift(&ends[0]) && lift(&ends[1]);
}

static void
close_pipes(struct pipes *pipes)
{
    for (int i = 0; i < PIPES; i++) {
        close_fd(&pipes->ends[i][0]);
        close_fd(&pipes->ends[i][1]);
    }
}

static int
make_pipes(struct pipes *pipes, weir_error *err)
{
    memset(pipes, -1, sizeof *pipes);
    for (int i = 0; i < PIPES; i++) {
        if (!make_pipe(pipes->ends[i])) {
            int rc = weir_error_set(err, WEIR_E_IO, "cannot make a pipe: %s", strerror(errno));
            close_pipes(pipes);
            return rc;
        }
    }
    return 0;
}

static void
default_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int n = 1; n < NSIG; n++) {
        sigaction(n, &action, NULL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
die_with_parent(pid_t parent)
{
#ifdef PR_SET_PDEATHSIG
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(1);
    }
#else
    (void)parent;
#endif
}

static void
become(const struct pipes *pipes, pid_t parent, const char *path, char *const *argv,
       char *const *envp)
{
    setpgid(0, 0);
    die_with_parent(parent);
    if (dup2(pipes->ends[IN][0], STDIN_FILENO) >= 0 &&
        dup2(pipes->ends[OUT][1], STDOUT_FILENO) >= 0 &&
        dup2(pipes->ends[ERR][1], STDERR_FILENO) >= 0 &&
        dup2(pipes->ends[SHOWN][1], SHOWN_FD) >= 0) {
        default_signals();
        execve(path, argv, envp);
    }
    int reason = errno;
    ssize_t n = write(pipes->ends[FAILURE][1], &reason, sizeof reason);
    (void)n;
    _exit(127);
}

/* Forks with all signals blocked, so that no handler of ours ever runs in the child. */
static pid_t
fork_into(const struct pipes *pipes, const char *path, char *const *argv, char *const *envp)
{
    sigset_t all, before;
    pid_t parent = getpid();

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) {
        become(pipes, parent, path, argv, envp);
    }
    int reason = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = reason;
    return pid;
}

/* Waits until the child is another program; returns why it could not, or 0. */
static int
exec_failure(int fd)
{
    int reason = 0;
    ssize_t n;

    do {
        n = read(fd, &reason, sizeof reason);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof reason ? reason : 0;
}

static int
reap(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return status;
}

static int
open_exit_fd(pid_t pid)
{
#ifdef SYS_pidfd_open
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    return fd; /* close-on-exec by itself */
#else
    (void)pid;
    return -1;
#endif
}

static int
keep(int *end)
{
    int fd = *end;

    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    *end = -1;
    return fd;
}

static void
enlist(struct child *child)
{
    pthread_once(&once, init_changed);
    pthread_mutex_lock(&children.lock);
    child->next = children.first;
    children.first = child;
    pthread_mutex_unlock(&children.lock);
}

static void
delist(const struct child *child)
{
    struct child **at = &children.first;

    while (*at != child) {
        at = &(*at)->next;
    }
    *at = child->next;
    pthread_cond_broadcast(&children.changed);
}

int
child_start(struct child *child, const char *path, char *const *argv, char *const *envp,
            weir_error *err)
{
    struct pipes pipes;
    int rc = make_pipes(&pipes, err);

    if (rc != 0) {
        return rc;
    }
    pid_t pid = fork_into(&pipes, path, argv, envp);
    if (pid < 0) {
        rc = weir_error_set(err, WEIR_E_IO, "cannot start a process: %s", strerror(errno));
        goto out;
    }
    setpgid(pid, pid); /* the child does so too: whoever comes first */
    close_fd(&pipes.ends[FAILURE][1]);
    int reason = exec_failure(pipes.ends[FAILURE][0]);
    if (reason != 0) {
        reap(pid);
        rc = weir_error_set(err, WEIR_E_IO, "cannot execute %s: %s", path, strerror(reason));
        goto out;
    }
    *child = (struct child){.pid = pid,
                            .in = keep(&pipes.ends[IN][1]),
                            .out = keep(&pipes.ends[OUT][0]),
                            .err = keep(&pipes.ends[ERR][0]),
                            .shown = keep(&pipes.ends[SHOWN][0]),
                            .exit_fd = open_exit_fd(pid)};
    enlist(child);
out:
    close_pipes(&pipes);
    return rc;
}

bool
child_has_ended(const struct child *child)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == child->pid;
}

void
child_signal(const struct child *child, int signal_number)
{
    kill(-child->pid, signal_number);
}

int
child_reap(struct child *child)
{
    siginfo_t info = {0};

    while (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {}
    pthread_mutex_lock(&children.lock);
    child_signal(child, SIGKILL);
    int status = reap(child->pid);
    delist(child);
    pthread_mutex_unlock(&children.lock);
    close_fd(&child->in);
    close_fd(&child->out);
    close_fd(&child->err);
    close_fd(&child->shown);
    close_fd(&child->exit_fd);
    return status;
}

/* On the monotonic clock: a step of the other one neither cuts a grace short nor makes it longer. */
static void
wait_until_none(int64_t timeout_ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(timeout_ms / 1000);
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    while (children.first != NULL &&
           pthread_cond_timedwait(&children.changed, &children.lock, &until) == 0) {}
}

size_t
children_stop(int64_t grace_ms)
{
    size_t left = 0;

    pthread_once(&once, init_changed);
    pthread_mutex_lock(&children.lock);
    wait_until_none(grace_ms);
    for (struct child *child = children.first; child != NULL; child = child->next) {
        child_signal(child, SIGKILL);
    }
    wait_until_none(grace_ms);
    for (struct child *child = children.first; child != NULL; child = child->next) {
        left++;
    }
    pthread_mutex_unlock(&children.lock);
    return left;
}

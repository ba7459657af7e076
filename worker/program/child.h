/* SPDX-License-Identifier: MIT */
/*
 * Child processes: started in a process group of their own with four pipes, signalled as a group, and reaped. A
 * list of all that run lets the program end them when it ends itself. A child dies with the worker where the system
 * can do that (PR_SET_PDEATHSIG), even when the worker is killed.
 */
#ifndef WEIR_PROGRAM_CHILD_H
#define WEIR_PROGRAM_CHILD_H

#include <weir/error.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct child {
    pid_t pid; /* of the child and of its group */
    int in;    /* our ends of its pipes: non-blocking, close-on-exec */
    int out;
    int err;
    int shown;   /* from its SHOWN_FD */
    int exit_fd; /* readable when it has ended; -1 where the system cannot do that */
    struct child *next;
};

/*
 * Starts the program `path` and adds it to the list; child must stay where it is until child_reap(). Safe while
 * other threads run. When the program cannot be executed, returns WEIR_E_IO with the system's reason.
 */
int child_start(struct child *child, const char *path, char *const *argv, char *const *envp,
                weir_error *err);

/* True when the child itself has ended; it stays a zombie until child_reap(). */
bool child_has_ended(const struct child *child);

/* Sends a signal to the whole group. Only before child_reap(). */
void child_signal(const struct child *child, int signal_number);

/* Kills what the child left behind in its group, waits for the child, closes what is open, and returns its wait
 * status. */
int child_reap(struct child *child);

/*
 * Ends all children that run: waits for those that were told to end for up to grace_ms, then kills the rest, and waits
 * until the threads in charge have reaped them, for another grace_ms at most. Returns how many are left.
 */
size_t children_stop(int64_t grace_ms);

#endif

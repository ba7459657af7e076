/* SPDX-License-Identifier: MIT */
/*
 * The second process of a case: the program itself, run again as conformance --child ROLE URL WALL BOOT ARG.
 */
#ifndef CONFORMANCE_CHILD_H
#define CONFORMANCE_CHILD_H

#include <sys/types.h>

/* In the child. Exit status 0 when the role was played to its end. */
int child_main(int argc, char **argv);

/* Starts a child on the case's store, with the case's time. Returns its id, or -1. */
pid_t child_start(const char *role, const char *arg);
/* Waits for its end; returns the exit status, or -1. */
int child_wait(pid_t pid);

#endif

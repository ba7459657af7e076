/* SPDX-License-Identifier: MIT */
/*
 * The process behind a broker's URL, where there is one on this machine.
 */
#ifndef WEIR_BENCH_SERVER_PID_H
#define WEIR_BENCH_SERVER_PID_H

#include <sys/types.h>

/* The process that listens where a URL of Redis points to, or 0: not such a URL, not here, or not to be seen. */
pid_t server_pid_of(const char *url);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What time, CPU and memory a stretch of a run cost: those of this process, and the CPU of the broker's server where
 * it runs on this machine.
 */
#ifndef WEIR_BENCH_METER_H
#define WEIR_BENCH_METER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct figures;

struct meter {
    pid_t server; /* 0: none, or not here */
    int64_t start_ns;
    int64_t own_ns;    /* CPU of this process so far */
    int64_t server_ns; /* the same of the server */
};

/* Monotonic time, and wall clock. */
int64_t meter_now_ns(void);
int64_t meter_wall_us(void);

/* CPU that a process has used, ended threads included; -1 when it cannot be told. */
int64_t meter_cpu_ns(pid_t pid);

/* A line of /proc/PID/status that holds a number ("VmHWM:"); 0 when there is none. */
long meter_status(pid_t pid, const char *name);

/* Begins; the peak of this process's memory is counted anew. */
void meter_start(struct meter *meter, pid_t server);

/* Adds tasks_per_s (`wall_ns` for `count` tasks), own_cpu_us and server_cpu_us (of a task) and peak_mb. */
void meter_stop(const struct meter *meter, int64_t wall_ns, size_t count, struct figures *figures);

#endif

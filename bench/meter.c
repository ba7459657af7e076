/* SPDX-License-Identifier: MIT */
/*
 * Every process has a CPU clock that others may read, exact to the nanosecond and without its help.
 */
#include <config.h>

#include "meter.h"

#include "figures.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t
clock_ns(clockid_t id)
{
    struct timespec now;

    return clock_gettime(id, &now) == 0 ? (int64_t)now.tv_sec * 1000000000 + now.tv_nsec : -1;
}

int64_t
meter_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t
meter_wall_us(void)
{
    return clock_ns(CLOCK_REALTIME) / 1000;
}

int64_t
meter_cpu_ns(pid_t pid)
{
    clockid_t id;

    return clock_getcpuclockid(pid, &id) == 0 ? clock_ns(id) : -1;
}

long
meter_status(pid_t pid, const char *name)
{
    char line[256];
    long number = 0;

    snprintf(line, sizeof line, "/proc/%d/status", (int)pid);
    FILE *file = fopen(line, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            number = strtol(line + strlen(name), NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return number;
}

/* Where the system does not allow it, the peak is that of the whole program. */
static void
forget_peak(void)
{
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        (void)!write(fd, "5", 1);
        close(fd);
    }
}

void
meter_start(struct meter *meter, pid_t server)
{
    forget_peak();
    meter->server = server;
    meter->server_ns = server > 0 ? meter_cpu_ns(server) : -1;
    meter->own_ns = meter_cpu_ns(getpid());
    meter->start_ns = meter_now_ns();
}

void
meter_stop(const struct meter *meter, int64_t wall_ns, size_t count, struct figures *figures)
{
    int64_t own_ns = meter_cpu_ns(getpid()) - meter->own_ns;
    double tasks = (double)count;

    figures_add(figures, "tasks_per_s", tasks * 1e9 / (double)(wall_ns > 0 ? wall_ns : 1));
    figures_add(figures, "own_cpu_us", (double)own_ns / 1e3 / tasks);
    if (meter->server_ns >= 0) {
        int64_t server_ns = meter_cpu_ns(meter->server) - meter->server_ns;
        figures_add(figures, "server_cpu_us", (double)server_ns / 1e3 / tasks);
    }
    figures_add(figures, "peak_mb", (double)meter_status(getpid(), "VmHWM:") / 1024);
}

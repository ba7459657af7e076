/* SPDX-License-Identifier: MIT */
/*
 * What the tests with many processes share: a scene (a broker and a folder of its own), processes, chance.
 *
 * A test is one program. Started without arguments it directs; started with the name of a role it is a worker or
 * a producer (roles.h). A process is always executed anew, never only forked: no broker handle crosses a fork. All
 * processes end with the director.
 *
 * The broker is the one that WEIR_TEST_BROKER names, else a fresh SQLite file. Queues have names of their own for
 * each scene, so that a shared broker does no harm. All that happens follows from WEIR_SEED, which is
 * printed, as far as processes can be made to repeat themselves.
 */
#ifndef CREW_H
#define CREW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <weir.h>

#define CREW_PATH_SIZE 256
#define CREW_NAME_SIZE 64

struct crew_scene {
    char dir[CREW_PATH_SIZE];
    char url[CREW_PATH_SIZE + 64];
    char queues[2][CREW_NAME_SIZE];
    weir_broker *broker;
    weir_inspector *inspector;
};

/* ---- chance and time ---- */

/* Takes WEIR_SEED or a random one, prints and returns it. */
uint64_t crew_seed(const char *program);
/* A number from 0 to below `limit`; crew_chance() is true once in so many times. */
unsigned crew_random(unsigned limit);
bool crew_chance(unsigned times);
void crew_random_start(uint64_t seed);

int64_t crew_now_us(void); /* wall clock */
void crew_pause_us(int64_t us);
/* Looks until test(arg) is true, but no longer than so; returns what it saw last. */
bool crew_until(bool (*test)(void *arg), void *arg, int64_t patience_ms);
long crew_number(const char *variable, long otherwise);

/* ---- failures ---- */

/* Prints a failure and counts it. */
void crew_fail(const char *format, ...) WEIR_PRINTF_LIKE(1, 2);
int crew_failures(void);

/* ---- the scene ---- */

/* Opens a broker and makes a folder; ends the program when it cannot. crew_close() removes the folder
 * unless something failed; then it says where it is. */
void crew_open(struct crew_scene *scene, const char *name);
void crew_close(struct crew_scene *scene);
/* Names the queues of the next round. */
void crew_name_queues(struct crew_scene *scene, const char *name, uint64_t number);
/* A path in the scene's folder. */
void crew_path(const struct crew_scene *scene, const char *name, char *path);
/* True when no task of the queues waits or runs. */
bool crew_is_settled(void *scene);

/* ---- processes ---- */

/* Starts this program again with these arguments (the last one NULL). */
pid_t crew_start(const char *role, ...);
/* Suspends; returns when no thread of it runs any more. SIGCONT lets it go on. One that has ended can still be awaited. */
void crew_stop(pid_t pid);
/* Kills at once; returns when the process is gone. */
void crew_kill(pid_t pid);
/* Asks to end and waits; a status other than 0 is a failure. */
void crew_end(pid_t pid, const char *who);
/* Waits for a process that ends by itself; a status other than 0 is a failure. */
void crew_await(pid_t pid, const char *who);
/* The same for one with much to do, however slow the disk is: as long as it writes to its side log. */
void crew_await_writer(pid_t pid, const char *who, const char *log);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * beanstalkd, driven as hard as its protocol allows: commands are pipelined, 1000 puts or 100 reserves and deletes in
 * flight. Called as beanstalk enqueue|bulk|process|latency N for the server at $WEIR_PEER_PORT; prints one line of JSON
 * with figures named as weir-bench names them.
 */
#include <config.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

enum {
    PAYLOAD = 64,
    PUTS = 1000,
    RESERVES = 100
};

/* What the worker of `latency` tells. */
struct board {
    sem_t arrived;
    int64_t at_ns;
};

static _Noreturn void
die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static int64_t
now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Both directions of one connection; the stream for writing is flushed before each wait. */
struct wire {
    FILE *in;
    FILE *out;
};

static void
expect(struct wire *wire, const char *word)
{
    char line[128];

    if (fgets(line, sizeof line, wire->in) == NULL || strncmp(line, word, strlen(word)) != 0) {
        die(word);
    }
}

/* Connects, and uses no tube but one of this name. */
static struct wire
dial(pid_t tube)
{
    const char *port = getenv("WEIR_PEER_PORT");
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    struct wire wire;

    address.sin_port = htons((uint16_t)strtoul(port != NULL ? port : "11300", NULL, 10));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        die("beanstalkd");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    wire.in = fdopen(fd, "r");
    wire.out = fdopen(dup(fd), "w");
    if (wire.in == NULL || wire.out == NULL) {
        die("fdopen");
    }
    setvbuf(wire.in, NULL, _IOFBF, 1 << 16);
    setvbuf(wire.out, NULL, _IOFBF, 1 << 18);
    fprintf(wire.out, "use %d\r\nwatch %d\r\nignore default\r\n", (int)tube, (int)tube);
    fflush(wire.out);
    expect(&wire, "USING");
    expect(&wire, "WATCHING 2");
    expect(&wire, "WATCHING 1");
    return wire;
}

static unsigned long long
expect_reserved(struct wire *wire)
{
    char line[128], body[PAYLOAD + 2];
    unsigned long long id;

    if (fgets(line, sizeof line, wire->in) == NULL || sscanf(line, "RESERVED %llu 64", &id) != 1 ||
        fread(body, sizeof body, 1, wire->in) != 1) {
        die("RESERVED");
    }
    return id;
}

static void
put(struct wire *wire, size_t count, size_t in_flight)
{
    char payload[PAYLOAD + 1];

    memset(payload, 'x', PAYLOAD);
    payload[PAYLOAD] = '\0';
    for (size_t sent = 0; sent < count; sent += in_flight) {
        size_t n = count - sent < in_flight ? count - sent : in_flight;
        for (size_t i = 0; i < n; i++) {
            fprintf(wire->out, "put 0 0 60 %d\r\n%s\r\n", PAYLOAD, payload);
        }
        fflush(wire->out);
        for (size_t i = 0; i < n; i++) {
            expect(wire, "INSERTED");
        }
    }
}

static void
work(struct wire *wire, size_t count)
{
    unsigned long long ids[RESERVES];

    for (size_t done = 0; done < count; done += RESERVES) {
        size_t n = count - done < RESERVES ? count - done : RESERVES;
        for (size_t i = 0; i < n; i++) {
            fputs("reserve\r\n", wire->out);
        }
        fflush(wire->out);
        for (size_t i = 0; i < n; i++) {
            ids[i] = expect_reserved(wire);
        }
        for (size_t i = 0; i < n; i++) {
            fprintf(wire->out, "delete %llu\r\n", ids[i]);
        }
        fflush(wire->out);
        for (size_t i = 0; i < n; i++) {
            expect(wire, "DELETED");
        }
    }
}

static _Noreturn void
wait_for_work(struct board *board, pid_t tube)
{
    struct wire wire = dial(tube);

    for (;;) {
        fputs("reserve\r\n", wire.out);
        fflush(wire.out);
        unsigned long long id = expect_reserved(&wire);
        board->at_ns = now_ns();
        sem_post(&board->arrived);
        fprintf(wire.out, "delete %llu\r\n", id);
        fflush(wire.out);
        expect(&wire, "DELETED");
    }
}

static int
compare_ns(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

    return (one > other) - (one < other);
}

static void
measure_latency(struct wire *wire, size_t count)
{
    struct board *board =
        mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int64_t *wait_ns = calloc(count, sizeof *wait_ns);

    if (board == MAP_FAILED || wait_ns == NULL) {
        die("memory");
    }
    sem_init(&board->arrived, 1, 0);
    pid_t worker = fork();
    if (worker == 0) {
        wait_for_work(board, getppid());
    }
    for (size_t i = 0; i < count; i++) {
        const struct timespec pause = {.tv_nsec = 5000000 + random() % 25000000};
        nanosleep(&pause, NULL);
        int64_t sent_ns = now_ns();
        put(wire, 1, 1);
        while (sem_wait(&board->arrived) != 0) {}
        wait_ns[i] = board->at_ns - sent_ns;
    }
    kill(worker, SIGKILL);
    qsort(wait_ns, count, sizeof *wait_ns, compare_ns);
    printf("{\"pickup_p50_ms\": %.6f, \"pickup_p99_ms\": %.6f}\n",
           (double)wait_ns[(count * 50 + 99) / 100 - 1] / 1e6,
           (double)wait_ns[(count * 99 + 99) / 100 - 1] / 1e6);
    free(wait_ns);
}

int
main(int argc, char **argv)
{
    size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    struct wire wire;

    if (count == 0) {
        fputs("usage: beanstalk enqueue|bulk|process|latency N\n", stderr);
        return 2;
    }
    wire = dial(getpid());
    if (strcmp(argv[1], "latency") == 0) {
        measure_latency(&wire, count);
        return 0;
    }
    if (strcmp(argv[1], "process") == 0) {
        put(&wire, count, PUTS);
    }
    int64_t start_ns = now_ns();
    if (strcmp(argv[1], "process") == 0) {
        work(&wire, count);
    } else {
        put(&wire, count, strcmp(argv[1], "bulk") == 0 ? PUTS : 1);
    }
    printf("{\"tasks_per_s\": %.3f}\n", (double)count * 1e9 / (double)(now_ns() - start_ns));
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* One thread polls all connections; small tables are enough for a test. */
#include <config.h>

#include "proxy.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PAIRS 64

struct proxy {
    pthread_t thread;
    atomic_bool ending;
    atomic_int to_spare;
    atomic_int to_lose;
    atomic_int lost;
    atomic_int to_hold;
    int held_server; /* of the connection that is held, with what it sent; -1: none */
    char held[8192];
    size_t held_len;
    char path[108];
    char server[108];
    int listener;
    int pairs[PAIRS][2]; /* client, server; -1: free */
};

static int
unix_socket(const char *path, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof(address->sun_path), "%s", path);
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void
close_pair(int pair[2])
{
    close(pair[0]);
    if (pair[1] >= 0)
        close(pair[1]);
    pair[0] = pair[1] = -1;
}

static void
accept_one(struct proxy *proxy)
{
    struct sockaddr_un address;
    int client = accept(proxy->listener, NULL, NULL);
    int server = unix_socket(proxy->server, &address);

    for (int i = 0; i < PAIRS; i++) {
        if (proxy->pairs[i][0] >= 0)
            continue;
        proxy->pairs[i][0] = client;
        proxy->pairs[i][1] = server;
        if (connect(server, (struct sockaddr *)&address, sizeof(address)) != 0)
            close_pair(proxy->pairs[i]);
        return;
    }
    close(client);
    close(server);
}

static bool
is_to_be_lost(struct proxy *proxy)
{
    int left = atomic_load(&proxy->to_lose);

    if (left == 0)
        return false;
    if (atomic_load(&proxy->to_spare) > 0) {
        atomic_fetch_sub(&proxy->to_spare, 1);
        return false;
    }
    if (left > 0)
        atomic_fetch_sub(&proxy->to_lose, 1);
    atomic_fetch_add(&proxy->lost, 1);
    return true;
}

/* The client's bytes stay here with its server's side; it is told that the connection broke, so that it need not wait. */
static bool
is_held(struct proxy *proxy, int pair[2], const char *bytes, size_t n)
{
    if (atomic_load(&proxy->to_hold) != 1 || n > sizeof(proxy->held))
        return false;
    memcpy(proxy->held, bytes, n);
    proxy->held_len = n;
    proxy->held_server = pair[1];
    pair[1] = -1;
    atomic_store(&proxy->to_hold, 2);
    close_pair(pair);
    return true;
}

static void
forward_bytes(struct proxy *proxy, int pair[2], int from)
{
    char bytes[65536];
    ssize_t n = read(pair[from], bytes, sizeof(bytes));
    ssize_t done = 0;

    if (n <= 0 || (from == 1 && is_to_be_lost(proxy))) {
        close_pair(pair);
        return;
    }
    if (from == 0 && is_held(proxy, pair, bytes, (size_t)n))
        return;
    while (done < n) {
        ssize_t sent = send(pair[1 - from], bytes + done, (size_t)(n - done), MSG_NOSIGNAL);

        if (sent <= 0) {
            close_pair(pair);
            return;
        }
        done += sent;
    }
}

static void
turn(struct proxy *proxy)
{
    struct pollfd fds[2 * PAIRS + 1];

    for (int i = 0; i < PAIRS; i++) {
        for (int k = 0; k < 2; k++)
            fds[2 * i + k] = (struct pollfd){proxy->pairs[i][k], POLLIN, 0};
    }
    fds[2 * PAIRS] = (struct pollfd){proxy->listener, POLLIN, 0};
    if (poll(fds, 2 * PAIRS + 1, 20) <= 0)
        return;
    for (int i = 0; i < PAIRS; i++) {
        for (int k = 0; k < 2; k++) {
            if (fds[2 * i + k].revents && proxy->pairs[i][k] == fds[2 * i + k].fd &&
                fds[2 * i + k].fd >= 0)
                forward_bytes(proxy, proxy->pairs[i], k);
        }
    }
    if (fds[2 * PAIRS].revents)
        accept_one(proxy);
}

static void *
run(void *arg)
{
    struct proxy *proxy = arg;

    while (!atomic_load(&proxy->ending))
        turn(proxy);
    return NULL;
}

struct proxy *
proxy_start(const char *path, const char *server)
{
    struct proxy *proxy = calloc(1, sizeof(*proxy));
    struct sockaddr_un address;

    if (!proxy)
        abort();
    snprintf(proxy->path, sizeof(proxy->path), "%s", path);
    snprintf(proxy->server, sizeof(proxy->server), "%s", server);
    memset(proxy->pairs, -1, sizeof(proxy->pairs));
    unlink(path);
    proxy->listener = unix_socket(path, &address);
    if (bind(proxy->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(proxy->listener, 16) != 0 || pthread_create(&proxy->thread, NULL, run, proxy) != 0) {
        perror(path);
        exit(1);
    }
    return proxy;
}

void
proxy_stop(struct proxy *proxy)
{
    atomic_store(&proxy->ending, true);
    pthread_join(proxy->thread, NULL);
    for (int i = 0; i < PAIRS; i++) {
        if (proxy->pairs[i][0] >= 0)
            close_pair(proxy->pairs[i]);
    }
    close(proxy->listener);
    unlink(proxy->path);
    free(proxy);
}

void
proxy_lose(struct proxy *proxy, int count)
{
    atomic_store(&proxy->to_lose, count);
}

int
proxy_lost(struct proxy *proxy)
{
    return atomic_load(&proxy->lost);
}

void
proxy_spare(struct proxy *proxy, int count)
{
    atomic_store(&proxy->to_spare, count);
}

void
proxy_hold(struct proxy *proxy)
{
    atomic_store(&proxy->to_hold, 1);
}

const char *
proxy_let_go(struct proxy *proxy)
{
    static char replies[8192];
    size_t len = 0;
    ssize_t n = 0;

    if (atomic_exchange(&proxy->to_hold, 0) != 2)
        return "";
    n = send(proxy->held_server, proxy->held, proxy->held_len, MSG_NOSIGNAL);
    shutdown(proxy->held_server, SHUT_WR);
    while (n > 0 && len < sizeof(replies) - 1) {
        n = read(proxy->held_server, replies + len, sizeof(replies) - 1 - len);
        len += n > 0 ? (size_t)n : 0;
    }
    replies[len] = '\0';
    close(proxy->held_server);
    return replies;
}

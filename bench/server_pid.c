/* SPDX-License-Identifier: MIT */
/*
 * A unix socket tells who listens on it (SO_PEERCRED). For a port of this machine, /proc/net/tcp has the inode of
 * the listening socket, and the process is the one that has it open.
 */
#include <config.h>

#include "server_pid.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    REDIS_PORT = 6379,
    LISTENING = 0x0a
};

static pid_t
behind_socket(const char *path, size_t len)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct ucred peer = {0};
    socklen_t size = sizeof peer;

    if (len >= sizeof address.sun_path) {
        return 0;
    }
    memcpy(address.sun_path, path, len);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return 0;
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        peer.pid = 0;
    }
    close(fd);
    return peer.pid;
}

/* The inode of the socket that listens on a port, or 0. */
static unsigned long
listening_inode(const char *table, unsigned port)
{
    unsigned long inode, found = 0;
    unsigned local, state;
    char line[512];
    FILE *file = fopen(table, "re");

    while (file != NULL && found == 0 && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%*d: %*[^:]:%x %*[^:]:%*x %x %*s %*s %*s %*s %*s %lu", &local, &state,
                   &inode) == 3 &&
            local == port && state == LISTENING) {
            found = inode;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

static bool
has_open(const char *pid, const char *wanted)
{
    char path[640], target[64];
    const struct dirent *entry;
    bool found = false;

    snprintf(path, sizeof path, "/proc/%.200s/fd", pid);
    DIR *folder = opendir(path);
    while (folder != NULL && !found && (entry = readdir(folder)) != NULL) {
        snprintf(path, sizeof path, "/proc/%.200s/fd/%.200s", pid, entry->d_name);
        ssize_t len = readlink(path, target, sizeof target - 1);
        target[len > 0 ? len : 0] = '\0';
        found = strcmp(target, wanted) == 0;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return found;
}

static pid_t
behind_port(unsigned port)
{
    char wanted[64];
    const struct dirent *entry;
    pid_t pid = 0;

    unsigned long inode = listening_inode("/proc/net/tcp", port);
    inode = inode != 0 ? inode : listening_inode("/proc/net/tcp6", port);
    if (inode == 0) {
        return 0;
    }
    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    DIR *folder = opendir("/proc");
    while (folder != NULL && pid == 0 && (entry = readdir(folder)) != NULL) {
        if (strtol(entry->d_name, NULL, 10) > 0 && has_open(entry->d_name, wanted)) {
            pid = (pid_t)strtol(entry->d_name, NULL, 10);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return pid;
}

static bool
is_here(const char *host)
{
    static const char *const names[] = {"localhost", "127.", "[::1]"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strncmp(host, names[i], strlen(names[i])) == 0) {
            return true;
        }
    }
    return false;
}

pid_t
server_pid_of(const char *url)
{
    const char *rest = strstr(url, "://");

    if (rest == NULL) {
        return 0;
    }
    rest += 3;
    if (strncmp(url, "redis+unix://", 13) == 0) {
        return behind_socket(rest, strcspn(rest, "?"));
    }
    if (strncmp(url, "redis://", 8) != 0 && strncmp(url, "rediss://", 9) != 0) {
        return 0;
    }
    size_t len = strcspn(rest, "/?");
    const char *at = memchr(rest, '@', len);
    const char *host = at != NULL ? at + 1 : rest;
    const char *port = host + strcspn(host, host[0] == '[' ? "]/?" : ":/?");
    port += *port == ']' ? 1 : 0;
    return is_here(host)
               ? behind_port(*port == ':' ? (unsigned)strtoul(port + 1, NULL, 10) : REDIS_PORT)
               : 0;
}

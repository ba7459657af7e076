/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "redis_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_MS 15000
#define SAY_MS 5000
#define PORT_ATTEMPTS 5

struct redis_server {
    pid_t pid; /* 0: not running */
    bool sentinel;
    int port;
    char folder[64];
    char socket[96];
    char unix_url[128];
    char tcp_url[64];
    char login[128];
    char *options; /* the lines that were given */
};

static const char *
program(void)
{
    const char *name = getenv("WEIR_TEST_REDIS_SERVER");

    return name != NULL && name[0] != '\0' ? name : "redis-server";
}

bool
redis_server_available(void)
{
    char command[512];

    snprintf(command, sizeof command, "command -v '%s' > /dev/null 2>&1", program());
    return system(command) == 0;
}

static int64_t
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- talking ---- */

static int
connect_to(const struct redis_server *s)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in loop = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->port)};
    struct sockaddr *to = s->sentinel ? (struct sockaddr *)&loop : (struct sockaddr *)&local;
    socklen_t len = s->sentinel ? sizeof loop : sizeof local;
    int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    loop.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    snprintf(local.sun_path, sizeof local.sun_path, "%s", s->socket);
    if (fd >= 0 && connect(fd, to, len) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool
read_byte(int fd, char *c, int64_t deadline_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int64_t left = deadline_ms - now_ms();

    return left > 0 && poll(&p, 1, (int)left) > 0 && read(fd, c, 1) == 1;
}

/* A line without its end; what does not fit is dropped. */
static bool
read_line(int fd, char *text, size_t size, int64_t deadline_ms)
{
    size_t len = 0;
    char c = 0;

    while (read_byte(fd, &c, deadline_ms)) {
        if (c == '\n') {
            text[len] = '\0';
            return true;
        }
        if (c != '\r' && len + 1 < size) {
            text[len++] = c;
        }
    }
    return false;
}

static bool
read_string(int fd, long len, char *text, size_t size, int64_t deadline_ms)
{
    size_t kept = 0;
    char c = 0;

    for (long i = 0; i < len + 2; i++) {
        if (!read_byte(fd, &c, deadline_ms)) {
            return false;
        }
        if (i < len && kept + 1 < size) {
            text[kept++] = c;
        }
    }
    text[kept] = '\0';
    return true;
}

static bool
exchange(int fd, const char *line, char *text, size_t size)
{
    int64_t deadline_ms = now_ms() + SAY_MS;
    char head[512];

    if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0 || send(fd, "\r\n", 2, MSG_NOSIGNAL) < 0 ||
        !read_line(fd, head, sizeof head, deadline_ms)) {
        return false;
    }
    if (head[0] == '$' && head[1] != '-') {
        return read_string(fd, strtol(head + 1, NULL, 10), text, size, deadline_ms);
    }
    snprintf(text, size, "%s", head[0] == '-' ? head : head + 1);
    return true;
}

bool
redis_server_say(struct redis_server *server, const char *line, char *text, size_t size)
{
    char ignored[128];
    int fd = connect_to(server);
    bool said;

    if (fd < 0) {
        return false;
    }
    said = (server->login[0] == '\0' || exchange(fd, server->login, ignored, sizeof ignored)) &&
           exchange(fd, line, text, size);
    close(fd);
    return said;
}

void
redis_server_set_login(struct redis_server *server, const char *login)
{
    snprintf(server->login, sizeof server->login, "%s", login);
}

bool
redis_server_replies(struct redis_server *server, const char *line, const char *expected)
{
    char text[8192];

    return redis_server_say(server, line, text, sizeof text) && strstr(text, expected) != NULL;
}

/* ---- starting and ending ---- */

int
redis_server_free_port(void)
{
    struct sockaddr_in loop = {.sin_family = AF_INET};
    socklen_t len = sizeof loop;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int port = 0;

    loop.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&loop, sizeof loop) == 0 &&
        getsockname(fd, (struct sockaddr *)&loop, &len) == 0) {
        port = ntohs(loop.sin_port);
    }
    if (fd >= 0) {
        close(fd);
    }
    return port;
}

static bool
write_config(struct redis_server *s)
{
    char path[96];

    snprintf(path, sizeof path, "%s/conf", s->folder);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        return false;
    }
    fprintf(file, "port %d\nbind 127.0.0.1\ndir %s\nlogfile %s/log\n", s->port, s->folder,
            s->folder);
    if (!s->sentinel) {
        fprintf(file, "unixsocket %s\nsave \"\"\n", s->socket);
    }
    fputs(s->options, file);
    return fclose(file) == 0;
}

static void
become_server(const struct redis_server *s, pid_t parent)
{
    char path[96];
    int null = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(127);
    }
    snprintf(path, sizeof path, "%s/conf", s->folder);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    execlp(program(), program(), path, s->sentinel ? "--sentinel" : (char *)NULL, (char *)NULL);
    _exit(127);
}

static bool
answers(struct redis_server *s)
{
    char text[128];
    struct timespec pause = {.tv_nsec = 5000000};

    for (int64_t end_ms = now_ms() + START_MS; now_ms() < end_ms; nanosleep(&pause, NULL)) {
        int status = 0;
        if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
            s->pid = 0;
            return false;
        }
        int fd = connect_to(s);
        bool said = fd >= 0 && exchange(fd, "PING", text, sizeof text);
        if (fd >= 0) {
            close(fd);
        }
        if (said) {
            return true;
        }
    }
    return false;
}

bool
redis_server_restart(struct redis_server *server)
{
    pid_t parent = getpid();

    redis_server_kill(server);
    server->pid = fork();
    if (server->pid == 0) {
        become_server(server, parent);
    }
    if (server->pid < 0) {
        server->pid = 0;
        return false;
    }
    return answers(server);
}

static bool
start_on_some_port(struct redis_server *s)
{
    for (int i = 0; i < PORT_ATTEMPTS; i++) {
        s->port = redis_server_free_port();
        snprintf(s->tcp_url, sizeof s->tcp_url, "redis://127.0.0.1:%d", s->port);
        if (write_config(s) && redis_server_restart(s)) {
            return true;
        }
    }
    return false;
}

static char *
join(const char *const *lines)
{
    size_t size = 1;
    char *all;

    for (size_t i = 0; lines != NULL && lines[i] != NULL; i++) {
        size += strlen(lines[i]) + 1;
    }
    all = calloc(1, size);
    for (size_t i = 0; all != NULL && lines != NULL && lines[i] != NULL; i++) {
        strcat(strcat(all, lines[i]), "\n");
    }
    return all;
}

static struct redis_server *
start(const char *const *lines, bool sentinel)
{
    const char *tmp = getenv("TMPDIR");
    struct redis_server *s = calloc(1, sizeof *s);

    if (s == NULL) {
        return NULL;
    }
    s->sentinel = sentinel;
    s->options = join(lines);
    /* A socket's path is short, whatever TMPDIR is. */
    snprintf(s->folder, sizeof s->folder, "%s/weir-redis.XXXXXX",
             tmp != NULL && strlen(tmp) < 40 ? tmp : "/tmp");
    if (s->options == NULL || mkdtemp(s->folder) == NULL) {
        free(s->options);
        free(s);
        return NULL;
    }
    snprintf(s->socket, sizeof s->socket, "%s/socket", s->folder);
    snprintf(s->unix_url, sizeof s->unix_url, "redis+unix://%s", s->socket);
    if (!start_on_some_port(s)) {
        fprintf(stderr, "redis_server: %s does not start in %s\n", program(), s->folder);
        redis_server_free(s);
        return NULL;
    }
    return s;
}

struct redis_server *
redis_server_start(const char *const *options)
{
    return start(options, false);
}

struct redis_server *
redis_sentinel_start(const char *const *lines)
{
    return start(lines, true);
}

static void
end(struct redis_server *s, int sig)
{
    int status;

    if (s->pid == 0) {
        return;
    }
    kill(s->pid, sig);
    while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR) {}
    s->pid = 0;
}

void
redis_server_kill(struct redis_server *server)
{
    end(server, SIGKILL);
}

void
redis_server_stop(struct redis_server *server)
{
    end(server, SIGTERM);
}

void
redis_server_freeze(struct redis_server *server, bool frozen)
{
    kill(server->pid, frozen ? SIGSTOP : SIGCONT);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void
redis_server_free(struct redis_server *server)
{
    if (server == NULL) {
        return;
    }
    redis_server_kill(server);
    nftw(server->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(server->options);
    free(server);
}

const char *
redis_server_folder(const struct redis_server *server)
{
    return server->folder;
}

const char *
redis_server_socket(const struct redis_server *server)
{
    return server->socket;
}

int
redis_server_port(const struct redis_server *server)
{
    return server->port;
}

const char *
redis_server_unix_url(const struct redis_server *server)
{
    return server->unix_url;
}

const char *
redis_server_tcp_url(const struct redis_server *server)
{
    return server->tcp_url;
}

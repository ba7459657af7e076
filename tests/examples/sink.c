/* SPDX-License-Identifier: MIT */
/* A line comes in, the first row of the table whose word it begins with gives the answer. */
#include <config.h>

#include "sink.h"

#include "harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* A client: its socket and what was read of a line that has not ended. */
struct session {
    struct sink *sink;
    int fd;
    bool in_message;
    char line[2048];
    size_t len;
};

static void
say(struct session *session, const char *text)
{
    char line[512];
    int len = snprintf(line, sizeof(line), "%s\r\n", text);

    if (len > 2) {
        send(session->fd, line, (size_t)len, MSG_NOSIGNAL);
    }
}

static const char *
either(const char *told, const char *usual)
{
    return told != NULL ? told : usual;
}

static void
on_message_line(struct session *session)
{
    struct sink *sink = session->sink;

    if (strcmp(session->line, ".") == 0) {
        session->in_message = false;
        say(session, either(sink->answers.message, "250 taken"));
        return;
    }

    size_t room = sizeof(sink->message) - sink->message_len;
    int len = snprintf(sink->message + sink->message_len, room, "%s\r\n", session->line);

    sink->message_len += len < (int)room ? (size_t)len : 0;
}

/* Returns false at the end of the session. */
static bool
on_command(struct session *session)
{
    struct sink *sink = session->sink;
    const char *rcpt = either(sink->answers.rcpt, "250 ok");
    const struct {
        const char *word;
        const char *answer;
        char *copy;
    } commands[] = {
        {"EHLO", "250 sink.test", NULL}, {"HELO", "250 sink.test", NULL},
        {"MAIL", "250 ok", sink->from},  {"RCPT", rcpt, sink->to},
        {"DATA", "354 go on", NULL},     {"QUIT", "221 bye", NULL},
        {"", "500 what?", NULL},
    };
    size_t i = 0;

    while (strncasecmp(session->line, commands[i].word, strlen(commands[i].word)) != 0) {
        i++;
    }
    if (commands[i].copy != NULL) {
        snprintf(commands[i].copy, sizeof(sink->from), "%.255s", session->line);
    }
    session->in_message = commands[i].answer[0] == '3';
    say(session, commands[i].answer);
    return strncmp(commands[i].answer, "221", 3) != 0;
}

static bool
on_line(struct session *session)
{
    if (session->in_message) {
        on_message_line(session);
        return true;
    }
    return on_command(session);
}

/* Waits until fd is readable; false when the sink is to end. */
static bool
is_readable(struct sink *sink, int fd)
{
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = sink->quit[0], .events = POLLIN}};

    while (poll(fds, 2, -1) < 0) {}
    return fds[1].revents == 0;
}

static void
serve(struct session *session)
{
    char c;

    say(session, either(session->sink->answers.greeting, "220 sink.test"));
    while (is_readable(session->sink, session->fd) && recv(session->fd, &c, 1, 0) == 1) {
        if (c == '\n') {
            session->line[session->len] = '\0';
            session->len = 0;
            if (!on_line(session)) {
                return;
            }
        } else if (c != '\r' && session->len < sizeof(session->line) - 1) {
            session->line[session->len++] = c;
        }
    }
}

static void *
run(void *arg)
{
    struct sink *sink = arg;

    while (is_readable(sink, sink->listener)) {
        struct session session = {.sink = sink, .fd = accept(sink->listener, NULL, NULL)};

        if (session.fd >= 0) {
            serve(&session);
            close(session.fd);
        }
    }
    return NULL;
}

static int
take_a_free_port(char *url, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&address, len), 0);
    CU_ASSERT_EQUAL_FATAL(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    snprintf(url, size, "smtp://127.0.0.1:%d", ntohs(address.sin_port));
    return fd;
}

void
sink_start(struct sink *sink, const struct sink_answers *answers)
{
    memset(sink, 0, sizeof(*sink));
    sink->answers = *answers;
    sink->listener = take_a_free_port(sink->url, sizeof(sink->url));
    CU_ASSERT_EQUAL_FATAL(listen(sink->listener, 4), 0);
    CU_ASSERT_EQUAL_FATAL(pipe(sink->quit), 0);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&sink->thread, NULL, run, sink), 0);
}

void
sink_stop(struct sink *sink)
{
    close(sink->quit[1]);
    pthread_join(sink->thread, NULL);
    close(sink->quit[0]);
    close(sink->listener);
}

int
sink_closed_url(char *url, size_t size)
{
    return take_a_free_port(url, size);
}

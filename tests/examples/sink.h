/* SPDX-License-Identifier: MIT */
/*
 * A mail server for tests: a thread that listens on a free port of 127.0.0.1, answers as told and
 * keeps the last message. One client at a time.
 */
#ifndef EXAMPLES_SINK_H
#define EXAMPLES_SINK_H

#include <pthread.h>
#include <stddef.h>

/* What the server says; NULL is the usual answer. */
struct sink_answers {
    const char *greeting; /* "" says nothing at all, and so keeps the client waiting */
    const char *rcpt;
    const char *message; /* after the final dot */
};

struct sink {
    struct sink_answers answers;
    pthread_t thread;
    int listener;
    int quit[2]; /* a pipe; closing its writing end ends the thread */
    char url[64];
    char from[256]; /* the MAIL FROM line */
    char to[256];   /* the RCPT TO line */
    char message[16384];
    size_t message_len;
};

/* Starts a sink; a failure ends the test. What it gathered may be read after sink_stop(). */
void sink_start(struct sink *sink, const struct sink_answers *answers);

void sink_stop(struct sink *sink);

/* Fills url with one where nothing listens, nor will as long as the socket that is returned is not closed. */
int sink_closed_url(char *url, size_t size);

#endif

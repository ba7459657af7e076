/* SPDX-License-Identifier: MIT */
/*
 * The shell is asked with "-n", which parses and runs nothing, and with "command -v", which knows builtins and
 * functions as well as PATH. A first word with quotes or variables in it is left to the day.
 */
#include <config.h>

#include "probe.h"

#include "child.h"
#include "environ.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    WORD_SIZE = 256,
    SAID_SIZE = 300
};

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              "_-+./:,@%";

static int
probe_file(const char *name, weir_error *err)
{
    struct stat st;
    int rc = 0;

    char *path = environment_find_program(name);
    if (path == NULL) {
        return weir_error_set(err, WEIR_E_CONFIG, "%s: not found in PATH", name);
    }
    if (stat(path, &st) != 0) {
        rc = weir_error_set(err, WEIR_E_CONFIG, "%s: %s", path, strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        rc = weir_error_set(err, WEIR_E_CONFIG, "%s: not a file", path);
    } else if (access(path, X_OK) != 0) {
        rc = weir_error_set(err, WEIR_E_CONFIG, "%s: not executable", path);
    }
    free(path);
    return rc;
}

/* Reads what a child says until it closes its end; keeps the first line. */
static void
listen_to(int fd, char said[SAID_SIZE])
{
    struct pollfd poll_fd = {fd, POLLIN, 0};
    char piece[SAID_SIZE];
    size_t len = 0;
    ssize_t n;

    do {
        poll(&poll_fd, 1, -1);
        n = read(fd, piece, sizeof piece);
        for (ssize_t i = 0; i < n && len + 1 < SAID_SIZE; i++) {
            said[len++] = piece[i];
        }
    } while (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)));
    said[len] = '\0';
    said[strcspn(said, "\n")] = '\0';
}

/* Puts the shell's exit status into *status. */
static int
ask_shell(const char *const *argv, int *status, char said[SAID_SIZE], weir_error *err)
{
    struct child child;

    int rc = child_start(&child, "/bin/sh", (char *const *)argv, environ, err);
    if (rc != 0) {
        return rc;
    }
    listen_to(child.err, said);
    int ended = child_reap(&child);
    *status = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
    return 0;
}

/* The first word of a command that is no assignment; false where it cannot be told without a shell. */
static bool
first_word(const char *command, char word[WORD_SIZE])
{
    for (;;) {
        command += strspn(command, " \t\n");
        size_t len = strspn(command, letters);
        bool ends = strchr(" \t\n;|&<>", command[len]) != NULL; /* or at the NUL */
        if (command[len] == '=' && len > 0) {
            command += len + 1;
            command += strspn(command, letters);
            if (strchr(" \t\n", command[0]) == NULL || command[0] == '\0') {
                return false;
            }
            continue;
        }
        if (len == 0 || len >= WORD_SIZE || !ends) {
            return false;
        }
        memcpy(word, command, len);
        word[len] = '\0';
        return true;
    }
}

static int
probe_command(const char *command, weir_error *err)
{
    char said[SAID_SIZE], word[WORD_SIZE];
    const char *const parse[] = {"sh", "-n", "-c", command, NULL};
    const char *const find[] = {"sh", "-c", "command -v \"$1\" >/dev/null", "sh", word, NULL};
    int status = 0;

    int rc = ask_shell(parse, &status, said, err);
    if (rc == 0 && status != 0) {
        return weir_error_set(err, WEIR_E_CONFIG, "%s",
                              said[0] != '\0' ? said : "the shell does not understand it");
    }
    if (rc != 0 || !first_word(command, word)) {
        return rc;
    }
    rc = ask_shell(find, &status, said, err);
    if (rc == 0 && status != 0) {
        return strchr(word, '/') != NULL
                   ? probe_file(word, err)
                   : weir_error_set(err, WEIR_E_CONFIG, "%s: command not found", word);
    }
    return rc;
}

int
probe_exec(const struct exec_handler *exec, weir_error *err)
{
    return exec->command != NULL ? probe_command(exec->command, err)
                                 : probe_file(exec->argv[0], err);
}

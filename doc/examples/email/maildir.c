/* SPDX-License-Identifier: MIT */
/*
 * A message is written to tmp/, synced, and only then linked into new/, so that no reader ever sees half
 * of one. The link's name comes from the task; link() refuses a name that exists, which makes the second run of
 * a task harmless. What a reader has moved to cur/ (with flags after a ':') counts as delivered too.
 */
#include "maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 4096

/* An attempt to deliver: the folder and the names of the file in tmp/ and new/. */
struct delivery {
    int dir;
    char tmp[512];
    char new[512];
};

static int
io_error(weir_error *err, const char *what, const char *name)
{
    int code = errno == ENOSPC || errno == EDQUOT ? WEIR_E_FULL : WEIR_E_IO;

    return weir_error_set(err, code, "%s %s: %s", what, name, strerror(errno));
}

int
maildir_prepare(const char *dir, weir_error *err)
{
    static const char *const parts[] = {"", "/tmp", "/new", "/cur"};
    char path[PATH_SIZE];

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (snprintf(path, sizeof(path), "%s%s", dir, parts[i]) >= (int)sizeof(path)) {
            return weir_error_set(err, WEIR_E_IO, "name of the Maildir is too long");
        }
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            return io_error(err, "cannot make", path);
        }
    }
    return 0;
}

/* True if a reader has taken the message from new/ to cur/. */
static bool
is_in_cur(int dir, const char *key)
{
    int fd = openat(dir, "cur", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *cur = fd < 0 ? NULL : fdopendir(fd);
    size_t len = strlen(key);
    bool found = false;
    struct dirent *entry;

    if (cur == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    while (!found && (entry = readdir(cur)) != NULL) {
        found = strncmp(entry->d_name, key, len) == 0 &&
                (entry->d_name[len] == '\0' || entry->d_name[len] == ':');
    }
    closedir(cur);
    return found;
}

static int
write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -1;
        }
        text += n;
        len -= (size_t)n;
    }
    return 0;
}

static int
write_tmp(const struct delivery *d, const char *text, size_t len, weir_error *err)
{
    int fd = openat(d->dir, d->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int result = 0;

    if (fd < 0) {
        return io_error(err, "cannot create", d->tmp);
    }
    if (write_all(fd, text, len) != 0 || fsync(fd) != 0) {
        result = io_error(err, "cannot write", d->tmp);
    }
    if (close(fd) != 0 && result == 0) {
        result = io_error(err, "cannot close", d->tmp);
    }
    return result;
}

/* Syncs new/ also when the name was there before: who linked it may have died before its sync. */
static int
publish(const struct delivery *d, bool *is_new, weir_error *err)
{
    *is_new = linkat(d->dir, d->tmp, d->dir, d->new, 0) == 0;
    if (!*is_new && errno != EEXIST) {
        return io_error(err, "cannot create", d->new);
    }

    int fd = openat(d->dir, "new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        return io_error(err, "cannot open", "new");
    }

    int result = fsync(fd) == 0 ? 0 : io_error(err, "cannot sync", "new");

    close(fd);
    return result;
}

static int
deliver_at(int dir, const char *key, const char *text, size_t len, bool *is_new, weir_error *err)
{
    static atomic_uint counter;
    struct delivery d = {.dir = dir};

    snprintf(d.tmp, sizeof(d.tmp), "tmp/%s.%ld.%u", key, (long)getpid(),
             atomic_fetch_add(&counter, 1));
    snprintf(d.new, sizeof(d.new), "new/%s", key);
    if (is_in_cur(dir, key)) {
        *is_new = false;
        return 0;
    }

    int result = write_tmp(&d, text, len, err);

    if (result == 0) {
        result = publish(&d, is_new, err);
    }
    unlinkat(dir, d.tmp, 0);
    return result;
}

int
maildir_deliver(const char *dir, const char *key, const char *text, size_t len, bool *is_new,
                weir_error *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        return io_error(err, "cannot open", dir);
    }

    int result = deliver_at(fd, key, text, len, is_new, err);

    close(fd);
    return result;
}

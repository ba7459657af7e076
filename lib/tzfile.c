/* SPDX-License-Identifier: MIT */
/*
 * A TZif file has its data twice, with times of 4 and of 8 bytes; of files of version 1 there is only the first. Behind the
 * second stands the rule for the time after the last transition. Designations, and whether a time is summer time, are of no
 * interest here; files that count leap seconds ("right/...") are refused, because their times are not unix time.
 */
#include <config.h>

#include "tzfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FILE_MAX = 1 << 20,
    NAME_MAX_LEN = 255,
    OFFSET_MAX = 2 * 86400,
    KINDS_MAX = 256
};

static const char *const folders[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo",
                                      "/usr/share/lib/zoneinfo", "/etc/zoneinfo"};

#define FOLDERS (sizeof folders / sizeof folders[0])

struct weir__tz {
    size_t count; /* transitions */
    int64_t *times;
    unsigned char *kinds; /* of the time from each on */
    int32_t offsets[KINDS_MAX];
    bool has_rule;
    struct weir__tzrule rule;
};

struct bytes {
    const unsigned char *at;
    size_t left;
    bool bad; /* there were too few */
};

struct header {
    unsigned char version;
    uint32_t ut_count, std_count, leap_count, time_count, kind_count, char_count;
};

static const unsigned char *
take(struct bytes *bytes, size_t len)
{
    const unsigned char *at = bytes->at;

    if (bytes->bad || bytes->left < len) {
        bytes->bad = true;
        return NULL;
    }
    bytes->at += len;
    bytes->left -= len;
    return at;
}

static uint32_t
take_u32(struct bytes *bytes)
{
    const unsigned char *at = take(bytes, 4);

    return at ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3] : 0;
}

static int64_t
take_time(struct bytes *bytes, size_t size)
{
    uint64_t high = size == 8 ? take_u32(bytes) : 0;
    uint32_t low = take_u32(bytes);

    return size == 8 ? (int64_t)(high << 32 | low) : (int32_t)low;
}

static bool
take_header(struct bytes *bytes, struct header *header)
{
    const unsigned char *at = take(bytes, 20);

    if (!at || memcmp(at, "TZif", 4) != 0)
        return false;
    header->version = at[4];
    header->ut_count = take_u32(bytes);
    header->std_count = take_u32(bytes);
    header->leap_count = take_u32(bytes);
    header->time_count = take_u32(bytes);
    header->kind_count = take_u32(bytes);
    header->char_count = take_u32(bytes);
    return !bytes->bad && header->time_count <= FILE_MAX && header->leap_count <= FILE_MAX &&
           header->kind_count <= KINDS_MAX && header->char_count <= FILE_MAX &&
           header->std_count <= KINDS_MAX && header->ut_count <= KINDS_MAX;
}

/* What stands behind the offsets of a block. */
static size_t
tail_size(const struct header *header, size_t size)
{
    return header->char_count + (size_t)header->leap_count * (size + 4) + header->std_count +
           header->ut_count;
}

static bool
skip_block(struct bytes *bytes, const struct header *header)
{
    take(bytes, (size_t)header->time_count * 5 + (size_t)header->kind_count * 6);
    take(bytes, tail_size(header, 4));
    return !bytes->bad;
}

static bool
take_times(struct bytes *bytes, const struct header *header, size_t size, struct weir__tz *tz)
{
    for (size_t i = 0; i < tz->count; i++) {
        tz->times[i] = take_time(bytes, size);
        if (i > 0 && tz->times[i] <= tz->times[i - 1])
            return false;
    }
    for (size_t i = 0; i < tz->count; i++) {
        const unsigned char *kind = take(bytes, 1);

        if (!kind || *kind >= header->kind_count)
            return false;
        tz->kinds[i] = *kind;
    }
    return !bytes->bad;
}

static bool
take_offsets(struct bytes *bytes, const struct header *header, struct weir__tz *tz)
{
    for (size_t i = 0; i < header->kind_count; i++) {
        tz->offsets[i] = (int32_t)take_u32(bytes);
        take(bytes, 2);
        if (tz->offsets[i] < -OFFSET_MAX || tz->offsets[i] > OFFSET_MAX)
            return false;
    }
    return !bytes->bad;
}

/* "\nRULE\n"; an empty rule is none. */
static bool
take_rule(struct bytes *bytes, struct weir__tz *tz)
{
    char text[256];
    const unsigned char *end;
    size_t len;

    if (bytes->left < 2 || *bytes->at != '\n')
        return false;
    end = memchr(bytes->at + 1, '\n', bytes->left - 1);
    len = end ? (size_t)(end - bytes->at - 1) : 0;
    if (!end || len >= sizeof text)
        return false;
    memcpy(text, bytes->at + 1, len);
    text[len] = '\0';
    tz->has_rule = len > 0;
    return len == 0 || weir__tzrule_parse(&tz->rule, text);
}

/* What is wrong with the bytes, or NULL. */
static const char *
read_file(struct weir__tz *tz, struct bytes *bytes)
{
    struct header header;
    size_t size = 4;

    if (!take_header(bytes, &header))
        return "not a time zone";
    if (header.version >= '2') {
        size = 8;
        if (!skip_block(bytes, &header) || !take_header(bytes, &header))
            return "damaged";
    }
    if (header.leap_count > 0)
        return "counts leap seconds, which unix time does not";
    if (header.kind_count == 0 || bytes->left / (size + 1) < header.time_count)
        return "damaged";
    tz->count = header.time_count;
    tz->times = calloc(tz->count + 1, sizeof *tz->times);
    tz->kinds = calloc(tz->count + 1, 1);
    if (!tz->times || !tz->kinds)
        return "out of memory";
    if (!take_times(bytes, &header, size, tz) || !take_offsets(bytes, &header, tz) ||
        (tail_size(&header, size) > 0 && !take(bytes, tail_size(&header, size))))
        return "damaged";
    return size == 8 && !take_rule(bytes, tz) ? "damaged at its end" : NULL;
}

int
weir__tz_parse(struct weir__tz **tz, const void *data, size_t len, const char *name,
               weir_error *err)
{
    struct bytes bytes = {.at = data, .left = len};
    struct weir__tz *made = calloc(1, sizeof *made);
    const char *wrong = made ? read_file(made, &bytes) : "out of memory";
    bool no_memory = !made || (wrong && (!made->times || !made->kinds) && made->count > 0);

    *tz = NULL;
    if (wrong) {
        weir__tz_free(made);
        return no_memory
                   ? weir_error_set(err, WEIR_E_NOMEM, NULL)
                   : weir_error_set(err, WEIR_E_CORRUPT, "time zone \"%.100s\": %s", name, wrong);
    }
    *tz = made;
    return 0;
}

void
weir__tz_free(struct weir__tz *tz)
{
    if (!tz)
        return;
    free(tz->times);
    free(tz->kinds);
    free(tz);
}

/* ---- files ---- */

static bool
is_safe(const char *name)
{
    if (name[0] == '/' || strlen(name) > NAME_MAX_LEN || strstr(name, ".."))
        return false;
    for (const char *p = name; *p; p++) {
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || *p == '\\')
            return false;
    }
    return true;
}

/* The file's bytes in a block for the caller to free; NULL with errno. */
static void *
read_bytes(int fd, size_t *len)
{
    char *data = malloc(FILE_MAX);
    ssize_t n = 1;

    *len = 0;
    while (data && n > 0 && *len < FILE_MAX) {
        n = read(fd, data + *len, FILE_MAX - *len);
        *len += n > 0 ? (size_t)n : 0;
    }
    if (data && n < 0) {
        free(data);
        return NULL;
    }
    return data;
}

/* Opens a zone's file in the first folder that has it; -1 with errno. */
static int
open_zone(const char *name)
{
    char path[512];
    int fd = -1;

    for (size_t i = 0; i < FOLDERS && fd < 0; i++) {
        snprintf(path, sizeof path, "%s/%s", folders[i], name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
            return -1;
    }
    return fd;
}

int
weir__tz_load(struct weir__tz **tz, const char *name, weir_error *err)
{
    size_t len;
    void *data;
    int fd, rc;

    *tz = NULL;
    if (name[0] == '\0' || strcmp(name, "UTC") == 0)
        return 0;
    if (!is_safe(name))
        return weir_error_set(err, WEIR_E_INVALID, "not a time zone's name: \"%.100s\"", name);
    fd = open_zone(name);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return weir_error_set(err, WEIR_E_INVALID,
                              "no time zone \"%.100s\" (the system's are in %s, of the package "
                              "tzdata)",
                              name, folders[0]);
    data = fd < 0 ? NULL : read_bytes(fd, &len);
    if (data)
        rc = weir__tz_parse(tz, data, len, name, err);
    else if (errno == EISDIR)
        rc = weir_error_set(err, WEIR_E_INVALID, "no time zone \"%.100s\": it is a folder of them",
                            name);
    else
        rc = weir_error_set(err, errno == ENOMEM ? WEIR_E_NOMEM : WEIR_E_IO,
                            "time zone \"%.100s\": %s", name, strerror(errno));
    free(data);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* ---- looking up ---- */

/* The number of transitions that are not later. */
static size_t
find(const struct weir__tz *tz, int64_t at_s)
{
    size_t low = 0, high = tz->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (tz->times[middle] <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct weir__tzspan
after_last(const struct weir__tz *tz, int64_t at_s)
{
    struct weir__tzspan span = weir__tzrule_at(&tz->rule, at_s);

    if (tz->count > 0 && span.from < tz->times[tz->count - 1])
        span.from = tz->times[tz->count - 1];
    return span;
}

struct weir__tzspan
weir__tz_at(const struct weir__tz *tz, int64_t at_s)
{
    struct weir__tzspan span = {INT64_MIN, INT64_MAX, 0};
    size_t i;

    if (!tz)
        return span;
    i = find(tz, at_s);
    if (i == tz->count && tz->has_rule)
        return after_last(tz, at_s);
    span.offset = tz->offsets[i > 0 ? tz->kinds[i - 1] : 0];
    span.from = i > 0 ? tz->times[i - 1] : INT64_MIN;
    span.until = i < tz->count ? tz->times[i] : INT64_MAX;
    return span;
}

/* SPDX-License-Identifier: MIT */
/*
 * "critical=6,default=3,low": queues and weights as text. The result is one block, the array with a copy of the
 * text behind it, which is cut into names in place.
 */
#include <config.h>

#include "queues.h"

#include "names.h"

#include <stdlib.h>
#include <string.h>

static size_t
count_parts(const char *text)
{
    size_t count = 1;

    for (; *text; text++)
        count += *text == ',';
    return count;
}

/* Cuts blanks off both ends, in place. */
static char *
trim(char *text)
{
    size_t len;

    text += strspn(text, " \t");
    len = strlen(text);
    while (len > 0 && strchr(" \t", text[len - 1]))
        len--;
    text[len] = '\0';
    return text;
}

static int
parse_weight(int *weight, const char *queue, const char *text, weir_error *err)
{
    size_t digits = strspn(text, "0123456789");
    long value = digits > 0 && digits <= 7 ? strtol(text, NULL, 10) : 0;

    if (text[digits] != '\0' || value < 1 || value > WEIR__WEIGHT_MAX)
        return weir_error_set(err, WEIR_E_INVALID, WEIR__WEIGHT_RULE "\"%s\"", queue,
                              WEIR__WEIGHT_MAX, text);
    *weight = (int)value;
    return 0;
}

static int
parse_part(weir_queue_weight *queue, char *part, weir_error *err)
{
    char *equals = strchr(part, '=');
    int rc;

    if (equals)
        *equals = '\0';
    queue->name = trim(part);
    queue->weight = 1;
    rc = weir__check_queue_name("queue", queue->name, err);
    if (rc < 0)
        return WEIR_E_INVALID;
    return equals ? parse_weight(&queue->weight, queue->name, trim(equals + 1), err) : 0;
}

static int
check_new(const weir_queue_weight *queues, size_t count, const char *name, weir_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(queues[i].name, name) == 0)
            return weir_error_set(err, WEIR_E_INVALID, "queue \"%s\" is given twice", name);
    }
    return 0;
}

static int
parse_parts(weir_queue_weight *queues, size_t count, char *text, weir_error *err)
{
    for (size_t i = 0; i < count; i++) {
        char *comma = strchr(text, ',');
        int rc;

        if (comma)
            *comma = '\0';
        rc = parse_part(&queues[i], text, err);
        if (rc == 0)
            rc = check_new(queues, i, queues[i].name, err);
        if (rc < 0)
            return rc;
        text = comma ? comma + 1 : text;
    }
    return 0;
}

int
weir_queues_parse(weir_queue_weight **queues, size_t *count, const char *text, weir_error *err)
{
    weir_queue_weight *block;
    size_t n;
    int rc;

    if (!queues || !count || !text)
        return weir_error_set(err, WEIR_E_INVALID, "no queues to read");
    n = count_parts(text);
    block = malloc(n * sizeof *block + strlen(text) + 1);
    if (!block)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    rc = parse_parts(block, n, strcpy((char *)(block + n), text), err);
    if (rc < 0) {
        free(block);
        return rc;
    }
    *queues = block;
    *count = n;
    return 0;
}

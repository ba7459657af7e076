/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target without libFuzzer: fuzz_NAME FILE... feeds it each file, each file cut at every length, and
 * a fixed number of mutations of each, the same in every run.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum {
    LARGEST = 65536,
    MUTATIONS = 2000
};

static uint64_t state = 1;
static size_t inputs;

/* xorshift64 */
static uint64_t
next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* In a block of its own size, so that a read beyond it is found. */
static void
feed(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy)
        exit(2);
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    inputs++;
}

static void
mutate(uint8_t *data, size_t *size)
{
    static const char marks[] = "{}[]\",:\\%@/?&=.0123456789eEhms \n\x80\xc3\xff";
    size_t at = (size_t)(next_random() % (*size + 1));

    switch (next_random() % 3) {
    case 0:
        if (at < *size)
            data[at] = (uint8_t)marks[next_random() % (sizeof marks - 1)];
        break;
    case 1:
        if (at < *size) {
            memmove(data + at, data + at + 1, *size - at - 1);
            --*size;
        }
        break;
    default:
        if (*size < LARGEST) {
            memmove(data + at + 1, data + at, *size - at);
            data[at] = (uint8_t)marks[next_random() % (sizeof marks - 1)];
            ++*size;
        }
    }
}

static void
run_file(const char *path)
{
    static uint8_t data[LARGEST + 1];
    static uint8_t changed[LARGEST + 1];
    FILE *file = fopen(path, "rb");
    size_t size;

    if (!file) {
        perror(path);
        exit(2);
    }
    size = fread(data, 1, LARGEST, file);
    fclose(file);
    for (size_t n = 0; n <= size; n++)
        feed(data, n);
    for (int i = 0; i < MUTATIONS; i++) {
        size_t n = size;

        memcpy(changed, data, size);
        for (uint64_t steps = next_random() % 4 + 1; steps > 0; steps--)
            mutate(changed, &n);
        feed(changed, n);
    }
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run_file(argv[i]);
    printf("%zu inputs\n", inputs);
    return inputs > 0 ? 0 : 2;
}

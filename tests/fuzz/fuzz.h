/* SPDX-License-Identifier: MIT */
/*
 * Fuzz targets: each file has one LLVMFuzzerTestOneInput(), as libFuzzer wants it. "make check" links them with driver.c,
 * which feeds them the files of tests/fuzz/corpus/NAME and mutations of those; with libFuzzer:
 *
 *     clang -g -fsanitize=fuzzer,address,undefined -I. -Ilib/include -Ilib \
 *         tests/fuzz/fuzz_config.c BUILD/.libs/libweir-parts.a -ljansson ... -o fuzz_config
 *     ./fuzz_config tests/fuzz/corpus/config
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program, with a message: what must hold does not. */
#define FUZZ_MUST(condition)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fuzz_fail(__FILE__, __LINE__, #condition);                                             \
    } while (0)

static inline void
fuzz_fail(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

#endif

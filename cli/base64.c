/* SPDX-License-Identifier: MIT */
/*
 * Four characters carry three bytes; what is left of a last incomplete group must be zero bits, so that each
 * text stands for different bytes.
 */
#include <config.h>

#include "base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <weir/error.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *
base64_encode(const void *data, size_t len)
{
    const unsigned char *in = data;
    char *text = malloc((len + 2) / 3 * 4 + 1);

    if (text == NULL) {
        return NULL;
    }
    char *out = text;
    for (size_t i = 0; i < len; i += 3, out += 4) {
        uint32_t group = (uint32_t)in[i] << 16;
        group |= i + 1 < len ? (uint32_t)in[i + 1] << 8 : 0;
        group |= i + 2 < len ? in[i + 2] : 0;
        out[0] = alphabet[group >> 18];
        out[1] = alphabet[group >> 12 & 63];
        out[2] = i + 1 < len ? alphabet[group >> 6 & 63] : '=';
        out[3] = i + 2 < len ? alphabet[group & 63] : '=';
    }
    *out = '\0';
    return text;
}

int
base64_decode(void **data, size_t *data_len, const char *text, size_t len)
{
    uint32_t bits = 0;
    int bit_count = 0;

    if (len % 4 == 0 && len > 0 && text[len - 1] == '=') {
        len -= text[len - 2] == '=' ? 2 : 1;
    }
    unsigned char *out = malloc(len / 4 * 3 + 4);
    if (out == NULL) {
        return WEIR_E_NOMEM;
    }
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        const char *at = text[i] != '\0' ? strchr(alphabet, text[i]) : NULL;
        if (at == NULL) {
            free(out);
            return WEIR_E_INVALID;
        }
        bits = bits << 6 | (uint32_t)(at - alphabet);
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            out[n++] = (unsigned char)(bits >> bit_count);
            bits &= (1u << bit_count) - 1;
        }
    }
    if (bits != 0 || bit_count >= 6) {
        free(out);
        return WEIR_E_INVALID;
    }
    *data = out;
    *data_len = n;
    return 0;
}

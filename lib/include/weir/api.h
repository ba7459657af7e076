/* SPDX-License-Identifier: MIT */
/*
 * What every public header needs: linkage, visibility and compiler hints.
 */
#ifndef WEIR_API_H
#define WEIR_API_H

#ifdef __cplusplus
#define WEIR_BEGIN_DECLS extern "C" {
#define WEIR_END_DECLS }
#else
#define WEIR_BEGIN_DECLS
#define WEIR_END_DECLS
#endif

#if defined(__GNUC__) || defined(__clang__)
#define WEIR_API __attribute__((visibility("default")))
#define WEIR_PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define WEIR_API
#define WEIR_PRINTF_LIKE(fmt, args)
#endif

#endif

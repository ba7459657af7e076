/* SPDX-License-Identifier: MIT */
/*
 * A server's description, and a scheduler's entries, as one blob each: numbers of eight bytes, strings and bytes with their length before and a NUL behind,
 * so that reading one is pointing at it.
 */
#ifndef WEIR_SQLITE_PACK_H
#define WEIR_SQLITE_PACK_H

#include <weir/broker.h>

/* Packs into a block for the caller to free; NULL when memory ran out. */
void *weir__server_pack(const weir_server_info *server, size_t *len);

/* A view of a packed server: points into the block. Ends with weir__server_release(). */
struct weir__server_view {
    weir_server_info info;
    weir_queue_weight *queues;
    weir_worker_info *workers;
};

/* 0, WEIR_E_NOMEM, or WEIR_E_CORRUPT for bytes that are no server. */
int weir__server_unpack(struct weir__server_view *view, const void *block, size_t len);
void weir__server_release(struct weir__server_view *view);

/* The same for entries. */
void *weir__entries_pack(const weir_scheduler_entry *entries, size_t count, size_t *len);

/* Shows each entry of a block to the sink. What the sink said, WEIR_E_NOMEM, or WEIR_E_CORRUPT. */
int weir__entries_show(const void *block, size_t len, weir_entry_sink sink, void *arg);

#endif

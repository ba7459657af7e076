/* SPDX-License-Identifier: MIT */
/* The end of a server's threads. */
#ifndef WEIR_WORKER_STOP_H
#define WEIR_WORKER_STOP_H

#include <weir/server.h>

/* Ends whatever threads there are and makes the server stopped; handlers that still run keep theirs.
 * Nothing may wait for the broker any more. */
void weir__stop_threads(weir_server *server);

#endif

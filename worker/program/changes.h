/* SPDX-License-Identifier: MIT */
/*
 * What a reload changed of the options that the server takes without a word: retry policies, policies of groups,
 * periodic tasks.
 */
#ifndef WEIR_PROGRAM_CHANGES_H
#define WEIR_PROGRAM_CHANGES_H

#include <weir/log.h>
#include <weir/server.h>

/* One line in the log for each of them that is not as before; for periodic tasks with the ids of some. */
void changes_log(weir_logger *logger, const weir_server_options *before,
                 const weir_server_options *after);

#endif

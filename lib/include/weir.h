/* SPDX-License-Identifier: MIT */
/*
 * weir: background tasks for C. This header brings in everything a program needs that enqueues
 * tasks, runs them or looks at queues; each part can be included alone.
 */
#ifndef WEIR_H
#define WEIR_H

#include <weir/client.h>
#include <weir/clock.h>
#include <weir/config.h>
#include <weir/cron.h>
#include <weir/error.h>
#include <weir/group.h>
#include <weir/handler.h>
#include <weir/inspector.h>
#include <weir/log.h>
#include <weir/module.h>
#include <weir/open.h>
#include <weir/periodic.h>
#include <weir/retry.h>
#include <weir/server.h>
#include <weir/task.h>
#include <weir/version.h>

#endif

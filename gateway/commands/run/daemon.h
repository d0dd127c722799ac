/*
 * `run` without --once: passes until a signal ends them. Between two passes the daemon waits until a local drop gets a
 * file, an operator gives an order, a transfer ends, or the interval is over.
 *
 *   daemon_catch_reload();                             early: before this SIGHUP ends the process
 *   daemon_run(&gateway, &pipeline, &log, &error);
 *
 * SIGHUP has the configuration read again between two passes (config_changes.h says what is taken over). A service
 * manager is told how far the daemon is (manager.h).
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_RUN_DAEMON_H
#define ECOSGATE_GATEWAY_COMMANDS_RUN_DAEMON_H

#include "gateway/commands/run/run_log.h"
#include "gateway/pipeline/pipeline.h"

/* From now on SIGHUP has the configuration read again. */
void daemon_catch_reload(void);

/* *gateway->stop is set by signals, which are blocked but while the daemon waits. gateway owns its configuration from
 * here on, which may become another one: the caller frees gateway->config at the end. *pipeline may be NULL at the end.
 * False: an error that cannot go away by itself. */
bool daemon_run(struct gateway *gateway, struct pipeline **pipeline, const struct run_log *log, GError **error);

#endif

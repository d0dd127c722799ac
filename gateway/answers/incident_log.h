/*
 * The lines of the log about incidents that were opened and closed: one for each event of the ledger's table, in one
 * place, whoever caused it. Incidents of single Devices are summed for each code, and their lines name no Device unless
 * the log has the level DEBUG.
 *
 *   incident_log_begin                    when the pipeline begins: what is older was logged by an earlier process
 *   incident_log_pass                     at the end of each pass, after its commits
 *
 * A process that is killed between a commit and the end of its pass leaves out the lines of that pass; the ledger has
 * the incidents, and an INC reports them.
 */
#ifndef ECOSGATE_GATEWAY_ANSWERS_INCIDENT_LOG_H
#define ECOSGATE_GATEWAY_ANSWERS_INCIDENT_LOG_H

#include "gateway/gateway.h"

/* False: the ledger failed. Only the first call of a process does something. */
bool incident_log_begin(struct gateway *gateway, GError **error);
/* Logs the events since the last call. False: the ledger failed; the next call tries it again. */
bool incident_log_pass(struct gateway *gateway, GError **error);

#endif

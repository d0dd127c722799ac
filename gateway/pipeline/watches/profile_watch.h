/*
 * Incident A119: profiles of a party, or of reports, that cannot be used (gateway/INCIDENTS.md). The files of that
 * party wait, both ways; all others go on. The configuration is loaded with the start, so nothing changes before the
 * next one.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_WATCHES_PROFILE_WATCH_H
#define ECOSGATE_GATEWAY_PIPELINE_WATCHES_PROFILE_WATCH_H

#include "gateway/gateway.h"

/* Opens an A119 for each party whose profiles cannot be used, and for reports, and closes those of others. The pass has
 * failed while one is open. False: the ledger's error. */
bool profile_watch(struct gateway *gateway, GError **error);

#endif

/*
 * Incident A120: outgoing files wait, for they cannot be signed (gateway/INCIDENTS.md). Its subject is `signing`.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_WATCHES_SIGNING_WATCH_H
#define ECOSGATE_GATEWAY_PIPELINE_WATCHES_SIGNING_WATCH_H

#include "gateway/gateway.h"

/* Opens the A120 while a signature could not be made in this pass, and closes it otherwise. False: the ledger's
 * error. */
bool signing_watch(struct gateway *gateway, GError **error);

#endif

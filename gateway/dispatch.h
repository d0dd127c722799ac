/*
 * Dispatch: READY work items become sessions under a work order (EMW), an outbound job of its own, in one
 * commit per work order (formats/FILES.md, 2 and 6).
 */
#ifndef ECOSGATE_GATEWAY_DISPATCH_H
#define ECOSGATE_GATEWAY_DISPATCH_H

#include "gateway/gateway.h"

/* Makes work orders until no READY item is without one. */
bool dispatch_pass(struct gateway *gateway, GError **error);

#endif

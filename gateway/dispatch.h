/*
 * Work orders (EMW) for Devices that are due, and the ends of sessions whose time is over (gateway/DEVICES.md).
 */
#ifndef ECOSGATE_GATEWAY_DISPATCH_H
#define ECOSGATE_GATEWAY_DISPATCH_H

#include "gateway/gateway.h"

/* All that is due now, each work order and each handful of ends in a transaction of its own. */
bool dispatch_pass(struct gateway *gateway, GError **error);

/* *at: when something will be due by itself, 0: nothing will. */
bool dispatch_next(struct gateway *gateway, int64_t *at, GError **error);

#endif

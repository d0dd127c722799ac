/*
 * Work orders (EMW) for Devices that are due, and the ends of sessions whose time is over (gateway/DEVICES.md).
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_DISPATCH_H
#define ECOSGATE_GATEWAY_PIPELINE_DISPATCH_H

#include "gateway/gateway.h"

/* Sessions that are over and confirmations that are missing, some thousand in a transaction. Before the files of a
 * pass, so that what a file means does not depend on others before it. */
bool dispatch_take_times(struct gateway *gateway, GError **error);

/* Work orders for all that is due, each in a transaction of its own. */
bool dispatch_pass(struct gateway *gateway, GError **error);

/* *at: when something will be due by itself, 0: nothing will. */
bool dispatch_next(struct gateway *gateway, int64_t *at, GError **error);

#endif

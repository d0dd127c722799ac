/*
 * Delivery: what the ledger owes to drops gets there once, whole, in the order of planning (NOTES.md,
 * Promises 2 and 6, The way of a file 5). A drop that fails stops only itself.
 */
#ifndef ECOSGATE_GATEWAY_DELIVERY_H
#define ECOSGATE_GATEWAY_DELIVERY_H

#include "gateway/gateway.h"

/* Builds, delivers and settles all that is owed, and finishes the jobs that owe nothing more. */
bool delivery_pass(struct gateway *gateway, GError **error);

#endif

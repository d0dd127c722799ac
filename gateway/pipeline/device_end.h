/*
 * An operator ends the work on a Device of which one side has not spoken, or of which the sides disagree, also if that
 * work had ended before a side stated its success (gateway/DEVICES.md, States). orders.c calls this.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_DEVICE_END_H
#define ECOSGATE_GATEWAY_PIPELINE_DEVICE_END_H

#include "gateway/pipeline/orders.h"

/* Carries out an ORDER_END_DEVICE: one commit holds the end, what follows from it (incidents, the outcome of its
 * instruction) and the order's result. In any other state the order is refused, and the result names `why`, which
 * says what moves the Device on. False: the ledger failed. */
bool device_end_carry_out(struct gateway *gateway, const struct order *order, GError **error);

#endif

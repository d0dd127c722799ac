/*
 * An operator says that nothing stands against ordering a Device any more: one that is withheld since a recovery, or
 * one whose work has ended and which C108 or C115 would refuse (gateway/DEVICES.md, Resolved). orders.c calls this.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_DEVICE_RELEASE_H
#define ECOSGATE_GATEWAY_PIPELINE_DEVICE_RELEASE_H

#include "gateway/pipeline/orders.h"

/* Carries out an ORDER_RELEASE_DEVICE in one commit, with its result. A withheld Device is ordered like others again,
 * and its ended work stands as before. Of another one the ended work stands no longer against an instruction, and its
 * incidents are closed. If there is nothing of either, the order is refused, and the result says why. False: the ledger
 * failed. */
bool device_release_carry_out(struct gateway *gateway, const struct order *order, GError **error);

#endif

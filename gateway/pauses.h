/*
 * That an operator keeps something back, as the text of an incident names it: then that is its cause.
 */
#ifndef ECOSGATE_GATEWAY_PAUSES_H
#define ECOSGATE_GATEWAY_PAUSES_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_holds.h"

/* Appends "; an operator has paused drop mcc, in, since TIME: `ecosgate drop resume mcc --in` ends that" if dispatch or
 * that direction of a drop is paused, else nothing. False: the ledger's error. */
bool pauses_append(struct gateway *gateway, enum ledger_hold_kind kind, const char *drop, GString *text,
                   GError **error);

#endif
